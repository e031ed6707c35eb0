// Slice, update, gather and scatter_add for all indices of a map: places that depend on the indices become strides where they are affine in
// one index, else gathers.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir_gen/dialect/Dialect.h"

using namespace mlir;

namespace tl {
namespace {
using Axes = BatchBuilder::Axes;

/// A place that is coefficient * (index of `axis`) + base.
struct Affine {
  unsigned axis;
  int64_t coefficient;
  Value base; ///< i64
};

/// Reads it off the array of places, which depends on one axis only.
std::optional<Affine> affineOf(OpBuilder &b, Value x, unsigned axis) {
  Operation *op = x.getDefiningOp();
  if (!op)
    return std::nullopt;
  Location loc = op->getLoc();
  if (isa<IotaOp>(op))
    return Affine{axis, 1, constantInt(b, loc, b.getI64Type(), 0)};
  if (!isa<AddOp, SubOp, MulOp>(op))
    return std::nullopt;
  bool isFirst = isTensor(op->getOperand(0));
  if (isFirst == isTensor(op->getOperand(1)))
    return std::nullopt;
  auto array = affineOf(b, op->getOperand(isFirst ? 0 : 1), axis);
  if (!array)
    return std::nullopt;
  Val base(b, loc, array->base), scalar(b, loc, op->getOperand(isFirst ? 1 : 0));
  if (isa<MulOp>(op)) {
    APInt factor;
    if (!matchPattern(scalar.v, m_ConstantInt(&factor)) || factor.isZero())
      return std::nullopt;
    return Affine{axis, array->coefficient * factor.getSExtValue(), (base * scalar).v};
  }
  if (isa<AddOp>(op))
    return Affine{axis, array->coefficient, (base + scalar).v};
  return isFirst ? Affine{axis, array->coefficient, (base - scalar).v} : Affine{axis, -array->coefficient, (scalar - base).v};
}

Value toIndex(OpBuilder &b, Value x) {
  return isa<IndexType>(x.getType()) ? x : b.createOrFold<arith::IndexCastOp>(x.getLoc(), b.getIndexType(), x);
}
Value toI64(OpBuilder &b, Value x) {
  return isa<IndexType>(x.getType()) ? b.createOrFold<arith::IndexCastOp>(x.getLoc(), b.getI64Type(), x) : x;
}

/// Puts the axes in the order in which `order` lists them.
Value reorder(OpBuilder &b, Location loc, Value x, ArrayRef<int64_t> order) { return transpose(Val(b, loc, x), order).v; }

struct Proof {
  bool guarded, always, here;
};

/// gather on an array with batch axes by indices with batch axes: those that both have are indexed by iota.
Batched gather(BatchBuilder &batch, Location loc, const Batched &x, ArrayRef<Batched> indices, ArrayRef<int64_t> axes, Proof proof) {
  OpBuilder &b = batch.b;
  Axes own = BatchBuilder::unite(indices), all = own;
  SmallVector<Value> inner;
  for (const Batched &i : indices)
    if (BatchBuilder::innerRank(i))
      inner = batch.innerSizes(i);
  SmallVector<Value> ownSizes = batch.sizesOf(own);
  SmallVector<Value> places;
  SmallVector<int64_t> gathered;
  Axes free; // batch axes of x alone
  llvm::append_range(ownSizes, inner);
  for (auto [i, axis] : llvm::enumerate(x.axes)) {
    if (!llvm::is_contained(own, axis)) {
      free.push_back(axis);
      all.push_back(axis);
      continue;
    }
    Val iota(b, loc, IotaOp::create(b, loc, batch.extents[axis]));
    places.push_back(broadcast(iota, ownSizes, {BatchBuilder::place(axis, own)}).v);
    gathered.push_back(i);
  }
  for (auto [i, axis] : llvm::zip(indices, axes)) {
    places.push_back(i.batched() || BatchBuilder::innerRank(i) ? batch.align(i, own, inner) : i.v);
    gathered.push_back(axis + x.axes.size());
  }
  Value y = GatherOp::create(b, loc, x.v, places, gathered, proof.guarded, proof.always, proof.here);
  // The result's axes are own, inner, free, rest.
  llvm::sort(all);
  SmallVector<int64_t> order;
  for (unsigned axis : all)
    order.push_back(llvm::is_contained(own, axis) ? BatchBuilder::place(axis, own)
                                                  : int64_t(ownSizes.size()) + BatchBuilder::place(axis, free));
  for (size_t i = own.size(); i < ownSizes.size(); ++i)
    order.push_back(i);
  for (size_t i = ownSizes.size() + free.size(); i < rankOf(y); ++i)
    order.push_back(i);
  return {reorder(b, loc, y, order), all};
}

/// How a slice of one array with batch axes reads each axis: whole, as a box, along a batch axis, or by a gather.
struct SliceBatch {
  BatchBuilder &batch;
  SliceOp op;
  Batched x;
  ArrayRef<Batched> offsets;
  SmallVector<Value> sizes;
  SmallVector<std::optional<Affine>> affine; ///< for each axis
  SmallVector<int64_t> gathered;             ///< axes read by a gather, ascending

