// Arrays over pairs of things, made by one kernel and used up by others -> a loop over tiles of rows in which they are never stored in
// full.
//
// Note [Streams]. `sum(for i, j: exp(-sum(for k: (x[i, k] - y[j, k]) ** 2)))` is three kernels with an array [n, m] between them; its
// gradient is some more. A member of a stream computes row i of its results from row i of the other members' results and from anything
// outside, or adds up over the rows; so all members can run on one tile of rows after the other, and only what is used outside the stream
// is stored: rows of results, sums that the loop carries. How many rows a tile has follows from the sizes. No bit depends on that: rows are
// independent, and a sum over the rows is admitted where it goes row by row anyway (Note [Order of sums]).
//
// Kernels are not the only members: so are slices of all rows and what is put together of them, loops over the rows that read their own row
// alone (they add at places that are computed, as the gradient of a gather does), and one check of the elements. Of two checks the first
// that fails is to be told, and it would have to see all rows before the second sees one.
//
// What is not streamed: an array that is needed again after a sum over the rows on which its second use depends, such as the softmax of a
// matrix along its columns, or a kernel whose sum is squared before the gradient is taken. It is stored, once. So is what a loop adds to an
// array that members make.
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "mlir_gen/dialect/Dialect.h"
#include "passes/Kernels.h"
#include "passes/Passes.h"

using namespace mlir;
using linalg::GenericOp;

namespace tl {
#define GEN_PASS_DEF_STREAMROWS
#include "passes/Passes.h.inc"

namespace {
constexpr int64_t tileElements = 1 << 17; ///< of the largest array of a tile: some of a megabyte each fit into the cache
constexpr int64_t fewElements = 64;       ///< of a row of known size: an array of such rows grows as its rows do

using Sizes = SmallVector<OpFoldResult>;

/// The same number everywhere: what makes it reads nothing.
GenericOp constantOf(Value v) {
  auto generic = v.getDefiningOp<GenericOp>();
  return generic && generic.getNumDpsInputs() == 0 && generic.getNumDpsInits() == 1 &&
                 generic.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>()
             ? generic
             : GenericOp();
}

/// The axis on which `map` has the loop by itself; -1 where it does not have the loop, nothing where it is part of a sum or stands twice.
std::optional<int64_t> axisOf(AffineMap map, unsigned loop) {
  int64_t found = -1;
  for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
    if (!expr.isFunctionOfDim(loop))
      continue;
    if (found >= 0 || !isa<AffineDimExpr>(expr))
      return std::nullopt;
    found = axis;
  }
  return found;
}

/// Whether the kernel makes an array over loops that none of its inputs runs over together.
bool isOuter(GenericOp op) {
  return op.getNumDpsInputs() > 0 && llvm::any_of(op.getDpsInitsMutable(), [&](OpOperand &y) {
           AffineMap out = op.getMatchingIndexingMap(&y);
           return out.getNumResults() >= 2 && out.isProjectedPermutation() && llvm::all_of(op.getDpsInputOperands(), [&](OpOperand *x) {
                    AffineMap map = op.getMatchingIndexingMap(x);
                    return llvm::any_of(out.getResults(),
                                        [&](AffineExpr loop) { return !map.isFunctionOfDim(cast<AffineDimExpr>(loop).getPosition()); });
                  });
         });
}

/// The loop whose number an index is, if it is one as it stands.
linalg::IndexOp loopOf(Value index) {
  auto apply = index.getDefiningOp<affine::AffineApplyOp>();
  if (auto dim = apply ? dyn_cast<AffineDimExpr>(apply.getAffineMap().getResult(0)) : nullptr)
    index = apply.getMapOperands()[dim.getPosition()];
  return index.getDefiningOp<linalg::IndexOp>();
}

/// Kernels of one block over the same rows, from an outer one on.
class Stream {
public:
  /// Finds the members.
  Stream(GenericOp first) : rows(madeSizes(first.getResult(0)).empty() ? OpFoldResult() : madeSizes(first.getResult(0))[0]) {
    if (!rows)
      return;
    for (Operation &op : llvm::make_range(first->getIterator(), first->getBlock()->without_terminator().end())) {
      auto generic = dyn_cast<GenericOp>(op);
      auto loop = dyn_cast<scf::ForOp>(op);
      auto check = dyn_cast<CheckOp>(op);
      bool dependsOnMember = uses(op, [&](Operation *x) { return members.contains(x); });
      bool isBehind = uses(op, [&](Operation *x) { return llvm::is_contained(behind, x); });
      if (!isBehind && generic && (dependsOnMember || isOuter(generic)) && admit(generic))
        continue;
      if (!isBehind && loop && dependsOnMember && admit(loop))
        continue;
      if (!isBehind && isa<tensor::ExtractSliceOp, tensor::InsertSliceOp>(op) && dependsOnMember &&
          admit(cast<OffsetSizeAndStrideOpInterface>(op)))
        continue;
      if (!isBehind && check && dependsOnMember && !hasCheck && admit(check)) {
        hasCheck = true;
        continue;
      }
      const bool isOfSizes =
          check && check.getCode() == "E0901"; // that an array is too large may be told before what is wrong with its elements
      if (!dependsOnMember && !isBehind && (!hasCheck || isOfSizes || isMemoryEffectFree(&op)))
        continue;
      behind.push_back(&op);
      if (!isMemoryEffectFree(&op))
        break; // what comes later must not come before it
    }
    prune();
  }

