// Kernels, arrays, parts of arrays: what can be said of them from the ops that make them.
#include "passes/Kernels.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using linalg::GenericOp;

namespace tl {
Value startOf(OpResult y) {
  if (auto loop = dyn_cast<scf::ForOp>(y.getOwner()))
    return loop.getInitArgs()[y.getResultNumber()];
  return cast<GenericOp>(y.getOwner()).getDpsInitOperand(y.getResultNumber())->get();
}

SmallVector<OpFoldResult> madeSizes(Value array) {
  if (isa_and_nonnull<GenericOp, scf::ForOp>(array.getDefiningOp()))
    return madeSizes(startOf(cast<OpResult>(array)));
  if (auto empty = array.getDefiningOp<tensor::EmptyOp>())
    return empty.getMixedSizes();
  if (auto part = array.getDefiningOp<tensor::ExtractSliceOp>(); part && part.getDroppedDims().none())
    return part.getMixedSizes();
  if (auto insertion = array.getDefiningOp<tensor::InsertSliceOp>())
    return madeSizes(insertion.getDest());
  auto type = cast<RankedTensorType>(array.getType());
  return type.hasStaticShape() ? SmallVector<OpFoldResult>(getAsIndexOpFoldResult(array.getContext(), type.getShape()))
                               : SmallVector<OpFoldResult>();
}

Value filledWith(Value array) {
  auto fill = array.getDefiningOp<GenericOp>();
  if (!fill || fill.getNumDpsInputs() || fill->getNumResults() != 1 || fill.getNumParallelLoops() != fill.getNumLoops())
    return {};
  Value number = fill.getBody()->getTerminator()->getOperand(0);
  return number.getParentBlock() == fill.getBody() ? Value() : number;
}

std::optional<std::pair<int64_t, int64_t>> placesOn(OffsetSizeAndStrideOpInterface part, size_t axis) {
  auto begin = getConstantIntValue(part.getMixedOffsets()[axis]), size = getConstantIntValue(part.getMixedSizes()[axis]);
  if (!begin || !size || !isConstantIntValue(part.getMixedStrides()[axis], 1))
    return std::nullopt;
  return std::pair(*begin, *begin + *size);
}

bool areDisjoint(OffsetSizeAndStrideOpInterface a, OffsetSizeAndStrideOpInterface c) {
  return llvm::any_of(llvm::seq<size_t>(a.getMixedSizes().size()), [&](size_t axis) {
    auto own = placesOn(a, axis), other = placesOn(c, axis);
    return own && other && (own->second <= other->first || other->second <= own->first);
  });
}
} // namespace tl