  bool isDropped(int64_t axis) { return llvm::is_contained(op.getDropped(), axis); }

  void classify() {
    Axes used = x.axes;
    bool unproved = batch.guard && !op.getAlways();
    for (auto [axis, offset] : llvm::enumerate(offsets)) {
      affine.emplace_back();
      if (unproved) {
        gathered.push_back(axis);
      } else if (offset.batched()) {
        if (offset.axes.size() == 1 && isDropped(axis) && !llvm::is_contained(used, offset.axes[0]))
          affine.back() = affineOf(batch.b, offset.v, offset.axes[0]);
        if (affine.back())
          used.push_back(offset.axes[0]);
        else
          gathered.push_back(axis);
      }
    }
  }

  /// Boxes and strides: leaves batch axes in front, then the kept and the gathered axes in order.
  Batched boxes(SmallVectorImpl<int64_t> &rest) {
    OpBuilder &b = batch.b;
    Location loc = op.getLoc();
    SmallVector<Value> whole = sizesOf(b, x.v), from(x.axes.size(), index(b, loc, 0)), size(whole.begin(), whole.begin() + x.axes.size());
    SmallVector<int64_t> strides(x.axes.size(), 1), dropped, order;
    Axes axes = x.axes;
    SmallVector<std::pair<unsigned, int64_t>> places; // batch axis, where it is in the box
    for (auto [i, axis] : llvm::enumerate(x.axes))
      places.push_back({axis, i});
    SmallVector<int64_t> restPlaces;
    bool isWhole = true;
    int64_t kept = x.axes.size();
    for (int64_t axis = 0; axis < int64_t(offsets.size()); ++axis) {
      size_t place = from.size();
      if (llvm::is_contained(gathered, axis)) {
        from.push_back(index(b, loc, 0));
        size.push_back(whole[place]);
        strides.push_back(1);
      } else if (affine[axis]) {
        from.push_back(toIndex(b, affine[axis]->base));
        size.push_back(batch.extents[affine[axis]->axis]);
        strides.push_back(affine[axis]->coefficient);
        places.push_back({affine[axis]->axis, kept++});
        isWhole = false;
        continue;
      } else {
        from.push_back(offsets[axis].v);
        size.push_back(sizes[axis]);
        strides.push_back(op.getStrides()[axis]);
        isWhole = false;
        if (isDropped(axis)) {
          dropped.push_back(place);
          continue;
        }
      }
      rest.push_back(axis);
      restPlaces.push_back(kept++);
    }
    Value y = x.v;
    if (!isWhole)
      y = make<SliceOp>(b, loc, x.v, ValueRange(from), ValueRange(size), strides, dropped, op.getAlways(), op.getHere());
    llvm::sort(places);
    axes.clear();
    for (auto [axis, place] : places) {
      axes.push_back(axis);
      order.push_back(place);
    }
    llvm::append_range(order, restPlaces);
    return {isTensor(y) ? reorder(b, loc, y, order) : y, axes};
  }

