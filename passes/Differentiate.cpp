// tl.vjp and tl.jvp -> calls of ordinary functions. A function's derivative is made from a copy whose calls are inlined, whose maps are
// lifted and whose own derivatives have been made: innermost first, so that any nesting is the same pass again.
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "mlir_gen/dialect/Dialect.h"
#include "passes/Derivatives.h"
#include "passes/Passes.h"
#include "passes/Transforms.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;

namespace tl {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "passes/Passes.h.inc"

void findActive(Block &block, Active &active) {
  auto add = [&](ValueRange values) {
    for (Value value : values)
      if (isFloat(value))
        active.insert(value);
  };
  for (Operation &op : block) {
    if (isa<StopGradientOp>(op))
      continue;
    bool reached = llvm::any_of(op.getOperands(), [&](Value v) { return active.contains(v); });
    if (op.getNumRegions() == 0) {
      if (reached)
        add(op.getResults());
      continue;
    }
    // What a loop carries may become active by its body, which makes more active there.
    for (size_t before = ~size_t(0); before != active.size();) {
      before = active.size();
      if (auto loop = dyn_cast<scf::ForOp>(op)) {
        for (auto [argument, init, yielded, result] :
             llvm::zip(loop.getRegionIterArgs(), loop.getInitArgs(), loop.getYieldedValues(), loop.getResults()))
          if (active.contains(init) || active.contains(yielded))
            add({argument, result});
      } else if (auto loop = dyn_cast<scf::WhileOp>(op)) {
        for (auto [argument, init, yielded] : llvm::zip(loop.getBeforeArguments(), loop.getInits(), loop.getYieldedValues()))
          if (active.contains(init) || active.contains(yielded))
            add(argument);
        for (auto [argument, passed, result] : llvm::zip(loop.getAfterArguments(), loop.getConditionOp().getArgs(), loop.getResults()))
          if (active.contains(passed))
            add({argument, result});
      }
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          findActive(inner, active);
    }
    if (auto branch = dyn_cast<scf::IfOp>(op))
      for (Region &region : op.getRegions())
        if (!region.empty())
          for (auto [yielded, result] : llvm::zip(region.front().getTerminator()->getOperands(), branch.getResults()))
            if (active.contains(yielded))
              add(result);
  }
}

SmallVector<Value> activeCaptures(Operation *op, const Active &active) {
  llvm::SetVector<Value> used;
  getUsedValuesDefinedAbove(op->getRegions(), used);
  return llvm::filter_to_vector(used, [&](Value v) { return active.contains(v); });
}

Value sizedLike(OpBuilder &b, Value x, Value like) {
  return hasKnownSizes(x) ? x : Value(SizedOp::create(b, x.getLoc(), x, sizesOf(b, like)));
}

namespace {
/// Makes the derivatives of one module.
class Maker {
public:
  explicit Maker(ModuleOp module) : module(module), symbols(module) {}

  /// All derivatives that `function` asks for, after those that their functions ask for.
  LogicalResult run(func::FuncOp function) {
    if (!visited.insert(function).second)
      return success(); // done, or under way: it is recursive
    SmallVector<func::FuncOp> callees;
    function.walk([&](func::CallOp call) {
      if (func::FuncOp callee = calleeOf(call))
        callees.push_back(callee);
    });
    for (func::FuncOp callee : callees)
      if (failed(run(callee)))
        return failure();
    while (true) {
      Operation *next = nullptr;
      function.walk([&](Operation *op) {
        if (isa<VjpOp, JvpOp>(op))
          next = op;
        return next ? WalkResult::interrupt() : WalkResult::advance();
      });
      if (!next)
        break;
      if (failed(isa<VjpOp>(next) ? replace(cast<VjpOp>(next)) : replace(cast<JvpOp>(next))))
        return failure();
    }
    return success();
  }

private:
  ModuleOp module;
  SymbolTable symbols;
  llvm::DenseSet<func::FuncOp> visited;
  llvm::DenseMap<func::FuncOp, SplitPullback> splits;
  /// The derivative that a program asks for, while it and those that it needs are made.
  struct Asked {
    Location loc;
    StringRef callee;
  };
  std::optional<Asked> asked;

