// Kernels one after another over the rows of the same long, narrow arrays -> a loop over tiles of rows that runs all of them on one tile,
// so that what they hand on stays in the cache and is never stored in full.
//
// Note [Tiles]. What a map over records becomes is of this kind: hundreds of kernels on arrays [n], [n, 3], each of which would read and
// write all of memory. A member of a group computes row i of its results from row i of the other members' results and from anything outside
// the group; so a tile of rows is the same computation on fewer rows, bit for bit. The tiles are independent (Chunks.h): they may run on
// several threads.
//
// In a tile the rows are the last axis and every kernel's innermost loop: whole vectors of a column, where [n, 3] would give one of each
// three numbers. A sum along a row then runs outside of the rows, or is written out in the body; its order stays the same, because it is
// too short for lanes (Note [Lanes]).
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Chunks.h"
#include "passes/Kernels.h"
#include "passes/Passes.h"

using namespace mlir;
using linalg::GenericOp;

namespace tl {
#define GEN_PASS_DEF_TILEROWS
#include "passes/Passes.h.inc"

namespace {
constexpr int64_t tileRows = 256; ///< some 50 arrays of as many rows of 3 numbers fit into the second cache
constexpr int64_t widest = 64;    ///< elements of a row, or steps of a kernel for one row
constexpr unsigned fewest = 4;    ///< kernels that are worth a loop
constexpr int64_t shortSum = 7;   ///< fewer numbers than there are lanes

/// Whether so many elements or steps are few. None at all are nothing to compute, and MLIR has no slice of them.
bool areFew(ArrayRef<int64_t> sizes) {
  return !ShapedType::isDynamicShape(sizes) && ShapedType::getNumElements(sizes) > 0 && ShapedType::getNumElements(sizes) <= widest;
}

/// Whether this is an array of rows, of known and small size.
bool isNarrow(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  if (!type || type.getRank() == 0 || !type.isDynamicDim(0))
    return false;
  return areFew(type.getShape().drop_front());
}

/// How many rows a narrow array has, where the ops that make it say so.
Value rowsOf(Value v) {
  Operation *op = v.getDefiningOp();
  if (!op || !isNarrow(v))
    return {};
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return empty.getDynamicSizes()[0];
  if (auto generic = dyn_cast<GenericOp>(op))
    return rowsOf(generic.getDpsInitOperand(cast<OpResult>(v).getResultNumber())->get());
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return rowsOf(insert.getDest());
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return dyn_cast<Value>(slice.getMixedSizes()[0]);
  return {};
}

/// Whether a slice takes all `rows` rows and keeps their axis.
bool takesRows(OffsetSizeAndStrideOpInterface op, Value rows, const llvm::SmallBitVector &dropped) {
  return !dropped.test(0) && isConstantIntValue(op.getMixedOffsets()[0], 0) && isConstantIntValue(op.getMixedStrides()[0], 1) &&
         dyn_cast<Value>(op.getMixedSizes()[0]) == rows;
}

/// The first to the last place: the order of axes and of loops in a tile.
template <typename T> SmallVector<T> rotated(ArrayRef<T> xs) {
  SmallVector<T> ys(xs.drop_front());
  ys.push_back(xs.front());
  return ys;
}

RankedTensorType rotated(RankedTensorType type) { return RankedTensorType::get(rotated(type.getShape()), type.getElementType()); }

/// Whether the order of what is summed does not depend on where the loop over the rows stands.
bool sumsInOrder(GenericOp op, ArrayRef<int64_t> ranges) {
  SmallVector<unsigned> sums;
  op.getReductionDims(sums);
  if (sums.empty())
    return true;
  if (sums.size() > 1)
    return false;
  if (sums[0] + 1 != op.getNumLoops())
    return true;
  // In lanes the sum would be made apart, and then added to what was there: the same where that is nothing.
  return ranges[sums[0]] <= shortSum && llvm::all_of(op.getDpsInits(), [](Value init) {
           auto fill = init.getDefiningOp<GenericOp>();
           return fill && fill.getNumDpsInputs() == 0;
         });
}

SetVector<Value> valuesUsedBy(Operation *op) {
  SetVector<Value> used(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), used);
  return used;
}

bool isRow(AffineMap map) {
  return map.getNumResults() && map.getResult(0) == getAffineDimExpr(0, map.getContext()) &&
         llvm::none_of(map.getResults().drop_front(), [](AffineExpr e) { return e.isFunctionOfDim(0); });
}

/// Ops over the same rows, in the order of the program.
class Group {
public:
  /// Takes in an op that it may.
  bool admit(Operation *op) {
    if (op->getNumResults() == 0 || isa<tensor::EmptyOp>(op))
      return false;
    Value own = rowsOf(op->getResult(0));
    if (!own || (rows && own != rows))
      return false;
    if (!isa<GenericOp, tensor::InsertSliceOp, tensor::ExtractSliceOp>(op) || !fits(op, own))
      return false;
    rows = own;
    members.insert(op);
    return true;
  }

