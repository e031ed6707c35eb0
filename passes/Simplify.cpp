// Canonical forms. A sum of a product of broadcasts becomes a contraction, which takes transposes and broadcasts of its operands into its
// labels. Adding many equal numbers becomes a multiplication. Both are part of what a program means, so this runs at every optimisation
// level.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir_gen/dialect/Dialect.h"
#include "passes/Passes.h"
#include "passes/Transforms.h"

using namespace mlir;

namespace tl {
#define GEN_PASS_DEF_SIMPLIFY
#include "passes/Passes.h.inc"

namespace {
/// A factor of a product: an array, and for each of its axes the axis of the product that it is.
struct Factor {
  Value x;
  SmallVector<int64_t> labels;

  /// `x` as it is used in an array of `rank` axes, seen through broadcasts and transposes.
  Factor(Value x, ArrayRef<int64_t> labels) : x(x), labels(labels) { look(); }

  bool has(int64_t label) const { return llvm::is_contained(labels, label); }

  void look() {
    while (Operation *op = x.getDefiningOp()) {
      SmallVector<int64_t> inner;
      if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
        for (int64_t axis : broadcast.getAxes())
          inner.push_back(labels[axis]);
      } else if (auto transpose = dyn_cast<TransposeOp>(op)) {
        inner.resize(labels.size());
        for (auto [axis, from] : llvm::enumerate(transpose.getPerm()))
          inner[from] = labels[axis];
      } else {
        return;
      }
      x = op->getOperand(0);
      labels = inner;
    }
  }
};

/// Sums `factor` over those of its labels that `keep` rejects.
void sumAway(Factor &factor, PatternRewriter &b, Location loc, llvm::function_ref<bool(int64_t)> keep) {
  SmallVector<int64_t> axes, labels;
  for (auto [axis, label] : llvm::enumerate(factor.labels)) {
    if (keep(label))
      labels.push_back(label);
    else
      axes.push_back(axis);
  }
  factor.x = sum(Val(b, loc, factor.x), axes).v;
  factor.labels = labels;
}

/// The size of axis `label` of the product, asked of `op`'s array.
Value countOf(PatternRewriter &b, Location loc, ArrayRef<Value> sizes, ArrayRef<int64_t> labels, Type element) {
  Value n;
  for (int64_t label : labels)
    n = n ? b.createOrFold<arith::MulIOp>(loc, n, sizes[label]) : sizes[label];
  return convert(Val(b, loc, arith::IndexCastOp::create(b, loc, b.getI64Type(), n)), element).v;
}

/// Whether a sum of products of two factors is a contraction: without a summed label in both there is nothing to contract. Asked before
/// anything is built, sizes too: what a pattern builds and leaves would make it run again.
bool contracts(const Factor &f, const Factor &g, ArrayRef<int64_t> summed) {
  return llvm::any_of(summed, [&](int64_t label) { return f.has(label) && g.has(label); });
}

/// The product of two factors, summed over `summed`, with the other axes 0 .. |sizes|-1 in order.
Value contractFactors(PatternRewriter &b, Location loc, Factor f, Factor g, ArrayRef<Value> sizes, ArrayRef<int64_t> summed) {
  auto isSummed = [&](int64_t label) { return llvm::is_contained(summed, label); };
  SmallVector<int64_t> result, repeated, nowhere;
  for (int64_t label = 0; label < int64_t(sizes.size()); ++label) {
    bool isThere = f.has(label) || g.has(label);
    if (isSummed(label)) {
      if (!isThere)
        nowhere.push_back(label);
    } else {
      (isThere ? result : repeated).push_back(label);
    }
  }
  sumAway(f, b, loc, [&](int64_t label) { return !isSummed(label) || g.has(label); });
  sumAway(g, b, loc, [&](int64_t label) { return !isSummed(label) || f.has(label); });
  llvm::SmallDenseMap<int64_t, int64_t> renamed;
  auto rename = [&](int64_t label) -> int64_t { return renamed.try_emplace(label, renamed.size()).first->second; };
  llvm::for_each(result, rename);
  SmallVector<int64_t> lhs = llvm::map_to_vector(f.labels, rename), rhs = llvm::map_to_vector(g.labels, rename);
  Val y(b, loc, ContractOp::create(b, loc, f.x, g.x, lhs, rhs, result.size()));
  if (!nowhere.empty())
    y = y * y.like(countOf(b, loc, sizes, nowhere, elementOf(y.v)));
  if (!repeated.empty()) {
    SmallVector<Value> outer;
    SmallVector<int64_t> axes;
    for (int64_t label = 0; label < int64_t(sizes.size()); ++label) {
      if (isSummed(label))
        continue;
      if (!llvm::is_contained(repeated, label))
        axes.push_back(outer.size());
      outer.push_back(sizes[label]);
    }
    y = broadcast(y, outer, axes);
  }
  return y.v;
}

/// sum(a * b) over axes that both have. A factor that is itself computed element by element over all axes stays in the sum: it would have
/// to be stored for a contraction, as large as the product is.
LogicalResult sumOfProduct(ReduceSumOp op, PatternRewriter &b) {
  auto product = op.getX().getDefiningOp<MulOp>();
  if (!product || !isTensor(product.getX()) || !isTensor(product.getZ()))
    return failure();
  SmallVector<int64_t> all = axesUpTo(rankOf(product));
  Factor f(product.getX(), all), g(product.getZ(), all);
  auto isLarge = [&](const Factor &x) { return x.labels.size() == all.size() && isa_and_nonnull<Scalarizable>(x.x.getDefiningOp()); };
  if (isLarge(f) || isLarge(g) || !contracts(f, g, op.getAxes()))
    return failure();
  b.replaceOp(op, contractFactors(b, op.getLoc(), f, g, sizesOf(b, product), op.getAxes()));
  return success();
}

/// Transposes and broadcasts of a contraction's operands go into its labels.
LogicalResult contractOfMoved(ContractOp op, PatternRewriter &b) {
  Factor f(op.getA(), op.getLhs()), g(op.getB(), op.getRhs());
  if (f.x == op.getA() && g.x == op.getB())
    return failure();
  int64_t count = op.getRank();
  SmallVector<int64_t> summed;
  for (int64_t label : op.getLhs())
    if (label >= int64_t(op.getRank()))
      summed.push_back(label);
  llvm::sort(summed);
  if (!contracts(f, g, summed))
    return failure();
  for (int64_t label : llvm::concat<const int64_t>(op.getLhs(), op.getRhs()))
    count = std::max(count, label + 1);
  SmallVector<Value> sizes(count), a = sizesOf(b, op.getA()), c = sizesOf(b, op.getB());
  for (auto [label, size] : llvm::zip(op.getLhs(), a))
    sizes[label] = size;
  for (auto [label, size] : llvm::zip(op.getRhs(), c))
    sizes[label] = size;
  b.replaceOp(op, contractFactors(b, op.getLoc(), f, g, sizes, summed));
  return success();
}

/// A transposed contraction is a contraction with other labels.
LogicalResult transposeOfContract(TransposeOp op, PatternRewriter &b) {
  auto x = op.getX().getDefiningOp<ContractOp>();
  if (!x || !x->hasOneUse())
    return failure();
  SmallVector<int64_t> places = invertPermutationVector(op.getPerm());
  auto rename = [&](int64_t label) { return label < int64_t(places.size()) ? places[label] : label; };
  b.replaceOpWithNewOp<ContractOp>(op, x.getA(), x.getB(), llvm::map_to_vector(x.getLhs(), rename), llvm::map_to_vector(x.getRhs(), rename),
                                   x.getRank());
  return success();
}

/// A sum of equal numbers is a multiple; what is not repeated is summed before.
LogicalResult sumOfBroadcast(ReduceSumOp op, PatternRewriter &b) {
  auto x = op.getX().getDefiningOp<BroadcastOp>();
  if (!x)
    return failure();
  Location loc = op.getLoc();
  Factor f(x.getX(), x.getAxes());
  SmallVector<int64_t> repeated = llvm::filter_to_vector(op.getAxes(), [&](int64_t axis) { return !f.has(axis); });
  if (repeated.empty())
    return failure();
  SmallVector<Value> sizes(x.getSizes()), outer;
  sumAway(f, b, loc, [&](int64_t label) { return !llvm::is_contained(op.getAxes(), label); });
  Val y(b, loc, f.x);
  y = y * y.like(countOf(b, loc, sizes, repeated, elementOf(y.v)));
  // The axes that remain, of which the operand may have some in another order.
  SmallVector<int64_t> kept = otherAxes(sizes.size(), op.getAxes()), order = axesUpTo(f.labels.size()), axes;
  llvm::sort(order, [&](int64_t i, int64_t j) { return f.labels[i] < f.labels[j]; });
  if (isTensor(y.v))
    y = transpose(y, order);
  for (int64_t axis : kept) {
    if (f.has(axis))
      axes.push_back(outer.size());
    outer.push_back(sizes[axis]);
  }
  b.replaceOp(op, broadcast(y, outer, axes).v);
  return success();
}

/// A transposed sum sums other axes.
LogicalResult sumOfTranspose(ReduceSumOp op, PatternRewriter &b) {
  auto x = op.getX().getDefiningOp<TransposeOp>();
  if (!x)
    return failure();
  SmallVector<int64_t> axes = llvm::map_to_vector(op.getAxes(), [&](int64_t axis) { return x.getPerm()[axis]; });
  SmallVector<int64_t> kept;
  for (auto [axis, from] : llvm::enumerate(x.getPerm()))
    if (!llvm::is_contained(op.getAxes(), int64_t(axis)))
      kept.push_back(from);
  llvm::sort(axes);
  SmallVector<int64_t> rest = otherAxes(x.getPerm().size(), axes);
  SmallVector<int64_t> perm = llvm::map_to_vector(kept, [&](int64_t from) -> int64_t { return llvm::find(rest, from) - rest.begin(); });
  Val y = sum(Val(b, op.getLoc(), x.getX()), axes);
  b.replaceOp(op, isTensor(y.v) ? transpose(y, perm).v : y.v);
  return success();
}

/// What is one of two values from outside whichever side is taken: that value if they are the same, a choice if they are integers. Floats
/// and arrays stay the results of a branch, which derivatives and batches know.
LogicalResult branchOfOutside(scf::IfOp op, PatternRewriter &b) {
  if (op.getNumResults() == 0)
    return failure();
  bool changed = false;
  for (auto [y, x, z] : llvm::zip(op.getResults(), op.thenYield().getOperands(), op.elseYield().getOperands())) {
    auto isOutside = [&](Value v) { return !op->isAncestor(v.getParentBlock()->getParentOp()); };
    if (y.use_empty() || !isOutside(x) || !isOutside(z) || (x != z && !y.getType().isIntOrIndex()))
      continue;
    b.setInsertionPoint(op);
    b.replaceAllUsesWith(y, x == z ? x : arith::SelectOp::create(b, op.getLoc(), op.getCondition(), x, z));
    changed = true;
  }
  return success(changed);
}

/// Nothing runs behind a check that always fails. What stands there goes, since its arrays may have sizes that do not meet, which later
/// passes take for a mistake of ours; what the block gives to the outside becomes zeros.
LogicalResult nothingBehindFailure(CheckOp op, PatternRewriter &b) {
  Block *block = op->getBlock();
  Operation *last = block->getTerminator();
  if (!matchPattern(op.getOk(), m_Zero()) || op->getNextNode() == last)
    return failure();
  b.setInsertionPoint(op);
  for (OpOperand &operand : last->getOpOperands()) {
    Value value = operand.get();
    Operation *def = value.getDefiningOp();
    if (!def || def->getBlock() != block || !op->isBeforeInBlock(def))
      continue;
    Value zero = constant(b, op.getLoc(), getElementTypeOrSelf(value.getType()), 0);
    if (auto type = dyn_cast<RankedTensorType>(value.getType())) {
      SmallVector<Value> sizes(type.getRank(), index(b, op.getLoc(), 0));
      zero = BroadcastOp::create(b, op.getLoc(), zero, sizes, ArrayRef<int64_t>());
    }
    b.modifyOpInPlace(last, [&] { operand.set(zero); });
  }
  for (Operation &dead : llvm::make_early_inc_range(llvm::reverse(*block))) {
    if (&dead == op)
      break;
    if (&dead != last && dead.use_empty())
      b.eraseOp(&dead);
  }
  return success();
}

} // namespace