  bool pays() const {
    return llvm::any_of(members, [&](auto &member) {
      return llvm::any_of(member.first->getResults(), [&](Value y) {
        return isLarge(y) && !isUsedOutside(y) && llvm::none_of(members, [&](auto &other) {
                 return llvm::any_of(other.first->getResults(), [&](Value z) { return isUsedOutside(z) && madeSizes(z) == madeSizes(y); });
               });
      });
    });
  }

  /// Replaces the members by the loop.
  void build() {
    Operation *last = members.back().first;
    OpBuilder b(last->getBlock(), std::next(last->getIterator()));
    Location loc = members.front().first->getLoc();
    SmallVector<Value> results, inits;
    for (auto &[member, loop] : members)
      for (Value y : member->getResults()) {
        if (!axes.contains(y))
          inits.push_back(startOf(cast<OpResult>(y)));
        else if (isUsedOutside(y))
          inits.push_back(tensor::EmptyOp::create(b, loc, madeSizes(y), cast<RankedTensorType>(y.getType()).getElementType()));
        else
          continue;
        results.push_back(y);
      }
    auto constant = [&](int64_t i) -> Value { return arith::ConstantIndexOp::create(b, loc, i); };
    Value all = getValueOrCreateConstantIndexOp(b, loc, rows), one = constant(1), largest = one;
    for (auto &[y, axis] : axes)
      largest = arith::MaxUIOp::create(b, loc, largest, rowElements(b, loc, y, axis));
    Value most = arith::DivUIOp::create(b, loc, constant(tileElements), largest);
    most = arith::MaxUIOp::create(b, loc, one, arith::MinUIOp::create(b, loc, all, most));
    auto loop = scf::ForOp::create(b, loc, constant(0), all, most, inits);
    if (!loop.getBody()->empty())
      loop.getBody()->getTerminator()->erase();
    Operation *after = loop;
    for (Operation *op : behind)
      if (op->isBeforeInBlock(loop)) {
        op->moveAfter(after);
        after = op;
      }
    b.setInsertionPointToStart(loop.getBody());
    begin = loop.getInductionVar();
    size = arith::MinUIOp::create(b, loc, most, arith::SubIOp::create(b, loc, all, begin));
    for (auto [y, carried] : llvm::zip(results, loop.getRegionIterArgs()))
      if (!axes.contains(y))
        tiles[y] = carried;
    for (auto &[member, row] : members)
      if (auto generic = dyn_cast<GenericOp>(member))
        tile(b, generic, row);
      else if (auto check = dyn_cast<CheckOp>(member))
        tile(b, check);
      else if (auto slice = dyn_cast<OffsetSizeAndStrideOpInterface>(member))
        tile(b, slice, row);
      else
        tile(b, cast<scf::ForOp>(member));
    SmallVector<Value> yielded;
    for (auto [y, carried] : llvm::zip(results, loop.getRegionIterArgs())) {
      auto axis = axes.find(y);
      yielded.push_back(axis == axes.end() ? tiles[y] : insert(b, loc, tiles[y], carried, axis->second, madeSizes(y)));
    }
    scf::YieldOp::create(b, loc, yielded);
    for (auto [y, result] : llvm::zip(results, loop.getResults()))
      y.replaceAllUsesWith(result);
    for (auto &[member, row] : llvm::reverse(members))
      member->erase();
  }

private:
  static bool uses(Operation &op, llvm::function_ref<bool(Operation *)> isOne) {
    return llvm::any_of(readBy(&op), [&](Value v) { return v.getDefiningOp() && isOne(v.getDefiningOp()); });
  }