  bool has(Value v) const { return members.contains(v.getDefiningOp()); }

  /// Whether something in `op` needs a result of the group.
  bool isUsedBy(Operation *op) const {
    return llvm::any_of(valuesUsedBy(op), [&](Value v) { return has(v); });
  }

  /// Makes the loop before `next`, which needs something of the group. What it needs may be too little for a loop, as for a check of
  /// indices: that is left where it stands, and the rest goes on after `next`.
  void close(Operation *next) {
    if (SetVector<Operation *> needed = neededBy(next); kernels(needed) < fewest && leave(needed))
      return;
    if (kernels(members) >= fewest)
      build(next);
    members.clear();
    rows = {};
  }

private:
  static unsigned kernels(const SetVector<Operation *> &ops) { return llvm::count_if(ops, llvm::IsaPred<GenericOp>); }

  /// The members that `next` uses, and those that these use.
  SetVector<Operation *> neededBy(Operation *next) const {
    SetVector<Operation *> needed;
    auto need = [&](Operation *op) {
      for (Value v : valuesUsedBy(op))
        if (has(v))
          needed.insert(v.getDefiningOp());
    };
    need(next);
    for (size_t i = 0; i < needed.size(); ++i)
      need(needed[i]);
    return needed;
  }

  /// Lets the members in `gone` stay where they stand, unless another one must then do so too.
  bool leave(const SetVector<Operation *> &gone) {
    Group rest;
    for (Operation *member : members)
      if (!gone.contains(member) && !rest.admit(member))
        return false;
    *this = std::move(rest);
    return true;
  }

  bool fits(Operation *op, Value own) const {
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      return takesRows(slice, own, slice.getDroppedDims());
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      return takesRows(insert, own, insert.getDroppedDims()) && isFresh(insert.getDest()) && isNarrow(insert.getSource());
    auto generic = cast<GenericOp>(op);
    auto ranges = generic.getStaticLoopRanges();
    if (generic.getIteratorTypesArray()[0] != utils::IteratorType::parallel || !areFew(ArrayRef(ranges).drop_front()) ||
        !sumsInOrder(generic, ranges))
      return false;
    SetVector<Value> above;
    getUsedValuesDefinedAbove(op->getRegions(), above);
    if (llvm::any_of(above, [&](Value v) { return has(v); }))
      return false;
    return llvm::all_of(op->getOpOperands(), [&](OpOperand &x) {
      AffineMap map = generic.getMatchingIndexingMap(&x);
      return isRow(map) || (!generic.isDpsInit(&x) && !map.isFunctionOfDim(0) && !has(x.get()));
    });
  }

  /// Whether writing rows of this array copies nothing that could have been written in place.
  bool isFresh(Value dest) const {
    Operation *op = dest.getDefiningOp();
    auto generic = dyn_cast_or_null<GenericOp>(op);
    return has(dest) || isa_and_nonnull<tensor::EmptyOp>(op) || (generic && generic.getNumDpsInputs() == 0);
  }

