// Counter-based random numbers: Threefry 2x32, 20 rounds (Salmon et al., SC 2011; Random123's known answers).
#ifndef TL_RANDOM_TD
#define TL_RANDOM_TD
include "mlir_gen/dialect/TlBase.td"

def Tl_Word : TypeConstraint<CPred<"::mlir::getElementTypeOrSelf($_self).isInteger(32)">, "i32 scalar or tensor">;

def Tl_ThreefryOp : Tl_Typed<"threefry", [Pure, DeclareOpInterfaceMethods<Tl_Scalarizable>] # Tl_Batched> {
  let summary = "two random words for each key and counter";
  let description = [{ Elementwise with two results: the block (c0, c1) encrypted with the key (k0, k1). }];
  let arguments = (ins Tl_Word:$k0, Tl_Word:$k1, Tl_Word:$c0, Tl_Word:$c1);
  let results = (outs Tl_Word:$y0, Tl_Word:$y1);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
}
#endif
