// Slice, update, gather and scatter_add: what reads and writes places of an array.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir_gen/dialect/Dialect.h"

using namespace mlir;

namespace tl {
namespace {
template <typename Op> Speculation::Speculatability speculatability(Op op) {
  return op.getAlways() ? Speculation::Speculatable : Speculation::NotSpeculatable;
}

template <typename T> SmallVector<T> without(ArrayRef<T> xs, ArrayRef<int64_t> dropped) {
  SmallVector<T> rest;
  for (auto [i, x] : llvm::enumerate(xs))
    if (!llvm::is_contained(dropped, int64_t(i)))
      rest.push_back(x);
  return rest;
}

/// The preconditions of slice and update: a place, a size and a stride for each axis of `x`.
template <typename Op> LogicalResult verifyBox(Op op) {
  unsigned rank = rankOf(op.getX());
  if (op.getOffsets().size() != rank || op.getSizes().size() != rank || op.getStrides().size() != rank)
    return op.emitOpError() << "needs " << rank << " offsets, sizes and strides";
  if (llvm::is_contained(op.getStrides(), 0))
    return op.emitOpError("has a stride of 0");
  for (auto [i, axis] : llvm::enumerate(op.getDropped())) {
    if (axis < 0 || axis >= rank || (i && op.getDropped()[i - 1] >= axis))
      return op.emitOpError("has dropped axes that are not ascending axes of its operand");
    APInt size;
    if (matchPattern(op.getSizes()[axis], m_ConstantInt(&size)) && size != 1)
      return op.emitOpError() << "drops axis " << axis << " of size " << size.getSExtValue();
  }
  return op.getAlways() && op.getHere() ? op.emitOpError("is marked both always and here") : success();
}

/// The preconditions of gather and scatter_add: an index for each of the axes, of one shape. `batchRank` becomes the rank of that shape.
template <typename Op> LogicalResult verifyPlaces(Op op, unsigned &batchRank) {
  batchRank = 0;
  if (op.getAxes().size() != op.getIndices().size() || op.getIndices().empty())
    return op.emitOpError("needs an index for each of its axes");
  for (auto [i, axis] : llvm::enumerate(op.getAxes()))
    if (axis < 0 || axis >= rankOf(op.getX()) || (i && op.getAxes()[i - 1] >= axis))
      return op.emitOpError("has axes that are not ascending axes of its operand");
  for (Value i : op.getIndices()) {
    if (!elementOf(i).isInteger(64))
      return op.emitOpError("has an index that is not i64");
    if (isTensor(i) && batchRank && rankOf(i) != batchRank)
      return op.emitOpError("has indices of different ranks");
    batchRank = std::max(batchRank, rankOf(i));
  }
  return batchRank ? success() : op.emitOpError("needs an index that is a tensor");
}

unsigned placesRank(ValueRange indices) {
  unsigned rank = 0;
  for (Value i : indices)
    rank = std::max(rank, rankOf(i));
  return rank;
}
SmallVector<Value> placesSizes(OpBuilder &b, ValueRange indices) { return sizesOf(b, *llvm::find_if(indices, isTensor)); }

/// A mask in the shape of `as`; a scalar mask is repeated.
Val maskLike(Val mask, Value as) { return isTensor(mask.v) || !isTensor(as) ? mask : broadcastLike(mask, as); }
} // namespace

//===- slice -------------------------------------------------------------------------------------------------------------------------===//

Speculation::Speculatability SliceOp::getSpeculatability() { return speculatability(*this); }

LogicalResult SliceOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr attributes,
                                        OpaqueProperties properties, RegionRange, SmallVectorImpl<Type> &types) {
  size_t dropped = Adaptor(operands, attributes, properties).getDropped().size();
  types.push_back(tensorOf(elementOf(operands[0]), std::max<int64_t>(0, int64_t(rankOf(operands[0])) - int64_t(dropped))));
  return success();
}
void SliceOp::resultSizes(OpBuilder &, unsigned, SmallVectorImpl<Value> &sizes) {
  sizes = without<Value>(SmallVector<Value>(getSizes()), getDropped());
}
LogicalResult SliceOp::verify() { return verifyBox(*this); }

