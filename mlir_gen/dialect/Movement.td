// Ops that move elements without computing on them.
#ifndef TL_MOVEMENT_TD
#define TL_MOVEMENT_TD
include "mlir_gen/dialect/TlBase.td"

def Tl_BroadcastOp : Tl_Typed<"broadcast", [Pure] # Tl_Transforms> {
  let summary = "repeats elements over new axes";
  let description = [{
    Axis d of %x becomes axis axes[d] (ascending) of the result, whose size there is the same; the other axes repeat. A scalar %x has
    axes = []. The only op that repeats values: a size-1 axis that stretches is dropped first.
  }];
  let arguments = (ins Tl_Value:$x, Variadic<Index>:$sizes, DenseI64ArrayAttr:$axes);
  let results = (outs Tl_Tensor:$y);
  let assemblyFormat = "$x `to` `[` $sizes `]` $axes attr-dict `:` type($x)";
  let hasVerifier = 1; let hasFolder = 1; let hasCanonicalizer = 1;
}

def Tl_TransposeOp : Tl_Typed<"transpose", [Pure] # Tl_Transforms> {
  let summary = "result axis d is axis perm[d] of %x";
  let arguments = (ins Tl_Tensor:$x, DenseI64ArrayAttr:$perm);
  let results = (outs Tl_Tensor:$y);
  let assemblyFormat = "$x $perm attr-dict `:` type($x)";
  let hasVerifier = 1; let hasFolder = 1; let hasCanonicalizer = 1;
}

def Tl_ReshapeOp : Tl_Typed<"reshape", [Pure] # Tl_Transforms> {
  let summary = "the same elements in row-major order, with other sizes";
  let arguments = (ins Tl_Tensor:$x, Variadic<Index>:$sizes);
  let results = (outs Tl_Tensor:$y);
  let assemblyFormat = "$x `to` `[` $sizes `]` attr-dict `:` type($x)";
  let hasVerifier = 1; let hasFolder = 1; let hasCanonicalizer = 1;
}

def Tl_SliceOp : Tl_Typed<"slice", [AttrSizedOperandSegments] # Tl_Placed # Tl_Transforms> {
  let summary = "a box of an array, with steps";
  let description = [{
    For each axis of %x an offset, a size and a constant stride, possibly negative. `dropped` axes (ascending) have size 1 and vanish;
    with all dropped the result is the element itself. In bounds: see `Tl_Placed`.
  }];
  let arguments = (ins Tl_Tensor:$x, Variadic<Index>:$offsets, Variadic<Index>:$sizes, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dropped,
                       UnitAttr:$always, UnitAttr:$here);
  let results = (outs Tl_Value:$y);
  let assemblyFormat = "$x `[` $offsets `]` `[` $sizes `]` $strides `dropped` $dropped attr-dict `:` type($x)";
  let extraClassDeclaration = [{
    /// The element of `x` at `offsets`.
    static ::mlir::Value element(::mlir::OpBuilder &b, ::mlir::Location loc, ::mlir::Value x, ::mlir::ValueRange offsets);
  }];
  let hasVerifier = 1; let hasFolder = 1; let hasCanonicalizer = 1;
}

def Tl_UpdateOp : Tl_Typed<"update", [AttrSizedOperandSegments] # Tl_Placed # Tl_Transforms> {
  let summary = "%x with the slice replaced by %src";
  let arguments = (ins Tl_Tensor:$x, Variadic<Index>:$offsets, Variadic<Index>:$sizes, Tl_Value:$src, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dropped,
                       UnitAttr:$always, UnitAttr:$here);
  let results = (outs Tl_Tensor:$y);
  let assemblyFormat = "$x `[` $offsets `]` `[` $sizes `]` $strides `dropped` $dropped `,` $src attr-dict `:` type($x) `,` type($src)";
  let hasVerifier = 1; let hasFolder = 1; let hasCanonicalizer = 1;
}

def Tl_ConcatOp : Tl_Typed<"concat", [Pure] # Tl_Transforms> {
  let summary = "arrays one after another along an axis";
  let arguments = (ins Variadic<Tl_Tensor>:$xs, I64Attr:$axis);
  let results = (outs Tl_Tensor:$y);
  let assemblyFormat = "$xs $axis attr-dict `:` type($xs)";
  let hasVerifier = 1; let hasFolder = 1; let hasCanonicalizeMethod = 1;
}

def Tl_GatherOp : Tl_Typed<"gather", Tl_Placed # Tl_Transforms> {
  let summary = "elements or slices at places that data tells";
  let description = [{
    `indices`: i64 scalars or tensors of one shape B, at least one tensor, one for each of `axes` (ascending) of %x. The result is B followed by
    the other axes of %x. `guarded`: a place outside gives zero and the op may run anywhere; else see `Tl_Placed`.
  }];
  let arguments = (ins Tl_Tensor:$x, Variadic<Tl_Value>:$indices, DenseI64ArrayAttr:$axes, UnitAttr:$guarded, UnitAttr:$always, UnitAttr:$here);
  let results = (outs Tl_Tensor:$y);
  let assemblyFormat = "$x `[` $indices `]` $axes attr-dict `:` type($x) `[` type($indices) `]`";
  let hasVerifier = 1;
}

def Tl_ScatterAddOp : Tl_Typed<"scatter_add", Tl_Placed # Tl_Transforms> {
  let summary = "%x with %src added at places that data tells, in row-major order of the places";
  let description = [{
    The adjoint of gather: %src has the shape of `gather %x [indices] axes`. `guarded`: what falls outside is dropped.
  }];
  let arguments = (ins Tl_Tensor:$x, Variadic<Tl_Value>:$indices, Tl_Tensor:$src, DenseI64ArrayAttr:$axes, UnitAttr:$guarded, UnitAttr:$always, UnitAttr:$here);
  let results = (outs Tl_Tensor:$y);
  let assemblyFormat = "$x `[` $indices `]` $axes `,` $src attr-dict `:` type($x) `[` type($indices) `]` type($src)";
  let hasVerifier = 1;
}

def Tl_IotaOp : Tl_Typed<"iota", [Pure] # Tl_Batched> {
  let summary = "0, 1, ... as i64";
  let arguments = (ins Index:$size);
  let results = (outs Tl_Tensor:$y);
  let assemblyFormat = "$size attr-dict";
}

// Not tensor.empty, whose type becomes static where its sizes are constants, and with it that of what a loop carries.
def Tl_EmptyOp : Tl_Typed<"empty", [Pure] # Tl_Batched> {
  let summary = "an array of `element` that nothing has been written to; each element is written before it is read";
  let arguments = (ins Variadic<Index>:$sizes, TypeAttr:$element);
  let results = (outs Tl_Tensor:$y);
  let assemblyFormat = "`[` $sizes `]` $element attr-dict";
}
#endif
