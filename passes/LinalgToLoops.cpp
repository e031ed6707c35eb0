// linalg.generic on memrefs -> scf loops, in the order of the iterators; views by reshaping -> strides.
//
// Note [Lanes]. Where the innermost loop sums floats (or multiplies, or takes the extreme), LLVM may not reorder, so the order is one that
// vectorizes as it stands: element i of the row goes to lane i mod 8, what is left of the row beyond a multiple of 8 is summed by itself,
// in order. The lanes are combined as a tree, ((0+4)+(2+6))+((1+5)+(3+7)), then comes the rest. Rows of more than 4096 elements are summed
// so in blocks of 4096, and the blocks in order: one running sum of 10 million f32 would lose three digits. The result is added to what the
// accumulator held. Each starts from what changes nothing (-0.0 for a sum). This depends on the size of the row alone.
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Chunks.h"
#include "passes/Passes.h"

using namespace mlir;
using linalg::GenericOp;

namespace tl {
#define GEN_PASS_DEF_LINALGTOLOOPS
#include "passes/Passes.h.inc"

namespace {
constexpr int64_t numLanes = 8, numBlock = 4096;
constexpr int64_t numLine = 16;   ///< elements that are at least a line of the cache: two threads do not write into one
constexpr int64_t numRound = 512; ///< parts of a whole sum that wait on the stack

/// The op that combines the accumulator `acc`, used nowhere else, with something to what the body yields for it; null if there is none.
Operation *combiner(GenericOp op, unsigned output) {
  BlockArgument acc = op.getBody()->getArgument(op.getNumDpsInputs() + output);
  Operation *last = op.getBody()->getTerminator()->getOperand(output).getDefiningOp();
  if (!isa<FloatType>(acc.getType()) || !acc.hasOneUse() || *acc.getUsers().begin() != last)
    return nullptr;
  if (isa<math::FmaOp>(last))
    return last->getOperand(2) == acc ? last : nullptr;
  return isa<arith::AddFOp, arith::MulFOp, arith::MaximumFOp, arith::MinimumFOp>(last) ? last : nullptr;
}

bool hasLanes(GenericOp op) {
  unsigned innermost = op.getNumLoops() - 1;
  if (op.getNumLoops() == 0 || op.getIteratorTypesArray().back() != utils::IteratorType::reduction)
    return false;
  for (unsigned i = 0; i < op.getNumDpsInits(); ++i)
    if (op.getMatchingIndexingMap(op.getDpsInitOperand(i)).isFunctionOfDim(innermost) || !combiner(op, i))
      return false;
  return true;
}

Value identity(OpBuilder &b, Location loc, Operation *combiner) {
  auto type = cast<FloatType>(combiner->getResult(0).getType());
  const llvm::fltSemantics &semantics = type.getFloatSemantics();
  APFloat value = isa<arith::MulFOp>(combiner)       ? APFloat(semantics, 1)
                  : isa<arith::MaximumFOp>(combiner) ? APFloat::getInf(semantics, true)
                  : isa<arith::MinimumFOp>(combiner) ? APFloat::getInf(semantics)
                                                     : APFloat::getZero(semantics, true);
  return arith::ConstantOp::create(b, loc, FloatAttr::get(type, value));
}

Value combine(OpBuilder &b, Location loc, Operation *combiner, Value x, Value z) {
  if (isa<arith::MulFOp>(combiner))
    return arith::MulFOp::create(b, loc, x, z);
  if (isa<arith::MaximumFOp>(combiner))
    return arith::MaximumFOp::create(b, loc, x, z);
  if (isa<arith::MinimumFOp>(combiner))
    return arith::MinimumFOp::create(b, loc, x, z);
  return arith::AddFOp::create(b, loc, x, z);
}

/// One generic as loops.
class Nest {
public:
  Nest(GenericOp op) : op(op), b(op), loc(op.getLoc()) {}

