// LowerToLinalg, movement: views where memory has them, else a generic that reads the right place.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "passes/LowerToLinalg.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tl::lower {
static Value add(OpBuilder &b, Location loc, Value x, Value z) { return b.createOrFold<arith::AddIOp>(loc, x, z); }

static Value broadcast(BroadcastOp op, OpBuilder &b) {
  Values sizes(op.getSizes());
  if (!isTensor(op.getX()))
    return fill(b, op.getLoc(), sizes, op.getX());
  return tabulate(b, op.getLoc(), sizes, elementOf(op.getX()), op.getX(), project(b, sizes.size(), op.getAxes()),
                  [](OpBuilder &, Location, ValueRange args) { return Values{args[0]}; });
}

Value transposed(OpBuilder &b, Location loc, Value x, ArrayRef<int64_t> perm) {
  Values sizes = applyPermutation(sizesOf(b, x), perm);
  return tabulate(b, loc, sizes, elementOf(x), x, project(b, perm.size(), invertPermutationVector(perm)),
                  [](OpBuilder &, Location, ValueRange args) { return Values{args[0]}; });
}

/// To one axis and from there to the new ones: views of contiguous memory, whatever the sizes.
static Value reshape(ReshapeOp op, OpBuilder &b) {
  auto oneGroup = [](unsigned rank) {
    ReassociationIndices all;
    llvm::append_range(all, axesUpTo(rank));
    return SmallVector<ReassociationIndices>{all};
  };
  Location loc = op.getLoc();
  Value x = op.getX();
  Type loose = tensorOf(elementOf(x), rankOf(x)); // without the sizes that the type of a constant has
  if (x.getType() != loose)
    x = tensor::CastOp::create(b, loc, loose, x);
  if (rankOf(x) > 1)
    x = tensor::CollapseShapeOp::create(b, loc, cast<RankedTensorType>(tensorOf(elementOf(x), 1)), x, oneGroup(rankOf(x)));
  unsigned rank = op.getSizes().size();
  if (rank == 1)
    return x;
  SmallVector<OpFoldResult> sizes(op.getSizes().begin(), op.getSizes().end());
  return tensor::ExpandShapeOp::create(b, loc, op.getType(), x, oneGroup(rank), sizes);
}

namespace {
/// The box of a slice or update in the words of the tensor dialect; dropped axes have the constant size 1.
struct Box {
  SmallVector<OpFoldResult> offsets, sizes, strides;
  template <typename Op>
  Box(Op op, OpBuilder &b) : offsets(op.getOffsets().begin(), op.getOffsets().end()), sizes(op.getSizes().begin(), op.getSizes().end()) {
    for (int64_t axis : op.getDropped())
      sizes[axis] = b.getIndexAttr(1);
    for (int64_t stride : op.getStrides())
      strides.push_back(b.getIndexAttr(stride));
  }
};
bool anyNegative(ArrayRef<int64_t> strides) {
  return llvm::any_of(strides, [](int64_t stride) { return stride < 0; });
}
} // namespace

/// Whether the box is empty or, as constants tell, not inside: then a check stands before the op and fails. The tensor dialect rejects
/// both.
template <typename Op> static bool namesNothing(Op op, OpBuilder &b) {
  Values all = sizesOf(b, op.getX());
  for (auto [limit, offset, size, stride] : llvm::zip(all, op.getOffsets(), op.getSizes(), op.getStrides())) {
    std::optional<int64_t> end = getConstantIntValue(limit), first = getConstantIntValue(offset), count = getConstantIntValue(size);
    if (count == 0)
      return true;
    if (!end || !first || !count)
      continue;
    int64_t last = *first + (*count - 1) * stride;
    if (*first < 0 || *first >= *end || last < 0 || last >= *end)
      return true;
  }
  return false;
}

/// Views with negative strides do not exist: such a slice is a copy.
static Value backwards(SliceOp op, OpBuilder &b) {
  Values sizes = sizesOf(b, op.getY());
  SmallVector<int64_t> kept = otherAxes(op.getStrides().size(), op.getDropped());
  return tabulate(b, op.getLoc(), sizes, elementOf(op.getX()), {}, {}, [&](OpBuilder &b, Location loc, ValueRange) {
    Values places(op.getOffsets());
    for (auto [i, axis] : llvm::enumerate(kept)) {
      Value step = b.createOrFold<arith::MulIOp>(loc, linalg::IndexOp::create(b, loc, i), index(b, loc, op.getStrides()[axis]));
      places[axis] = add(b, loc, places[axis], step);
    }
    return Values{tensor::ExtractOp::create(b, loc, op.getX(), places)};
  });
}

