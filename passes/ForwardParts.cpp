// Arrays that are put together part by part: who reads a part again reads what was put there, and nothing is stored only to be replaced.
//
// The cotangent of a record is of this kind: zeros, to whose parts one use of the record after another adds. What was added then goes from
// kernel to kernel instead of through the array, and Fuse makes one of them. All parts are boxes of known place and size, but on axes that
// they have in whole. No bit of a result changes: what is added to zeros is still added to zero.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "passes/Kernels.h"
#include "passes/Passes.h"

using namespace mlir;
using linalg::GenericOp;
using tensor::ExtractSliceOp;
using tensor::InsertSliceOp;

namespace tl {
#define GEN_PASS_DEF_FORWARDPARTS
#include "passes/Passes.h.inc"

namespace {
using Slice = OffsetSizeAndStrideOpInterface;
using Sizes = SmallVector<OpFoldResult>;

bool isSameOn(Slice a, Slice c, size_t axis) {
  auto same = [](OpFoldResult x, OpFoldResult z) { return isEqualConstantIntOrValue(x, z); };
  return same(a.getMixedOffsets()[axis], c.getMixedOffsets()[axis]) && same(a.getMixedSizes()[axis], c.getMixedSizes()[axis]) &&
         same(a.getMixedStrides()[axis], c.getMixedStrides()[axis]);
}

auto axesOf(Slice op) { return llvm::seq<size_t>(op.getMixedSizes().size()); }

bool covers(Slice outer, Slice inner) {
  return llvm::all_of(axesOf(outer), [&](size_t axis) {
    auto own = placesOn(outer, axis), other = placesOn(inner, axis);
    return isSameOn(outer, inner, axis) || (own && other && own->first <= other->first && other->second <= own->second);
  });
}

bool isSame(InsertSliceOp insert, ExtractSliceOp extract) {
  return insert.getSourceType() == extract.getType() && insert.getDroppedDims() == extract.getDroppedDims() &&
         llvm::all_of(axesOf(insert), [&](size_t axis) { return isSameOn(insert, extract, axis); });
}

bool isWholeOn(Slice op, size_t axis, const Sizes &sizes) {
  return isConstantIntValue(op.getMixedOffsets()[axis], 0) && isConstantIntValue(op.getMixedStrides()[axis], 1) &&
         isEqualConstantIntOrValue(op.getMixedSizes()[axis], sizes[axis]);
}

Value filled(OpBuilder &b, Location loc, RankedTensorType type, const Sizes &sizes, Value number) {
  Value empty = tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
  if (empty.getType() != type)
    empty = tensor::CastOp::create(b, loc, type, empty);
  SmallVector<utils::IteratorType> loops(type.getRank(), utils::IteratorType::parallel);
  return GenericOp::create(b, loc, type, ValueRange(), empty, b.getMultiDimIdentityMap(type.getRank()), loops,
                           [&](OpBuilder &b, Location loc, ValueRange) { linalg::YieldOp::create(b, loc, number); })
      .getResult(0);
}

Sizes keptSizes(ExtractSliceOp op) {
  Sizes kept;
  for (auto [axis, size] : llvm::enumerate(op.getMixedSizes()))
    if (!op.getDroppedDims().test(axis))
      kept.push_back(size);
  return kept;
}

/// A part that another one replaces before anything but reads of it, or of other places, has seen it: the reads take what was put there.
bool dropReplaced(InsertSliceOp insert) {
  SmallVector<ExtractSliceOp> reads;
  SmallVector<Value> wholes{insert.getResult()};
  for (size_t i = 0; i < wholes.size(); ++i)
    for (OpOperand &use : wholes[i].getUses()) {
      auto extract = dyn_cast<ExtractSliceOp>(use.getOwner());
      auto next = dyn_cast<InsertSliceOp>(use.getOwner());
      if (extract && isSame(insert, extract))
        reads.push_back(extract);
      else if (next && &use == &next.getDestMutable() && !covers(next, insert) && areDisjoint(next, insert))
        wholes.push_back(next.getResult());
      else if (!(extract && areDisjoint(extract, insert)) && !(next && &use == &next.getDestMutable() && covers(next, insert)))
        return false;
    }
  for (ExtractSliceOp read : reads)
    read.replaceAllUsesWith(insert.getSource());
  insert.replaceAllUsesWith(insert.getDest());
  insert.erase();
  return true;
}

/// A part of a constant array that nothing has been put into yet is a constant itself.
bool readConstant(ExtractSliceOp extract) {
  Value whole = extract.getSource();
  while (auto insert = whole.getDefiningOp<InsertSliceOp>()) {
    if (!areDisjoint(insert, extract))
      return false;
    whole = insert.getDest();
  }
  Value number = filledWith(whole);
  if (!number)
    return false;
  OpBuilder b(extract);
  extract.replaceAllUsesWith(filled(b, extract.getLoc(), extract.getType(), keptSizes(extract), number));
  extract.erase();
  return true;
}

/// The parts that have been put into `from`, one after another, to get `to`; none if `to` is made otherwise or needed elsewhere.
SmallVector<InsertSliceOp> partsBetween(Value from, Value to) {
  SmallVector<InsertSliceOp> parts;
  while (to != from) {
    auto insert = to.getDefiningOp<InsertSliceOp>();
    if (!insert || !to.hasOneUse())
      return {};
    parts.insert(parts.begin(), insert);
    to = insert.getDest();
  }
  return parts;
}

/// A choice between an array and the same one with other parts is a choice between these parts.
class ChooseParts {
public:
  static bool run(GenericOp op) {
    auto select = dyn_cast<arith::SelectOp>(op.getBody()->front());
    if (op.getNumDpsInputs() != 3 || op.getNumDpsInits() != 1 || op.getNumParallelLoops() != op.getNumLoops() || !select ||
        op.getBody()->getTerminator()->getOperand(0) != select.getResult() || madeSizes(op->getResult(0)).empty())
      return false;
    SmallVector<OpOperand *> operands;
    for (Value operand : select->getOperands()) {
      auto arg = dyn_cast<BlockArgument>(operand);
      if (!arg || arg.getOwner() != op.getBody() || arg.getArgNumber() >= 3)
        return false;
      operands.push_back(&op->getOpOperand(arg.getArgNumber()));
    }
    Value chooser = operands[0]->get();
    AffineMap condition = op.getMatchingIndexingMap(operands[0]);
    if (auto repeat = chooser.getDefiningOp<GenericOp>(); repeat && isRepeat(repeat)) {
      chooser = repeat.getInputs()[0];
      condition = repeat.getMatchingIndexingMap(repeat.getDpsInputOperand(0)).compose(condition);
    }
    if (!condition.isProjectedPermutation() || !op.getMatchingIndexingMap(operands[1]).isIdentity() ||
        !op.getMatchingIndexingMap(operands[2]).isIdentity() || !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity())
      return false;
    for (unsigned changed : {1, 2}) {
      Value from = operands[3 - changed]->get();
      SmallVector<InsertSliceOp> parts = partsBetween(from, operands[changed]->get());
      if (parts.empty() || !areSimple(parts, condition, madeSizes(op->getResult(0))))
        continue;
      Value whole = from;
      for (InsertSliceOp part : parts)
        whole = choose(op, part, whole, chooser, condition, changed == 1);
      op->getResult(0).replaceAllUsesWith(whole);
      op.erase();
      return true;
    }
    return false;
  }

private:
  /// Whether an array is only repeated along other axes.
  static bool isRepeat(GenericOp op) {
    return op.getNumDpsInputs() == 1 && op->getNumResults() == 1 && op.getNumParallelLoops() == op.getNumLoops() &&
           llvm::hasSingleElement(*op.getBody()) && op.getBody()->getTerminator()->getOperand(0) == op.getBody()->getArgument(0) &&
           op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity();
  }

