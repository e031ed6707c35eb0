// The sizes of arrays as SSA values: the only way in which a rule asks for them.
#pragma once
#include "mlir/IR/Builders.h"

namespace tl {
/// The sizes of `x`, one value of type index for each axis; none for a scalar. Walks to `tl.sized` and the ops that are Sized; builds at
/// most constants and index arithmetic, never `tensor.dim`.
llvm::SmallVector<mlir::Value> sizesOf(mlir::OpBuilder &b, mlir::Value x);
/// Whether `sizesOf` has an answer. The operands of all ops of the dialect have known sizes.
bool hasKnownSizes(mlir::Value x);
/// `v` if it is defined outside of `region`, else a copy of what computes it, made before the region's op at `b`; null if it depends on the
/// region.
mlir::Value outside(mlir::OpBuilder &b, mlir::Value v, mlir::Region &region);
/// A constant of type index.
mlir::Value index(mlir::OpBuilder &b, mlir::Location loc, int64_t value);
} // namespace tl