  void build(Operation *next) {
    OpBuilder b(next);
    Location loc = members.front()->getLoc();
    SmallVector<Value> results, inits;
    for (Operation *member : members)
      for (Value y : member->getResults())
        if (llvm::any_of(y.getUsers(), [&](Operation *user) { return !members.contains(user); })) {
          results.push_back(y);
          inits.push_back(tensor::EmptyOp::create(b, loc, cast<RankedTensorType>(y.getType()), ValueRange(rows)));
        }
    Value zero = arith::ConstantIndexOp::create(b, loc, 0), one = arith::ConstantIndexOp::create(b, loc, 1),
          most = arith::ConstantIndexOp::create(b, loc, tileRows);
    auto loop = scf::ForOp::create(b, loc, zero, arith::CeilDivUIOp::create(b, loc, rows, most), one, inits);
    loop->setDiscardableAttr(independentName, b.getUnitAttr());
    if (!loop.getBody()->empty())
      loop.getBody()->getTerminator()->erase();
    b.setInsertionPointToStart(loop.getBody());
    begin = arith::MulIOp::create(b, loc, loop.getInductionVar(), most);
    size = arith::MinUIOp::create(b, loc, most, arith::SubIOp::create(b, loc, rows, begin));
    tiles.clear();
    for (Operation *member : members)
      tile(b, member);
    SmallVector<Value> written;
    for (auto [y, carried] : llvm::zip(results, loop.getRegionIterArgs())) {
      auto [offsets, sizes, strides] = rowsAt(b, y);
      Tile own = tiles.lookup(y);
      if (own.isRotated) {
        auto type = cast<RankedTensorType>(y.getType());
        Value place = tensor::ExtractSliceOp::create(b, loc, type, carried, offsets, sizes, strides);
        own.v = copied(b, loc, own.v, place, rotatedMap(type.getRank()), b.getMultiDimIdentityMap(type.getRank()));
      }
      written.push_back(tensor::InsertSliceOp::create(b, loc, own.v, carried, offsets, sizes, strides));
    }
    scf::YieldOp::create(b, loc, written);
    for (auto [y, result] : llvm::zip(results, loop.getResults()))
      y.replaceAllUsesWith(result);
    for (Operation *member : llvm::reverse(members))
      member->erase();
  }

  /// What a value is in the tile: with the rows last, or, where it is a part of an array from outside, as that is.
  struct Tile {
    Value v;
    bool isRotated = false;
  };

  void tile(OpBuilder &b, Operation *member) {
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(member)) {
      bool isTile = has(slice.getSource());
      Tile source = isTile ? tiles.lookup(slice.getSource()) : Tile{slice.getSource()};
      auto [offsets, sizes, strides] = partOf(b, slice, isTile, source.isRotated);
      RankedTensorType type = slice.getType();
      bool rotates = source.isRotated && type.getRank() > 1;
      tiles[slice] = {tensor::ExtractSliceOp::create(b, slice.getLoc(), rotates ? rotated(type) : type, source.v, offsets, sizes, strides),
                      rotates};
    } else if (auto insert = dyn_cast<tensor::InsertSliceOp>(member)) {
      auto [offsets, sizes, strides] = partOf(b, insert, true, insert.getType().getRank() > 1);
      Value source = ownTile(b, insert.getSource()), dest = ownTile(b, insert.getDest());
      tiles[insert] = {tensor::InsertSliceOp::create(b, insert.getLoc(), source, dest, offsets, sizes, strides),
                       insert.getType().getRank() > 1};
    } else {
      tileKernel(b, cast<GenericOp>(member));
    }
  }