  /// Gathers what remains; `rest` names the axes that `box` still has. An axis that is not dropped is a window of places.
  Batched gathers(const Batched &box, ArrayRef<int64_t> rest) {
    OpBuilder &b = batch.b;
    Location loc = op.getLoc();
    SmallVector<int64_t> windows = llvm::filter_to_vector(gathered, [&](int64_t axis) { return !isDropped(axis); });
    SmallVector<Value> windowSizes = llvm::map_to_vector(windows, [&](int64_t axis) { return sizes[axis]; });
    bool anyTensor = !windows.empty() || llvm::any_of(gathered, [&](int64_t axis) { return offsets[axis].batched(); });
    if (!anyTensor) // a gather wants an array of places
      windowSizes.push_back(index(b, loc, 1));
    SmallVector<Batched> places;
    SmallVector<int64_t> axes;
    for (int64_t axis : gathered) {
      Batched place{toI64(b, offsets[axis].v), offsets[axis].axes};
      axes.push_back(llvm::find(rest, axis) - rest.begin());
      int64_t window = llvm::find(windows, axis) - windows.begin();
      if (window < int64_t(windows.size())) {
        Val step(b, loc, IotaOp::create(b, loc, sizes[axis]));
        step = step * step.like(constantInt(b, loc, b.getI64Type(), op.getStrides()[axis]));
        Value steps = broadcast(step, windowSizes, {window}).v;
        place = {(Val(b, loc, batch.align(place, place.axes, windowSizes)) + Val(b, loc, batch.align({steps, {}}, place.axes))).v,
                 place.axes};
      } else if (!anyTensor && places.empty()) {
        place.v = broadcast(Val(b, loc, place.v), windowSizes, {}).v;
      }
      places.push_back(place);
    }
    Batched y = gather(batch, loc, box, places, axes, {batch.guard && !op.getAlways(), op.getAlways(), op.getHere() && !batch.guard});
    if (!anyTensor) { // its one place vanishes
      SmallVector<Value> wanted = sizesOf(b, y.v);
      wanted.erase(wanted.begin() + y.axes.size());
      return {reshape(Val(b, loc, y.v), wanted).v, y.axes};
    }
    // The inner axes are the windows, then those of the box that were not gathered; they go where they were.
    SmallVector<int64_t> now = windows, wanted, order = axesUpTo(y.axes.size());
    for (int64_t axis : rest)
      if (!llvm::is_contained(gathered, axis))
        now.push_back(axis);
    wanted = now;
    llvm::sort(wanted);
    for (int64_t axis : wanted)
      order.push_back(y.axes.size() + (llvm::find(now, axis) - now.begin()));
    return {isTensor(y.v) ? reorder(b, loc, y.v, order) : y.v, y.axes};
  }
};
} // namespace

SmallVector<Batched> SliceOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  unsigned rank = getOffsets().size();
  SliceBatch slice{batch, *this, operands[0], operands.slice(1, rank), {}, {}, {}};
  for (const Batched &size : operands.drop_front(1 + rank)) {
    if (size.batched())
      return {};
    slice.sizes.push_back(size.v);
  }
  slice.classify();
  SmallVector<int64_t> rest;
  Batched y = slice.boxes(rest);
  return {slice.gathered.empty() ? y : slice.gathers(y, rest)};
}

