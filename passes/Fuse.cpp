// Generics that can be one kernel become one. Which do:
//
//   - A producer whose results have more elements than each of the arrays it reads (a broadcast, an iota, a constant) is never stored if
//     generics use it: each gets a copy of it.
//   - Any other elementwise producer is fused into its consumer if that is the only one and reads each element once; else it is stored.
//
// A consumer keeps its loops (Note [Order of sums]), and bodies are put together as they are, so that no bit of a result changes.
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Passes.h"

using namespace mlir;
using linalg::GenericOp;

namespace tl {
#define GEN_PASS_DEF_FUSE
#include "passes/Passes.h.inc"

namespace {
/// Whether the results have more elements than each array that is read. What is read at places of the body's own counts as large.
bool grows(GenericOp op) {
  bool reads = op.getRegion().walk([](tensor::ExtractOp) { return WalkResult::interrupt(); }).wasInterrupted();
  return !reads && llvm::all_of(op.getDpsInputOperands(),
                                [&](OpOperand *x) { return op.getMatchingIndexingMap(x).getNumResults() < op.getNumLoops(); });
}

/// Whether nothing is computed, only passed on.
bool isTrivial(GenericOp op) { return llvm::hasSingleElement(*op.getBody()); }

/// Whether each element is read once: other loops than those over the array have one iteration.
bool readsOnce(GenericOp op, OpOperand &use) {
  AffineMap map = op.getMatchingIndexingMap(&use);
  return map.isProjectedPermutation() && llvm::all_of(llvm::enumerate(op.getStaticLoopRanges()),
                                                      [&](auto loop) { return map.isFunctionOfDim(loop.index()) || loop.value() == 1; });
}

bool mayFuse(GenericOp producer, OpOperand &use) {
  auto consumer = cast<GenericOp>(use.getOwner());
  bool once = readsOnce(consumer, use) && producer->getBlock() == consumer->getBlock();
  if (grows(producer))
    return once || isTrivial(producer);
  return once && llvm::all_of(producer->getUsers(), [&](Operation *user) { return user == consumer; });
}

/// The op without operands that it reads twice or not at all, so that a producer counts as used where it is.
GenericOp compact(RewriterBase &rewriter, GenericOp op) {
  Block *body = op.getBody();
  llvm::BitVector dropped(body->getNumArguments());
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<Value> inputs(op.getInputs());
  auto coversLoops = [&] {
    SmallVector<AffineMap> kept;
    for (auto [i, map] : llvm::enumerate(maps))
      if (!dropped.test(i))
        kept.push_back(map);
    return bool(inversePermutation(concatAffineMaps(kept, op.getContext())));
  };
  for (unsigned i = 0; i < inputs.size(); ++i) {
    for (unsigned k = 0; k < i && !dropped.test(i); ++k)
      if (inputs[k] == inputs[i] && maps[k] == maps[i] && !dropped.test(k)) {
        rewriter.replaceAllUsesWith(body->getArgument(i), body->getArgument(k));
        dropped.set(i);
      }
    if (dropped.test(i) || !body->getArgument(i).use_empty())
      continue;
    dropped.set(i);
    if (!coversLoops())
      dropped.reset(i);
  }
  if (dropped.none())
    return op;
  SmallVector<Value> keptInputs;
  SmallVector<AffineMap> keptMaps;
  for (auto [i, map] : llvm::enumerate(maps))
    if (!dropped.test(i)) {
      keptMaps.push_back(map);
      if (i < inputs.size())
        keptInputs.push_back(inputs[i]);
    }
  rewriter.setInsertionPoint(op);
  auto smaller =
      GenericOp::create(rewriter, op.getLoc(), op.getResultTypes(), keptInputs, op.getOutputs(), keptMaps, op.getIteratorTypesArray());
  body->eraseArguments(dropped);
  rewriter.inlineRegionBefore(op.getRegion(), smaller.getRegion(), smaller.getRegion().begin());
  rewriter.replaceOp(op, smaller.getResults());
  return smaller;
}

struct Fuse : impl::FuseBase<Fuse> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    tidy(rewriter);
    getOperation().walk<WalkOrder::PreOrder>([&](GenericOp op) { consumers.push_back(op); });
    // In program order, so that a producer has taken in its own producers before it is looked at.
    for (GenericOp &op : consumers)
      if (op)
        fuseInto(rewriter, op);
    tidy(rewriter);
    consumers.clear();
  }

  void tidy(IRRewriter &rewriter) {
    (void)runRegionDCE(rewriter, getOperation()->getRegions());
    DominanceInfo dominance(getOperation());
    eliminateCommonSubExpressions(rewriter, dominance, getOperation());
  }

  /// Replaces `consumer` by one that has taken in what it may.
  void fuseInto(IRRewriter &rewriter, GenericOp &consumer) {
    consumer = compact(rewriter, consumer);
    for (bool changed = true; changed;) {
      changed = false;
      for (OpOperand *use : consumer.getDpsInputOperands()) {
        auto producer = use->get().getDefiningOp<GenericOp>();
        if (producer && mayFuse(producer, *use) && fuse(rewriter, producer, *use, consumer)) {
          changed = true;
          break;
        }
      }
    }
  }

  /// Fuses a copy of `producer` that only `use` knows: what else uses the original goes on doing so.
  bool fuse(IRRewriter &rewriter, GenericOp producer, OpOperand &use, GenericOp &consumer) {
    if (!linalg::areElementwiseOpsFusable(&use))
      return false;
    Value old = use.get();
    rewriter.setInsertionPoint(consumer);
    auto copy = cast<GenericOp>(rewriter.clone(*producer));
    use.set(copy->getResult(cast<OpResult>(old).getResultNumber()));
    FailureOr<linalg::ElementwiseOpFusionResult> fused = linalg::fuseElementwiseOps(rewriter, &use);
    if (succeeded(fused)) {
      for (Value result : consumer->getResults())
        rewriter.replaceAllUsesWith(result, fused->replacements.lookup(result));
      rewriter.eraseOp(consumer);
      consumer = compact(rewriter, cast<GenericOp>(fused->fusedOp));
    } else {
      use.set(old);
    }
    rewriter.eraseOp(copy);
    // One that is not needed any more must not count as a consumer of its own producers. Bodies have no effects, whatever they call.
    if (producer.use_empty()) {
      if (GenericOp *entry = llvm::find(consumers, producer); entry != consumers.end())
        *entry = {};
      rewriter.eraseOp(producer);
    }
    return succeeded(fused);
  }

  SmallVector<GenericOp> consumers; ///< all generics in program order; null where one has gone
};
} // namespace
} // namespace tl