  void tileKernel(OpBuilder &b, GenericOp op) {
    SmallVector<AffineExpr> loops;
    unsigned count = op.getNumLoops();
    for (unsigned i = 0; i < count; ++i)
      loops.push_back(b.getAffineDimExpr(i == 0 ? count - 1 : i - 1));
    SmallVector<Value> inputs, inits;
    SmallVector<AffineMap> maps;
    SmallVector<Type> types;
    for (OpOperand &x : op->getOpOperands()) {
      AffineMap map = op.getMatchingIndexingMap(&x);
      Tile own{x.get()};
      if (op.isDpsInit(&x))
        own = {ownTile(b, x.get()), map.getNumResults() > 1};
      else if (isRow(map))
        own = tileOf(b, x.get());
      if (own.isRotated)
        map = AffineMap::get(count, 0, rotated(map.getResults()), b.getContext());
      maps.push_back(map.replaceDimsAndSymbols(loops, {}, count, 0));
      (op.isDpsInit(&x) ? inits : inputs).push_back(own.v);
      if (op.isDpsInit(&x))
        types.push_back(own.v.getType());
    }
    auto copy = GenericOp::create(b, op.getLoc(), types, inputs, inits, maps, rotated(ArrayRef(op.getIteratorTypesArray())));
    IRMapping values;
    op.getRegion().cloneInto(&copy.getRegion(), values);
    moveIndices(copy);
    if (SmallVector<Value> starts = constantStarts(op); !starts.empty())
      copy = writtenOut(b, copy, starts);
    for (auto [y, own] : llvm::zip(op.getResults(), copy.getResults()))
      tiles[y] = {own, cast<RankedTensorType>(own.getType()).getRank() > 1};
  }

  /// Loops have other numbers; that of a row is within the tile.
  void moveIndices(GenericOp copy) {
    SmallVector<linalg::IndexOp> indices;
    copy->walk([&](linalg::IndexOp index) { indices.push_back(index); });
    for (linalg::IndexOp index : indices) {
      bool isRow = index.getDim() == 0;
      index.setDim(isRow ? copy.getNumLoops() - 1 : index.getDim() - 1);
      if (!isRow)
        continue;
      OpBuilder b(index->getContext());
      b.setInsertionPointAfter(index);
      auto moved = arith::AddIOp::create(b, index.getLoc(), index, begin);
      index.getResult().replaceAllUsesExcept(moved, moved);
    }
  }

  /// The numbers that all accumulators of a kernel start from; none where one starts otherwise.
  static SmallVector<Value> constantStarts(GenericOp op) {
    SmallVector<Value> starts;
    for (Value init : op.getDpsInits())
      starts.push_back(filledWith(init));
    return llvm::is_contained(starts, Value()) ? SmallVector<Value>() : starts;
  }

