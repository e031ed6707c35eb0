// Replaces calls by the bodies of what they call, where a transformation wants to see through them: until it would multiply the program.
#include "mlir/IR/IRMapping.h"
#include "mlir_gen/dialect/Dialect.h"
#include "passes/Passes.h"
#include "passes/RuntimeCalls.h"
#include "passes/Transforms.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tl {
#define GEN_PASS_DEF_INLINECALLS
#include "passes/Passes.h.inc"

/// How many ops the copies of one function may become in one step, in one place. A chain of definitions each of which calls the one before
/// twice would else double with every definition.
constexpr size_t copiesAtMost = 300;
/// The same for a function that is called in one place only: there is nothing to multiply, but each caller has a copy.
constexpr size_t copyAtMost = 20000;

func::FuncOp calleeOf(func::CallOp call) {
  auto function = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(call, call.getCalleeAttr());
  return function && !function.isExternal() ? function : func::FuncOp();
}

/// Whether `function` reaches a call of itself.
static bool isRecursive(func::FuncOp function) {
  llvm::SetVector<func::FuncOp> reached;
  auto visit = [&](func::FuncOp caller) {
    llvm::DenseSet<Attribute> names;
    caller.walk([&](func::CallOp call) {
      if (names.insert(call.getCalleeAttr()).second)
        if (func::FuncOp callee = calleeOf(call))
          reached.insert(callee);
    });
  };
  visit(function);
  for (size_t i = 0; i < reached.size() && !reached.contains(function); ++i)
    visit(reached[i]);
  return reached.contains(function);
}

static bool mayInline(func::FuncOp callee) {
  return callee && callee.getBody().hasOneBlock() && !callee->hasAttr("tl.checkpoint") && !isRecursive(callee);
}
bool mayInline(func::CallOp call) { return mayInline(calleeOf(call)); }

static size_t countOps(func::FuncOp function) {
  size_t count = 0;
  function.walk([&](Operation *) { ++count; });
  return count;
}

/// What a variable of the caller is bound to keeps that name, where the callee gave none.
static void passName(OpResult result, Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getNumResults() != 1 || op->hasTrait<OpTrait::ConstantLike>() || isa<NameLoc>(op->getLoc()))
    return;
  SmallVector<Operation *> bound(result.getUsers());
  if (result.getOwner()->getNumResults() == 1)
    bound.push_back(result.getOwner());
  for (Operation *at : bound)
    if (auto named = dyn_cast<NameLoc>(at->getLoc()); named && isa<SizedOp, func::CallOp>(at))
      return op->setLoc(NameLoc::get(named.getName(), op->getLoc()));
}

/// A place in what is called, and that of the call; a name stays outermost.
static Location calledFrom(Location loc, Location call) {
  if (auto named = dyn_cast<NameLoc>(loc))
    return NameLoc::get(named.getName(), calledFrom(named.getChildLoc(), call));
  return CallSiteLoc::get(loc, call);
}

void inlineCall(func::CallOp call) {
  OpBuilder b(call);
  IRMapping copies;
  Block &body = calleeOf(call).getBody().front();
  copies.map(body.getArguments(), call.getOperands());
  for (Operation &op : body.without_terminator())
    b.clone(op, copies)->walk([&](Operation *copy) {
      if (callerOf(copy->getLoc()).file.empty()) // what fails in the library is told where it was called
        copy->setLoc(calledFrom(copy->getLoc(), call.getLoc()));
    });
  for (auto [result, value] : llvm::zip(call.getResults(), body.getTerminator()->getOperands())) {
    Value copy = copies.lookup(value);
    passName(result, copy);
    result.replaceAllUsesWith(copy);
  }
  call.erase();
}

void inlineCalls(Operation *op, StringRef keep) {
  struct Callee {
    func::FuncOp function; ///< null where its calls stay
    size_t size = 0;
  };
  llvm::DenseMap<Attribute, Callee> known;
  for (bool changed = true; changed;) {
    changed = false;
    llvm::MapVector<Attribute, SmallVector<func::CallOp>> calls;
    op->walk([&](func::CallOp call) { calls[call.getCalleeAttr()].push_back(call); });
    for (auto &[name, sites] : calls) {
      auto [found, isNew] = known.try_emplace(name);
      Callee &callee = found->second;
      if (isNew)
        if (func::FuncOp function = calleeOf(sites.front()); mayInline(function) && (keep.empty() || !function->hasAttr(keep)))
          callee = {function, countOps(function)};
      if (!callee.function || callee.size * sites.size() > (sites.size() == 1 ? copyAtMost : copiesAtMost))
        continue;
      llvm::for_each(sites, inlineCall);
      changed = true;
    }
  }
}

namespace {
/// Callees first, so that what is copied is whole.
struct InlineCalls : impl::InlineCallsBase<InlineCalls> {
  void runOnOperation() override {
    llvm::DenseSet<Operation *> visited;
    std::function<void(func::FuncOp)> visit = [&](func::FuncOp function) {
      if (!visited.insert(function).second)
        return;
      llvm::SetVector<Operation *> callees;
      function.walk([&](func::CallOp call) {
        if (func::FuncOp callee = calleeOf(call))
          callees.insert(callee);
      });
      for (Operation *callee : callees)
        visit(cast<func::FuncOp>(callee));
      inlineCalls(function);
    };
    for (auto function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      visit(function);
  }
};
} // namespace
} // namespace tl