static Value slice(SliceOp op, OpBuilder &b) {
  if (!isTensor(op.getY()))
    return tensor::ExtractOp::create(b, op.getLoc(), op.getX(), op.getOffsets());
  if (namesNothing(op, b))
    return empty(b, op.getLoc(), sizesOf(b, op.getY()), elementOf(op.getX()));
  if (anyNegative(op.getStrides()))
    return backwards(op, b);
  Box box(op, b);
  return tensor::ExtractSliceOp::create(b, op.getLoc(), cast<RankedTensorType>(op.getType()), op.getX(), box.offsets, box.sizes,
                                        box.strides);
}

static Value update(UpdateOp op, OpBuilder &b) {
  Location loc = op.getLoc();
  Value src = op.getSrc();
  if (!isTensor(src))
    return tensor::InsertOp::create(b, loc, src, op.getX(), op.getOffsets());
  if (namesNothing(op, b))
    return op.getX();
  Box box(op, b);
  if (anyNegative(op.getStrides())) {
    // The box from its other end, and the source reversed.
    Values sizes = sizesOf(b, src);
    SmallVector<int64_t> kept = otherAxes(op.getStrides().size(), op.getDropped());
    src = tabulate(b, loc, sizes, elementOf(src), {}, {}, [&, src](OpBuilder &b, Location loc, ValueRange) {
      Values places = indices(b, loc, sizes.size());
      for (auto [i, axis] : llvm::enumerate(kept))
        if (op.getStrides()[axis] < 0)
          places[i] = arith::SubIOp::create(b, loc, arith::SubIOp::create(b, loc, sizes[i], index(b, loc, 1)), places[i]);
      return Values{tensor::ExtractOp::create(b, loc, src, places)};
    });
    for (auto [axis, stride] : llvm::enumerate(op.getStrides()))
      if (stride < 0) {
        Value last = b.createOrFold<arith::SubIOp>(loc, op.getSizes()[axis], index(b, loc, 1));
        box.offsets[axis] = add(b, loc, op.getOffsets()[axis], b.createOrFold<arith::MulIOp>(loc, last, index(b, loc, stride)));
        box.strides[axis] = b.getIndexAttr(-stride);
      }
  }
  return tensor::InsertSliceOp::create(b, loc, src, op.getX(), box.offsets, box.sizes, box.strides);
}

static Value concat(ConcatOp op, OpBuilder &b) {
  Location loc = op.getLoc();
  Value y = empty(b, loc, sizesOf(b, op.getY()), elementOf(op.getY()));
  unsigned rank = rankOf(y);
  SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0)), strides(rank, b.getIndexAttr(1));
  Value place = index(b, loc, 0);
  for (Value x : op.getXs()) {
    Values own = sizesOf(b, x);
    SmallVector<OpFoldResult> sizes(own.begin(), own.end());
    for (auto [axis, size] : llvm::enumerate(cast<RankedTensorType>(x.getType()).getShape()))
      if (!ShapedType::isDynamic(size))
        sizes[axis] = b.getIndexAttr(size);
    offsets[op.getAxis()] = place;
    y = tensor::InsertSliceOp::create(b, loc, x, y, offsets, sizes, strides);
    place = add(b, loc, place, own[op.getAxis()]);
  }
  return y;
}

//===- gather and scatter_add ------------------------------------------------------------------------------------------------------===//

/// Whether the indices are inside: unsigned, so that negative ones are not.
static Value isInside(OpBuilder &b, Location loc, ArrayRef<Value> places, ArrayRef<int64_t> axes, ArrayRef<Value> sizes) {
  Value inside;
  for (int64_t axis : axes) {
    Value one = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, places[axis], sizes[axis]);
    inside = inside ? arith::AndIOp::create(b, loc, inside, one) : one;
  }
  return inside;
}

static Value gather(GatherOp op, OpBuilder &b) {
  Location loc = op.getLoc();
  Values sizes = sizesOf(b, op.getY()), xSizes = sizesOf(b, op.getX());
  Values arrays = llvm::to_vector(llvm::make_filter_range(op.getIndices(), isTensor));
  unsigned batchRank = rankOf(arrays.front());
  SmallVector<AffineMap> maps(arrays.size(), project(b, sizes.size(), axesUpTo(batchRank)));
  Type element = elementOf(op.getX());
  return tabulate(b, loc, sizes, element, arrays, maps, [&](OpBuilder &b, Location loc, ValueRange args) {
    Values places(xSizes.size());
    for (auto [i, axis] : llvm::enumerate(otherAxes(xSizes.size(), op.getAxes())))
      places[axis] = linalg::IndexOp::create(b, loc, batchRank + i);
    for (auto [axis, given] : llvm::zip(op.getAxes(), op.getIndices())) {
      places[axis] = arith::IndexCastOp::create(b, loc, b.getIndexType(), isTensor(given) ? args.front() : given);
      args = args.drop_front(isTensor(given));
    }
    auto read = [&](OpBuilder &b) -> Value { return tensor::ExtractOp::create(b, loc, op.getX(), places); };
    if (!op.getGuarded())
      return Values{read(b)};
    // A branch, not a choice of the place: an array without elements has no place to read.
    auto branch = scf::IfOp::create(
        b, loc, isInside(b, loc, places, op.getAxes(), xSizes), [&](OpBuilder &b, Location loc) { scf::YieldOp::create(b, loc, read(b)); },
        [&](OpBuilder &b, Location loc) {
          scf::YieldOp::create(b, loc, Value(arith::ConstantOp::create(b, loc, b.getZeroAttr(element))));
        });
    return Values{branch.getResult(0)};
  });
}

