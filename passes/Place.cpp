// Tensors -> buffers. What one-shot-bufferize would do, with double buffers for what loops carry: see Note [Tokens] in Placement.h.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Passes.h"
#include "passes/Placement.h"
#include "passes/RuntimeCalls.h"

namespace tl {
#define GEN_PASS_DEF_PLACE
#include "passes/Passes.h.inc"
} // namespace tl

using namespace mlir;

namespace {
/// Makes constant arrays that an op accumulates in right before the op: a fill costs less than a copy of one that was shared or hoisted.
void fillWhereUsed(func::FuncOp function) {
  SmallVector<OpOperand *> starts;
  function.walk([&](linalg::GenericOp op) {
    for (OpOperand &init : op.getDpsInitsMutable()) {
      auto fill = init.get().getDefiningOp<linalg::GenericOp>();
      if (fill && fill.getNumDpsInputs() == 0 && fill->getNumResults() == 1 && op.payloadUsesValueFromOperand(&init))
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

struct Place : tl::impl::PlaceBase<Place> {
  using PlaceBase::PlaceBase;
  void runOnOperation() override {
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (!function.isExternal()) {
        fillWhereUsed(function);
        tl::place::Placer(getOperation(), naive).run(function);
      }
    tl::declareRuntime(getOperation());
  }
};
} // namespace