  /// All ops of our programs have derivatives, except a derivative that is not made yet: then its own function asks for it.
  LogicalResult refuseOp(Operation *op) {
    if (!isa<VjpOp, JvpOp>(op))
      return op->emitError() << "cannot differentiate through `" << op->getName() << "`";
    InFlightDiagnostic error = emitError(asked->loc) << "E0504: the code of this derivative would never end";
    for (Location call : route(asked->callee, op->getLoc()))
      error.attachNote(call) << "leads back to it";
    if (op->getLoc() != asked->loc)
      error.attachNote(op->getLoc()) << "stands in the way";
    error.attachNote() << "it is a part of what it differentiates: so it needs its own derivative, that one's, and so on";
    error.attachNote()
        << "help: `stop_gradient` around a part of the recursion makes that a constant; `@vjp(of=...)` gives a derivative by hand";
    return error;
  }

  /// The calls by which `callee` reaches a derivative that the program asks for at `goal`.
  SmallVector<Location> route(StringRef callee, Location goal) {
    struct Reached {
      StringRef name;
      size_t from;
      Location call;
    };
    SmallVector<Reached> reached{{callee, 0, goal}};
    for (size_t i = 0; i < reached.size(); ++i) {
      bool isThere = false;
      module.lookupSymbol<func::FuncOp>(reached[i].name).walk([&](Operation *op) {
        isThere |= isa<VjpOp, JvpOp>(op) && op->getLoc() == goal;
        auto next = op->getAttrOfType<FlatSymbolRefAttr>("callee");
        if (next && llvm::none_of(reached, [&](const Reached &known) { return known.name == next.getValue(); }))
          reached.push_back({next.getValue(), i, op->getLoc()});
      });
      if (!isThere)
        continue;
      SmallVector<Location> calls;
      for (; i; i = reached[i].from)
        calls.push_back(reached[i].call);
      std::reverse(calls.begin(), calls.end());
      return calls;
    }
    return {};
  }
  const std::function<LogicalResult(Operation *)> refuse = [this](Operation *op) { return refuseOp(op); };

  /// The results of a call stand for those of `op`, with the sizes that are known: cotangents have those of the arguments.
  void replaceByCall(Operation *op, func::FuncOp function, ValueRange args, ValueRange sizedAs) {
    OpBuilder b(op);
    auto call = func::CallOp::create(b, op->getLoc(), function, args);
    size_t primals = call.getNumResults() - sizedAs.size();
    for (auto [i, result] : llvm::enumerate(call.getResults())) {
      Value y = result;
      if (i >= primals && isTensor(y) && hasKnownSizes(sizedAs[i - primals]))
        y = SizedOp::create(b, op->getLoc(), y, sizesOf(b, sizedAs[i - primals]));
      op->getResult(i).replaceAllUsesWith(y);
    }
    op->erase();
  }

  /// The call whose results, at the same arguments, are there already where a pullback is asked for.
  static func::CallOp primalOf(VjpOp op) {
    for (Operation *before = op->getPrevNode(); before; before = before->getPrevNode())
      if (auto call = dyn_cast<func::CallOp>(before);
          call && call.getCallee() == op.getCallee() && llvm::equal(call.getOperands(), op.getArgs()))
        return call;
    return {};
  }

  /// What has the sizes of the results of `op` behind the primals: its points, for masks too.
  static SmallVector<Value> sizedAs(VjpOp op) {
    SmallVector<Value> points;
    for (unsigned times = 0; times <= op.getMasked(); ++times)
      llvm::append_range(points, llvm::map_range(op.getWrt(), [&](int64_t i) { return op.getArgs()[i]; }));
    return points;
  }

