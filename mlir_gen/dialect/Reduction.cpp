// Reductions and scans: types, sizes, verifiers and batching that all share, then both derivatives of each, then the composites.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir_gen/dialect/Dialect.h"
#include "mlir_gen/dialect/Rules.h"

using namespace mlir;

namespace tl::reduction {
/// The axes that vanish: `axes`, or the one `axis`.
static SmallVector<int64_t> axesOf(Operation *op) {
  if (auto axes = op->getAttrOfType<DenseI64ArrayAttr>("axes"))
    return SmallVector<int64_t>(axes.asArrayRef());
  return {op->getAttrOfType<IntegerAttr>("axis").getInt()};
}

LogicalResult inferType(StringRef name, std::optional<Location> loc, Value x, ArrayRef<int64_t> axes, SmallVectorImpl<Type> &types) {
  if (axes.size() > rankOf(x))
    return emitOptionalError(loc, "reduces more axes than there are");
  bool counts = name == ReduceCountOp::getOperationName() || name == ArgMaxOp::getOperationName() || name == ArgMinOp::getOperationName();
  types.push_back(tensorOf(counts ? IntegerType::get(x.getContext(), 64) : elementOf(x), rankOf(x) - axes.size()));
  return success();
}

LogicalResult inferAlong(Value x, std::optional<unsigned> width, SmallVectorImpl<Type> &types) {
  types.push_back(tensorOf(width ? IntegerType::get(x.getContext(), *width) : elementOf(x), rankOf(x)));
  return success();
}

void sizes(Operation *op, OpBuilder &b, SmallVectorImpl<Value> &sizes) {
  SmallVector<Value> all = sizesOf(b, op->getOperand(0));
  for (int64_t axis : otherAxes(all.size(), axesOf(op)))
    sizes.push_back(all[axis]);
}

LogicalResult verify(Operation *op) {
  Value x = op->getOperand(0);
  SmallVector<int64_t> axes = axesOf(op);
  if (axes.empty())
    return op->emitOpError("reduces no axis");
  for (auto [i, axis] : llvm::enumerate(axes))
    if (axis < 0 || axis >= rankOf(x) || (i && axes[i - 1] >= axis))
      return op->emitOpError() << "has axes that are not ascending below " << rankOf(x);
  bool isBool = elementOf(x).isInteger(1), wantsBool = isa<ReduceAnyOp, ReduceAllOp, ReduceCountOp>(op);
  if (isBool != wantsBool)
    return op->emitOpError(wantsBool ? "is for i1" : "is not for i1");
  if (isa<ReduceMeanOp, ReduceVarOp, ReduceStdOp, LogSumExpOp, Norm2Op>(op) && !isFloat(x))
    return op->emitOpError("is for floats");
  return success();
}

LogicalResult verifyAxis(Operation *op) {
  Value x = op->getOperand(0);
  int64_t axis = axesOf(op).front();
  if (axis < 0 || axis >= rankOf(x))
    return op->emitOpError() << "has axis " << axis << " on rank " << rankOf(x);
  return success();
}

SmallVector<Batched> batch(Operation *op, BatchBuilder &batch, ArrayRef<Batched> operands) {
  const Batched &x = operands[0];
  int64_t shift = x.axes.size();
  SmallVector<NamedAttribute> attributes;
  for (NamedAttribute attribute : op->getAttrs()) {
    if (attribute.getName() == "axes")
      attribute.setValue(batch.b.getDenseI64ArrayAttr(llvm::map_to_vector(axesOf(op), [&](int64_t axis) { return axis + shift; })));
    else if (attribute.getName() == "axis")
      attribute.setValue(batch.b.getI64IntegerAttr(axesOf(op).front() + shift));
    attributes.push_back(attribute);
  }
  return {{build(batch.b, op->getLoc(), op->getName().getStringRef(), x.v, attributes)->getResult(0), x.axes}};
}

/// `y`, which lacks the axes of the reduction `op`, in the shape of its operand.
static Val back(Operation *op, Val y) {
  if (!y)
    return y;
  Value x = op->getOperand(0);
  return broadcast(y, sizesOf(*y.b, x), otherAxes(rankOf(x), axesOf(op)));
}
/// The same for a mask, which may be a scalar that stands for all.
static Val backMask(Operation *op, Val mask) {
  return mask && rankOf(mask.v) == rankOf(op->getResult(0)) && isTensor(mask.v) ? back(op, mask) : mask;
}
} // namespace tl::reduction