  static bool areSimple(ArrayRef<InsertSliceOp> parts, AffineMap condition, const Sizes &sizes) {
    return llvm::all_of(llvm::enumerate(parts), [&](auto part) {
      InsertSliceOp insert = part.value();
      return llvm::all_of(axesOf(insert),
                          [&](size_t axis) {
                            return !condition.isFunctionOfDim(axis) ||
                                   (isWholeOn(insert, axis, sizes) && !insert.getDroppedDims().test(axis));
                          }) &&
             llvm::all_of(parts.take_front(part.index()), [&](InsertSliceOp before) { return areDisjoint(before, insert); });
    });
  }

  /// `whole` with the choice between `part` and what is there.
  static Value choose(GenericOp op, InsertSliceOp part, Value whole, Value condition, AffineMap map, bool isFirst) {
    OpBuilder b(op);
    Location loc = op.getLoc();
    RankedTensorType type = part.getSourceType();
    Value old = ExtractSliceOp::create(b, loc, type, whole, part.getMixedOffsets(), part.getMixedSizes(), part.getMixedStrides());
    Sizes sizes;
    SmallVector<AffineExpr> loops;
    for (auto [axis, size] : llvm::enumerate(part.getMixedSizes())) {
      loops.push_back(b.getAffineDimExpr(sizes.size()));
      if (!part.getDroppedDims().test(axis))
        sizes.push_back(size);
    }
    unsigned rank = type.getRank();
    Value empty = tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
    AffineMap own = map.replaceDimsAndSymbols(loops, {}, rank, 0), identity = b.getMultiDimIdentityMap(rank);
    SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
    Value chosen =
        GenericOp::create(b, loc, type, ValueRange{condition, part.getSource(), old}, empty, {own, identity, identity, identity}, iterators,
                          [&](OpBuilder &b, Location loc, ValueRange args) {
                            linalg::YieldOp::create(
                                b, loc, arith::SelectOp::create(b, loc, args[0], args[isFirst ? 1 : 2], args[isFirst ? 2 : 1]).getResult());
                          })
            .getResult(0);
    return InsertSliceOp::create(b, loc, chosen, whole, part.getMixedOffsets(), part.getMixedSizes(), part.getMixedStrides());
  }
};

/// Of a constant array of which parts are replaced at once, only what is left over is written: it must be in one piece.
bool fillGap(GenericOp fill) {
  Value number = filledWith(fill->getResult(0));
  if (!number)
    return false;
  Sizes sizes = madeSizes(fill->getResult(0));
  SmallVector<InsertSliceOp> parts;
  for (Value whole = fill->getResult(0); whole.hasOneUse();) {
    auto next = dyn_cast<InsertSliceOp>(*whole.getUsers().begin());
    if (!next || next.getDest() != whole || next.getSource() == whole || next->getBlock() != fill->getBlock())
      break;
    parts.push_back(next);
    whole = next.getResult();
  }
  // The axis along which the parts lie: they have the others in whole.
  for (size_t axis = 0; axis < sizes.size() && !parts.empty(); ++axis) {
    auto extent = getConstantIntValue(sizes[axis]);
    SmallVector<std::pair<int64_t, int64_t>> places;
    for (InsertSliceOp part : parts)
      if (auto own = placesOn(part, axis);
          own && llvm::all_of(axesOf(part), [&](size_t other) { return other == axis || isWholeOn(part, other, sizes); }))
        places.push_back(*own);
    if (!extent || places.empty())
      continue;
    llvm::sort(places);
    SmallVector<std::pair<int64_t, int64_t>> gaps;
    int64_t reached = 0;
    for (auto [begin, end] : places) {
      if (begin > reached)
        gaps.push_back({reached, begin});
      reached = std::max(reached, end);
    }
    if (reached < *extent)
      gaps.push_back({reached, *extent});
    if (gaps.size() > 1)
      continue;
    OpBuilder b(fill);
    Value whole = fill.getDpsInits()[0];
    for (auto [begin, end] : gaps) {
      auto type = cast<RankedTensorType>(whole.getType());
      SmallVector<int64_t> shape(type.getShape());
      shape[axis] = end - begin;
      Sizes offsets(sizes.size(), b.getIndexAttr(0)), own = sizes, strides(sizes.size(), b.getIndexAttr(1));
      offsets[axis] = b.getIndexAttr(begin);
      own[axis] = b.getIndexAttr(end - begin);
      Value gap = filled(b, fill.getLoc(), RankedTensorType::get(shape, type.getElementType()), own, number);
      whole = InsertSliceOp::create(b, fill.getLoc(), gap, whole, offsets, own, strides);
    }
    fill->getResult(0).replaceAllUsesWith(whole);
    fill.erase();
    return true;
  }
  return false;
}

/// An array of parts that becomes a part itself is put together where it belongs.
bool buildInside(InsertSliceOp outer) {
  auto whole = outer.getDest().getDefiningOp<tensor::EmptyOp>();
  Value root = outer.getSource();
  SmallVector<InsertSliceOp> parts;
  while (auto part = root.getDefiningOp<InsertSliceOp>()) {
    auto isOther = [&](Operation *user) { return !isa<ExtractSliceOp>(user) && user != (parts.empty() ? outer : parts.back()); };
    if (part->getBlock() != outer->getBlock() || llvm::any_of(part->getUsers(), isOther) || part.getSource() == part.getDest())
      return false;
    parts.push_back(part);
    root = part.getDest();
  }
  auto empty = root.getDefiningOp<tensor::EmptyOp>();
  auto isKnown = [&](Value size) { return llvm::is_contained(empty.getDynamicSizes(), size); };
  if (!whole || !empty || parts.empty() || outer.getDroppedDims().any() || !llvm::all_of(whole.getDynamicSizes(), isKnown) ||
      !llvm::all_of(outer.getMixedStrides(), [](OpFoldResult stride) { return isConstantIntValue(stride, 1); }))
    return false;
  OpBuilder b(parts.back());
  auto moved = [&](Slice op) -> std::optional<Sizes> {
    Sizes offsets = op.getMixedOffsets();
    for (auto [own, outside] : llvm::zip(offsets, outer.getMixedOffsets())) {
      auto x = getConstantIntValue(own), z = getConstantIntValue(outside);
      if (x && z)
        own = b.getIndexAttr(*x + *z);
      else if (z != 0)
        return std::nullopt;
    }
    return offsets;
  };
  for (InsertSliceOp part : parts)
    for (Operation *user : part->getUsers())
      if (!moved(part) || (user != outer && !moved(cast<Slice>(user))))
        return false;
  Value made = tensor::EmptyOp::create(b, outer.getLoc(), whole.getMixedSizes(), whole.getType().getElementType());
  for (InsertSliceOp part : llvm::reverse(parts)) {
    b.setInsertionPoint(part);
    made = InsertSliceOp::create(b, part.getLoc(), part.getSource(), made, *moved(part), part.getMixedSizes(), part.getMixedStrides());
    for (Operation *user : llvm::make_early_inc_range(part->getUsers()))
      if (auto extract = dyn_cast<ExtractSliceOp>(user)) {
        b.setInsertionPoint(extract);
        extract.replaceAllUsesWith(ExtractSliceOp::create(b, extract.getLoc(), extract.getType(), made, *moved(extract),
                                                          extract.getMixedSizes(), extract.getMixedStrides())
                                       .getResult());
        extract.erase();
      }
  }
  outer.replaceAllUsesWith(made);
  outer.erase();
  for (InsertSliceOp part : parts)
    part.erase();
  return true;
}

struct ForwardParts : impl::ForwardPartsBase<ForwardParts> {
  void runOnOperation() override {
    do {
      each<InsertSliceOp>(dropReplaced);
      each<ExtractSliceOp>(readConstant);
    } while (each<GenericOp>(ChooseParts::run));
    each<GenericOp>(fillGap);
    each<InsertSliceOp>(buildInside);
  }

  /// Whether `rewrite` has changed any op of the kind.
  template <typename Op> bool each(bool (*rewrite)(Op)) {
    SmallVector<Op> ops;
    getOperation().walk([&](Op op) { ops.push_back(op); });
    return llvm::count_if(ops, rewrite);
  }
};
} // namespace
} // namespace tl
