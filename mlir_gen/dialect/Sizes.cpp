// The sizes of arrays as SSA values.
#include "mlir_gen/dialect/Sizes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir_gen/dialect/Dialect.h"
#include "llvm/Support/ErrorHandling.h"

using namespace mlir;

namespace tl {
Value index(OpBuilder &b, Location loc, int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }

bool hasKnownSizes(Value x) {
  auto type = dyn_cast<RankedTensorType>(x.getType());
  if (!type || type.hasStaticShape())
    return true;
  Operation *op = x.getDefiningOp();
  if (auto view = dyn_cast_or_null<tensor::CastOp>(op))
    return hasKnownSizes(view.getSource());
  return isa_and_nonnull<Sized, tensor::EmptyOp>(op);
}

SmallVector<Value> sizesOf(OpBuilder &b, Value x) {
  SmallVector<Value> sizes;
  auto type = dyn_cast<RankedTensorType>(x.getType());
  if (!type)
    return sizes;
  Operation *op = x.getDefiningOp();
  if (type.hasStaticShape()) {
    for (int64_t size : type.getShape())
      sizes.push_back(index(b, x.getLoc(), size));
  } else if (auto view = dyn_cast_or_null<tensor::CastOp>(op)) {
    return sizesOf(b, view.getSource());
  } else if (auto empty = dyn_cast_or_null<tensor::EmptyOp>(op)) {
    for (OpFoldResult size : empty.getMixedSizes())
      sizes.push_back(getValueOrCreateConstantIndexOp(b, x.getLoc(), size));
  } else if (auto sized = dyn_cast_or_null<Sized>(op)) {
    sized.resultSizes(b, cast<OpResult>(x).getResultNumber(), sizes);
  } else {
    emitError(x.getLoc(), "bug in tlc: the sizes of this array are not known; it needs a `tl.sized`");
    llvm::report_fatal_error("array of unknown sizes");
  }
  return sizes;
}

/// Whether what computes `v` may be repeated before the op of `region`.
static bool mayLeave(Value v, Region &region) {
  if (!region.isAncestor(v.getParentRegion()))
    return true;
  Operation *op = v.getDefiningOp();
  return op && isPure(op) && op->getNumRegions() == 0 &&
         llvm::all_of(op->getOperands(), [&](Value operand) { return mayLeave(operand, region); });
}

static Value leave(OpBuilder &b, Value v, Region &region, IRMapping &copies) {
  if (!region.isAncestor(v.getParentRegion()))
    return v;
  if (Value copy = copies.lookupOrNull(v))
    return copy;
  Operation *op = v.getDefiningOp();
  for (Value operand : op->getOperands())
    copies.map(operand, leave(b, operand, region, copies));
  b.clone(*op, copies);
  return copies.lookup(v);
}

Value outside(OpBuilder &b, Value v, Region &region) {
  if (!mayLeave(v, region))
    return {};
  IRMapping copies;
  return leave(b, v, region, copies);
}

LogicalResult verifyKnownSizes(Operation *op) {
  for (Value operand : op->getOperands())
    if (!hasKnownSizes(operand))
      return op->emitOpError() << "has an operand whose sizes are not known: " << operand.getType() << " needs a tl.sized where it enters";
  return success();
}
} // namespace tl
