// LowerToLinalg, reductions, scans and sums of products. See Note [Order of sums].
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "passes/LowerToLinalg.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tl::lower {
using utils::IteratorType;

namespace {
/// How two values become one, and from what.
enum class Kind { Sum, Prod, Max, Min, Any, All };
struct Combiner {
  Kind kind;
  bool isUnsigned;

  /// What combines with anything to that; for max and min of floats the infinity.
  Value identity(OpBuilder &b, Location loc, Type type) const {
    if (auto f = dyn_cast<FloatType>(type); f && (kind == Kind::Max || kind == Kind::Min))
      return arith::ConstantOp::create(b, loc, b.getFloatAttr(f, APFloat::getInf(f.getFloatSemantics(), kind == Kind::Max)));
    if (kind == Kind::Max || kind == Kind::Min) {
      unsigned width = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
      bool noSign = isUnsigned || width == 1;
      APInt extreme = kind == Kind::Max ? (noSign ? APInt::getMinValue(width) : APInt::getSignedMinValue(width))
                                        : (noSign ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width));
      return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, extreme));
    }
    return constant(b, loc, type, kind == Kind::Prod || kind == Kind::All);
  }

  /// The accumulator stands first. NaN stays.
  Value operator()(OpBuilder &b, Location loc, Value acc, Value x) const {
    bool onFloats = isa<FloatType>(x.getType()), noSign = isUnsigned || x.getType().isInteger(1);
    switch (kind) {
    case Kind::Sum:
      return onFloats ? Value(arith::AddFOp::create(b, loc, acc, x)) : arith::AddIOp::create(b, loc, acc, x);
    case Kind::Prod:
      return onFloats ? Value(arith::MulFOp::create(b, loc, acc, x)) : arith::MulIOp::create(b, loc, acc, x);
    case Kind::Max:
      return onFloats ? Value(arith::MaximumFOp::create(b, loc, acc, x))
             : noSign ? Value(arith::MaxUIOp::create(b, loc, acc, x))
                      : arith::MaxSIOp::create(b, loc, acc, x);
    case Kind::Min:
      return onFloats ? Value(arith::MinimumFOp::create(b, loc, acc, x))
             : noSign ? Value(arith::MinUIOp::create(b, loc, acc, x))
                      : arith::MinSIOp::create(b, loc, acc, x);
    case Kind::Any:
      return arith::OrIOp::create(b, loc, acc, x);
    case Kind::All:
      return arith::AndIOp::create(b, loc, acc, x);
    }
    llvm_unreachable("all kinds are handled");
  }
};

/// What every op along axes needs: the sizes and loops of `x`, those that remain, and the map to them.
struct Axes {
  Values sizes, keptSizes;
  SmallVector<int64_t> kept;
  AffineMap all, rest;
  SmallVector<IteratorType> iterators;
  Axes(OpBuilder &b, Value x, ArrayRef<int64_t> axes) : sizes(sizesOf(b, x)), kept(otherAxes(sizes.size(), axes)) {
    for (int64_t axis : kept)
      keptSizes.push_back(sizes[axis]);
    all = b.getMultiDimIdentityMap(sizes.size());
    rest = project(b, sizes.size(), kept);
    iterators.assign(sizes.size(), IteratorType::parallel);
    for (int64_t axis : axes)
      iterators[axis] = IteratorType::reduction;
  }
};
} // namespace

/// The only element of an array of rank 0; else the array.
static Value element(OpBuilder &b, Location loc, Value y) { return rankOf(y) ? y : tensor::ExtractOp::create(b, loc, y, ValueRange()); }

/// Loops in the order of x's axes: where the last one stays, row is combined with row.
static Value reduce(Operation *op, OpBuilder &b, Kind kind) {
  Location loc = op->getLoc();
  Value x = op->getOperand(0);
  Combiner combine{kind, isUnsigned(op)};
  Axes axes(b, x, op->getAttrOfType<DenseI64ArrayAttr>("axes").asArrayRef());
  Value init = fill(b, loc, axes.keptSizes, combine.identity(b, loc, accumulator(b, elementOf(x))));
  Values y = generic(b, loc, x, axes.all, init, axes.rest, axes.iterators,
                     [&](OpBuilder &b, Location loc, ValueRange args) { return Values{combine(b, loc, args[1], widen(b, loc, args[0]))}; });
  return narrowAll(b, loc, element(b, loc, y[0]), axes.keptSizes, elementOf(x));
}

