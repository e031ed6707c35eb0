// Composites (mean, softmax, logsumexp, ...) -> simpler ops, as each says itself.
#include "mlir_gen/dialect/Dialect.h"
#include "passes/Passes.h"

using namespace mlir;

namespace tl {
#define GEN_PASS_DEF_EXPAND
#include "passes/Passes.h.inc"

namespace {
struct Expand : impl::ExpandBase<Expand> {
  void runOnOperation() override {
    getOperation().walk([](Expandable op) {
      OpBuilder b(op);
      op->replaceAllUsesWith(op.expand(b));
      op->erase();
    });
  }
};
} // namespace
} // namespace tl