/// Where the places do not depend on the indices, an update of each element's box; a place that does is found by comparing, for axes that
/// are dropped. Not for windows at such places.
SmallVector<Batched> UpdateOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  OpBuilder &b = batch.b;
  Location loc = getLoc();
  unsigned rank = rankOf(getX());
  Batched x = operands[0], src = operands.back();
  ArrayRef<Batched> offsets = operands.slice(1, rank), sizes = operands.slice(1 + rank, rank);
  if (batch.guard && !getAlways())
    return {};
  for (int64_t axis = 0; axis < rank; ++axis)
    if (sizes[axis].batched() || (offsets[axis].batched() && !llvm::is_contained(getDropped(), axis)))
      return {};
  Axes axes = BatchBuilder::unite(operands);
  Value whole = batch.align(x, axes), part = batch.align(src, axes);
  SmallVector<Value> all = sizesOf(b, whole), from(axes.size(), index(b, loc, 0)), size(all.begin(), all.begin() + axes.size());
  SmallVector<int64_t> strides(axes.size(), 1), dropped, moving;
  for (int64_t axis = 0; axis < rank; ++axis) {
    bool moves = offsets[axis].batched();
    if (moves)
      moving.push_back(axis);
    else if (llvm::is_contained(getDropped(), axis))
      dropped.push_back(axis + axes.size());
    from.push_back(moves ? index(b, loc, 0) : offsets[axis].v);
    size.push_back(moves ? all[axes.size() + axis] : sizes[axis].v);
    strides.push_back(getStrides()[axis]);
  }
  if (moving.empty())
    return {{UpdateOp::create(b, loc, whole, from, size, part, strides, dropped, getAlways(), getHere()), axes}};
  // The box with the moving axes whole: it gets the new values where the axes' own places are those wanted.
  auto box = SliceOp::create(b, loc, whole, from, size, strides, dropped, getAlways(), getHere());
  SmallVector<Value> boxSizes = sizesOf(b, box);
  SmallVector<int64_t> kept = otherAxes(rank, getDropped()), partAxes = axesUpTo(axes.size());
  int64_t place = axes.size();
  Val here;
  for (int64_t axis = 0; axis < rank; ++axis) {
    if (llvm::is_contained(dropped, axis + int64_t(axes.size())))
      continue;
    if (llvm::is_contained(moving, axis)) {
      Val own = broadcast(Val(b, loc, IotaOp::create(b, loc, all[axes.size() + axis])), boxSizes, {place});
      Val wanted = broadcast(Val(b, loc, batch.align(offsets[axis], axes)), boxSizes, axesUpTo(axes.size()));
      here = here ? both(here, equal(own, wanted)) : equal(own, wanted);
    } else {
      partAxes.push_back(place);
    }
    ++place;
  }
  Val changed = select(here, broadcast(Val(b, loc, part), boxSizes, partAxes), Val(b, loc, box));
  return {{UpdateOp::create(b, loc, whole, from, size, changed.v, strides, dropped, getAlways(), getHere()), axes}};
}

SmallVector<Batched> GatherOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  bool guarded = getGuarded() || (batch.guard && !getAlways());
  return {gather(batch, getLoc(), operands[0], operands.drop_front(), getAxes(), {guarded, getAlways(), getHere() && !guarded})};
}

/// Each element scatters into its own part: the batch axes are places, too.
SmallVector<Batched> ScatterAddOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  OpBuilder &b = batch.b;
  Location loc = getLoc();
  Axes axes = BatchBuilder::unite(operands);
  ArrayRef<Batched> indices = operands.slice(1, getIndices().size());
  SmallVector<Value> inner, places;
  for (const Batched &i : indices)
    if (BatchBuilder::innerRank(i))
      inner = batch.innerSizes(i);
  SmallVector<Value> sizes = batch.sizesOf(axes);
  llvm::append_range(sizes, inner);
  SmallVector<int64_t> scattered = axesUpTo(axes.size());
  for (auto [place, axis] : llvm::enumerate(axes))
    places.push_back(broadcast(Val(b, loc, IotaOp::create(b, loc, batch.extents[axis])), sizes, {int64_t(place)}).v);
  for (auto [i, axis] : llvm::zip(indices, getAxes())) {
    places.push_back(i.batched() || BatchBuilder::innerRank(i) ? batch.align(i, axes, inner) : i.v);
    scattered.push_back(axis + axes.size());
  }
  bool guarded = getGuarded() || (batch.guard && !getAlways());
  Value y = ScatterAddOp::create(b, loc, batch.align(operands[0], axes), places, batch.align(operands.back(), axes), scattered, guarded,
                                 getAlways(), getHere() && !guarded);
  return {{y, axes}};
}
} // namespace tl