/// The extreme so far and its place; a NaN beats all but an earlier one.
static Value argExtreme(Operation *op, OpBuilder &b, Kind kind) {
  Location loc = op->getLoc();
  Value x = op->getOperand(0);
  int64_t axis = op->getAttrOfType<IntegerAttr>("axis").getInt();
  Type type = accumulator(b, elementOf(x));
  bool noSign = isUnsigned(op) || type.isInteger(1), isMax = kind == Kind::Max;
  Axes axes(b, x, axis);
  Value best = fill(b, loc, axes.keptSizes, Combiner{kind, isUnsigned(op)}.identity(b, loc, type));
  Value place = fill(b, loc, axes.keptSizes, constantInt(b, loc, b.getI64Type(), 0));
  Values y = generic(b, loc, x, axes.all, Values{best, place}, {axes.rest, axes.rest}, axes.iterators,
                     [&](OpBuilder &b, Location loc, ValueRange args) {
                       Value x = widen(b, loc, args[0]), best = args[1], wins;
                       if (isa<FloatType>(type)) {
                         Value isNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, x, x);
                         Value isFirst = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ORD, best, best);
                         wins = arith::CmpFOp::create(b, loc, isMax ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT, x, best);
                         wins = arith::OrIOp::create(b, loc, wins, arith::AndIOp::create(b, loc, isNan, isFirst));
                       } else {
                         auto pred = isMax ? (noSign ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt)
                                           : (noSign ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt);
                         wins = arith::CmpIOp::create(b, loc, pred, x, best);
                       }
                       Value here = arith::IndexCastOp::create(b, loc, b.getI64Type(), linalg::IndexOp::create(b, loc, axis));
                       return Values{arith::SelectOp::create(b, loc, wins, x, best), arith::SelectOp::create(b, loc, wins, here, args[2])};
                     });
  return element(b, loc, y[1]);
}

/// `x` with the elements along `axis` in the places that `order` [of i64] tells.
static Value takeAlong(OpBuilder &b, Location loc, Value x, int64_t axis, Value order) {
  Values sizes = sizesOf(b, x);
  return tabulate(b, loc, sizes, elementOf(x), order, {}, [&](OpBuilder &b, Location loc, ValueRange args) {
    Values places = indices(b, loc, sizes.size());
    places[axis] = arith::IndexCastOp::create(b, loc, b.getIndexType(), args[0]);
    return Values{tensor::ExtractOp::create(b, loc, x, places)};
  });
}

static Value reversed(OpBuilder &b, Location loc, Value x, ArrayRef<Value> sizes, int64_t axis) {
  return tabulate(b, loc, sizes, elementOf(x), {}, {}, [&](OpBuilder &b, Location loc, ValueRange) {
    Values places = indices(b, loc, sizes.size());
    places[axis] = arith::SubIOp::create(b, loc, arith::SubIOp::create(b, loc, sizes[axis], index(b, loc, 1)), places[axis]);
    return Values{tensor::ExtractOp::create(b, loc, x, places)};
  });
}

/// One accumulator for each row along the axis, and what it was at each place.
template <typename Op> Value scan(Op op, OpBuilder &b, Kind kind) {
  Location loc = op.getLoc();
  int64_t axis = op.getAxis();
  Combiner combine{kind, isUnsigned(op)};
  Value x = op.getX();
  Axes axes(b, x, axis);
  if (op.getReverse())
    x = reversed(b, loc, x, axes.sizes, axis);
  Type type = accumulator(b, elementOf(x));
  Value acc = fill(b, loc, axes.keptSizes, combine.identity(b, loc, type));
  Value y = generic(b, loc, x, axes.all, Values{acc, empty(b, loc, axes.sizes, elementOf(x))}, {axes.rest, axes.all}, axes.iterators,
                    [&](OpBuilder &b, Location loc, ValueRange args) {
                      Value next = combine(b, loc, args[1], widen(b, loc, args[0]));
                      return Values{next, narrow(b, loc, next, elementOf(x))};
                    })[1];
  return op.getReverse() ? reversed(b, loc, y, axes.sizes, axis) : y;
}

