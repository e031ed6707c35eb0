// Broadcast, transpose, reshape, concat, iota and empty: types, verifiers, folds, both derivatives, batching.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir_gen/dialect/Dialect.h"

using namespace mlir;

namespace tl {
namespace {
/// 0 .. shift-1, then `axes` moved behind.
SmallVector<int64_t> behind(int64_t shift, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> all = axesUpTo(shift);
  for (int64_t axis : axes)
    all.push_back(axis + shift);
  return all;
}

/// The values of operands that do not depend on the indices of the map; nothing if one does.
std::optional<SmallVector<Value>> unbatched(ArrayRef<Batched> operands) {
  SmallVector<Value> values;
  for (const Batched &x : operands) {
    if (x.batched())
      return std::nullopt;
    values.push_back(x.v);
  }
  return values;
}

LogicalResult verifyAscending(Operation *op, StringRef what, ArrayRef<int64_t> axes, int64_t rank) {
  for (auto [i, axis] : llvm::enumerate(axes))
    if (axis < 0 || axis >= rank || (i && axes[i - 1] >= axis))
      return op->emitOpError() << what << " are not ascending below " << rank;
  return success();
}

/// The mask of the op's result; a scalar stands for all elements.
Val maskOf(Operation *op, Adjoints &adjoints) { return adjoints.val(op->getLoc(), adjoints.mask(op->getResult(0))); }
} // namespace

//===- broadcast ---------------------------------------------------------------------------------------------------------------------===//

LogicalResult BroadcastOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr, OpaqueProperties,
                                            RegionRange, SmallVectorImpl<Type> &types) {
  types.push_back(tensorOf(elementOf(operands[0]), operands.size() - 1));
  return success();
}
void BroadcastOp::resultSizes(OpBuilder &, unsigned, SmallVectorImpl<Value> &sizes) { llvm::append_range(sizes, getSizes()); }

LogicalResult BroadcastOp::verify() {
  if (getSizes().empty() || getAxes().size() != rankOf(getX()))
    return emitOpError() << "has " << getAxes().size() << " axes for an operand of rank " << rankOf(getX());
  return verifyAscending(*this, "axes", getAxes(), getSizes().size());
}

OpFoldResult BroadcastOp::fold(FoldAdaptor) {
  return getAxes().size() == getSizes().size() && getX().getType() == getType() ? OpFoldResult(getX()) : OpFoldResult();
}

void BroadcastOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *) {
  patterns.add(+[](BroadcastOp op, PatternRewriter &rewriter) -> LogicalResult {
    auto inner = op.getX().getDefiningOp<BroadcastOp>();
    if (!inner)
      return failure();
    SmallVector<int64_t> axes = llvm::map_to_vector(inner.getAxes(), [&](int64_t axis) { return op.getAxes()[axis]; });
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, inner.getX(), op.getSizes(), axes);
    return success();
  });
}

void BroadcastOp::vjp(Adjoints &adjoints, ValueRange g) {
  if (!adjoints.wants(getX()))
    return;
  SmallVector<int64_t> added = otherAxes(getSizes().size(), getAxes());
  Val mask = maskOf(*this, adjoints);
  adjoints.add(getX(), sum(adjoints.val(getLoc(), g[0]), added), mask && isTensor(mask.v) ? any(mask, added) : mask);
}
SmallVector<Value> BroadcastOp::jvp(OpBuilder &b, ArrayRef<Value> dx) {
  return {broadcast(Val(b, getLoc(), dx[0]), SmallVector<Value>(getSizes()), getAxes()).v};
}
SmallVector<Batched> BroadcastOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  const Batched &x = operands[0];
  auto inner = unbatched(operands.drop_front());
  if (!inner)
    return {};
  SmallVector<Value> sizes = batch.sizesOf(x.axes);
  llvm::append_range(sizes, *inner);
  return {{broadcast(Val(batch.b, getLoc(), x.v), sizes, behind(x.axes.size(), getAxes())).v, x.axes}};
}

//===- transpose ---------------------------------------------------------------------------------------------------------------------===//

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr, OpaqueProperties,
                                            RegionRange, SmallVectorImpl<Type> &types) {
  types.push_back(tensorOf(elementOf(operands[0]), rankOf(operands[0])));
  return success();
}
void TransposeOp::resultSizes(OpBuilder &b, unsigned, SmallVectorImpl<Value> &sizes) {
  sizes = applyPermutation(sizesOf(b, getX()), getPerm());
}