Value SliceOp::element(OpBuilder &b, Location loc, Value x, ValueRange offsets) {
  SmallVector<Value> ones(offsets.size(), index(b, loc, 1));
  return SliceOp::create(b, loc, x, offsets, ones, SmallVector<int64_t>(offsets.size(), 1), axesUpTo(offsets.size()));
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  if (getX().getType() != getType() || !llvm::all_of(getStrides(), [](int64_t stride) { return stride == 1; }) ||
      !llvm::all_of(getOffsets(), [](Value offset) { return matchPattern(offset, m_Zero()); }))
    return {};
  // Whole, as far as can be seen without building: the sizes are the very ones that the operand states.
  SmallVector<Value> whole;
  Operation *op = getX().getDefiningOp();
  if (auto x = dyn_cast_or_null<SizedOp>(op))
    whole = x.getSizes();
  else if (auto x = dyn_cast_or_null<BroadcastOp>(op))
    whole = x.getSizes();
  else if (auto x = dyn_cast_or_null<IotaOp>(op))
    whole.push_back(x.getSize());
  return llvm::equal(whole, getSizes()) ? OpFoldResult(getX()) : OpFoldResult();
}

namespace {
/// i * stride + offset as values of type index.
Value placed(OpBuilder &b, Location loc, Value i, int64_t stride, Value offset) {
  if (stride != 1)
    i = b.createOrFold<arith::MulIOp>(loc, i, index(b, loc, stride));
  return b.createOrFold<arith::AddIOp>(loc, i, offset);
}

/// A slice of numbers in a row is numbers in a row.
LogicalResult sliceOfIota(SliceOp op, PatternRewriter &b) {
  if (!op.getX().getDefiningOp<IotaOp>())
    return failure();
  Location loc = op.getLoc();
  Value first = arith::IndexCastOp::create(b, loc, b.getI64Type(), op.getOffsets()[0]);
  if (!op.getDropped().empty()) {
    b.replaceOp(op, first);
    return success();
  }
  Val i(b, loc, IotaOp::create(b, loc, op.getSizes()[0]));
  b.replaceOp(op, (i * i.like(constantInt(b, loc, b.getI64Type(), op.getStrides()[0])) + i.like(first)).v);
  return success();
}

/// Of what is repeated only the operand's own axes are sliced.
LogicalResult sliceOfBroadcast(SliceOp op, PatternRewriter &b) {
  auto x = op.getX().getDefiningOp<BroadcastOp>();
  if (!x)
    return failure();
  SmallVector<Value> offsets, sizes;
  SmallVector<int64_t> strides, dropped, axes;
  int64_t kept = 0;
  for (int64_t axis = 0; axis < int64_t(op.getOffsets().size()); ++axis) {
    bool isDropped = llvm::is_contained(op.getDropped(), axis), isOwn = llvm::is_contained(x.getAxes(), axis);
    if (isOwn) {
      if (isDropped)
        dropped.push_back(offsets.size());
      else
        axes.push_back(kept);
      offsets.push_back(op.getOffsets()[axis]);
      sizes.push_back(op.getSizes()[axis]);
      strides.push_back(op.getStrides()[axis]);
    }
    kept += !isDropped;
  }
  Val inner(b, op.getLoc(), x.getX());
  if (!offsets.empty())
    inner = inner.like(
        make<SliceOp>(b, op.getLoc(), x.getX(), ValueRange(offsets), ValueRange(sizes), strides, dropped, op.getAlways(), op.getHere()));
  b.replaceOp(op, broadcast(inner, without<Value>(SmallVector<Value>(op.getSizes()), op.getDropped()), axes).v);
  return success();
}

/// Where the box of `op`, in the slice `x`, is in the array that `x` is a slice of.
template <typename OpTy> struct BoxIn {
  SmallVector<Value> offsets, sizes;
  SmallVector<int64_t> strides, dropped;
  bool always, here;

  BoxIn(OpTy op, SliceOp x, OpBuilder &b) : offsets(x.getOffsets()), sizes(x.getSizes()), strides(x.getStrides()), dropped(x.getDropped()) {
    for (auto [axis, own] : llvm::enumerate(otherAxes(strides.size(), x.getDropped()))) {
      offsets[own] = placed(b, op.getLoc(), op.getOffsets()[axis], strides[own], offsets[own]);
      sizes[own] = op.getSizes()[axis];
      strides[own] *= op.getStrides()[axis];
      if (llvm::is_contained(op.getDropped(), int64_t(axis)))
        dropped.push_back(own);
    }
    llvm::sort(dropped);
    always = op.getAlways() && x.getAlways();
    here = !always && (op.getAlways() || op.getHere()) && (x.getAlways() || x.getHere());
  }
};

LogicalResult sliceOfSlice(SliceOp op, PatternRewriter &b) {
  auto x = op.getX().getDefiningOp<SliceOp>();
  if (!x)
    return failure();
  BoxIn box(op, x, b);
  b.replaceOpWithNewOp<SliceOp>(op, x.getX(), box.offsets, box.sizes, box.strides, box.dropped, box.always, box.here);
  return success();
}

/// Whether `slice` is what stands in the box that `op` replaces.
bool isReplacedBy(SliceOp slice, UpdateOp op) {
  return slice && slice.getX() == op.getX() && slice.getOffsets() == op.getOffsets() && slice.getSizes() == op.getSizes() &&
         slice.getStrides() == op.getStrides() && slice.getDropped() == op.getDropped();
}

/// An element of a row of an array is an element of the array: the rest of the row stays where it is.
LogicalResult updateOfUpdate(UpdateOp op, PatternRewriter &b) {
  auto inner = op.getSrc().getDefiningOp<UpdateOp>();
  auto slice = inner ? inner.getX().getDefiningOp<SliceOp>() : SliceOp();
  if (!isReplacedBy(slice, op))
    return failure();
  BoxIn box(inner, slice, b);
  b.replaceOpWithNewOp<UpdateOp>(op, op.getX(), box.offsets, box.sizes, inner.getSrc(), box.strides, box.dropped, box.always, box.here);
  return success();
}
} // namespace

void SliceOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *) {
  patterns.add(sliceOfIota);
  patterns.add(sliceOfBroadcast);
  patterns.add(sliceOfSlice);
}

/// The cotangent goes into what has been collected for the operand, in place.
void SliceOp::vjp(Adjoints &adjoints, ValueRange g) {
  Value x = getX();
  if (!adjoints.wants(x))
    return;
  OpBuilder &b = adjoints.b;
  Val old = adjoints.val(getLoc(), adjoints.get(x)), part = old.like(g[0]);
  auto slice = [&](Val whole) {
    return whole.like(make<SliceOp>(b, getLoc(), whole.v, getOffsets(), getSizes(), getStrides(), getDropped(), getAlways(), getHere()));
  };
  auto update = [&](Val whole, Val src) {
    return whole.like(
        UpdateOp::create(b, getLoc(), whole.v, getOffsets(), getSizes(), src.v, getStrides(), getDropped(), getAlways(), getHere()));
  };
  Val mask = part.like(adjoints.mask(getY())), oldMask = part.like(adjoints.mask(x));
  if (!old) {
    Val none = mask ? broadcastLike(mask.constant(0), x) : Val();
    adjoints.add(x, update(full(part.like(x), 0), part), mask ? update(none, maskLike(mask, getY())) : Val());
    return;
  }
  Val taken;
  if (mask && oldMask) {
    Val whole = maskLike(oldMask, x);
    taken = update(whole, either(slice(whole), mask));
  }
  adjoints.replace(x, update(old, slice(old) + part), taken);
}
SmallVector<Value> SliceOp::jvp(OpBuilder &b, ArrayRef<Value> dx) {
  return {make<SliceOp>(b, getLoc(), dx[0], getOffsets(), getSizes(), getStrides(), getDropped(), getAlways(), getHere())};
}