/// The same with a factor for what was there.
static Value recurrence(RecurOp op, OpBuilder &b) {
  Location loc = op.getLoc();
  int64_t axis = op.getAxis();
  Value x = op.getX(), z = op.getZ();
  Axes axes(b, x, axis);
  if (op.getReverse()) {
    x = reversed(b, loc, x, axes.sizes, axis);
    z = reversed(b, loc, z, axes.sizes, axis);
  }
  Value acc = fill(b, loc, axes.keptSizes, constant(b, loc, accumulator(b, elementOf(x)), 0));
  Value y = generic(b, loc, {x, z}, {axes.all, axes.all}, Values{acc, empty(b, loc, axes.sizes, elementOf(x))}, {axes.rest, axes.all},
                    axes.iterators, [&](OpBuilder &b, Location loc, ValueRange args) {
                      Value term = widen(b, loc, args[1]), more = math::FmaOp::create(b, loc, widen(b, loc, args[0]), args[2], term);
                      Value place = linalg::IndexOp::create(b, loc, axis);
                      Value isFirst = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, place, index(b, loc, 0));
                      Value next = arith::SelectOp::create(b, loc, isFirst, term, more);
                      return Values{next, narrow(b, loc, next, elementOf(x))};
                    })[1];
  return op.getReverse() ? reversed(b, loc, y, axes.sizes, axis) : y;
}

/// The places that sorting takes its elements from. The runtime sorts rows: another axis becomes the last one for that.
static Value order(Operation *op, OpBuilder &b, int64_t axis) {
  Location loc = op->getLoc();
  Value x = op->getOperand(0);
  Values sizes = sizesOf(b, x);
  int64_t last = sizes.size() - 1;
  SmallVector<int64_t> swap = axesUpTo(sizes.size());
  std::swap(swap[axis], swap[last]);
  if (axis != last)
    x = SizedOp::create(b, loc, transposed(b, loc, x, swap), applyPermutation(sizes, swap));
  auto places = ArgSortOp::create(b, loc, x, last);
  if (isUnsigned(op))
    places->setAttr("unsigned", b.getUnitAttr());
  return axis == last ? Value(places) : transposed(b, loc, places, swap);
}

std::optional<Values> reduction(Operation *op, OpBuilder &b) {
  return llvm::TypeSwitch<Operation *, std::optional<Values>>(op)
      .Case([&](ReduceSumOp op) { return Values{reduce(op, b, Kind::Sum)}; })
      .Case([&](ReduceProdOp op) { return Values{reduce(op, b, Kind::Prod)}; })
      .Case([&](ReduceMaxOp op) { return Values{reduce(op, b, Kind::Max)}; })
      .Case([&](ReduceMinOp op) { return Values{reduce(op, b, Kind::Min)}; })
      .Case([&](ReduceAnyOp op) { return Values{reduce(op, b, Kind::Any)}; })
      .Case([&](ReduceAllOp op) { return Values{reduce(op, b, Kind::All)}; })
      .Case([&](ArgMaxOp op) { return Values{argExtreme(op, b, Kind::Max)}; })
      .Case([&](ArgMinOp op) { return Values{argExtreme(op, b, Kind::Min)}; })
      .Case([&](CumSumOp op) { return Values{scan(op, b, Kind::Sum)}; })
      .Case([&](CumProdOp op) { return Values{scan(op, b, Kind::Prod)}; })
      .Case([&](RecurOp op) { return Values{recurrence(op, b)}; })
      .Case([&](ArgSortOp op) -> std::optional<Values> {
        if (uint64_t(op.getAxis()) + 1 == rankOf(op.getX()))
          return std::nullopt;
        return Values{order(op, b, op.getAxis())};
      })
      .Case([&](SortOp op) { return Values{takeAlong(b, op.getLoc(), op.getX(), op.getAxis(), order(op, b, op.getAxis()))}; })
      .Default([](Operation *) { return std::nullopt; });
}

//===- sums of products ------------------------------------------------------------------------------------------------------------===//

namespace {
/// An operand and the labels of its axes.
struct Factor {
  Value x;
  SmallVector<int64_t> labels;
  bool has(int64_t label) const { return llvm::is_contained(labels, label); }
  bool endsWith(int64_t label) const { return !labels.empty() && labels.back() == label; }
};
} // namespace