  void build() {
    for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
      extents.push_back(extentOf(loop));
    zero = arith::ConstantIndexOp::create(b, loc, 0);
    one = arith::ConstantIndexOp::create(b, loc, 1);
    bool lanes = hasLanes(op);
    SmallVector<Divisible> divisible;
    for (auto [loop, type] : llvm::enumerate(op.getIteratorTypesArray()))
      if (type == utils::IteratorType::parallel)
        divisible.push_back({unsigned(loop), loop + 1 == op.getNumLoops() ? numLine : 1});
    if (lanes && divisible.empty())
      return sumAll();
    auto iterations = openChunks(b, loc, extents, divisible, nanosecondsOf(*op.getBody()));
    if (std::optional<unsigned> loop = turnedLoop())
      return turn(iterations, *loop);
    for (auto [begin, end] : ArrayRef(iterations).drop_back(lanes))
      open(begin, end, one);
    if (lanes)
      return store(sumRow(zero, extents.back()));
    for (auto [i, value] : llvm::enumerate(body(places, {})))
      storeAt(i, value);
  }

private:
  /// The size of an axis that the loop runs over.
  Value extentOf(unsigned loop) {
    for (OpOperand &operand : op->getOpOperands())
      if (auto axis = op.getMatchingIndexingMap(&operand).getResultPosition(b.getAffineDimExpr(loop)))
        return b.createOrFold<memref::DimOp>(loc, operand.get(), *axis);
    llvm_unreachable("linalg verifies that each loop has an axis");
  }

  SmallVector<Value> placesOf(OpOperand *operand, ArrayRef<Value> loops) {
    return llvm::map_to_vector(op.getMatchingIndexingMap(operand).getResults(),
                               [&](AffineExpr expr) -> Value { return affine::expandAffineExpr(b, loc, expr, loops, {}); });
  }

  Value load(OpOperand *operand, ArrayRef<Value> loops) {
    if (!isa<MemRefType>(operand->get().getType()))
      return operand->get();
    return memref::LoadOp::create(b, loc, operand->get(), placesOf(operand, loops));
  }

  void storeAt(unsigned output, Value value) {
    OpOperand *operand = op.getDpsInitOperand(output);
    memref::StoreOp::create(b, loc, value, operand->get(), placesOf(operand, places));
  }

  /// What the body yields at `loops`, given the accumulators or else what memory holds.
  SmallVector<Value> body(ArrayRef<Value> loops, ValueRange accumulators) {
    IRMapping values;
    for (OpOperand &operand : op->getOpOperands()) {
      BlockArgument arg = op.getMatchingBlockArgument(&operand);
      if (op.isDpsInit(&operand) && !accumulators.empty())
        values.map(arg, accumulators[operand.getOperandNumber() - op.getNumDpsInputs()]);
      else if (!arg.use_empty())
        values.map(arg, load(&operand, loops));
    }
    for (Operation &inner : op.getBody()->without_terminator()) {
      if (auto index = dyn_cast<linalg::IndexOp>(inner))
        values.map(index.getResult(), loops[index.getDim()]);
      else
        indexed(b.clone(inner, values), loops);
    }
    return llvm::map_to_vector(op.getBody()->getTerminator()->getOperands(), [&](Value v) { return values.lookupOrDefault(v); });
  }

  /// Indices that stand in branches and loops of the body.
  void indexed(Operation *copy, ArrayRef<Value> loops) {
    copy->walk([&](linalg::IndexOp index) {
      index.replaceAllUsesWith(loops[index.getDim()]);
      index.erase();
    });
  }

