// Tensors -> buffers. What one-shot-bufferize would do, with double buffers for what loops carry: see Note [Tokens] in Placement.h.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "passes/Kernels.h"
#include "passes/Passes.h"
#include "passes/Placement.h"
#include "passes/RuntimeCalls.h"

namespace tl {
#define GEN_PASS_DEF_PLACE
#include "passes/Passes.h.inc"
} // namespace tl

using namespace mlir;
using linalg::GenericOp;

namespace {
/// Makes constant arrays that an op accumulates in right before the op: a fill costs less than a copy of one that was shared or hoisted.
void fillWhereUsed(func::FuncOp function) {
  SmallVector<OpOperand *> starts;
  function.walk([&](GenericOp op) {
    for (OpOperand &init : op.getDpsInitsMutable()) {
      auto fill = init.get().getDefiningOp<GenericOp>();
      if (fill && fill.getNumDpsInputs() == 0 && fill->getNumResults() == 1 && tl::place::needsContent(op, &init))
        starts.push_back(&init);
    }
  });
  for (OpOperand *start : starts) {
    Operation *fill = start->get().getDefiningOp();
    start->set(OpBuilder(start->getOwner()).clone(*fill)->getResult(0));
    if (fill->use_empty())
      fill->erase();
  }
}

/// Makes an insertion follow what it inserts, if nothing else wants the array as it was before: then the part can be computed in the array.
/// A check that stands between them may be what keeps the part inside.
void insertWhereMade(func::FuncOp function) {
  DominanceInfo dominance(function);
  function.walk([&](tensor::InsertSliceOp insert) {
    auto part = insert.getSource().getDefiningOp<GenericOp>();
    Value dest = insert.getDest();
    bool isFree = dest.getDefiningOp<tensor::EmptyOp>() || (dest.getDefiningOp<tensor::InsertSliceOp>() && dest.hasOneUse());
    if (!part || part->getBlock() != insert->getBlock() || !part->hasOneUse() || !isFree)
      return;
    Operation *next = part->getNextNode();
    auto between = llvm::make_range(next->getIterator(), insert->getIterator());
    if (llvm::all_of(between, [](Operation &op) { return isMemoryEffectFree(&op); }) &&
        llvm::all_of(insert->getOperands(), [&](Value v) { return dominance.properlyDominates(v, next); }))
      insert->moveBefore(next);
  });
}

/// Reads a part of an array from the latest one that still has it, where only other parts have been replaced: to read it from an earlier
/// one would keep that, and copy it before the next part is replaced.
void readLatest(func::FuncOp function) {
  function.walk([&](tensor::ExtractSliceOp extract) {
    Block *block = extract->getBlock();
    auto isBeforeUses = [&](Operation *op) {
      return llvm::all_of(extract->getUsers(), [&](Operation *user) {
        Operation *own = block->findAncestorOpInBlock(*user);
        return own && op->isBeforeInBlock(own);
      });
    };
    for (bool moved = true; moved;) {
      moved = false;
      for (OpOperand &use : extract.getSource().getUses()) {
        auto insert = dyn_cast<tensor::InsertSliceOp>(use.getOwner());
        if (!insert || &use != &insert.getDestMutable() || insert->getBlock() != block || !tl::areDisjoint(insert, extract) ||
            !isBeforeUses(insert))
          continue;
        extract.getSourceMutable().set(insert.getResult());
        if (extract->isBeforeInBlock(insert))
          extract->moveAfter(insert);
        moved = true;
        break;
      }
    }
  });
}

struct Place : tl::impl::PlaceBase<Place> {
  using PlaceBase::PlaceBase;
  void runOnOperation() override {
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (!function.isExternal()) {
        fillWhereUsed(function);
        insertWhereMade(function);
        readLatest(function);
        tl::place::Placer(getOperation(), naive).run(function);
      }
    tl::declareRuntime(getOperation());
  }
};
} // namespace