  /// A short sum whose every term stands in the body: the accumulator stays in a register, where a loop around that over the rows would
  /// read and write it in each step. Other kernels stay what they are.
  GenericOp writtenOut(OpBuilder &b, GenericOp op, ArrayRef<Value> starts) {
    SmallVector<unsigned> sums;
    op.getReductionDims(sums);
    auto ranges = op.getStaticLoopRanges();
    if (sums.size() != 1 || op.hasIndexSemantics() || ShapedType::isDynamic(ranges[sums[0]]) || ranges[sums[0]] > shortSum)
      return op;
    int64_t terms = ranges[sums[0]];
    Location loc = op.getLoc();
    SmallVector<Value> inputs;
    SmallVector<AffineMap> maps;
    SmallVector<SmallVector<unsigned>> own; ///< of each term, the inputs
    own.resize(terms);
    auto withoutSum = [&](AffineMap map, ArrayRef<AffineExpr> results) {
      SmallVector<AffineExpr> loops;
      for (unsigned loop = 0; loop < map.getNumDims(); ++loop)
        loops.push_back(b.getAffineDimExpr(loop - (loop > sums[0])));
      return AffineMap::get(map.getNumDims(), 0, results, b.getContext()).replaceDimsAndSymbols(loops, {}, map.getNumDims() - 1, 0);
    };
    for (OpOperand *x : op.getDpsInputOperands()) {
      AffineMap map = op.getMatchingIndexingMap(x);
      auto axis = map.getResultPosition(b.getAffineDimExpr(sums[0]));
      if (!axis && map.isFunctionOfDim(sums[0]))
        return op;
      SmallVector<AffineExpr> places(map.getResults());
      if (axis)
        places.erase(places.begin() + *axis);
      if (llvm::any_of(places, [&](AffineExpr place) { return place.isFunctionOfDim(sums[0]); }))
        return op;
      for (int64_t term = 0; term < terms; ++term) {
        if (axis || term == 0) {
          inputs.push_back(axis ? layer(b, x->get(), *axis, term) : x->get());
          maps.push_back(withoutSum(map, places));
        }
        own[term].push_back(inputs.size() - 1);
      }
    }
    SmallVector<Value> inits;
    for (OpOperand &init : op.getDpsInitsMutable()) {
      maps.push_back(withoutSum(op.getMatchingIndexingMap(&init), op.getMatchingIndexingMap(&init).getResults()));
      auto fill = init.get().getDefiningOp<GenericOp>(); // in the tile, it is not read any more
      inits.push_back(fill ? fill.getDpsInits()[0] : init.get());
    }
    SmallVector<utils::IteratorType> iterators(op.getNumLoops() - 1, utils::IteratorType::parallel);
    auto sum =
        GenericOp::create(b, loc, op.getResultTypes(), inputs, inits, maps, iterators, [&](OpBuilder &b, Location loc, ValueRange args) {
          SmallVector<Value> sums(starts);
          for (ArrayRef<unsigned> term : own) {
            IRMapping values;
            for (auto [arg, input] : llvm::zip(op.getBody()->getArguments(), term))
              values.map(arg, args[input]);
            for (auto [arg, sum] : llvm::zip(op.getRegionOutputArgs(), sums))
              values.map(arg, sum);
            for (Operation &inner : op.getBody()->without_terminator())
              b.clone(inner, values);
            for (auto [sum, next] : llvm::zip(sums, op.getBody()->getTerminator()->getOperands()))
              sum = values.lookupOrDefault(next);
          }
          linalg::YieldOp::create(b, loc, sums);
        });
    op.erase();
    return sum;
  }