  /// The function that `op` calls: it gives the primals first if `primals`.
  FailureOr<func::FuncOp> pullback(VjpOp op, bool primals) {
    StringRef mode = op.getMasked() ? (primals ? "vjp.masked" : "pullback.masked") : primals ? "vjp" : "pullback";
    return derivative(
        op.getLoc(), op.getCallee(), mode, op.getWrt(),
        [&](func::FuncOp f) { return reverse(f, op.getWrt(), primals, op.getMasked(), refuse); },
        [&](SmallVectorImpl<Type> &args, SmallVectorImpl<Type> &results) {
          SmallVector<Type> cotangents = llvm::map_to_vector(op.getWrt(), [&](int64_t i) { return args[i]; });
          if (op.getMasked())
            llvm::append_range(cotangents, llvm::map_to_vector(cotangents, maskType));
          if (!primals)
            results.clear();
          llvm::append_range(results, cotangents);
          llvm::append_range(args, op.getSeeds().getTypes());
        });
  }

  /// A pullback of a call that stays a call: that one keeps what it needs.
  LogicalResult replaceBoth(VjpOp op, func::CallOp call) {
    auto made = pullback(op, true);
    if (failed(made))
      return failure();
    auto [known, isNew] = splits.try_emplace(*made);
    if (isNew) {
      if (failed(splitPullback(*made, call.getNumResults(), op.getSeeds().size(), known->second)))
        known->second.forward = {};
      else
        for (func::FuncOp part : {known->second.forward, known->second.backward}) {
          symbols.insert(part);
          visited.insert(part);
        }
    }
    const SplitPullback &split = known->second;
    if (!split.forward)
      return failure();
    OpBuilder b(call);
    Location loc = call.getLoc();
    auto forward = func::CallOp::create(b, loc, split.forward, call.getOperands());
    IRMapping here;
    here.map(made->getArguments().take_front(call.getNumOperands()), call.getOperands());
    here.map(split.given, forward.getResults().drop_front(call.getNumResults()));
    call.replaceAllUsesWith(forward.getResults().take_front(call.getNumResults()));
    SmallVector<Value> args(call.getOperands());
    for (const SplitPullback::Kept &kept : split.kept) {
      Value value = here.lookup(kept.value);
      for (Value size : kept.sizes)
        if (!here.contains(size))
          b.clone(*size.getDefiningOp(), here); // a constant
      SmallVector<Value> sizes = llvm::map_to_vector(kept.sizes, [&](Value size) { return here.lookup(size); });
      args.push_back(isTensor(value) ? Value(SizedOp::create(b, loc, value, sizes)) : value);
    }
    call.erase();
    llvm::append_range(args, op.getSeeds());
    replaceByCall(op, split.backward, args, sizedAs(op));
    return success();
  }

  LogicalResult replace(VjpOp op) {
    if (func::CallOp call = op.getPrimals() ? func::CallOp() : primalOf(op); call && mayInline(call) && succeeded(replaceBoth(op, call)))
      return success();
    if (op.getAgain())
      op.setCallee(silent(module.lookupSymbol<func::FuncOp>(op.getCallee())).getName());
    auto made = pullback(op, op.getPrimals());
    if (failed(made))
      return failure();
    SmallVector<Value> args(op.getArgs());
    llvm::append_range(args, op.getSeeds());
    replaceByCall(op, *made, args, sizedAs(op));
    return success();
  }

  LogicalResult replace(JvpOp op) {
    auto made = derivative(
        op.getLoc(), op.getCallee(), "jvp", op.getWrt(), [&](func::FuncOp f) { return forward(f, op.getWrt(), refuse); },
        [&](SmallVectorImpl<Type> &args, SmallVectorImpl<Type> &results) {
          llvm::append_range(results, llvm::filter_to_vector(results, [](Type type) { return isFloat(type); }));
          llvm::append_range(args, op.getTangents().getTypes());
        });
    if (failed(made))
      return failure();
    SmallVector<Value> args(op.getArgs());
    llvm::append_range(args, op.getTangents());
    replaceByCall(op, *made, args, {});
    return success();
  }

