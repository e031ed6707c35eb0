// Tensors at the border of effects, before bufferization.
#include "passes/Passes.h"
#include "mlir_gen/dialect/Dialect.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
namespace tl {
#define GEN_PASS_DEF_BRIDGEEFFECTS
#include "passes/Passes.h.inc"
} // namespace tl
using namespace mlir;
namespace {
struct BridgeEffects : tl::impl::BridgeEffectsBase<BridgeEffects> {
  static MemRefType flat(Type t) {
    auto r = cast<RankedTensorType>(t);
    return MemRefType::get(r.getShape(), r.getElementType());
  }
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<tl::FormatOp, tl::CheckOp, tl::LoadOp, tl::SaveOp>(op)) ops.push_back(op);
    });
    for (Operation *op : ops) {
      OpBuilder b(op);
      for (OpOperand &o : op->getOpOperands())
        if (isa<TensorType>(o.get().getType())) {
          Value m = bufferization::ToBufferOp::create(b, op->getLoc(), flat(o.get().getType()), o.get(), true);
          o.set(UnrealizedConversionCastOp::create(b, op->getLoc(), o.get().getType(), m).getResult(0));
        }
      b.setInsertionPointAfter(op);
      for (Value r : op->getResults())
        if (isa<TensorType>(r.getType())) {
          auto c = UnrealizedConversionCastOp::create(b, op->getLoc(), flat(r.getType()), r);
          Value t = bufferization::ToTensorOp::create(b, op->getLoc(), r.getType(), c.getResult(0), true, true);
          r.replaceAllUsesExcept(t, c);
        }
    }
  }
};
} // namespace