LogicalResult TransposeOp::verify() {
  if (getPerm().size() != rankOf(getX()) || !isPermutationVector(getPerm()))
    return emitOpError("has a perm that is no permutation of its operand's axes");
  return success();
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  return llvm::is_sorted(getPerm()) && getX().getType() == getType() ? OpFoldResult(getX()) : OpFoldResult();
}

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *) {
  patterns.add(+[](TransposeOp op, PatternRewriter &rewriter) -> LogicalResult {
    auto inner = op.getX().getDefiningOp<TransposeOp>();
    if (!inner)
      return failure();
    rewriter.replaceOpWithNewOp<TransposeOp>(op, inner.getX(), applyPermutation(inner.getPerm(), op.getPerm()));
    return success();
  });
  // What is repeated in another order is repeated over other axes, if the operand's own axes keep their order.
  patterns.add(+[](TransposeOp op, PatternRewriter &rewriter) -> LogicalResult {
    auto inner = op.getX().getDefiningOp<BroadcastOp>();
    if (!inner)
      return failure();
    SmallVector<int64_t> inverse = invertPermutationVector(op.getPerm());
    SmallVector<int64_t> axes = llvm::map_to_vector(inner.getAxes(), [&](int64_t axis) { return inverse[axis]; });
    if (!llvm::is_sorted(axes))
      return failure();
    SmallVector<Value> sizes = applyPermutation(SmallVector<Value>(inner.getSizes()), op.getPerm());
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, inner.getX(), sizes, axes);
    return success();
  });
}

void TransposeOp::vjp(Adjoints &adjoints, ValueRange g) {
  if (!adjoints.wants(getX()))
    return;
  SmallVector<int64_t> inverse = invertPermutationVector(getPerm());
  Val mask = maskOf(*this, adjoints);
  adjoints.add(getX(), transpose(adjoints.val(getLoc(), g[0]), inverse), mask && isTensor(mask.v) ? transpose(mask, inverse) : mask);
}
SmallVector<Value> TransposeOp::jvp(OpBuilder &b, ArrayRef<Value> dx) { return {transpose(Val(b, getLoc(), dx[0]), getPerm()).v}; }
SmallVector<Batched> TransposeOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  const Batched &x = operands[0];
  return {{transpose(Val(batch.b, getLoc(), x.v), behind(x.axes.size(), getPerm())).v, x.axes}};
}

//===- reshape -----------------------------------------------------------------------------------------------------------------------===//

LogicalResult ReshapeOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr, OpaqueProperties,
                                          RegionRange, SmallVectorImpl<Type> &types) {
  types.push_back(tensorOf(elementOf(operands[0]), operands.size() - 1));
  return success();
}
void ReshapeOp::resultSizes(OpBuilder &, unsigned, SmallVectorImpl<Value> &sizes) { llvm::append_range(sizes, getSizes()); }

LogicalResult ReshapeOp::verify() { return getSizes().empty() ? emitOpError("has no sizes: an element is taken by slice") : success(); }

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  bool same = getSizes().size() == 1 && rankOf(getX()) == 1;
  if (auto x = getX().getDefiningOp<BroadcastOp>())
    same |= llvm::equal(x.getSizes(), getSizes());
  if (auto x = getX().getDefiningOp<ReshapeOp>())
    same |= llvm::equal(x.getSizes(), getSizes());
  if (auto x = getX().getDefiningOp<SizedOp>())
    same |= llvm::equal(x.getSizes(), getSizes());
  return same && getX().getType() == getType() ? OpFoldResult(getX()) : OpFoldResult();
}

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *) {
  patterns.add(+[](ReshapeOp op, PatternRewriter &rewriter) -> LogicalResult {
    auto inner = op.getX().getDefiningOp<ReshapeOp>();
    if (!inner)
      return failure();
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, inner.getX(), op.getSizes());
    return success();
  });
  patterns.add(+[](ReshapeOp op, PatternRewriter &rewriter) -> LogicalResult {
    auto inner = op.getX().getDefiningOp<BroadcastOp>();
    if (!inner || isTensor(inner.getX()))
      return failure();
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, inner.getX(), op.getSizes(), ArrayRef<int64_t>());
    return success();
  });
}

void ReshapeOp::vjp(Adjoints &adjoints, ValueRange g) {
  if (!adjoints.wants(getX()))
    return;
  SmallVector<Value> sizes = sizesOf(adjoints.b, getX());
  Val mask = maskOf(*this, adjoints);
  adjoints.add(getX(), reshape(adjoints.val(getLoc(), g[0]), sizes), mask && isTensor(mask.v) ? reshape(mask, sizes) : mask);
}
SmallVector<Value> ReshapeOp::jvp(OpBuilder &b, ArrayRef<Value> dx) {
  return {reshape(Val(b, getLoc(), dx[0]), SmallVector<Value>(getSizes())).v};
}
SmallVector<Batched> ReshapeOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  const Batched &x = operands[0];
  auto inner = unbatched(operands.drop_front());
  if (!inner)
    return {};
  SmallVector<Value> sizes = batch.sizesOf(x.axes);
  llvm::append_range(sizes, *inner);
  return {{reshape(Val(batch.b, getLoc(), x.v), sizes).v, x.axes}};
}

