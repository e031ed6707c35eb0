// The passes by name; Pipeline.cpp puts them in order.
#ifndef TL_PASSES_TD
#define TL_PASSES_TD
include "mlir/Pass/PassBase.td"

def Expand : Pass<"expand", "::mlir::ModuleOp"> {
  let summary = "composites (mean, softmax, ...) -> simpler ops of the dialect";
}
def Differentiate : Pass<"differentiate", "::mlir::ModuleOp"> {
  let summary = "tl.vjp and tl.jvp -> calls of ordinary functions, innermost first";
}
def LiftMaps : Pass<"lift-maps", "::mlir::ModuleOp"> {
  let summary = "tl.map -> whole-array ops, or loops where that cannot be";
}
def Simplify : Pass<"simplify", "::mlir::ModuleOp"> {
  let summary = "canonical forms; sums of products of broadcasts -> tl.contract";
}
#endif
