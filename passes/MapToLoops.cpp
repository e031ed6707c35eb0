// A map that cannot be lifted: loops over its extents, whose carried arrays receive one element (or row) after another.
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir_gen/dialect/Dialect.h"
#include "passes/Chunks.h"
#include "passes/Transforms.h"

using namespace mlir;

namespace tl {
/// `array` with `part` at `indices` of its leading axes.
static Value put(OpBuilder &b, Location loc, Value array, ArrayRef<Value> sizes, ValueRange indices, Value part) {
  SmallVector<Value> offsets(indices), ones(indices.size(), index(b, loc, 1));
  offsets.resize(sizes.size(), index(b, loc, 0));
  llvm::append_range(ones, sizes.drop_front(indices.size()));
  return UpdateOp::create(b, loc, array, offsets, ones, part, SmallVector<int64_t>(sizes.size(), 1), axesUpTo(indices.size()), false,
                          /*here=*/true);
}

/// Whether something in `op` or in what it calls has to happen in order: output and input. A trap has not, the first in order is reported.
static bool hasOrder(Operation *op, SmallPtrSetImpl<Operation *> &seen) {
  auto result = op->walk([&](Operation *inner) {
    if (isa<PrintOp, SaveOp, LoadOp>(inner))
      return WalkResult::interrupt();
    if (auto call = dyn_cast<func::CallOp>(inner)) {
      Operation *callee = SymbolTable::lookupNearestSymbolFrom(call, call.getCalleeAttr());
      if (!callee || (seen.insert(callee).second && hasOrder(callee, seen)))
        return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return result.wasInterrupted();
}

LogicalResult mapToLoops(MapOp map) {
  OpBuilder b(map);
  Location loc = map.getLoc();
  SmallVector<SmallVector<Value>> sizes;
  SmallVector<Value> arrays;
  for (Value result : map.getResults()) {
    sizes.push_back(sizesOf(b, result));
    arrays.push_back(EmptyOp::create(b, loc, sizes.back(), elementOf(result)));
  }
  SmallVector<Value> zeros(map.getExtents().size(), index(b, loc, 0)), ones(map.getExtents().size(), index(b, loc, 1)),
      extents(map.getExtents());
  scf::LoopNest nest =
      scf::buildLoopNest(b, loc, zeros, extents, ones, arrays, [&](OpBuilder &b, Location loc, ValueRange indices, ValueRange carried) {
        IRMapping copies;
        copies.map(map.indices(), indices);
        for (Operation &op : map.getBody().front().without_terminator())
          b.clone(op, copies);
        SmallVector<Value> next;
        for (auto [array, size, value] : llvm::zip(carried, sizes, map.yielded()))
          next.push_back(put(b, loc, array, size, indices, copies.lookupOrDefault(value)));
        return next;
      });
  auto size = [&](ValueRange values) {
    for (auto [value, all] : llvm::zip(values, sizes)) {
      auto sized = SizedOp::create(b, loc, value, all);
      value.replaceAllUsesExcept(sized, sized);
    }
  };
  for (scf::ForOp loop : nest.loops) { // an inner loop begins with what the outer one carries, which goes on with what the inner one gives
    b.setInsertionPointToStart(loop.getBody());
    size(loop.getRegionIterArgs());
    if (loop == nest.loops.front())
      continue;
    b.setInsertionPointAfter(loop);
    size(loop.getResults());
  }
  b.setInsertionPoint(map);
  SmallPtrSet<Operation *, 4> seen;
  if (!nest.loops.empty() && !hasOrder(map, seen))
    nest.loops.front()->setDiscardableAttr(independentName, b.getUnitAttr());
  for (auto [result, array, size] : llvm::zip(map.getResults(), nest.results, sizes))
    result.replaceAllUsesWith(SizedOp::create(b, loc, array, size));
  map.erase();
  return success();
}
} // namespace tl