namespace tl {
using namespace reduction;

//===- sum, max, min ---------------------------------------------------------------------------------------------------------------===//

void ReduceSumOp::vjp(Adjoints &adjoints, ValueRange g) {
  if (adjoints.wants(getX()))
    adjoints.add(getX(), back(*this, adjoints.val(getLoc(), g[0])), backMask(*this, adjoints.val(getLoc(), adjoints.mask(getY()))));
}
SmallVector<Value> ReduceSumOp::jvp(OpBuilder &b, ArrayRef<Value> dx) { return {sum(Val(b, getLoc(), dx[0]), getAxes()).v}; }

namespace {
/// Where the extreme is, and how many share it: they share its derivative, too.
struct Extreme {
  Val isIt, count;
  Extreme(Operation *op, OpBuilder &b) {
    Val x(b, op->getLoc(), op->getOperand(0));
    isIt = equal(x, back(op, x.like(op->getResult(0))));
    count = sum(convert(isIt, elementOf(x.v)), axesOf(op));
  }
};
void extremeVjp(Operation *op, Adjoints &adjoints, Value cotangent) {
  Value x = op->getOperand(0);
  if (!adjoints.wants(x))
    return;
  Val g = adjoints.val(op->getLoc(), cotangent), mask = backMask(op, g.like(adjoints.mask(op->getResult(0))));
  Extreme extreme(op, adjoints.b);
  adjoints.add(x, guarded(select(extreme.isIt, back(op, g / extreme.count), 0.0), mask), mask);
}
SmallVector<Value> extremeJvp(Operation *op, OpBuilder &b, Value dx) {
  Extreme extreme(op, b);
  return {(sum(select(extreme.isIt, Val(b, op->getLoc(), dx), 0.0), axesOf(op)) / extreme.count).v};
}
} // namespace

void ReduceMaxOp::vjp(Adjoints &adjoints, ValueRange g) { extremeVjp(*this, adjoints, g[0]); }
SmallVector<Value> ReduceMaxOp::jvp(OpBuilder &b, ArrayRef<Value> dx) { return extremeJvp(*this, b, dx[0]); }
void ReduceMinOp::vjp(Adjoints &adjoints, ValueRange g) { extremeVjp(*this, adjoints, g[0]); }
SmallVector<Value> ReduceMinOp::jvp(OpBuilder &b, ArrayRef<Value> dx) { return extremeJvp(*this, b, dx[0]); }

//===- products: right where elements are zero, too ----------------------------------------------------------------------------------===//

namespace {
Val cumsum(Val x, int64_t axis, bool reverse) { return x.like(make<CumSumOp>(*x.b, x.loc, x.v, axis, reverse)); }
Val cumprod(Val x, int64_t axis, bool reverse) { return x.like(make<CumProdOp>(*x.b, x.loc, x.v, axis, reverse)); }

Val recur(Val x, Val z, int64_t axis, bool reverse) { return x.like(make<RecurOp>(*x.b, x.loc, x.v, z.v, axis, reverse)); }

/// What stands before each element along the axis (after it, for `reverse`), and `first` where nothing does.
Val shifted(Val x, int64_t axis, bool reverse, double first) {
  OpBuilder &b = *x.b;
  int64_t rank = rankOf(x.v);
  SmallVector<Value> sizes = sizesOf(b, x.v), one = sizes, offsets(rank, index(b, x.loc, 0));
  one[axis] = index(b, x.loc, 1);
  Value end = broadcast(x.constant(first), one, {}).v;
  Value all = make<ConcatOp>(b, x.loc, reverse ? SmallVector<Value>{x.v, end} : SmallVector<Value>{end, x.v}, axis);
  if (reverse)
    offsets[axis] = one[axis];
  return x.like(make<SliceOp>(b, x.loc, all, ValueRange(offsets), ValueRange(sizes), SmallVector<int64_t>(rank, 1), ArrayRef<int64_t>(),
                              /*always=*/true, /*here=*/false));
}

/// The product of what stands before (after) each element along the last axis.
Val productBefore(Val x, bool reverse) {
  int64_t last = rankOf(x.v) - 1;
  return shifted(cumprod(x, last, reverse), last, reverse, 1);
}

/// For each element the product of all others over the op's axes, which are brought behind the rest and made one for it.
Val productOfOthers(ReduceProdOp op, OpBuilder &b) {
  Val x(b, op.getLoc(), op.getX());
  SmallVector<int64_t> perm = otherAxes(rankOf(x.v), op.getAxes());
  size_t kept = perm.size();
  llvm::append_range(perm, op.getAxes());
  Val rows = transpose(x, perm);
  SmallVector<Value> sizes = sizesOf(b, rows.v), merged(sizes.begin(), sizes.begin() + kept);
  Value n = sizes[kept];
  for (Value size : ArrayRef(sizes).drop_front(kept + 1))
    n = b.createOrFold<arith::MulIOp>(op.getLoc(), n, size);
  merged.push_back(n);
  Val flat = perm.size() == kept + 1 ? rows : reshape(rows, merged);
  Val others = productBefore(flat, false) * productBefore(flat, true);
  return transpose(perm.size() == kept + 1 ? others : reshape(others, sizes), invertPermutationVector(perm));
}
} // namespace

void ReduceProdOp::vjp(Adjoints &adjoints, ValueRange cotangent) {
  if (!adjoints.wants(getX()))
    return;
  Val g = adjoints.val(getLoc(), cotangent[0]), mask = backMask(*this, g.like(adjoints.mask(getY())));
  adjoints.add(getX(), guarded(back(*this, g) * productOfOthers(*this, adjoints.b), mask), mask);
}
SmallVector<Value> ReduceProdOp::jvp(OpBuilder &b, ArrayRef<Value> dx) {
  return {sum(Val(b, getLoc(), dx[0]) * productOfOthers(*this, b), getAxes()).v};
}

/// The mask of what results of an op along an axis give the elements that they are made of.
static Val maskAlong(Val mask, int64_t axis, bool reverse) {
  if (!mask || !isTensor(mask.v))
    return mask;
  Val taken = cumsum(convert(mask, mask.b->getI64Type()), axis, reverse);
  return less(taken.constant(0), taken);
}

void CumProdOp::vjp(Adjoints &adjoints, ValueRange cotangent) {
  if (!adjoints.wants(getX()))
    return;
  Val g = adjoints.val(getLoc(), cotangent[0]), x = g.like(getX()), y = g.like(getY());
  Val ofLater = recur(shifted(x, getAxis(), !getReverse(), 0), g, getAxis(), !getReverse());
  Val mask = maskAlong(g.like(adjoints.mask(getY())), getAxis(), !getReverse());
  adjoints.add(getX(), guarded(shifted(y, getAxis(), getReverse(), 1) * ofLater, mask), mask);
}
SmallVector<Value> CumProdOp::jvp(OpBuilder &b, ArrayRef<Value> tangent) {
  Val dx(b, getLoc(), tangent[0]);
  return {recur(dx.like(getX()), shifted(dx.like(getY()), getAxis(), getReverse(), 1) * dx, getAxis(), getReverse()).v};
}

//===- recurrences -------------------------------------------------------------------------------------------------------------------===//

LogicalResult RecurOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr, OpaqueProperties,
                                        RegionRange, SmallVectorImpl<Type> &types) {
  types.push_back(operands[0].getType());
  return success();
}
void RecurOp::resultSizes(OpBuilder &b, unsigned, SmallVectorImpl<Value> &sizes) { sizes = sizesOf(b, getX()); }
LogicalResult RecurOp::verify() {
  if (rankOf(getX()) != rankOf(getZ()) || elementOf(getX()) != elementOf(getZ()))
    return emitOpError("has operands of different ranks or element types");
  return verifyAxis(*this);
}
SmallVector<Batched> RecurOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  BatchBuilder::Axes axes = BatchBuilder::unite(operands);
  Value y = RecurOp::create(batch.b, getLoc(), batch.align(operands[0], axes), batch.align(operands[1], axes), getAxis() + axes.size(),
                            getReverse());
  return {{y, axes}};
}

