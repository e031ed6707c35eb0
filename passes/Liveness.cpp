// Liveness by uses: which tensors may still be read after an op of a structured program.
#include "passes/Liveness.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;

/// Whether `use` may run after `op`, both being inside the block `home`.
static bool runsAfter(Operation *use, Operation *op, Block *home) {
  while (true) {
    Operation *useAt = home->findAncestorOpInBlock(*use), *opAt = home->findAncestorOpInBlock(*op);
    if (useAt != opAt)
      return opAt->isBeforeInBlock(useAt);
    if (opAt == op || useAt == use) // The use is inside `op`, or is the start of the op around it.
      return false;
    if (isa<LoopLikeOpInterface>(opAt))
      return true;
    Region *useIn = opAt->getRegion(0).getParentRegion(), *opIn = useIn;
    for (Region &region : opAt->getRegions()) {
      if (region.isAncestor(use->getParentRegion()))
        useIn = &region;
      if (region.isAncestor(op->getParentRegion()))
        opIn = &region;
    }
    if (useIn != opIn) // Two branches of one `if`.
      return false;
    home = &useIn->front();
  }
}

bool tl::place::liveAfter(Value value, Operation *op) {
  Block *home = value.getParentBlock();
  if (!home->findAncestorOpInBlock(*op)) // `op` stands where the value is out of scope.
    return false;
  return llvm::any_of(value.getUsers(), [&](Operation *user) { return runsAfter(user, op, home); });
}

bool tl::place::usedIn(Value value, Operation *op) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) { return op->isAncestor(user); });
}