  /// Takes in a kernel whose loop over the rows there is, and runs as it may.
  bool admit(GenericOp op) {
    auto isMember = [&](Value v) { return v.getDefiningOp() && members.contains(v.getDefiningOp()); };
    if (!op.hasPureTensorSemantics())
      return false;
    std::optional<unsigned> row;
    bool isRowwise = true;
    op.getBody()->walk([&](Operation *inner) { // what reads a member in the body, reads it in its own row
      for (Value x : inner->getOperands()) {
        if (!isMember(x))
          continue;
        auto read = dyn_cast<tensor::ExtractOp>(inner);
        auto axis = axes.find(x);
        auto loop = read && axis != axes.end() ? loopOf(read.getIndices()[axis->second]) : linalg::IndexOp();
        isRowwise &= loop && loop.getDim() == row.value_or(loop.getDim());
        if (isRowwise)
          row = loop.getDim();
      }
    });
    if (!isRowwise)
      return false;
    for (OpOperand &x : op->getOpOperands()) {
      if (!isMember(x.get()))
        continue;
      auto axis = axes.find(x.get());
      if (axis == axes.end())
        return false;
      auto loop = dyn_cast<AffineDimExpr>(op.getMatchingIndexingMap(&x).getResult(axis->second));
      if (!loop || (row && loop.getPosition() != *row))
        return false;
      row = loop.getPosition();
    }
    if (!row) {
      Sizes sizes = madeSizes(op.getResult(0));
      auto loop = dyn_cast<AffineDimExpr>(op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getResult(0));
      if (!loop || sizes.empty() || sizes[0] != rows)
        return false;
      row = loop.getPosition();
    }
    if (!runsByRows(op, *row))
      return false;
    members.insert({op, *row});
    for (OpResult y : op->getResults())
      if (auto axis = axisOf(op.getMatchingIndexingMap(op.getDpsInitOperand(y.getResultNumber())), *row); *axis >= 0)
        axes[y] = *axis;
    return true;
  }

  /// The rows of a loop that goes over all of them, in order: a number, or none of them where a condition says so.
  bool goesOverRows(scf::ForOp loop) const {
    Value end = loop.getUpperBound();
    if (auto choice = end.getDefiningOp<arith::SelectOp>(); choice && isConstantIntValue(choice.getTrueValue(), 0))
      end = choice.getFalseValue();
    return isConstantIntValue(loop.getLowerBound(), 0) && isConstantIntValue(loop.getStep(), 1) && getAsOpFoldResult(end) == rows;
  }

  /// Takes in a loop over the rows, such as one that adds to places that are computed, if it reads of members their own row alone.
  bool admit(scf::ForOp loop) {
    auto isMember = [&](Value v) { return v.getDefiningOp() && members.contains(v.getDefiningOp()); };
    if (!goesOverRows(loop) || !isMemoryEffectFree(loop) || llvm::any_of(loop->getOperands(), isMember) ||
        !llvm::all_of(loop->getResultTypes(), llvm::IsaPred<RankedTensorType>))
      return false;
    bool isRowwise = true;
    loop.getBody()->walk([&](Operation *op) {
      for (Value x : op->getOperands()) {
        if (!isMember(x))
          continue;
        auto read = dyn_cast<tensor::ExtractOp>(op);
        auto axis = axes.find(x);
        isRowwise &= read && axis != axes.end() && read.getIndices()[axis->second] == loop.getInductionVar();
      }
    });
    if (isRowwise)
      members.insert({loop, 0});
    return isRowwise;
  }

  bool isOfAllRows(OffsetSizeAndStrideOpInterface slice, int64_t axis) const {
    return isConstantIntValue(slice.getMixedOffsets()[axis], 0) && isConstantIntValue(slice.getMixedStrides()[axis], 1) &&
           slice.getMixedSizes()[axis] == rows;
  }