void RecurOp::vjp(Adjoints &adjoints, ValueRange cotangent) {
  Val g = adjoints.val(getLoc(), cotangent[0]);
  Val total = recur(shifted(g.like(getX()), getAxis(), !getReverse(), 0), g, getAxis(), !getReverse());
  Val mask = maskAlong(g.like(adjoints.mask(getY())), getAxis(), !getReverse());
  if (adjoints.wants(getZ()))
    adjoints.add(getZ(), guarded(total, mask), mask);
  if (adjoints.wants(getX()))
    adjoints.add(getX(), guarded(total * shifted(g.like(getY()), getAxis(), getReverse(), 0), mask), mask);
}
SmallVector<Value> RecurOp::jvp(OpBuilder &b, ArrayRef<Value> tangents) {
  Val x(b, getLoc(), getX()), change;
  if (tangents[1])
    change = x.like(tangents[1]);
  if (tangents[0]) {
    Val part = x.like(tangents[0]) * shifted(x.like(getY()), getAxis(), getReverse(), 0);
    change = change ? change + part : part;
  }
  return {recur(x, change, getAxis(), getReverse()).v};
}

//===- scans and sorting -------------------------------------------------------------------------------------------------------------===//

void CumSumOp::vjp(Adjoints &adjoints, ValueRange g) {
  if (adjoints.wants(getX()))
    adjoints.add(getX(), cumsum(adjoints.val(getLoc(), g[0]), getAxis(), !getReverse()),
                 maskAlong(adjoints.val(getLoc(), adjoints.mask(getY())), getAxis(), !getReverse()));
}
SmallVector<Value> CumSumOp::jvp(OpBuilder &b, ArrayRef<Value> dx) { return {cumsum(Val(b, getLoc(), dx[0]), getAxis(), getReverse()).v}; }

