// Calls of the runtime (stdlib/runtime/tl_runtime.h) from code on memrefs: how the C structs and strings are made.
#pragma once
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace tl {
/// The number of a scalar type in tl_runtime.h: by its name in the language, or from an element type and its sign.
int32_t scalarKind(llvm::StringRef name);
int32_t scalarKind(mlir::Type type, bool isUnsigned);

/// Where an op stands in the program: empty file where nobody knows.
struct SourcePlace {
  llvm::StringRef file;
  unsigned line = 0, column = 0, width = 1;
  llvm::StringRef text; ///< the line
};
SourcePlace placeOf(mlir::Location loc);
/// Is this a file of the library?
bool isLibrary(llvm::StringRef file);
/// Where somebody's program, not the library, comes to `loc`, as far as the calls around it were inlined.
SourcePlace callerOf(mlir::Location loc);

/// Texts and places as constants of a module, for the runtime.
class RuntimeConstants {
public:
  explicit RuntimeConstants(mlir::ModuleOp module);
  /// Address of the TlPlace, made at `b`; null for a place that nobody knows.
  mlir::Value address(mlir::OpBuilder &b, const SourcePlace &place, llvm::StringRef code = "");
  /// Address of a text with a zero behind it.
  mlir::Value text(mlir::OpBuilder &b, llvm::StringRef text);
  /// Another constant; without a value its initializer is still to be made.
  mlir::LLVM::GlobalOp constant(mlir::Type type, mlir::Attribute value = {});

private:
  mlir::ModuleOp module;
  mlir::Type pointer, i32, type;
  llvm::StringMap<mlir::LLVM::GlobalOp> texts, places;
  unsigned made = 0;
};

/// A call of the runtime function `name`. Returns its result, or null for void. `declareRuntime` must follow.
mlir::Value callRuntime(mlir::OpBuilder &b, mlir::Location loc, llvm::StringRef name, mlir::Type result, mlir::ValueRange args);
/// Declares what calls of the runtime name and the module does not have yet.
void declareRuntime(mlir::ModuleOp module);
/// Address of the first element of a contiguous memref.
mlir::Value dataPointer(mlir::OpBuilder &b, mlir::Location loc, mlir::Value memref);
/// order[.., i] = the place of the i-th smallest of x[.., :], for each row along the last axis.
void emitArgSort(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Value order, int32_t kind);
} // namespace tl