  /// A loop over the row from `begin` to `end` with `lanes` accumulators for each output; gives them output by output.
  SmallVector<Value> partialSums(Value begin, Value end, int64_t lanes) {
    unsigned outputs = op.getNumDpsInits();
    SmallVector<Value> inits;
    for (unsigned i = 0; i < outputs; ++i)
      inits.append(lanes, identity(b, loc, combiner(op, i)));
    Value step = lanes == 1 ? one : arith::ConstantIndexOp::create(b, loc, lanes);
    auto loop = scf::ForOp::create(b, loc, begin, end, step, inits);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> results(inits.size());
    for (int64_t lane = 0; lane < lanes; ++lane) {
      SmallVector<Value> loops = places, own;
      Value place = loop.getInductionVar();
      if (lane)
        place = arith::AddIOp::create(b, loc, place, arith::ConstantIndexOp::create(b, loc, lane));
      loops.push_back(place);
      for (unsigned i = 0; i < outputs; ++i)
        own.push_back(loop.getRegionIterArg(i * lanes + lane));
      for (auto [i, value] : llvm::enumerate(body(loops, own)))
        results[i * lanes + lane] = value;
    }
    scf::YieldOp::create(b, loc, results);
    return SmallVector<Value>(loop.getResults());
  }

  SmallVector<Value> identities() {
    return llvm::map_to_vector(llvm::seq(op.getNumDpsInits()), [&](unsigned i) { return identity(b, loc, combiner(op, i)); });
  }

  /// A loop; the builder then stands in it.
  Value open(Value begin, Value end, Value step) {
    auto loop = scf::ForOp::create(b, loc, begin, end, step);
    places.push_back(loop.getInductionVar());
    b.setInsertionPointToStart(loop.getBody());
    return loop.getInductionVar();
  }

  /// Of a kernel that only moves elements: the loop along which it reads them side by side, if it writes them so along another, the
  /// innermost.
  std::optional<unsigned> turnedLoop() {
    unsigned innermost = op.getNumLoops() - 1;
    if (op.getNumLoops() < 2 || op->getNumOperands() != 2 || op.getNumDpsInits() != 1 || !llvm::hasSingleElement(*op.getBody()) ||
        op.getBody()->getTerminator()->getOperand(0) != op.getBody()->getArgument(0))
      return std::nullopt;
    AffineMap read = op.getIndexingMapsArray()[0], write = op.getIndexingMapsArray()[1];
    auto isDense = [](Value v) {
      auto type = dyn_cast<MemRefType>(v.getType());
      return type && type.getStridesAndOffset().first.back() == 1;
    };
    if (!read.isPermutation() || !write.isPermutation() || write.getDimPosition(innermost) != innermost ||
        !llvm::all_of(op->getOperands(), isDense))
      return std::nullopt;
    unsigned loop = read.getDimPosition(innermost);
    auto isShort = [&](unsigned i) {
      auto extent = getConstantIntValue(extents[i]);
      return extent && *extent < turnedSize();
    };
    return isShort(loop) || isShort(innermost) || loop == innermost ? std::nullopt : std::optional(loop);
  }

  /// Elements of a row or column of the blocks in which arrays are transposed: as many as one register has.
  int64_t turnedSize() {
    return std::min<int64_t>(8, 256 / cast<MemRefType>(op->getOperand(0).getType()).getElementType().getIntOrFloatBitWidth());
  }