  /// Takes in what reads or replaces a part of all rows.
  bool admit(OffsetSizeAndStrideOpInterface slice) {
    std::optional<int64_t> row;
    const int64_t rank = slice.getMixedSizes().size();
    for (Value x : {slice->getOperand(0), isa<tensor::InsertSliceOp>(slice) ? slice->getOperand(1) : slice->getOperand(0)}) {
      if (cast<RankedTensorType>(x.getType()).getRank() != rank || llvm::is_contained(cast<RankedTensorType>(x.getType()).getShape(), 0))
        return false;
      if (!members.contains(x.getDefiningOp()))
        continue;
      auto axis = axes.find(x);
      if (axis == axes.end() || (row && axis->second != *row))
        return false;
      row = axis->second;
    }
    if (!row || cast<RankedTensorType>(slice->getResult(0).getType()).getRank() != rank || !isOfAllRows(slice, *row) ||
        madeSizes(slice->getResult(0)).empty())
      return false;
    for (Value x : llvm::concat<Value>(slice.getOffsets(), slice.getSizes(), slice.getStrides()))
      if (members.contains(x.getDefiningOp()))
        return false;
    members.insert({slice, *row});
    axes[slice->getResult(0)] = *row;
    return true;
  }

  /// Takes in a check of arrays, whose first bad place in the order of rows is the one that is told.
  bool admit(CheckOp check) {
    const Type ok = check.getOk().getType();
    for (Value x : check->getOperands()) {
      auto axis = axes.find(x);
      auto type = dyn_cast<RankedTensorType>(x.getType());
      if (type && (type.getShape() != cast<RankedTensorType>(ok).getShape() || (axis != axes.end() && axis->second != 0) ||
                   (axis == axes.end() && members.contains(x.getDefiningOp()))))
        return false;
    }
    return isa<RankedTensorType>(ok) && members.insert({check, 0}).second;
  }

  /// Whether the kernel does the same where its loop `row` is cut into parts that run one after the other.
  static bool runsByRows(GenericOp op, unsigned row) {
    auto iterators = op.getIteratorTypesArray();
    bool isSum = iterators[row] == utils::IteratorType::reduction;
    for (OpOperand &x : op->getOpOperands()) {
      auto axis = axisOf(op.getMatchingIndexingMap(&x), row);
      if (!axis || (op.isDpsInit(&x) && ((*axis >= 0) == isSum || (!isSum && madeSizes(x.get()).empty()))))
        return false;
      if (llvm::is_contained(cast<RankedTensorType>(x.get().getType()).getShape(), 0))
        return false; // MLIR has no slice of nothing
    }
    // Other sums stand within that over the rows, and that is not made in lanes.
    return !isSum ||
           (row + 1 < iterators.size() && !llvm::is_contained(ArrayRef(iterators).take_front(row), utils::IteratorType::reduction));
  }

  bool isUsedOutside(Value y) const {
    return llvm::any_of(y.getUsers(), [&](Operation *user) { return !members.contains(inBlock(user)); });
  }

  /// The op beside the members in which a user stands.
  Operation *inBlock(Operation *user) const { return members.front().first->getBlock()->findAncestorOpInBlock(*user); }

  /// What a member or another op of the block reads, in its regions too.
  static SetVector<Value> readBy(Operation *op) {
    SetVector<Value> read(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), read);
    return read;
  }

  /// Whether an array has another size than what is read anyway, in more than a few elements for a row.
  bool isLarge(Value y) const {
    auto axis = axes.find(y);
    if (axis == axes.end() || cast<RankedTensorType>(y.getType()).getRank() < 2)
      return false;
    Sizes sizes = madeSizes(y);
    SmallVector<int64_t> row(cast<RankedTensorType>(y.getType()).getShape());
    row.erase(row.begin() + axis->second);
    if (!ShapedType::isDynamicShape(row) && ShapedType::getNumElements(row) <= fewElements)
      return false;
    return llvm::none_of(members, [&](auto &member) {
      auto generic = dyn_cast<GenericOp>(member.first);
      return generic && llvm::any_of(generic.getDpsInputOperands(), [&](OpOperand *x) {
               return !members.contains(x->get().getDefiningOp()) && sizesIn(generic, x) == sizes;
             });
    });
  }