//===- concat ------------------------------------------------------------------------------------------------------------------------===//

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands, DictionaryAttr, OpaqueProperties,
                                         RegionRange, SmallVectorImpl<Type> &types) {
  if (operands.empty())
    return emitOptionalError(loc, "concat of nothing");
  types.push_back(tensorOf(elementOf(operands[0]), rankOf(operands[0])));
  return success();
}
void ConcatOp::resultSizes(OpBuilder &b, unsigned, SmallVectorImpl<Value> &sizes) {
  sizes = sizesOf(b, getXs().front());
  for (Value x : getXs().drop_front())
    sizes[getAxis()] = b.createOrFold<arith::AddIOp>(getLoc(), sizes[getAxis()], sizesOf(b, x)[getAxis()]);
}

LogicalResult ConcatOp::verify() {
  for (Value x : getXs())
    if (rankOf(x) != rankOf(getY()) || elementOf(x) != elementOf(getY()))
      return emitOpError("has operands of different ranks or element types");
  return getAxis() < rankOf(getY()) ? success() : emitOpError("has an axis that is not there");
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getXs().size() == 1 && getXs().front().getType() == getType() ? OpFoldResult(getXs().front()) : OpFoldResult();
}

/// Parts that are put together along the same axis, and for nothing else, are parts of the whole.
LogicalResult ConcatOp::canonicalize(ConcatOp op, PatternRewriter &b) {
  SmallVector<Value> parts;
  for (Value x : op.getXs())
    if (auto inner = x.getDefiningOp<ConcatOp>(); inner && inner.getAxis() == op.getAxis() && inner->hasOneUse())
      llvm::append_range(parts, inner.getXs());
    else
      parts.push_back(x);
  if (parts.size() == op.getXs().size())
    return failure();
  b.replaceOpWithNewOp<ConcatOp>(op, parts, op.getAxis());
  return success();
}

void ConcatOp::vjp(Adjoints &adjoints, ValueRange g) {
  OpBuilder &b = adjoints.b;
  unsigned rank = rankOf(getY());
  SmallVector<Value> offsets(rank, index(b, getLoc(), 0));
  Val mask = maskOf(*this, adjoints);
  for (Value x : getXs()) {
    SmallVector<Value> sizes = sizesOf(b, x);
    auto part = [&](Value whole) {
      return adjoints.val(getLoc(), make<SliceOp>(b, getLoc(), whole, ValueRange(offsets), ValueRange(sizes), SmallVector<int64_t>(rank, 1),
                                                  ArrayRef<int64_t>(), /*always=*/true, /*here=*/false));
    };
    if (adjoints.wants(x))
      adjoints.add(x, part(g[0]), mask && isTensor(mask.v) ? part(mask.v) : mask);
    offsets[getAxis()] = b.createOrFold<arith::AddIOp>(getLoc(), offsets[getAxis()], sizes[getAxis()]);
  }
}
SmallVector<Value> ConcatOp::jvp(OpBuilder &b, ArrayRef<Value> dx) {
  SmallVector<Value> parts;
  for (auto [x, tangent] : llvm::zip(getXs(), dx))
    parts.push_back(tangent ? tangent : full(Val(b, getLoc(), x), 0).v);
  return {ConcatOp::create(b, getLoc(), parts, getAxis())};
}
SmallVector<Batched> ConcatOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  BatchBuilder::Axes axes = BatchBuilder::unite(operands);
  SmallVector<Value> xs = llvm::map_to_vector(operands, [&](const Batched &x) { return batch.align(x, axes); });
  return {{ConcatOp::create(batch.b, getLoc(), xs, getAxis() + axes.size()), axes}};
}

//===- iota --------------------------------------------------------------------------------------------------------------------------===//

LogicalResult IotaOp::inferReturnTypes(MLIRContext *ctx, std::optional<Location>, ValueRange, DictionaryAttr, OpaqueProperties, RegionRange,
                                       SmallVectorImpl<Type> &types) {
  types.push_back(tensorOf(IntegerType::get(ctx, 64), 1));
  return success();
}
void IotaOp::resultSizes(OpBuilder &, unsigned, SmallVectorImpl<Value> &sizes) { sizes.push_back(getSize()); }
SmallVector<Batched> IotaOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  if (operands[0].batched())
    return {};
  return {{IotaOp::create(batch.b, getLoc(), operands[0].v), {}}};
}

//===- empty -------------------------------------------------------------------------------------------------------------------------===//

LogicalResult EmptyOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr attributes,
                                        OpaqueProperties properties, RegionRange, SmallVectorImpl<Type> &types) {
  types.push_back(tensorOf(Adaptor(operands, attributes, properties).getElement(), operands.size()));
  return success();
}
void EmptyOp::resultSizes(OpBuilder &, unsigned, SmallVectorImpl<Value> &sizes) { llvm::append_range(sizes, getSizes()); }
SmallVector<Batched> EmptyOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  auto sizes = unbatched(operands);
  if (!sizes)
    return {};
  return {{EmptyOp::create(batch.b, getLoc(), *sizes, getElement()), {}}};
}
} // namespace tl