  /// Moves elements block by block: rows of a block lie along the loop `turned`, its columns along the innermost one. The last block of a
  /// line overlaps the one before it, where they do not divide it; only lines that are shorter than a block are moved one by one.
  void turn(ArrayRef<Iterations> iterations, unsigned turned) {
    Value size = arith::ConstantIndexOp::create(b, loc, turnedSize());
    struct Line {
      Value begin, wholeEnd, end, last; ///< blocks begin from `begin` to `wholeEnd`, but none after `last`; single elements end at `end`
    };
    auto lineOf = [&](Iterations own) -> Line {
      Value count = b.createOrFold<arith::SubIOp>(loc, own.end, own.begin);
      Value isLong = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::uge, count, size);
      return {own.begin, b.createOrFold<arith::SelectOp>(loc, isLong, own.end, own.begin), own.end,
              b.createOrFold<arith::SubIOp>(loc, own.end, size)};
    };
    Line along = lineOf(iterations[turned]), across = lineOf(iterations.back());
    auto openBlocks = [&](const Line &line) {
      open(line.begin, line.wholeEnd, size);
      places.back() = arith::MinUIOp::create(b, loc, places.back(), line.last);
    };
    auto nest = [&](bool blocks, function_ref<void()> row) {
      OpBuilder::InsertionGuard guard(b);
      for (auto [loop, own] : llvm::enumerate(iterations.drop_back()))
        if (loop != turned)
          open(own.begin, own.end, one);
        else if (blocks)
          openBlocks(along);
        else
          open(along.wholeEnd, along.end, one);
      row();
      places.clear();
    };
    auto single = [&](Value begin) {
      OpBuilder::InsertionGuard guard(b);
      open(begin, across.end, one);
      storeAt(0, load(op.getDpsInputOperand(0), places));
      places.pop_back();
    };
    nest(true, [&] {
      {
        OpBuilder::InsertionGuard guard(b);
        openBlocks(across);
        turnBlock(turned);
        places.pop_back();
      }
      Value first = places[turned];
      for (int64_t i = 0; i < turnedSize(); ++i) {
        places[turned] = arith::AddIOp::create(b, loc, first, arith::ConstantIndexOp::create(b, loc, i));
        single(across.wholeEnd);
      }
    });
    nest(false, [&] { single(across.begin); });
  }

  /// The block at `places`, transposed in registers: its quarters first, then those of each quarter.
  void turnBlock(unsigned turned) {
    int64_t size = turnedSize();
    auto type = VectorType::get(size, cast<MemRefType>(op->getOperand(0).getType()).getElementType());
    auto placesAt = [&](OpOperand *operand, unsigned loop, int64_t i) {
      SmallVector<Value> moved = places;
      moved[loop] = arith::AddIOp::create(b, loc, moved[loop], arith::ConstantIndexOp::create(b, loc, i));
      return placesOf(operand, moved);
    };
    OpOperand *from = op.getDpsInputOperand(0), *to = op.getDpsInitOperand(0);
    SmallVector<Value> lines;
    for (int64_t i = 0; i < size; ++i)
      lines.push_back(vector::LoadOp::create(b, loc, type, from->get(), placesAt(from, places.size() - 1, i)));
    for (int64_t half = size / 2; half > 0; half /= 2)
      for (int64_t i = 0; i < size; ++i) {
        if (i & half)
          continue;
        Value &x = lines[i], &z = lines[i + half];
        SmallVector<int64_t> first, second;
        for (int64_t j = 0; j < size; ++j) {
          first.push_back(j & half ? size + j - half : j);
          second.push_back(j & half ? size + j : j + half);
        }
        std::tie(x, z) =
            std::pair<Value, Value>(vector::ShuffleOp::create(b, loc, x, z, first), vector::ShuffleOp::create(b, loc, x, z, second));
      }
    for (int64_t i = 0; i < size; ++i)
      vector::StoreOp::create(b, loc, lines[i], to->get(), placesAt(to, turned, i));
  }

  /// The sums over [begin, end) of the row, at most a block.
  SmallVector<Value> sumBlock(Value begin, Value end) {
    Value rest =
        arith::RemUIOp::create(b, loc, arith::SubIOp::create(b, loc, end, begin), arith::ConstantIndexOp::create(b, loc, numLanes));
    Value whole = arith::SubIOp::create(b, loc, end, rest);
    SmallVector<Value> lanes = partialSums(begin, whole, numLanes), last = partialSums(whole, end, 1), totals;
    for (unsigned i = 0; i < op.getNumDpsInits(); ++i) {
      SmallVector<Value> level(ArrayRef(lanes).slice(i * numLanes, numLanes));
      for (int64_t half = numLanes / 2; half > 0; half /= 2)
        for (int64_t lane = 0; lane < half; ++lane)
          level[lane] = combine(b, loc, combiner(op, i), level[lane], level[lane + half]);
      totals.push_back(combine(b, loc, combiner(op, i), level[0], last[i]));
    }
    return totals;
  }