//===- update ------------------------------------------------------------------------------------------------------------------------===//

Speculation::Speculatability UpdateOp::getSpeculatability() { return speculatability(*this); }

LogicalResult UpdateOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr, OpaqueProperties,
                                         RegionRange, SmallVectorImpl<Type> &types) {
  types.push_back(tensorOf(elementOf(operands[0]), rankOf(operands[0])));
  return success();
}
void UpdateOp::resultSizes(OpBuilder &b, unsigned, SmallVectorImpl<Value> &sizes) { sizes = sizesOf(b, getX()); }
OpFoldResult UpdateOp::fold(FoldAdaptor) {
  return isReplacedBy(getSrc().getDefiningOp<SliceOp>(), *this) ? OpFoldResult(getX()) : OpFoldResult();
}
void UpdateOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *) { patterns.add(updateOfUpdate); }
LogicalResult UpdateOp::verify() {
  if (failed(verifyBox(*this)))
    return failure();
  if (getSrc().getType() != tensorOf(elementOf(getX()), rankOf(getX()) - getDropped().size()))
    return emitOpError() << "has a source of type " << getSrc().getType() << " that does not fit its slice";
  return success();
}

void UpdateOp::vjp(Adjoints &adjoints, ValueRange g) {
  OpBuilder &b = adjoints.b;
  Val whole = adjoints.val(getLoc(), g[0]), mask = whole.like(adjoints.mask(getY()));
  auto slice = [&](Val x) {
    return x.like(make<SliceOp>(b, getLoc(), x.v, getOffsets(), getSizes(), getStrides(), getDropped(), getAlways(), getHere()));
  };
  if (adjoints.wants(getSrc()))
    adjoints.add(getSrc(), slice(whole), mask && isTensor(mask.v) ? slice(mask) : mask);
  if (adjoints.wants(getX())) {
    Val zeros = isTensor(getSrc()) ? full(whole.like(getSrc()), 0) : whole.constant(0);
    Value rest =
        UpdateOp::create(b, getLoc(), whole.v, getOffsets(), getSizes(), zeros.v, getStrides(), getDropped(), getAlways(), getHere());
    adjoints.add(getX(), whole.like(rest), mask);
  }
}
SmallVector<Value> UpdateOp::jvp(OpBuilder &b, ArrayRef<Value> dx) {
  Value src = getOperation()->getOperand(getOperation()->getNumOperands() - 1), dsrc = dx.back();
  Value whole = dx[0] ? dx[0] : full(Val(b, getLoc(), getX()), 0).v;
  Val like(b, getLoc(), src);
  Value part = dsrc ? dsrc : isTensor(src) ? full(like, 0).v : like.constant(0).v;
  return {UpdateOp::create(b, getLoc(), whole, getOffsets(), getSizes(), part, getStrides(), getDropped(), getAlways(), getHere())};
}

//===- gather ------------------------------------------------------------------------------------------------------------------------===//

Speculation::Speculatability GatherOp::getSpeculatability() { return getGuarded() ? Speculation::Speculatable : speculatability(*this); }

LogicalResult GatherOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr, OpaqueProperties,
                                         RegionRange, SmallVectorImpl<Type> &types) {
  ValueRange indices = operands.drop_front();
  int64_t rank = int64_t(rankOf(operands[0])) - int64_t(indices.size()) + placesRank(indices);
  types.push_back(tensorOf(elementOf(operands[0]), std::max<int64_t>(rank, 0)));
  return success();
}
void GatherOp::resultSizes(OpBuilder &b, unsigned, SmallVectorImpl<Value> &sizes) {
  sizes = placesSizes(b, getIndices());
  llvm::append_range(sizes, without<Value>(sizesOf(b, getX()), getAxes()));
}
LogicalResult GatherOp::verify() {
  unsigned batchRank;
  return verifyPlaces(*this, batchRank);
}

