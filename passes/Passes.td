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
def InlineCalls : Pass<"inline-calls", "::mlir::ModuleOp"> {
  let summary = "calls -> bodies, unless that multiplies the program";
}
def LiftMaps : Pass<"lift-maps", "::mlir::ModuleOp"> {
  let summary = "tl.map -> whole-array ops, or loops where that cannot be";
}
def Simplify : Pass<"simplify", "::mlir::ModuleOp"> {
  let summary = "canonical forms; sums of products of broadcasts -> tl.contract";
}
def LowerToLinalg : Pass<"lower-to-linalg", "::mlir::ModuleOp"> {
  let summary = "ops on arrays -> linalg.generic, scf, tensor and arith";
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::func::FuncDialect"];
}
def ForwardParts : Pass<"forward-parts", "::mlir::func::FuncOp"> {
  let summary = "who reads a part of an array reads what was put there; nothing is stored only to be replaced";
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}
def Fuse : Pass<"fuse", "::mlir::func::FuncOp"> {
  let summary = "generics that can be one kernel become one; what is only repeated is computed where it is used";
}
def StreamRows : Pass<"stream-rows", "::mlir::func::FuncOp"> {
  let summary = "kernels that hand on an array over pairs of things -> a loop over tiles of its rows, so that it is never stored in full";
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}
def TileRows : Pass<"tile-rows", "::mlir::func::FuncOp"> {
  let summary = "kernels over the rows of long, narrow arrays -> a loop over tiles of rows that runs all of them";
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}
def LowerContractions : Pass<"lower-contractions", "::mlir::ModuleOp"> {
  let summary = "sums of products on memrefs -> calls of a register-blocked kernel, in the same order of summation";
  let dependentDialects = ["::mlir::vector::VectorDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect", "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect"];
}
def LinalgToLoops : Pass<"linalg-to-loops", "::mlir::func::FuncOp"> {
  let summary = "linalg.generic on memrefs -> loops in the order of the iterators; sums along a row in lanes";
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}
def Place : Pass<"place", "::mlir::ModuleOp"> {
  let summary = "arrays -> buffers: in place where nobody needs what was there, two in turn for what loops carry";
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect"];
  let options = [Option<"naive", "naive", "bool", "false", "a buffer of its own for every value: what the results are compared with">];
}
def LowerEffects : Pass<"lower-effects", "::mlir::ModuleOp"> {
  let summary = "text, files, checks, traps and flags -> calls of the runtime";
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect"];
}
def OutlineKernels : Pass<"outline-kernels", "::mlir::ModuleOp"> {
  let summary = "loops over chunks -> functions, called on several threads where there is more than one chunk";
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::func::FuncDialect", "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect"];
}
def ExpandMath : Pass<"expand-math", "::mlir::ModuleOp"> {
  let summary = "exp, expm1, log, log1p, tanh -> polynomials, the same bits everywhere";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}
def MathToCalls : Pass<"math-to-calls", "::mlir::ModuleOp"> {
  let summary = "mathematics -> calls of libm, the same at every -O";
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}
def PollInterrupt : Pass<"poll-interrupt", "::mlir::ModuleOp"> {
  let summary = "outermost loops test the interrupt flag";
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}
def NameRuntime : Pass<"name-runtime", "::mlir::ModuleOp"> {
  let summary = "buffers come from the runtime's hook; only entries are visible";
}
#endif