/// The indices, for a gather over all axes, of the elements that `sort` puts in order.
static SmallVector<Value> placesOf(SortOp op, OpBuilder &b) {
  Location loc = op.getLoc();
  SmallVector<Value> sizes = sizesOf(b, op.getX()), places;
  for (auto [axis, size] : llvm::enumerate(sizes)) {
    if (axis == op.getAxis()) {
      auto order = ArgSortOp::create(b, loc, op.getX(), op.getAxis());
      if (isUnsigned(op))
        order->setAttr("unsigned", b.getUnitAttr());
      places.push_back(order);
    } else {
      places.push_back(broadcast(Val(b, loc, IotaOp::create(b, loc, size)), sizes, {int64_t(axis)}).v);
    }
  }
  return places;
}
void SortOp::vjp(Adjoints &adjoints, ValueRange g) {
  if (!adjoints.wants(getX()))
    return;
  OpBuilder &b = adjoints.b;
  auto unsorted = [&](Val y) {
    return y.like(
        ScatterAddOp::create(b, getLoc(), full(y, 0).v, placesOf(*this, b), y.v, axesUpTo(rankOf(getX())), false, /*always=*/true, false));
  };
  Val mask = adjoints.val(getLoc(), adjoints.mask(getY()));
  if (mask && isTensor(mask.v)) {
    Val taken = unsorted(convert(mask, b.getI64Type()));
    mask = less(taken.constant(0), taken);
  }
  adjoints.add(getX(), unsorted(adjoints.val(getLoc(), g[0])), mask);
}
SmallVector<Value> SortOp::jvp(OpBuilder &b, ArrayRef<Value> dx) {
  return {GatherOp::create(b, getLoc(), dx[0], placesOf(*this, b), axesUpTo(rankOf(getX())), false, /*always=*/true, false)};
}