  /// The sizes of an operand as far as those of the results tell them.
  static Sizes sizesIn(GenericOp op, OpOperand *x) {
    Sizes known(op.getNumLoops()), sizes;
    for (OpResult y : op->getResults()) {
      AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(y.getResultNumber()));
      for (auto [expr, size] : llvm::zip(map.getResults(), madeSizes(y)))
        if (auto loop = dyn_cast<AffineDimExpr>(expr))
          known[loop.getPosition()] = size;
    }
    for (AffineExpr expr : op.getMatchingIndexingMap(x).getResults()) {
      auto loop = dyn_cast<AffineDimExpr>(expr);
      sizes.push_back(loop ? known[loop.getPosition()] : OpFoldResult());
    }
    return sizes;
  }

  /// Leaves out what comes last and reads nothing large: it does not matter where that is computed.
  void prune() {
    auto all = llvm::to_vector(llvm::make_first_range(members));
    for (Operation *op : llvm::reverse(all)) {
      bool isNeeded = (isa<CheckOp>(op) && op != members.back().first) ||
                      llvm::any_of(op->getUsers(), [&](Operation *user) { return members.contains(inBlock(user)); }) ||
                      llvm::any_of(readBy(op), [&](Value x) { return isLarge(x); });
      if (isNeeded)
        continue;
      for (Value y : op->getResults())
        axes.erase(y);
      members.erase(op);
      behind.push_back(op);
    }
    llvm::sort(behind, [](Operation *x, Operation *z) { return x->isBeforeInBlock(z); });
  }

  static Value rowElements(OpBuilder &b, Location loc, Value y, int64_t axis) {
    Value count = arith::ConstantIndexOp::create(b, loc, 1);
    for (auto [i, size] : llvm::enumerate(madeSizes(y)))
      if (int64_t(i) != axis)
        count = b.createOrFold<arith::MulIOp>(loc, count, getValueOrCreateConstantIndexOp(b, loc, size));
    return count;
  }

  void tile(OpBuilder &b, GenericOp op, unsigned row) {
    SmallVector<Value> inputs, inits;
    SmallVector<Type> types;
    for (OpOperand &x : op->getOpOperands()) {
      int64_t axis = *axisOf(op.getMatchingIndexingMap(&x), row);
      bool isSum = op.isDpsInit(&x) && axis < 0;
      Value own = isSum ? tiles[op.getTiedOpResult(&x)] : axis < 0 ? x.get() : tileOf(b, x.get(), axis);
      (op.isDpsInit(&x) ? inits : inputs).push_back(own);
      if (op.isDpsInit(&x))
        types.push_back(own.getType());
    }
    auto copy = GenericOp::create(b, op.getLoc(), types, inputs, inits, op.getIndexingMapsArray(), op.getIteratorTypesArray());
    cloneBody(op, copy, row);
    for (auto [y, own] : llvm::zip(op.getResults(), copy.getResults()))
      tiles[y] = own;
  }

  void tile(OpBuilder &b, scf::ForOp loop) {
    Location loc = loop.getLoc();
    Value end = size;
    if (auto choice = loop.getUpperBound().getDefiningOp<arith::SelectOp>())
      end = arith::SelectOp::create(b, loc, choice.getCondition(), choice.getTrueValue(), size);
    SmallVector<Value> starts = llvm::map_to_vector(loop->getResults(), [&](Value y) { return tiles[y]; });
    auto copy = scf::ForOp::create(b, loc, loop.getLowerBound(), end, loop.getStep(), starts,
                                   [&](OpBuilder &b, Location loc, Value row, ValueRange carried) {
                                     IRMapping values;
                                     values.map(loop.getInductionVar(), arith::AddIOp::create(b, loc, row, begin));
                                     values.map(loop.getRegionIterArgs(), carried);
                                     for (Operation &op : *loop.getBody())
                                       b.clone(op, values);
                                   });
    copy.getBody()->walk([&](tensor::ExtractOp read) {
      auto axis = axes.find(read.getTensor());
      if (axis == axes.end())
        return;
      read.getIndicesMutable()[axis->second].set(copy.getInductionVar());
      read.getTensorMutable().set(tiles[read.getTensor()]);
    });
    for (auto [y, own] : llvm::zip(loop.getResults(), copy.getResults()))
      tiles[y] = own;
  }

  void tile(OpBuilder &b, OffsetSizeAndStrideOpInterface slice, int64_t axis) {
    Sizes sizes = slice.getMixedSizes();
    sizes[axis] = size;
    Location loc = slice.getLoc();
    Value part = tileOf(b, slice->getOperand(0), axis), own;
    if (auto insertion = dyn_cast<tensor::InsertSliceOp>(*slice)) {
      Value whole = tileOf(b, insertion.getDest(), axis);
      own = tensor::InsertSliceOp::create(b, loc, part, whole, slice.getMixedOffsets(), sizes, slice.getMixedStrides());
    } else {
      own = tensor::ExtractSliceOp::create(b, loc, part, slice.getMixedOffsets(), sizes, slice.getMixedStrides());
    }
    tiles[slice->getResult(0)] = own;
  }

  void tile(OpBuilder &b, CheckOp check) {
    IRMapping values;
    for (Value x : check->getOperands())
      if (isa<RankedTensorType>(x.getType()))
        values.map(x, tileOf(b, x, 0));
    b.clone(*check, values);
  }

  /// An array's part for the tile: of a member, from outside, or made anew where that is no work.
  Value tileOf(OpBuilder &b, Value array, int64_t axis) {
    if (Value known = tiles.lookup(array))
      return known;
    Location loc = array.getLoc();
    if (auto empty = array.getDefiningOp<tensor::EmptyOp>()) {
      Sizes sizes = empty.getMixedSizes();
      sizes[axis] = size;
      return tensor::EmptyOp::create(b, loc, sizes, empty.getType().getElementType());
    }
    if (GenericOp constant = constantOf(array)) {
      Value place = tileOf(b, constant.getDpsInits()[0], axis);
      auto copy = GenericOp::create(b, loc, place.getType(), {}, place, constant.getIndexingMapsArray(), constant.getIteratorTypesArray());
      auto loop = cast<AffineDimExpr>(constant.getIndexingMapsArray()[0].getResult(axis));
      cloneBody(constant, copy, loop.getPosition());
      return copy.getResult(0);
    }
    auto insertion = array.getDefiningOp<tensor::InsertSliceOp>();
    if (insertion && insertion.getDest().getDefiningOp<tensor::EmptyOp>() && constantOf(insertion.getSource()) &&
        insertion.getDroppedDims().none() && isOfAllRows(insertion, axis)) {
      tile(b, cast<OffsetSizeAndStrideOpInterface>(*insertion), axis);
      return tiles[array];
    }
    Sizes sizes = tensor::getMixedSizes(b, loc, array), offsets(sizes.size(), b.getIndexAttr(0)), strides(sizes.size(), b.getIndexAttr(1));
    offsets[axis] = begin;
    sizes[axis] = size;
    return tensor::ExtractSliceOp::create(b, loc, array, offsets, sizes, strides);
  }

  Value insert(OpBuilder &b, Location loc, Value part, Value whole, int64_t axis, Sizes sizes) {
    Sizes offsets(sizes.size(), b.getIndexAttr(0)), strides(sizes.size(), b.getIndexAttr(1));
    offsets[axis] = begin;
    sizes[axis] = size;
    return tensor::InsertSliceOp::create(b, loc, part, whole, offsets, sizes, strides);
  }

  /// The number of a row is within the tile.
  void cloneBody(GenericOp op, GenericOp copy, unsigned row) {
    IRMapping values;
    op.getRegion().cloneInto(&copy.getRegion(), values);
    SmallVector<linalg::IndexOp> indices;
    copy->walk([&](linalg::IndexOp index) {
      if (index.getDim() == row)
        indices.push_back(index);
    });
    for (linalg::IndexOp index : indices) {
      OpBuilder b(index->getContext());
      b.setInsertionPointAfter(index);
      auto moved = arith::AddIOp::create(b, index.getLoc(), index, begin);
      index.getResult().replaceAllUsesExcept(moved, moved);
    }
    copy->walk([&](tensor::ExtractOp read) {
      auto axis = axes.find(read.getTensor());
      if (axis == axes.end())
        return;
      OpBuilder b(read);
      read.getIndicesMutable()[axis->second].set(linalg::IndexOp::create(b, read.getLoc(), row));
      read.getTensorMutable().set(tiles[read.getTensor()]);
    });
  }

  OpFoldResult rows;
  bool hasCheck = false;                          ///< only one: of several the first that fails is to be told
  llvm::MapVector<Operation *, unsigned> members; ///< with the loop over the rows
  llvm::MapVector<Value, int64_t> axes;           ///< of the rows, in a member's result; none in a sum over them
  SmallVector<Operation *> behind;                ///< what needs results of members, in the order of the program
  Value begin, size;
  llvm::DenseMap<Value, Value> tiles; ///< of what is computed so far
};

struct StreamRows : impl::StreamRowsBase<StreamRows> {
  void runOnOperation() override {
    SmallVector<Block *> blocks;
    getOperation()->walk([&](Block *block) {
      if (!isa<GenericOp>(block->getParentOp()))
        blocks.push_back(block);
    });
    for (Block *block : blocks)
      while (streamOne(*block))
        ;
  }

  static bool streamOne(Block &block) {
    for (GenericOp op : block.getOps<GenericOp>()) {
      if (!isOuter(op))
        continue;
      Stream stream(op);
      if (!stream.pays())
        continue;
      stream.build();
      return true;
    }
    return false;
  }
};
} // namespace
} // namespace tl