LogicalResult simplify(Operation *op) {
  MLIRContext *ctx = op->getContext();
  RewritePatternSet patterns(ctx);
  for (Dialect *dialect : ctx->getLoadedDialects())
    dialect->getCanonicalizationPatterns(patterns);
  for (RegisteredOperationName name : ctx->getRegisteredOperations())
    name.getCanonicalizationPatterns(patterns, ctx);
  patterns.add(sumOfProduct)
      .add(contractOfMoved)
      .add(transposeOfContract)
      .add(sumOfBroadcast)
      .add(sumOfTranspose)
      .add(branchOfOutside)
      .add(nothingBehindFailure);
  // A loop keeps carrying arrays of dynamic sizes where it starts from a literal, as its derivative will. `branchOfOutside` makes the
  // choices. What moves from a condition into its loop would leave its sizes behind.
  FrozenRewritePatternSet frozen(std::move(patterns),
                                 {"(anonymous namespace)::ForOpTensorCastFolder", "(anonymous namespace)::ConvertTrivialIfToSelect",
                                  "(anonymous namespace)::CombineNestedIfs", "(anonymous namespace)::WhileMoveIfDown"});
  if (succeeded(applyPatternsGreedily(op, frozen)))
    return success();
  return op->emitError("bug in tlc: the simplifications do not come to an end");
}

namespace {
struct Simplify : impl::SimplifyBase<Simplify> {
  void runOnOperation() override {
    if (failed(simplify(getOperation())))
      signalPassFailure();
  }
};
} // namespace
} // namespace tl
