// Masks of cotangents in control flow, where reverse mode asks for them: see Note [Masks] in Transform.h.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir_gen/dialect/Dialect.h"

namespace tl {
Val constantMask(mlir::OpBuilder &b, mlir::Location loc, bool taken);
/// The mask of the cotangent of `x`; false where that is zero.
Val maskOf(mlir::OpBuilder &b, const Adjoints &adjoints, mlir::Value x);
/// The same in the shape of `like`.
mlir::Value wholeMask(mlir::OpBuilder &b, const Adjoints &adjoints, mlir::Value x, mlir::Value like);

/// What is known of where a cotangent was taken, the most first.
enum class Taken { AsAWhole, ElementForElement, Unknown };
Taken takenOf(const Adjoints &adjoints, mlir::Value x);

/// Whether floats are chosen in `op` or in what it calls.
bool chooses(mlir::Operation *op);
/// Whether all ways through the function that is called take its argument `i`: then the pullback gives no mask of it.
bool takesAlways(mlir::func::CallOp call, unsigned i);
} // namespace tl
