// Which tensors may still be read: the question that every decision of Place comes down to.
#pragma once
#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"

namespace tl::place {
/// Whether a use of `value` may run after `op`, which runs after (or is) the definition of `value`. Only for functions of
/// structured control flow. Uses in `op` itself, or nested in it, do not count unless a loop leads back to them.
bool liveAfter(mlir::Value value, mlir::Operation *op);
/// Whether `op`, or an op nested in it, uses `value`.
bool usedIn(mlir::Value value, mlir::Operation *op);
} // namespace tl::place