/// Makes `label` the last axis of the factor.
static void moveToEnd(OpBuilder &b, Location loc, Factor &factor, int64_t label) {
  SmallVector<int64_t> perm, labels;
  for (auto [axis, own] : llvm::enumerate(factor.labels))
    if (own != label) {
      perm.push_back(axis);
      labels.push_back(own);
    }
  perm.push_back(llvm::find(factor.labels, label) - factor.labels.begin());
  labels.push_back(label);
  Values sizes = llvm::map_to_vector(perm, [&, all = sizesOf(b, factor.x)](int64_t axis) { return all[axis]; });
  factor = {SizedOp::create(b, loc, transposed(b, loc, factor.x, perm), sizes), labels};
}

/// The labels from the outermost loop inwards; may copy a factor. Innermost is the last axis of the result, along which the result and a
/// factor are contiguous, or else, where both factors end with the same summed label and a copy would not pay, that one.
static SmallVector<int64_t> orderLoops(OpBuilder &b, Location loc, Factor &a, Factor &c, int64_t rank) {
  SmallVector<int64_t> order = axesUpTo(rank), sums;
  for (int64_t label : a.labels)
    if (label >= rank)
      sums.push_back(label);
  int64_t column = rank - 1;
  Factor &holder = c.has(column) ? c : a, &other = c.has(column) ? a : c;
  bool together = !sums.empty() && sums.back() == a.labels.back() && c.endsWith(sums.back());
  // Without rows of the other factor's own, each element of the holder is used once: it is read as it lies.
  bool hasRows = llvm::any_of(other.labels, [&](int64_t label) { return label < rank && !holder.has(label); });
  if (rank == 0 || (together && !hasRows)) {
    order.append(sums);
    return order;
  }
  // The kernel of LowerContractions reads columns as well as rows.
  Type type = elementOf(a.x);
  bool hasKernel = hasRows && !other.has(column) && (type.isF32() || type.isF64());
  if (!hasKernel && !a.endsWith(column) && !c.endsWith(column))
    moveToEnd(b, loc, holder, column);
  order.insert(order.end() - 1, sums.begin(), sums.end());
  return order;
}

Value contraction(ContractOp op, OpBuilder &b) {
  Location loc = op.getLoc();
  int64_t rank = op.getRank();
  Type element = elementOf(op.getA()), type = accumulator(b, element);
  Values sizes = isTensor(op.getY()) ? sizesOf(b, op.getY()) : Values();
  Factor a{op.getA(), SmallVector<int64_t>(op.getLhs())}, c{op.getB(), SmallVector<int64_t>(op.getRhs())};
  SmallVector<int64_t> order = orderLoops(b, loc, a, c, rank), place(order.size());
  // Labels that are summed over have any numbers from `rank` on.
  llvm::SmallDenseMap<int64_t, int64_t> loopOf;
  for (auto [loop, label] : llvm::enumerate(order))
    loopOf[label] = loop;
  auto mapOf = [&](ArrayRef<int64_t> labels) {
    return project(b, order.size(), llvm::map_to_vector(labels, [&](int64_t label) { return loopOf.lookup(label); }));
  };
  SmallVector<IteratorType> iterators =
      llvm::map_to_vector(order, [&](int64_t label) { return label < rank ? IteratorType::parallel : IteratorType::reduction; });
  SmallVector<AffineMap> ins{mapOf(a.labels), mapOf(c.labels)};
  bool onFloats = isa<FloatType>(element);
  // Over nothing there is no sum: adding to zero would turn -0.0 into 0.0.
  if (int64_t(order.size()) == rank)
    return tabulate(b, loc, sizes, element, {a.x, c.x}, ins, [&](OpBuilder &b, Location loc, ValueRange args) {
      Value x = widen(b, loc, args[0]), z = widen(b, loc, args[1]);
      return Values{onFloats ? narrow(b, loc, arith::MulFOp::create(b, loc, x, z), element) : Value(arith::MulIOp::create(b, loc, x, z))};
    });
  Value init = fill(b, loc, sizes, constant(b, loc, type, 0));
  Values y = generic(b, loc, {a.x, c.x}, ins, init, mapOf(axesUpTo(rank)), iterators, [&](OpBuilder &b, Location loc, ValueRange args) {
    Value x = widen(b, loc, args[0]), z = widen(b, loc, args[1]);
    if (onFloats)
      return Values{math::FmaOp::create(b, loc, x, z, args[2])};
    return Values{arith::AddIOp::create(b, loc, args[2], arith::MulIOp::create(b, loc, x, z))};
  });
  return narrowAll(b, loc, op.getRank() ? y[0] : Value(tensor::ExtractOp::create(b, loc, y[0], ValueRange())), sizes, element);
}
} // namespace tl::lower