  /// The derivative of `callee`, made once. It has its type from the start, so that one of a recursive function may call itself.
  FailureOr<func::FuncOp> derivative(Location from, StringRef callee, StringRef mode, ArrayRef<int64_t> wrt,
                                     llvm::function_ref<LogicalResult(func::FuncOp)> make,
                                     llvm::function_ref<void(SmallVectorImpl<Type> &, SmallVectorImpl<Type> &)> extend) {
    std::string name = (callee + "." + mode).str();
    for (int64_t i : wrt)
      name += "." + std::to_string(i);
    if (auto known = symbols.lookup<func::FuncOp>(name))
      return known;
    auto primal = module.lookupSymbol<func::FuncOp>(callee); // mapped calls have functions of their own
    {
      llvm::SaveAndRestore elsewhere(asked, std::optional<Asked>());
      if (failed(run(primal)))
        return failure();
    }
    llvm::SaveAndRestore here(asked, asked ? asked : Asked{from, callee});
    OpBuilder b(primal->getContext());
    func::FuncOp function = primal.clone();
    function.setName(name);
    function.setPrivate();
    symbols.insert(function, std::next(primal->getIterator()));
    SmallVector<Type> args(function.getArgumentTypes()), results(function.getResultTypes());
    extend(args, results);
    StringRef byHand = mode == "jvp" ? "tl.jvp" : "tl.vjp";
    inlineCalls(function, byHand);
    if (failed(liftMaps(function, byHand)) || failed(simplify(function)))
      return failure();
    function.setFunctionType(b.getFunctionType(args, results));
    function.setAllArgAttrs(ArrayRef<DictionaryAttr>(SmallVector<DictionaryAttr>(args.size(), b.getDictionaryAttr({}))));
    function.setAllResultAttrs(ArrayRef<DictionaryAttr>(SmallVector<DictionaryAttr>(results.size(), b.getDictionaryAttr({}))));
    if (failed(make(function)))
      return failure();
    if (failed(run(function))) // of functions that call themselves
      return failure();
    return function;
  }
};
} // namespace

LogicalResult makeDerivatives(ModuleOp module) {
  freeOwnRules(module);
  Maker maker(module);
  for (auto function : llvm::to_vector(module.getOps<func::FuncOp>()))
    if (failed(maker.run(function)))
      return failure();
  for (auto function : module.getOps<func::FuncOp>()) { // used up
    function->removeAttr("tl.vjp");
    function->removeAttr("tl.jvp");
  }
  return success();
}

func::FuncOp derivativeByHand(func::CallOp call, StringRef kind) {
  func::FuncOp callee = calleeOf(call);
  auto name = callee ? callee->getAttrOfType<FlatSymbolRefAttr>(kind) : FlatSymbolRefAttr();
  return name ? call->getParentOfType<ModuleOp>().lookupSymbol<func::FuncOp>(name.getAttr()) : func::FuncOp();
}

std::string nameOf(Value x) {
  if (auto named = dyn_cast<NameLoc>(x.getLoc()))
    return named.getName().str();
  for (Operation *user : x.getUsers())
    if (auto named = dyn_cast<NameLoc>(user->getLoc()); named && isa<SizedOp>(user))
      return named.getName().str();
  return "";
}

Value withSizesOf(Value y) {
  for (Operation *user : y.getUsers())
    if (isa<SizedOp>(user))
      return user->getResult(0);
  return y;
}

namespace {
struct Differentiate : impl::DifferentiateBase<Differentiate> {
  void runOnOperation() override {
    if (failed(makeDerivatives(getOperation())))
      signalPassFailure();
  }
};
} // namespace
} // namespace tl
