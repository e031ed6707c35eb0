// Functions that run again -> copies that print and save nothing: a pullback computes the primal of its call once more, and a step back
// that of its step.
#include "passes/Derivatives.h"
#include "passes/Transforms.h"

using namespace mlir;

namespace tl {
static bool writes(func::FuncOp function, llvm::SmallPtrSetImpl<Operation *> &seen) {
  auto result = function.walk([&](Operation *op) {
    if (isa<PrintOp, SaveOp>(op))
      return WalkResult::interrupt();
    auto name = op->getAttrOfType<FlatSymbolRefAttr>("callee");
    auto callee = name ? function->getParentOfType<ModuleOp>().lookupSymbol<func::FuncOp>(name.getAttr()) : func::FuncOp();
    return callee && seen.insert(callee).second && writes(callee, seen) ? WalkResult::interrupt() : WalkResult::advance();
  });
  return result.wasInterrupted();
}

func::FuncOp silent(func::FuncOp function) {
  llvm::SmallPtrSet<Operation *, 4> seen{function};
  if (!writes(function, seen))
    return function;
  auto module = function->getParentOfType<ModuleOp>();
  const std::string name = function.getName().str() + ".silent";
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  func::FuncOp copy = function.clone();
  copy.setName(name);
  copy.setPrivate();
  module.insert(std::next(function->getIterator()), copy);
  SmallVector<Operation *> written;
  copy.walk([&](Operation *op) {
    if (isa<PrintOp, SaveOp>(op))
      written.push_back(op);
    auto callee = op->getAttrOfType<FlatSymbolRefAttr>("callee");
    if (auto called = callee ? module.lookupSymbol<func::FuncOp>(callee.getAttr()) : func::FuncOp())
      op->setAttr("callee", FlatSymbolRefAttr::get(silent(called)));
  });
  for (Operation *op : written)
    op->erase();
  return copy;
}
} // namespace tl
