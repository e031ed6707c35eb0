// Convolutions of images.
#ifndef TL_CONVOLUTION_TD
#define TL_CONVOLUTION_TD
include "mlir_gen/dialect/TlBase.td"

def Tl_Conv2dOp : Tl_Typed<"conv2d", [Pure] # Tl_Transforms> {
  let summary = "images by kernels, or what of images and results gives the kernel's cotangent";
  let description = [{
    With %x [batch, height, width, c], w [kh, kw, c, o], y [batch, oh, ow, o] and strides (s, t),

        y[b, i, j, o] = sum over p, q, c of x[b, i * s + p, j * t + q, c] * w[p, q, c, o]

    is computed from %x and %z = w; with `kernel`, w as the sum over b, i, j from %x and %z = y. `spatial` are the two sizes of the result
    that do not follow: oh and ow, or kh and kw. In bounds: (oh - 1) * s + kh <= height, and so on; padding is done before.

    Axes in front of these carry labels, as in `contract`: 0 .. rank-1 are the leading axes of the result in order, each in at least one
    operand; labels from `rank` on are summed over, each in both.
  }];
  let arguments = (ins Tl_Tensor:$x, Tl_Tensor:$z, Variadic<Index>:$spatial, DenseI64ArrayAttr:$strides, UnitAttr:$kernel,
                       DenseI64ArrayAttr:$lhs, DenseI64ArrayAttr:$rhs, I64Attr:$rank);
  let results = (outs Tl_Tensor:$y);
  let assemblyFormat = "$x $lhs `,` $z $rhs `to` $rank `[` $spatial `]` $strides attr-dict `:` type($x) `,` type($z)";
  let hasVerifier = 1;
}
#endif