/// Loops over the source in row-major order, so that the order of each sum is that of the places.
static Value scatterAdd(ScatterAddOp op, OpBuilder &b) {
  Location loc = op.getLoc();
  Values xSizes = sizesOf(b, op.getX()), extents = sizesOf(b, op.getSrc());
  Values arrays = llvm::to_vector(llvm::make_filter_range(op.getIndices(), isTensor));
  unsigned batchRank = rankOf(arrays.front());
  Value zero = index(b, loc, 0);
  if (op.getGuarded()) // what falls outside goes nowhere, but the body reads and writes place 0 for it: there must be one
    for (Value size : xSizes) {
      Value none = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, size, zero);
      extents[0] = arith::SelectOp::create(b, loc, none, zero, extents[0]);
    }
  Values zeros(extents.size(), zero), ones(extents.size(), index(b, loc, 1));
  auto body = [&](OpBuilder &b, Location loc, ValueRange loops, ValueRange carried) {
    Values places(xSizes.size());
    for (auto [i, axis] : llvm::enumerate(otherAxes(xSizes.size(), op.getAxes())))
      places[axis] = loops[batchRank + i];
    for (auto [axis, given] : llvm::zip(op.getAxes(), op.getIndices())) {
      Value place = isTensor(given) ? Value(tensor::ExtractOp::create(b, loc, given, loops.take_front(batchRank))) : given;
      places[axis] = arith::IndexCastOp::create(b, loc, b.getIndexType(), place);
    }
    Value inside;
    if (op.getGuarded()) {
      inside = isInside(b, loc, places, op.getAxes(), xSizes);
      for (int64_t axis : op.getAxes())
        places[axis] = arith::SelectOp::create(b, loc, inside, places[axis], zero);
    }
    Value src = tensor::ExtractOp::create(b, loc, op.getSrc(), loops), old = tensor::ExtractOp::create(b, loc, carried[0], places), sum;
    Type element = old.getType();
    if (isa<FloatType>(element))
      sum = narrow(b, loc, arith::AddFOp::create(b, loc, widen(b, loc, old), widen(b, loc, src)), element);
    else
      sum = arith::AddIOp::create(b, loc, old, src);
    if (inside)
      sum = arith::SelectOp::create(b, loc, inside, sum, old);
    return scf::ValueVector{tensor::InsertOp::create(b, loc, sum, carried[0], places)};
  };
  return scf::buildLoopNest(b, loc, zeros, extents, ones, op.getX(), body).results.front();
}

static Value iota(IotaOp op, OpBuilder &b) {
  return tabulate(b, op.getLoc(), Values{op.getSize()}, b.getI64Type(), {}, {}, [](OpBuilder &b, Location loc, ValueRange) {
    return Values{arith::IndexCastOp::create(b, loc, b.getI64Type(), linalg::IndexOp::create(b, loc, 0))};
  });
}

std::optional<Values> movement(Operation *op, OpBuilder &b) {
  return llvm::TypeSwitch<Operation *, std::optional<Values>>(op)
      .Case([&](BroadcastOp op) { return Values{broadcast(op, b)}; })
      .Case([&](TransposeOp op) { return Values{transposed(b, op.getLoc(), op.getX(), op.getPerm())}; })
      .Case([&](ReshapeOp op) { return Values{reshape(op, b)}; })
      .Case([&](SliceOp op) { return Values{slice(op, b)}; })
      .Case([&](UpdateOp op) { return Values{update(op, b)}; })
      .Case([&](ConcatOp op) { return Values{concat(op, b)}; })
      .Case([&](GatherOp op) { return Values{gather(op, b)}; })
      .Case([&](ScatterAddOp op) { return Values{scatterAdd(op, b)}; })
      .Case([&](EmptyOp op) { return Values{empty(b, op.getLoc(), Values(op.getSizes()), elementOf(op.getY()))}; })
      .Case([&](IotaOp op) { return Values{iota(op, b)}; })
      .Default([](Operation *) { return std::nullopt; });
}
} // namespace tl::lower
