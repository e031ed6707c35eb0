// What passes ask of kernels (`linalg.generic`) and of the arrays and parts of arrays that these make.
#pragma once
#include "mlir/IR/Value.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/SmallVector.h"

namespace tl {
/// What a result of a kernel or loop starts from.
mlir::Value startOf(mlir::OpResult y);
/// The sizes of an array as the ops that make it say them, so that equal ones are the same values; none where they do not.
llvm::SmallVector<mlir::OpFoldResult> madeSizes(mlir::Value array);
/// The number that an array has everywhere, if a kernel fills it with what is computed outside of the kernel; else null.
mlir::Value filledWith(mlir::Value array);
/// Whether two parts of one array are known to have no element in common.
bool areDisjoint(mlir::OffsetSizeAndStrideOpInterface a, mlir::OffsetSizeAndStrideOpInterface c);
/// The places [begin, end) of a part on an axis, if they are known and side by side.
std::optional<std::pair<int64_t, int64_t>> placesOn(mlir::OffsetSizeAndStrideOpInterface part, size_t axis);
} // namespace tl
