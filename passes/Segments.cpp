// A loop marked `@checkpoint` -> a loop over segments of about as many steps as there are segments: the reverse keeps a state for each
// segment, and those within one while it goes through that.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Derivatives.h"

using namespace mlir;

namespace tl {
static void split(scf::ForOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  Value zero = index(b, loc, 0), one = index(b, loc, 1);
  Value length = b.createOrFold<arith::SubIOp>(loc, op.getUpperBound(), op.getLowerBound());
  Value trips = arith::MaxSIOp::create(b, loc, b.createOrFold<arith::CeilDivSIOp>(loc, length, op.getStep()), zero);
  Val count(b, loc, arith::IndexCastOp::create(b, loc, b.getI64Type(), trips));
  Val root = convert(sqrt(convert(count, b.getF64Type())), b.getI64Type()); // however it is rounded
  Value segment = arith::AddIOp::create(b, loc, arith::IndexCastOp::create(b, loc, b.getIndexType(), root.v), one);
  auto sized = [&](OpBuilder &b, ValueRange values) {
    SmallVector<Value> all;
    for (auto [value, init] : llvm::zip(values, op.getInitArgs()))
      all.push_back(sizedLike(b, value, init));
    return all;
  };
  auto outer =
      scf::ForOp::create(b, loc, zero, trips, segment, op.getInitArgs(), [&](OpBuilder &b, Location loc, Value first, ValueRange states) {
        Value end = arith::MinSIOp::create(b, loc, arith::AddIOp::create(b, loc, first, segment), trips);
        auto inner =
            scf::ForOp::create(b, loc, first, end, one, sized(b, states), [&](OpBuilder &b, Location loc, Value step, ValueRange args) {
              IRMapping copies;
              Value scaled = b.createOrFold<arith::MulIOp>(loc, step, op.getStep());
              copies.map(op.getInductionVar(), b.createOrFold<arith::AddIOp>(loc, scaled, op.getLowerBound()));
              copies.map(op.getRegionIterArgs(), args);
              for (Operation &inside : op.getBody()->without_terminator())
                b.clone(inside, copies);
              scf::YieldOp::create(b, loc, llvm::map_to_vector(op.getYieldedValues(), [&](Value y) { return copies.lookupOrDefault(y); }));
            });
        scf::YieldOp::create(b, loc, sized(b, inner.getResults()));
      });
  op.replaceAllUsesWith(outer.getResults());
  op.erase();
}

bool splitIntoSegments(func::FuncOp function) {
  SmallVector<scf::ForOp> marked;
  function.walk<WalkOrder::PostOrder>([&](scf::ForOp loop) {
    if (loop->hasAttr("tl.checkpoint") && loop.getNumResults())
      marked.push_back(loop);
  });
  llvm::for_each(marked, split);
  return !marked.empty();
}
} // namespace tl
