// Calls. A definition becomes one function for each set of element types, ranks, constants and functions; a
// lambda is generated where it is called, in the environment in which it was written.
#include "mlir_gen/FunctionGen.h"
#include "llvm/Support/FormatVariadic.h"

namespace tl::mlirgen {
using namespace ast;
using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;
using llvm::SaveAndRestore;

Value FunctionGen::call(CallExpr *e) {
  const Callable *target = e->target;
  const Type *type = typeOf(e);
  const auto *record = target->kind == CallableKind::Record ? cast<StructType>(resolved(target->result)) : nullptr;
  ArrayRef<VarDecl *> params;
  if (target->instance.def)
    params = target->instance.def->params;
  SmallVector<Value> args;
  for (auto [i, arg] : llvm::enumerate(e->ordered)) {
    const VarDecl *param = i < params.size() ? params[i] : nullptr;
    if (i < target->functions.size() && target->functions[i]) {
      Closure f = closureOf(target->functions[i], arg);
      args.push_back({arg ? arg->type : nullptr, {}, m.arena.closure(f.callable, f.env)});
    } else if (param && arg == param->init) {
      args.push_back(defaultOf(target->instance, args));
    } else if (record && arg == record->decl->fields[i].init) {
      args.push_back(defaultOf(arg, record));
    } else if (param && param->isConst) {
      args.push_back({param->type, {}, nullptr, constantOf(arg)});
    } else {
      args.push_back(gen(arg));
    }
  }
  checkSizes(e);
  if (target->kind == CallableKind::Transform && target->name == "vjp")
    env.bind(target->point, args.front());
  return call(closureOf(target, e->callee), args, type);
}

void FunctionGen::bindReturned(Expr *source) {
  auto *call = llvm::dyn_cast_or_null<CallExpr>(source);
  if (!call || !call->type || resolved(call->type)->kind != TypeKind::Fn)
    return;
  if (call->target)
    env.bind(call->target->returned, this->call(call));
  else // grad(f(x))
    for (const Arg &arg : call->args)
      bindReturned(arg.value);
}

Closure FunctionGen::closureOf(const Callable *callable, Expr *source) {
  bindReturned(source);
  return closureOf(callable);
}

Closure FunctionGen::closureOf(const Callable *callable) {
  if (!callable->var)
    return {callable, env};
  const Closure *bound = lookup(callable->var).closure;
  assert(bound && "a function is bound to a function");
  if (callable->kind != CallableKind::Param)
    return {callable, bound->env};
  return *bound;
}

Value FunctionGen::call(const Closure &f, ArrayRef<Value> given, const Type *type) {
  const Callable *callable = f.callable;
  assert(callable && "a function is applied at known types");
  SmallVector<Value> args(given);
  const Env caller = env;
  // What the closure's own types name is found where it was written, what those of the arguments name with
  // the caller.
  auto inside = [&](llvm::function_ref<Value(const Type *)> make) {
    env = f.env;
    callers.push_back(caller);
    const Type *own = callable->result ? typeOf(callable->result) : type;
    Value value = make(own);
    const Env after = env;
    callers.pop_back();
    env = caller;
    return value.closure ? value : adopt(std::move(value), after, type);
  };
  // A definition taken as a value has been told which functions it is given.
  for (auto [i, function] : llvm::enumerate(callable->functions))
    if (function && i < args.size() && args[i].closure && !args[i].closure->callable) {
      SaveAndRestore swap(env, args[i].closure->env);
      Closure known = closureOf(function);
      args[i].closure = m.arena.closure(known.callable, known.env);
    }
  switch (callable->kind) {
  case CallableKind::Lambda:
    return inside([&](const Type *own) {
      const size_t mark = assigned.size();
      for (auto [i, param] : llvm::enumerate(callable->lambda->params)) {
        Value arg = args[i];
        if (!arg.closure)
          arg = adopt(std::move(arg), caller, typeOf(i < callable->params.size() ? callable->params[i] : param->type));
        env.bind(param, std::move(arg));
      }
      Value value = gen(callable->lambda->body);
      assigned.resize(mark);
      return value;
    });
  case CallableKind::Def:
    return inside([&](const Type *own) {
      completeArgs(callable, args);
      checkApplied(callable, args);
      return callDef(callable->instance, args, own);
    });
  case CallableKind::Intrinsic:
    return inside([&](const Type *own) {
      completeArgs(callable, args);
      checkApplied(callable, args);
      return intrinsic(callable, args, own);
    });
  case CallableKind::Transform:
    return inside([&](const Type *own) { return transform(callable, args, own); });
  case CallableKind::Record:
    return record(type, args);
  case CallableKind::Cast:
    return castTo(args.front(), type);
  case CallableKind::Param:
    break;
  }
  llvm_unreachable("a parameter stands for another function");
}

//===- Instances
//----------------------------------------------------------------------------------------------------===//

Env FunctionGen::viewOf(const Instance &instance) {
  Env view(m.arena);
  for (auto [param, type] : llvm::zip_equal(instance.def->typeParams, instance.types))
    view.bind(param, typeOf(type));
  for (auto [pack, dims] : llvm::zip_equal(instance.def->packs, instance.packs))
    view.bind(pack, dimsOf(dims));
  for (auto [sym, size] : llvm::zip_equal(instance.def->sizeParams, instance.sizes))
    if (known(size))
      view.bind(sym, eval(size));
  return view;
}

Value FunctionGen::defaultOf(const Instance &instance, ArrayRef<Value> args) {
  const VarDecl *param = instance.def->params[args.size()];
  Env view = viewOf(instance);
  for (auto [left, arg] : llvm::zip(instance.def->params, args))
    view.bind(left, arg);
  SaveAndRestore swap(env, view);
  if (param->isConst)
    return {param->type, {}, nullptr, constantOf(param->init)};
  callers.push_back(swap.get());
  Value value = gen(param->init);
  callers.pop_back();
  return value;
}

Value FunctionGen::defaultOf(Expr *field, const StructType *record) {
  Env view(m.arena);
  for (auto [param, type] : llvm::zip_equal(record->decl->typeParams, record->types))
    view.bind(param, typeOf(type));
  for (auto [sym, size] : llvm::zip_equal(record->decl->sizeParams, record->sizes))
    view.bind(sym, eval(size));
  SaveAndRestore swap(env, view);
  callers.push_back(swap.get());
  Value value = gen(field);
  callers.pop_back();
  return value;
}

void FunctionGen::completeArgs(const Callable *callable, SmallVector<Value> &args) {
  const DefDecl *def = callable->instance.def;
  while (def && args.size() < def->params.size()) {
    const Callable *function = args.size() < callable->functions.size() ? callable->functions[args.size()] : nullptr;
    args.push_back(function ? Value{def->params[args.size()]->type, {}, m.arena.closure(function, env)}
                            : defaultOf(callable->instance, args));
  }
}

/// Arguments that are known when the instance is made: functions and constants.
static bool isStatic(const Value &arg) { return arg.closure || arg.constant; }

/// A list of sizes is given by its pack, not by leaves.
static bool hasLeaves(const VarDecl *param, const Value &arg) { return !isStatic(arg) && resolved(param->type)->kind != TypeKind::Shape; }

FunctionGen::Passing FunctionGen::passing(const Instance &instance, ArrayRef<Value> args) {
  const DefDecl *def = instance.def;
  Passing p{def->name.str(), eval(instance.sizes), {}, Env(m.arena), false};
  p.syms.assign(def->sizeParams.begin(), def->sizeParams.end());
  llvm::raw_string_ostream key(p.key);
  for (auto [pack, dims] : llvm::zip_equal(def->packs, instance.packs)) {
    Sizes sizes = sizesOf(dimsOf(dims));
    Dims own;
    for (size_t i = 0; i < sizes.size(); ++i) {
      p.syms.push_back(m.types.sizes.sym(SymKind::Param, (pack->name + llvm::Twine(i)).str(), pack->origin));
      own.push_back(Size(p.syms.back()));
    }
    llvm::append_range(p.operands, eval(sizes));
    p.own.bind(pack, own);
    key << '.' << sizes.size();
  }
  for (auto [param, arg] : llvm::zip_equal(def->typeParams, instance.types)) {
    const Type *concrete = typeOf(arg);
    SmallVector<Size> sizes;
    p.own.bind(param, generalized(concrete, m.types, p.syms, sizes));
    llvm::append_range(p.operands, eval(sizes));
    writeKey(key << '.', concrete);
  }
  for (auto [param, arg] : llvm::zip_equal(def->params, args)) {
    p.takesFunctions |= arg.closure != nullptr;
    if (arg.constant)
      key << '.' << arg.constant;
    if (!hasLeaves(param, arg))
      continue;
    Values leaves(arg.leaves.begin(), arg.leaves.end());
    if (def->shapeRule == "broadcast") // the arguments meet here; the body sees equal sizes
      for (auto [x, from, to] : llvm::zip_equal(leaves, leavesOf(arg.type), leavesOf(viewed(param->type, instance))))
        x = stretch(convert(x, from.scalar, to.scalar), from.dims, to.dims);
    llvm::append_range(p.operands, leaves);
  }
  return p;
}

/// How deep tuples and records nest in a type.
static unsigned depthOf(const Type *type) {
  unsigned depth = 0;
  type = resolved(elemOf(resolved(type)));
  auto *record = dyn_cast<StructType>(type);
  if (auto *tuple = dyn_cast<TupleType>(type))
    for (const Type *elem : tuple->elems)
      depth = std::max(depth, 1 + depthOf(elem));
  for (const Type *arg : record ? ArrayRef<const Type *>(record->types) : ArrayRef<const Type *>())
    depth = std::max(depth, 1 + depthOf(arg));
  return depth;
}

static bool sameFunctions(ArrayRef<Value> a, ArrayRef<Value> b) {
  return llvm::all_of(llvm::zip_equal(a, b), [](auto pair) {
    const Closure *f = std::get<0>(pair).closure, *g = std::get<1>(pair).closure;
    return !f == !g && (!f || f->callable == g->callable);
  });
}

Value FunctionGen::callDef(const Instance &instance, SmallVector<Value> args, const Type *type) {
  const DefDecl *def = instance.def;
  // A function that calls itself with one axis more is another instance each time.
  for (const Dims &dims : instance.packs)
    if (dimsOf(dims).size() > 32)
      return refuse("E0318: `" + def->name + "` asks for an array of more than 32 axes", type);
  for (const Type *arg : instance.types)
    if (const Type *concrete = typeOf(arg); depthOf(concrete) > 32 || leavesOf(concrete).size() > 4096)
      return refuse("E0318: `" + def->name + "` asks for a type that is too large: each call makes it larger", type);
  const Env caller = env;
  Passing passed = passing(instance, args);
  Values &operands = passed.operands;
  // A definition that takes functions may call itself with just those; with others it would be made without end.
  const OpenDef *self = passed.takesFunctions ? env.open : nullptr;
  while (self && self->def != def)
    self = self->outer;
  if (self && !(self->making->gen == this && self->making->key == passed.key && sameFunctions(self->making->args, args)))
    return refuse("E0319: `" + def->name + "` takes functions and calls itself with others, or inside of one", type);
  FuncInstance callee = self ? self->making->instance : instanceOf(def, passed, args);
  if (passed.takesFunctions && !self) {
    Making making{passed.key, args, callee, nullptr, {}};
    callee.env.open = m.arena.open(def, env.open, &making);
    FunctionGen inner(m, callee.func, callee.env, this);
    making.gen = &inner;
    inner.body(callee, def, args);
    Values own = llvm::map_to_vector(inner.captured, [&](mlir::Value outer) { return inner.imported.lookup(outer); });
    for (mlir::func::CallOp recursion : making.recursions)
      recursion.getOperandsMutable().append(own);
    llvm::append_range(operands, inner.captured);
  }

  mlir::func::FuncOp function = callee.func;
  auto called = mlir::func::CallOp::create(b, function, operands);
  if (self)
    self->making->recursions.push_back(called);
  const size_t leaves = called.getNumResults() - callee.holes.size();
  // Sizes of the result, in the names of the instance: its symbols are the sizes just passed, its parameters
  // the arguments.
  Env view = callee.env;
  for (auto [sym, size] : llvm::zip_equal(callee.sizes, ArrayRef(operands).take_front(callee.sizes.size())))
    view.bind(sym, size);
  for (auto [param, arg] : llvm::zip_equal(def->params, args))
    view.bind(param, arg);
  env = view;
  for (auto [hole, size] : llvm::zip_equal(callee.holes, called.getResults().drop_front(leaves)))
    solve(hole.size, hole.sym, size);
  Value value = enter(callee.result, called.getResults().take_front(leaves));
  view = env;
  env = caller;
  return adopt(std::move(value), view, type);
}

FuncInstance FunctionGen::instanceOf(const DefDecl *def, const Passing &passed, ArrayRef<Value> args) {
  if (passed.takesFunctions)
    return declare(def, passed.own, passed.syms, args, passed.key);
  std::string unique = llvm::formatv("{0}|{1}", static_cast<const void *>(def), passed.key);
  if (auto it = m.instances.find(unique); it != m.instances.end())
    return it->second;
  FuncInstance made = declare(def, passed.own, passed.syms, args, passed.key);
  m.pending.push_back([&m = m, made, def, args = SmallVector<Value>(args)] { FunctionGen(m, made.func, made.env).body(made, def, args); });
  m.instances.try_emplace(unique, made);
  addRules(made, def);
  return made;
}

const Type *FunctionGen::viewed(const Type *type, const Instance &instance) {
  SaveAndRestore swap(env, viewOf(instance));
  return typeOf(type);
}

FuncInstance FunctionGen::declare(const DefDecl *def, const Env &own, ArrayRef<const Sym *> syms, ArrayRef<Value> args, StringRef name) {
  FuncInstance made{{}, nullptr, {}, own, SmallVector<const Sym *>(syms)};
  SmallVector<mlir::Type> inputs(syms.size(), b.getIndexType());
  // A symbol without a place to find it is a hole: here only those of the definition itself are known.
  SaveAndRestore names(env, own);
  std::vector<Env> outer = std::exchange(callers, {});
  for (const Sym *sym : syms)
    env.bind(sym, mlir::Value());
  for (auto [param, arg] : llvm::zip_equal(def->params, args)) {
    env.bind(param, arg);
    if (hasLeaves(param, arg))
      llvm::append_range(inputs, leafTypes(typeOf(param->type)));
  }
  made.result = typeOf(def->result);
  made.holes = holesOf(made.result);
  SmallVector<mlir::Type> results = leafTypes(made.result);
  results.append(made.holes.size(), b.getIndexType());
  callers = std::move(outer);
  std::string symbol = name.str();
  for (char &c : symbol)
    if (!llvm::isAlnum(c) && c != '_' && c != '.' && !(c & 0x80))
      c = '_';
  bool library = !def->module || def->module == m.program.main() || def->module == m.program.modules.front().get();
  made.func = m.declare(m.location(def->nameSpan), library ? symbol : def->module->name + "." + symbol, inputs, results);
  return made;
}

ValueRange FunctionGen::bindArguments(const FuncInstance &instance, const DefDecl *def, ArrayRef<Value> statics, ValueRange arguments) {
  for (const Sym *sym : instance.sizes) {
    env.bind(sym, arguments.front());
    arguments = arguments.drop_front();
  }
  for (auto [i, param] : llvm::enumerate(def->params)) {
    At at(*this, param->nameSpan);
    if (i < statics.size() && isStatic(statics[i])) {
      env.bind(param, statics[i]);
      continue;
    }
    const Type *type = typeOf(param->type);
    if (auto *shape = dyn_cast<ShapeType>(type)) {
      env.bind(param, {type, eval(sizesOf(shape->dims))});
      continue;
    }
    size_t n = leavesOf(type).size();
    // An int parameter may be a size of a later one, so each is bound before the next enters.
    Value value = enter(type, arguments.take_front(n));
    name(value, param->name);
    env.bind(param, value);
    isThere(value);
    arguments = arguments.drop_front(n);
  }
  return arguments;
}

void FunctionGen::body(const FuncInstance &instance, const DefDecl *def, ArrayRef<Value> statics) {
  mlir::Block &entry = func.getBody().front();
  const Values arguments(entry.args_begin(), entry.args_end());
  bindArguments(instance, def, statics, arguments);
  // What the head of the function computes stands before what it captures.
  prologue = entry.empty() ? nullptr : &entry.back();
  At at(*this, def->body->span);
  giveBack(instance.holes, gen(def->body));
}

void FunctionGen::giveBack(ArrayRef<Hole> holes, const Value &value) {
  Values results(value.leaves.begin(), value.leaves.end());
  llvm::append_range(results, fill(holes, value));
  mlir::func::ReturnOp::create(b, results);
  func.setFunctionType(b.getFunctionType(func.getBody().front().getArgumentTypes(), func.getResultTypes()));
}
} // namespace tl::mlirgen
