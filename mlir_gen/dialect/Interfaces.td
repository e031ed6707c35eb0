// What the passes ask of an op. Defaults that a trait gives stand in the .cpp of the trait.
#ifndef TL_INTERFACES_TD
#define TL_INTERFACES_TD
include "mlir/IR/OpBase.td"

def Tl_Sized : OpInterface<"Sized"> {
  let cppNamespace = "::tl";
  let description = "Knows the sizes of its tensor results; `sizesOf(Value)` asks through it.";
  let methods = [InterfaceMethod<
    "Appends the sizes of tensor result number `result`, a value of type index for each dimension.",
    "void", "resultSizes", (ins "::mlir::OpBuilder &":$b, "unsigned":$result, "::llvm::SmallVectorImpl<::mlir::Value> &":$sizes)>];
}

def Tl_Differentiable : OpInterface<"Differentiable"> {
  let cppNamespace = "::tl";
  let description = "Knows its own derivative: linear in `g` (the cotangents of the results) or `dx` (the tangents of the operands).";
  let methods = [
    InterfaceMethod<"Adds to `adjoints` what `g` gives each operand. A null entry of `g` is zero; at least one is not null.",
      "void", "vjp", (ins "::tl::Adjoints &":$adjoints, "::mlir::ValueRange":$g)>,
    InterfaceMethod<"The tangents of the results, given those of the operands (null is zero).",
      "::llvm::SmallVector<::mlir::Value>", "jvp", (ins "::mlir::OpBuilder &":$b, "::llvm::ArrayRef<::mlir::Value>":$dx)>];
}

def Tl_Batchable : OpInterface<"Batchable"> {
  let cppNamespace = "::tl";
  let description = "Knows itself over arrays of its operands.";
  let methods = [InterfaceMethod<
    "The results of the op on all elements of a batch. `batch` tells the batch axes of each operand and makes operands meet.",
    "::llvm::SmallVector<::tl::Batched>", "batch", (ins "::tl::BatchBuilder &":$batch, "::llvm::ArrayRef<::tl::Batched>":$operands)>];
}

def Tl_Scalarizable : OpInterface<"Scalarizable"> {
  let cppNamespace = "::tl";
  let description = "An elementwise op that knows its meaning on one element of each operand.";
  let methods = [InterfaceMethod<"Builds the results on scalars, with arith and math ops.",
    "::llvm::SmallVector<::mlir::Value>", "scalar", (ins "::mlir::OpBuilder &":$b, "::mlir::ValueRange":$args)>];
}

def Tl_Lowerable : OpInterface<"Lowerable"> {
  let cppNamespace = "::tl";
  let description = "Knows itself as linalg and scf on tensors.";
  let methods = [InterfaceMethod<"Values that replace the results. The builder stands before the op.",
    "::llvm::SmallVector<::mlir::Value>", "lower", (ins "::mlir::OpBuilder &":$b)>];
}

def Tl_Expandable : OpInterface<"Expandable"> {
  let cppNamespace = "::tl";
  let description = "A composite that is written in simpler ops of the dialect before anything else runs (mean, softmax, ...).";
  let methods = [InterfaceMethod<"The results in simpler ops. The builder stands before the op.",
    "::llvm::SmallVector<::mlir::Value>", "expand", (ins "::mlir::OpBuilder &":$b)>];
}
#endif
