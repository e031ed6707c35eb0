// The passes in their order: the one page that says what the compiler does.
#include "passes/Pipeline.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/Passes.h"
#include "mlir_gen/dialect/Dialect.h"
#include "passes/Passes.h"

using namespace mlir;

bool tl::passes::addPasses(PassManager &pm, llvm::StringRef stage, const PipelineOptions &options) {
  if (stage == "tl")
    return true;
  pm.addPass(createExpand());
  pm.addPass(createSimplify()); // ours, not the general one: tensors stay dynamic until linalg
  if (stage == "shapes")
    return true;
  pm.addPass(createDifferentiate());
  pm.addPass(createLiftMaps());
  pm.addPass(createInlineCalls());
  pm.addPass(createSimplify());
  pm.addPass(createCSEPass());
  pm.addPass(createSimplify());
  pm.addPass(createSymbolDCEPass());
  if (stage == "grad")
    return true;
  pm.addPass(createLowerToLinalg());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addNestedPass<func::FuncOp>(createForwardParts());
  pm.addNestedPass<func::FuncOp>(createFuse());
  pm.addNestedPass<func::FuncOp>(createStreamRows());
  pm.addNestedPass<func::FuncOp>(createTileRows());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  if (stage == "linalg")
    return true;
  pm.addPass(createLoopInvariantCodeMotionPass()); // sizes first: a buffer whose sizes are known outside a loop is made outside
  pm.addPass(createPlace());
  pm.addPass(createLowerEffects()); // at once: a text made of a buffer is not the same text later
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createPollInterrupt());
  pm.addPass(createLowerContractions());
  pm.addNestedPass<func::FuncOp>(createLinalgToLoops());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createLoopInvariantCodeMotionPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createOutlineKernels()); // sizes have left the kernels by now
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createExpandMath());
  pm.addPass(createMathToCalls());
  arith::ArithExpandOpsPassOptions expand; // bf16 in integer code: processors that convert flush subnormal numbers
  expand.includeBf16 = true;
  pm.addPass(arith::createArithExpandOpsPass(expand));
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertVectorToLLVMPass());
  FinalizeMemRefToLLVMConversionPassOptions memory;
  memory.useGenericFunctions = true;
  pm.addPass(createFinalizeMemRefToLLVMConversionPass(memory));
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createNameRuntime());
  return stage == "llvm";
}

void tl::passes::registerDialects(DialectRegistry &registry) {
  registry
      .insert<TlDialect, affine::AffineDialect, arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect, linalg::LinalgDialect,
              LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect, scf::SCFDialect, tensor::TensorDialect, vector::VectorDialect>();
}

void tl::passes::registerPasses() { registerTlPasses(); }
