// What is known of masks, and which ops make some: those that choose among floats.
#include "passes/Masks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Transforms.h"

using namespace mlir;

namespace tl {
Val constantMask(OpBuilder &b, Location loc, bool taken) { return Val(b, loc, arith::ConstantOp::create(b, loc, b.getBoolAttr(taken))); }

Val maskOf(OpBuilder &b, const Adjoints &adjoints, Value x) {
  Value mask = adjoints.mask(x);
  return mask ? Val(b, x.getLoc(), mask) : constantMask(b, x.getLoc(), bool(adjoints.get(x)));
}

Value wholeMask(OpBuilder &b, const Adjoints &adjoints, Value x, Value like) { return broadcastLike(maskOf(b, adjoints, x), like).v; }

Taken takenOf(const Adjoints &adjoints, Value x) {
  Value mask = adjoints.mask(x);
  return !adjoints.get(x) ? Taken::AsAWhole : !mask ? Taken::Unknown : isTensor(mask) ? Taken::ElementForElement : Taken::AsAWhole;
}

static bool chooses(Operation *op, llvm::SmallPtrSetImpl<Operation *> &seen) {
  auto result = op->walk([&](Operation *inner) {
    if (isa<SelectOp, scf::IfOp>(inner) && llvm::any_of(inner->getResults(), [](Value y) { return isFloat(y); }))
      return WalkResult::interrupt();
    auto call = dyn_cast<func::CallOp>(inner);
    func::FuncOp callee = call ? calleeOf(call) : func::FuncOp();
    return callee && seen.insert(callee).second && chooses(callee, seen) ? WalkResult::interrupt() : WalkResult::advance();
  });
  return result.wasInterrupted();
}

bool chooses(Operation *op) {
  llvm::SmallPtrSet<Operation *, 4> seen;
  return chooses(op, seen);
}

namespace {
/// Follows a value to the results of its function.
class Ways {
public:
  bool toResults(func::FuncOp function, unsigned argument) {
    Value x = function.getArgument(argument);
    if (seen.insert(x).second) // a call of itself is taken to take what it takes elsewhere
      through[x] = fromBlock(x, &function.getBody().front());
    auto known = through.find(x);
    return known == through.end() || known->second;
  }

private:
  llvm::DenseSet<Value> seen;
  llvm::DenseMap<Value, bool> through;

  bool from(Value y) {
    if (!isFloat(y))
      return false;
    if (seen.insert(y).second)
      through[y] = fromBlock(y, y.getParentBlock());
    return through.lookup(y);
  }
  /// By what stands in `block`, or in regions there.
  bool fromBlock(Value x, Block *block) {
    return llvm::any_of(x.getUses(), [&](OpOperand &use) {
      Operation *op = block->findAncestorOpInBlock(*use.getOwner());
      return op && fromUse(x, use, op);
    });
  }
  bool fromUse(Value x, OpOperand &use, Operation *op) {
    if (op->hasTrait<OpTrait::IsTerminator>())
      return isa<func::ReturnOp>(op) || llvm::any_of(op->getParentOp()->getResults(), [&](Value y) { return from(y); });
    if (op != use.getOwner()) // in its regions: an `if` has to take it on both sides
      return llvm::all_of(op->getRegions(), [&](Region &region) {
        return (region.empty() ? false : fromBlock(x, &region.front())) || (isa<scf::WhileOp>(op) && &region == &op->getRegion(0));
      });
    if (isa<SelectOp>(op))
      return false;
    auto call = dyn_cast<func::CallOp>(op);
    func::FuncOp callee = call ? calleeOf(call) : func::FuncOp();
    if (callee && !toResults(callee, use.getOperandNumber()))
      return false;
    return llvm::any_of(op->getResults(), [&](Value y) { return from(y); });
  }
};
} // namespace

bool takesAlways(func::CallOp call, unsigned i) { return Ways().toResults(calleeOf(call), i); }
} // namespace tl