  /// An array at one place of an axis.
  static Value layer(OpBuilder &b, Value array, unsigned axis, int64_t place) {
    auto type = cast<RankedTensorType>(array.getType());
    SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)), sizes = tensor::getMixedSizes(b, array.getLoc(), array),
                                                                          strides(type.getRank(), b.getIndexAttr(1));
    offsets[axis] = b.getIndexAttr(place);
    sizes[axis] = b.getIndexAttr(1);
    SmallVector<int64_t> shape(type.getShape());
    shape.erase(shape.begin() + axis);
    return tensor::ExtractSliceOp::create(b, array.getLoc(), RankedTensorType::get(shape, type.getElementType()), array, offsets, sizes,
                                          strides);
  }

  using Part = std::tuple<SmallVector<OpFoldResult>, SmallVector<OpFoldResult>, SmallVector<OpFoldResult>>;

  /// The slice's rows in the tile: from its first on where the array is a tile too.
  Part partOf(OpBuilder &b, OffsetSizeAndStrideOpInterface op, bool isTile, bool isRotated) {
    SmallVector<OpFoldResult> offsets = op.getMixedOffsets(), sizes = op.getMixedSizes(), strides = op.getMixedStrides();
    offsets[0] = isTile ? OpFoldResult(b.getIndexAttr(0)) : OpFoldResult(begin);
    sizes[0] = size;
    if (!isRotated)
      return {offsets, sizes, strides};
    return {rotated(ArrayRef(offsets)), rotated(ArrayRef(sizes)), rotated(ArrayRef(strides))};
  }

  /// All columns of the tile's rows.
  Part rowsAt(OpBuilder &b, Value array) {
    int64_t rank = cast<RankedTensorType>(array.getType()).getRank();
    SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0)), sizes{size}, strides(rank, b.getIndexAttr(1));
    offsets[0] = begin;
    for (int64_t axis = 1; axis < rank; ++axis)
      sizes.push_back(tensor::getMixedSize(b, array.getLoc(), array, axis));
    return {offsets, sizes, strides};
  }

  /// An array to read: of the tile, or rows of one from outside.
  Tile tileOf(OpBuilder &b, Value array) {
    if (auto known = tiles.find(array); known != tiles.end())
      return known->second;
    auto [offsets, sizes, strides] = rowsAt(b, array);
    auto type = cast<RankedTensorType>(array.getType());
    return tiles[array] = {tensor::ExtractSliceOp::create(b, array.getLoc(), type, array, offsets, sizes, strides)};
  }

  /// An array of the tile's own form.
  Value ownTile(OpBuilder &b, Value array) {
    auto type = cast<RankedTensorType>(array.getType());
    int64_t rank = type.getRank();
    auto empty = [&]() -> Value { return tensor::EmptyOp::create(b, array.getLoc(), rotated(type), ValueRange(size)); };
    if (array.getDefiningOp<tensor::EmptyOp>())
      return empty();
    // A constant costs less than to read it.
    if (auto fill = array.getDefiningOp<GenericOp>(); fill && !tiles.contains(array) && fill.getNumDpsInputs() == 0) {
      Value constant = fill.getBody()->getTerminator()->getOperand(0);
      if (fill->getNumResults() == 1 && constant.getParentBlock() != fill.getBody())
        return filled(b, array.getLoc(), constant, empty());
    }
    Tile own = tileOf(b, array);
    if (own.isRotated || rank == 1)
      return own.v;
    Value place = empty();
    return copied(b, array.getLoc(), own.v, place, b.getMultiDimIdentityMap(rank), rotatedMap(rank));
  }

  AffineMap rotatedMap(int64_t rank) {
    AffineMap map = AffineMap::getMultiDimIdentityMap(rank, rows.getContext());
    return AffineMap::get(rank, 0, rotated(map.getResults()), rows.getContext());
  }

  static Value copied(OpBuilder &b, Location loc, Value from, Value to, AffineMap read, AffineMap write) {
    SmallVector<utils::IteratorType> loops(read.getNumDims(), utils::IteratorType::parallel);
    return GenericOp::create(b, loc, to.getType(), from, to, {read, write}, loops,
                             [](OpBuilder &b, Location loc, ValueRange args) { linalg::YieldOp::create(b, loc, args[0]); })
        .getResult(0);
  }

  static Value filled(OpBuilder &b, Location loc, Value constant, Value to) {
    int64_t rank = cast<RankedTensorType>(to.getType()).getRank();
    SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
    return GenericOp::create(b, loc, to.getType(), ValueRange(), to, b.getMultiDimIdentityMap(rank), loops,
                             [&](OpBuilder &b, Location loc, ValueRange) { linalg::YieldOp::create(b, loc, constant); })
        .getResult(0);
  }

  SetVector<Operation *> members;
  Value rows, begin, size;
  llvm::DenseMap<Value, Tile> tiles; ///< of what is sliced or computed so far
};

struct TileRows : impl::TileRowsBase<TileRows> {
  void runOnOperation() override {
    SmallVector<Block *> blocks;
    getOperation()->walk([&](Block *block) { blocks.push_back(block); });
    for (Block *block : blocks)
      tile(*block);
  }

  void tile(Block &block) {
    llvm::MapVector<Value, Group> groups; // by their numbers of rows
    for (Operation &op : llvm::make_early_inc_range(block)) {
      Value rows = op.getNumResults() ? rowsOf(op.getResult(0)) : Value();
      bool isMember = rows && groups[rows].admit(&op);
      for (auto &[own, group] : groups)
        if (!(isMember && own == rows) && group.isUsedBy(&op))
          group.close(&op);
      if (rows && !isMember)
        groups[rows].admit(&op);
    }
  }
};
} // namespace
} // namespace tl