  SmallVector<Value> combined(ValueRange xs, ValueRange zs) {
    return llvm::map_to_vector(llvm::enumerate(llvm::zip(xs, zs)), [&](auto pair) {
      auto [x, z] = pair.value();
      return combine(b, loc, combiner(op, pair.index()), x, z);
    });
  }

  /// The sums over the row from `begin` to `end`, block by block.
  SmallVector<Value> sumRow(Value begin, Value end) {
    Value blockSize = arith::ConstantIndexOp::create(b, loc, numBlock);
    auto blocks = scf::ForOp::create(b, loc, begin, end, blockSize, identities());
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(blocks.getBody());
    Value from = blocks.getInductionVar();
    Value to = arith::MinSIOp::create(b, loc, arith::AddIOp::create(b, loc, from, blockSize), end);
    scf::YieldOp::create(b, loc, combined(blocks.getRegionIterArgs(), sumBlock(from, to)));
    return blocks.getResults();
  }

  void store(ValueRange sums) {
    for (auto [i, sum] : llvm::enumerate(sums))
      storeAt(i, combine(b, loc, combiner(op, i), load(op.getDpsInitOperand(i), places), sum));
  }

  /// Everything is summed: the parts (blocks of a row, or what one iteration of the outermost loop sums) may be summed by several threads;
  /// they wait on the stack, a round of them at a time, to be combined in order with what the accumulator held.
  void sumAll() {
    bool isRow = op.getNumLoops() == 1;
    Value blockSize = arith::ConstantIndexOp::create(b, loc, numBlock), round = arith::ConstantIndexOp::create(b, loc, numRound);
    Value count = isRow ? arith::CeilDivUIOp::create(b, loc, extents[0], blockSize).getResult() : extents[0];
    SmallVector<Value> parts;
    {
      OpBuilder top = OpBuilder::atBlockBegin(&op->getParentOfType<FunctionOpInterface>().getFunctionBody().front());
      for (Value init : op.getDpsInits())
        parts.push_back(memref::AllocaOp::create(top, loc, MemRefType::get({numRound}, cast<MemRefType>(init.getType()).getElementType())));
    }
    auto starts = llvm::map_to_vector(op.getDpsInits(), [&](Value init) -> Value { return memref::LoadOp::create(b, loc, init); });
    auto rounds = scf::ForOp::create(b, loc, zero, count, round, starts);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(rounds.getBody());
      Value first = rounds.getInductionVar();
      Value own = arith::MinUIOp::create(b, loc, arith::SubIOp::create(b, loc, count, first), round);
      sumParts(first, own, isRow ? blockSize : Value(), parts);
      auto fold = scf::ForOp::create(b, loc, zero, own, one, rounds.getRegionIterArgs());
      {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(fold.getBody());
        auto values =
            llvm::map_to_vector(parts, [&](Value part) -> Value { return memref::LoadOp::create(b, loc, part, fold.getInductionVar()); });
        scf::YieldOp::create(b, loc, combined(fold.getRegionIterArgs(), values));
      }
      scf::YieldOp::create(b, loc, fold.getResults());
    }
    for (auto [init, sum] : llvm::zip(op.getDpsInits(), rounds.getResults()))
      memref::StoreOp::create(b, loc, sum, init);
  }

  /// parts[i] = the sums of part `first` + i, for i below `count`; of a row that is cut into blocks, or of the loops below the outermost.
  void sumParts(Value first, Value count, Value blockSize, ArrayRef<Value> parts) {
    OpBuilder::InsertionGuard guard(b);
    SmallVector<Value> sizes{count};
    if (blockSize)
      sizes.push_back(arith::MinUIOp::create(b, loc, extents[0], blockSize));
    else
      llvm::append_range(sizes, ArrayRef(extents).drop_front());
    auto iterations = openChunks(b, loc, sizes, Divisible{0, 1}, nanosecondsOf(*op.getBody()));
    auto loop = scf::ForOp::create(b, loc, iterations[0].begin, iterations[0].end, one);
    b.setInsertionPointToStart(loop.getBody());
    Value part = arith::AddIOp::create(b, loc, first, loop.getInductionVar());
    SmallVector<Value> sums;
    if (blockSize) {
      Value begin = arith::MulIOp::create(b, loc, part, blockSize);
      sums = sumBlock(begin, arith::MinUIOp::create(b, loc, arith::AddIOp::create(b, loc, begin, blockSize), extents[0]));
    } else {
      places.push_back(part);
      sums = sumBelow(1);
      places.clear();
    }
    for (auto [memory, sum] : llvm::zip(parts, sums))
      memref::StoreOp::create(b, loc, sum, memory, loop.getInductionVar());
  }