/// As for slice: what comes from the gathered elements is added to what has been collected.
void GatherOp::vjp(Adjoints &adjoints, ValueRange g) {
  Value x = getX();
  if (!adjoints.wants(x))
    return;
  OpBuilder &b = adjoints.b;
  auto scatter = [&](Val whole, Val src) {
    return whole.like(ScatterAddOp::create(b, getLoc(), whole.v, getIndices(), src.v, getAxes(), getGuarded(), getAlways(), getHere()));
  };
  Val old = adjoints.val(getLoc(), adjoints.get(x)), part = old.like(g[0]);
  Val mask = part.like(adjoints.mask(getY())), oldMask = part.like(adjoints.mask(x));
  // What is summed over pairs starts from zeros: it would have to wait for all of `old`, and could not be streamed (Note [Streams]). What a
  // loop carries is added to where it stands, however little that is.
  Value from = old.v;
  while (auto sized = from ? from.getDefiningOp<SizedOp>() : SizedOp())
    from = sized.getX();
  const bool isOfPairs = llvm::any_of(getIndices(), [](Value index) { return isTensor(index) && rankOf(index) > 1; });
  if (!old || (isOfPairs && !isa<BlockArgument>(from)))
    adjoints.add(x, scatter(full(part.like(x), 0), part));
  else
    adjoints.replace(x, scatter(old, part), {});
  if (mask && (!old || oldMask)) { // whether any of the uses was taken
    Type count = b.getI64Type();
    Val before = old ? convert(maskLike(oldMask, x), count) : convert(broadcastLike(mask.constant(0), x), count);
    Val uses = scatter(before, convert(maskLike(mask, getY()), count));
    adjoints.replace(x, part.like(adjoints.get(x)), less(uses.constant(0), uses));
  }
}
SmallVector<Value> GatherOp::jvp(OpBuilder &b, ArrayRef<Value> dx) {
  return {GatherOp::create(b, getLoc(), dx[0], getIndices(), getAxes(), getGuarded(), getAlways(), getHere())};
}

//===- scatter_add -------------------------------------------------------------------------------------------------------------------===//

Speculation::Speculatability ScatterAddOp::getSpeculatability() {
  return getGuarded() ? Speculation::Speculatable : speculatability(*this);
}

LogicalResult ScatterAddOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr, OpaqueProperties,
                                             RegionRange, SmallVectorImpl<Type> &types) {
  types.push_back(tensorOf(elementOf(operands[0]), rankOf(operands[0])));
  return success();
}
void ScatterAddOp::resultSizes(OpBuilder &b, unsigned, SmallVectorImpl<Value> &sizes) { sizes = sizesOf(b, getX()); }
LogicalResult ScatterAddOp::verify() {
  unsigned batchRank;
  if (failed(verifyPlaces(*this, batchRank)))
    return failure();
  unsigned rank = batchRank + rankOf(getX()) - getAxes().size();
  return getSrc().getType() == tensorOf(elementOf(getX()), rank) ? success() : emitOpError("has a source that does not fit its places");
}

void ScatterAddOp::vjp(Adjoints &adjoints, ValueRange g) {
  Val whole = adjoints.val(getLoc(), g[0]), mask = whole.like(adjoints.mask(getY()));
  auto gather = [&](Val x) {
    return x.like(GatherOp::create(adjoints.b, getLoc(), x.v, getIndices(), getAxes(), getGuarded(), getAlways(), getHere()));
  };
  adjoints.add(getX(), whole, mask);
  if (adjoints.wants(getSrc()))
    adjoints.add(getSrc(), gather(whole), mask && isTensor(mask.v) ? gather(mask) : mask);
}
SmallVector<Value> ScatterAddOp::jvp(OpBuilder &b, ArrayRef<Value> dx) {
  Value whole = dx[0] ? dx[0] : full(Val(b, getLoc(), getX()), 0).v;
  if (!dx.back())
    return {whole};
  return {ScatterAddOp::create(b, getLoc(), whole, getIndices(), dx.back(), getAxes(), getGuarded(), getAlways(), getHere())};
}
} // namespace tl
