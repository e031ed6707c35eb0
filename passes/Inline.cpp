// Replaces calls by the bodies of what they call, where a transformation wants to see through them.
#include "passes/Transforms.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tl {
func::FuncOp calleeOf(func::CallOp call) {
  auto function = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(call, call.getCalleeAttr());
  return function && !function.isExternal() ? function : func::FuncOp();
}

/// Whether `function` reaches a call of itself.
static bool isRecursive(func::FuncOp function) {
  llvm::SetVector<func::FuncOp> reached;
  auto visit = [&](func::FuncOp caller) {
    caller.walk([&](func::CallOp call) {
      if (func::FuncOp callee = calleeOf(call))
        reached.insert(callee);
    });
  };
  visit(function);
  for (size_t i = 0; i < reached.size() && !reached.contains(function); ++i)
    visit(reached[i]);
  return reached.contains(function);
}

bool mayInline(func::CallOp call) {
  func::FuncOp callee = calleeOf(call);
  return callee && callee.getBody().hasOneBlock() && !isRecursive(callee);
}

void inlineCall(func::CallOp call) {
  OpBuilder b(call);
  IRMapping copies;
  Block &body = calleeOf(call).getBody().front();
  copies.map(body.getArguments(), call.getOperands());
  for (Operation &op : body.without_terminator())
    b.clone(op, copies);
  for (auto [result, value] : llvm::zip(call.getResults(), body.getTerminator()->getOperands()))
    result.replaceAllUsesWith(copies.lookup(value));
  call.erase();
}

void inlineCalls(Operation *op, StringRef keep) {
  while (true) {
    SmallVector<func::CallOp> calls;
    op->walk([&](func::CallOp call) {
      if (mayInline(call) && (keep.empty() || !calleeOf(call)->hasAttr(keep)))
        calls.push_back(call);
    });
    if (calls.empty())
      return;
    llvm::for_each(calls, inlineCall);
  }
}
} // namespace tl