  /// The sums over the loops from `loop` on, in order.
  SmallVector<Value> sumBelow(unsigned loop) {
    if (loop + 1 == extents.size())
      return sumRow(zero, extents[loop]);
    auto sums = scf::ForOp::create(b, loc, zero, extents[loop], one, identities());
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(sums.getBody());
    places.push_back(sums.getInductionVar());
    SmallVector<Value> own = sumBelow(loop + 1);
    places.pop_back();
    scf::YieldOp::create(b, loc, combined(sums.getRegionIterArgs(), own));
    return sums.getResults();
  }

  GenericOp op;
  OpBuilder b;
  Location loc;
  SmallVector<Value> extents, places;
  Value zero, one;
};

/// A view that makes several axes of one, in the words of strides: the pass upstream that does it (expand-strided-metadata) crashes where
/// more than one of the new sizes is not a constant.
void lowerView(memref::ExpandShapeOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  auto [strides, offset] = op.getResultType().getStridesAndOffset();
  auto source = memref::ExtractStridedMetadataOp::create(b, loc, op.getSrc());
  SmallVector<OpFoldResult> sizes = op.getMixedOutputShape(), places(sizes.size());
  for (auto [axis, group] : llvm::enumerate(op.getReassociationIndices())) {
    Value stride = source.getStrides()[axis];
    for (int64_t own : llvm::reverse(group)) {
      // What the type says must be said as a constant.
      places[own] = ShapedType::isDynamic(strides[own]) ? OpFoldResult(stride) : b.getIndexAttr(strides[own]);
      stride = b.createOrFold<arith::MulIOp>(loc, stride, getValueOrCreateConstantIndexOp(b, loc, sizes[own]));
    }
  }
  OpFoldResult first = ShapedType::isDynamic(offset) ? OpFoldResult(source.getOffset()) : b.getIndexAttr(offset);
  Value view = memref::ReinterpretCastOp::create(b, loc, op.getResultType(), source.getBaseBuffer(), first, sizes, places);
  op.replaceAllUsesWith(view);
  op.erase();
}

/// memref.copy as a nest of loops: LLVM makes memcpy of those that are contiguous.
void lowerCopy(memref::CopyOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  Value zero = arith::ConstantIndexOp::create(b, loc, 0), one = arith::ConstantIndexOp::create(b, loc, 1);
  SmallVector<Value> at;
  for (int64_t axis = 0, rank = cast<MemRefType>(op.getSource().getType()).getRank(); axis < rank; ++axis) {
    auto loop = scf::ForOp::create(b, loc, zero, memref::DimOp::create(b, loc, op.getSource(), axis), one);
    at.push_back(loop.getInductionVar());
    b.setInsertionPointToStart(loop.getBody());
  }
  memref::StoreOp::create(b, loc, memref::LoadOp::create(b, loc, op.getSource(), at), op.getTarget(), at);
  op.erase();
}

struct LinalgToLoops : impl::LinalgToLoopsBase<LinalgToLoops> {
  void runOnOperation() override {
    SmallVector<GenericOp> ops;
    getOperation().walk([&](GenericOp op) {
      if (op.hasPureBufferSemantics())
        ops.push_back(op);
    });
    for (GenericOp op : ops) {
      Nest(op).build();
      op.erase();
    }
    getOperation().walk(lowerView);
    getOperation().walk(lowerCopy);
  }
};
} // namespace
} // namespace tl
