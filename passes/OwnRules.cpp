// Inside its own rule a function is differentiated by the compiler: a rule by hand that reaches a derivative of the function that it is the
// rule of (`ct * min(grad(f)(x), 5)`) is given copies of what it reaches that function by, and of the function, which have no rule there.
#include "mlir/IR/SymbolTable.h"
#include "passes/Derivatives.h"
#include "passes/Transforms.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tl {
constexpr StringRef kinds[] = {"tl.vjp", "tl.jvp"};

namespace {
class Freeing {
public:
  explicit Freeing(ModuleOp module) : symbols(module) {
    for (auto function : module.getOps<func::FuncOp>())
      addIfRuled(function);
  }

  void run() {
    for (size_t i = 0; i < ruled.size(); ++i) // copies may have rules, of other functions
      for (StringRef kind : kinds)
        if (auto rule = ruled[i]->getAttrOfType<FlatSymbolRefAttr>(kind))
          free(ruled[i], symbols.lookup<func::FuncOp>(rule.getAttr()));
  }

private:
  SymbolTable symbols;
  SmallVector<func::FuncOp> ruled;

  void addIfRuled(func::FuncOp function) {
    if (llvm::any_of(kinds, [&](StringRef kind) { return function->hasAttr(kind); }))
      ruled.push_back(function);
  }

  /// Calls `visit` with each op and attribute of `function` that names another function: calls, derivatives, its rules.
  static void references(func::FuncOp function, llvm::function_ref<void(Operation *, StringRef, FlatSymbolRefAttr)> visit) {
    for (StringRef kind : kinds)
      if (auto rule = function->getAttrOfType<FlatSymbolRefAttr>(kind))
        visit(function, kind, rule);
    function.getBody().walk([&](Operation *op) {
      if (auto callee = op->getAttrOfType<FlatSymbolRefAttr>("callee"))
        visit(op, "callee", callee);
    });
  }

  void free(func::FuncOp function, func::FuncOp rule) {
    // Everything that the rule reaches but through the function's own rules, and by whom.
    llvm::SetVector<func::FuncOp> reached;
    llvm::DenseMap<func::FuncOp, SmallVector<func::FuncOp>> users;
    bool derives = false;
    reached.insert(rule);
    for (size_t i = 0; i < reached.size(); ++i) {
      func::FuncOp from = reached[i];
      references(from, [&](Operation *op, StringRef, FlatSymbolRefAttr name) {
        derives |= isa<VjpOp, JvpOp>(op);
        auto to = symbols.lookup<func::FuncOp>(name.getAttr());
        if (!to || (op == function))
          return;
        users[to].push_back(from);
        reached.insert(to);
      });
    }
    if (!derives || !reached.contains(function))
      return;
    llvm::SetVector<func::FuncOp> copied;
    copied.insert(function);
    for (size_t i = 0; i < copied.size(); ++i)
      copied.insert(users[copied[i]].begin(), users[copied[i]].end());
    copied.remove(rule);
    llvm::MapVector<Attribute, func::FuncOp> copies;
    for (func::FuncOp original : copied) {
      func::FuncOp copy = original.clone();
      copy.setPrivate();
      if (original == function)
        for (StringRef kind : kinds)
          copy->removeAttr(kind);
      symbols.insert(copy, std::next(original->getIterator()));
      copies[FlatSymbolRefAttr::get(original)] = copy;
    }
    auto redirect = [&](func::FuncOp user) {
      references(user, [&](Operation *op, StringRef attribute, FlatSymbolRefAttr name) {
        if (auto it = copies.find(name); it != copies.end())
          op->setAttr(attribute, FlatSymbolRefAttr::get(it->second));
      });
    };
    redirect(rule);
    for (auto &[name, copy] : copies) {
      redirect(copy);
      addIfRuled(copy);
    }
  }
};
} // namespace

void freeOwnRules(ModuleOp module) { Freeing(module).run(); }
} // namespace tl