//===- composites --------------------------------------------------------------------------------------------------------------------===//

namespace {
/// Half floats as f32, as NumPy does for means: sums and counts leave their range long before the results do.
Val wide(OpBuilder &b, Location loc, Value x) {
  return convert(Val(b, loc, x), elementOf(x).getIntOrFloatBitWidth() < 32 ? b.getF32Type() : elementOf(x));
}
/// The result of `op`, computed on wide(x).
SmallVector<Value> rounded(Operation *op, Val y) { return {convert(y, elementOf(op->getResult(0))).v}; }
/// How many elements each result is made of, as a number of type `element`.
Val countOver(Val x, ArrayRef<int64_t> axes, Type element) {
  OpBuilder &b = *x.b;
  SmallVector<Value> sizes = sizesOf(b, x.v);
  Value n = sizes[axes.front()];
  for (int64_t axis : axes.drop_front())
    n = b.createOrFold<arith::MulIOp>(x.loc, n, sizes[axis]);
  return convert(x.like(arith::IndexCastOp::create(b, x.loc, b.getI64Type(), n)), element);
}
Val mean(Val x, ArrayRef<int64_t> axes) { return sum(x, axes) / countOver(x, axes, elementOf(x.v)); }
Val variance(Operation *op, Val x, ArrayRef<int64_t> axes) {
  Val d = x - back(op, mean(x, axes));
  return mean(d * d, axes);
}
/// The largest over `axes`, a constant to derivatives.
Val largest(Val x, ArrayRef<int64_t> axes) {
  Value m = ReduceMaxOp::create(*x.b, x.loc, x.v, axes);
  return x.like(StopGradientOp::create(*x.b, x.loc, m));
}
} // namespace

SmallVector<Value> ReduceMeanOp::expand(OpBuilder &b) { return rounded(*this, mean(wide(b, getLoc(), getX()), getAxes())); }
SmallVector<Value> ReduceVarOp::expand(OpBuilder &b) { return rounded(*this, variance(*this, wide(b, getLoc(), getX()), getAxes())); }
SmallVector<Value> ReduceStdOp::expand(OpBuilder &b) { return rounded(*this, sqrt(variance(*this, wide(b, getLoc(), getX()), getAxes()))); }
SmallVector<Value> ReduceCountOp::expand(OpBuilder &b) { return {sum(convert(Val(b, getLoc(), getX()), b.getI64Type()), getAxes()).v}; }
SmallVector<Value> Norm2Op::expand(OpBuilder &b) {
  Val x = wide(b, getLoc(), getX());
  return rounded(*this, sqrt(sum(x * x, getAxes())));
}
SmallVector<Value> LogSumExpOp::expand(OpBuilder &b) {
  Val x = wide(b, getLoc(), getX()), m = largest(x, getAxes());
  // An infinite maximum is not subtracted: inf - inf is no number.
  Val shift = select(x.like(make<IsFiniteOp>(b, getLoc(), m.v)), m, 0.0);
  return rounded(*this, log(sum(exp(x - back(*this, shift)), getAxes())) + shift);
}
SmallVector<Value> SoftmaxOp::expand(OpBuilder &b) {
  int64_t axis = getAxis();
  Val x = wide(b, getLoc(), getX());
  SmallVector<Value> sizes = sizesOf(b, getX());
  SmallVector<int64_t> others = otherAxes(rankOf(getX()), axis);
  Val e = exp(x - broadcast(largest(x, axis), sizes, others));
  return rounded(*this, e / broadcast(sum(e, axis), sizes, others));
}
SmallVector<Value> LogSoftmaxOp::expand(OpBuilder &b) {
  int64_t axis = getAxis();
  Val x = wide(b, getLoc(), getX());
  SmallVector<Value> sizes = sizesOf(b, getX());
  SmallVector<int64_t> others = otherAxes(rankOf(getX()), axis);
  Val s = x - broadcast(largest(x, axis), sizes, others);
  return rounded(*this, s - broadcast(log(sum(exp(s), axis)), sizes, others));
}
} // namespace tl
