// Calls of the runtime (stdlib/runtime/tl_runtime.h) from code on memrefs: how the C structs and strings are made.
#pragma once
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace tl {
/// The number of a scalar type in tl_runtime.h: by its name in the language, or from an element type and its sign.
int32_t scalarKind(llvm::StringRef name);
int32_t scalarKind(mlir::Type type, bool isUnsigned);

/// Where an op stands in the program: empty file where nobody knows.
struct SourcePlace {
  llvm::StringRef file;
  unsigned line = 0, column = 0, width = 1;
};
SourcePlace placeOf(mlir::Location loc);

/// A call of the runtime function `name`. Returns its result, or null for void. `declareRuntime` must follow.
mlir::Value callRuntime(mlir::OpBuilder &b, mlir::Location loc, llvm::StringRef name, mlir::Type result, mlir::ValueRange args);
/// Declares what calls of the runtime name and the module does not have yet.
void declareRuntime(mlir::ModuleOp module);
/// Address of the first element of a contiguous memref.
mlir::Value dataPointer(mlir::OpBuilder &b, mlir::Location loc, mlir::Value memref);
/// order[.., i] = the place of the i-th smallest of x[.., :], for each row along the last axis.
void emitArgSort(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Value order, int32_t kind);
} // namespace tl
