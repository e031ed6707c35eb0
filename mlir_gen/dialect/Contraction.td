// Sums of products.
#ifndef TL_CONTRACTION_TD
#define TL_CONTRACTION_TD
include "mlir_gen/dialect/TlBase.td"

def Tl_ContractOp : Tl_Typed<"contract", [Pure] # Tl_Transforms> {
  let summary = "sum of products over labelled axes";
  let description = [{
    Each axis of an operand has a label. Labels 0 .. rank-1 are the axes of the result in order, each in at least one operand;
    labels from `rank` on are summed over, each in both. No label stands twice in one operand. A matrix product is
    lhs = [0, 2], rhs = [2, 1], rank = 2.
  }];
  let arguments = (ins Tl_Tensor:$a, Tl_Tensor:$b, DenseI64ArrayAttr:$lhs, DenseI64ArrayAttr:$rhs, I64Attr:$rank);
  let results = (outs Tl_Value:$y);
  let assemblyFormat = "$a $lhs `,` $b $rhs `to` $rank attr-dict `:` type($a) `,` type($b)";
  let hasVerifier = 1;
}
#endif
