// Tensors -> buffers. What one-shot-bufferize would do, with double buffers for what loops carry: see Note [Tokens] in Placement.h.
#include "passes/Passes.h"
#include "passes/Placement.h"
#include "passes/RuntimeCalls.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace tl {
#define GEN_PASS_DEF_PLACE
#include "passes/Passes.h.inc"
} // namespace tl

using namespace mlir;

namespace {
struct Place : tl::impl::PlaceBase<Place> {
  using PlaceBase::PlaceBase;
  void runOnOperation() override {
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (!function.isExternal())
        tl::place::Placer(getOperation(), naive).run(function);
    tl::declareRuntime(getOperation());
  }
};
} // namespace
