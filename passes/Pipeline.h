// MLIR -> LLVM DIALECT: the passes in their order, stages named as the values of --emit.
#pragma once
#include "ast/base/Diagnostic.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringRef.h"

namespace tl::passes {
struct PipelineOptions {
  unsigned optLevel = 2;  ///< -O0..-O3; never changes a bit of the results
  bool unchecked = false; ///< drop the checks that remain
};
/// Adds all passes up to the end of `stage` ("tl", "shapes", "grad", "linalg", "llvm"); false if there is no such stage.
bool addPasses(mlir::PassManager &manager, llvm::StringRef stage, const PipelineOptions &options);
/// For tlc-opt.
void registerPasses();
/// Loads the dialects that the pipeline needs, by name.
void registerDialects(mlir::DialectRegistry &registry);
} // namespace tl::passes
