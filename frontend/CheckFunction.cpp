// Function values: what is called when a lambda, a parameter or `grad(f)` is applied, and at which types. A function value has no type
// until it is applied; its body is checked at each application.
#include "frontend/Check.h"

namespace tl::frontend {

Callable *Checker::makeCallable(CallableKind kind) {
  auto *c = module->make<Callable>();
  c->kind = kind;
  return c;
}

const FnValue *Checker::functionOf(const Type *t, Expr *at) {
  t = resolved(t);
  if (auto *fn = dyn_cast<FnType>(t))
    return fn->value;
  if (!isError(t)) {
    auto &d = diags.report(Code::E0316, at->span, "a function is asked for, not " + str(t), str(t));
    if (auto *call = dyn_cast<CallExpr>(at); call && isa<NameExpr>(call->callee))
      d.help(("a call is its value: write the function alone, `" + cast<NameExpr>(call->callee)->name + "`, or a lambda").str());
  }
  return nullptr;
}

bool Checker::isFunction(const Type *t) { return resolved(t)->kind == TypeKind::Fn; }

/// A function where a type is written for it: from there on it takes and gives what that says.
const Type *Checker::declaredFunction(Code code, const Type *declared, const Type *t, Span at, Span declaredAt) {
  auto *want = dyn_cast<FuncType>(resolved(declared));
  if (!want) {
    if (!isError(declared))
      diags.report(code, at, "this is a function, not " + str(declared)).label(declaredAt, "declared here");
    return types.error();
  }
  const FnValue *given = cast<FnType>(resolved(t))->value;
  Callable *c = apply(given, want->params, at);
  if (!c)
    return types.error();
  Mismatch why;
  if (!meet(want->result, c->result, why)) {
    auto &d =
        diags.report(code, at, "this function gives " + str(c->result) + ", not " + str(want->result)).label(declaredAt, "declared here");
    explain(d, why);
    return types.error();
  }
  FnValue f = *given;
  f.declared = want;
  return types.fn(keep(f));
}

/// A function bound to a name: there its environment is found later. That of a parameter is found at the parameter.
void Checker::nameFunction(VarDecl *v) {
  auto *fn = dyn_cast<FnType>(resolved(v->type));
  if (!fn || fn->value->kind == CallableKind::Param)
    return;
  FnValue named = *fn->value;
  named.var = v;
  v->type = types.fn(keep(named));
}

const Type *Checker::callFunction(CallExpr *e, const FnValue *f) {
  SmallVector<const Type *> args;
  SmallVector<Expr *> ordered;
  bool failed = false;
  for (const Arg &a : e->args) {
    if (!a.name.empty()) {
      diags.report(Code::E0307, a.nameSpan, "arguments of a function value have no names");
      failed = true;
    }
    args.push_back(check(a.value));
    failed |= isError(args.back());
    ordered.push_back(a.value);
  }
  if (failed)
    return types.error();
  SmallVector<Span> spans;
  for (Expr *a : ordered)
    spans.push_back(a->span);
  llvm::SaveAndRestore given(argumentSpans, llvm::ArrayRef<Span>(spans));
  Callable *c = apply(f, args, e->span);
  if (!c)
    return types.error();
  e->ordered = module->list<Expr *>(ordered);
  instantiated(e, c);
  return c->result;
}

/// Are these the arguments that a function takes whose type is written? Gives the functions among them, applied as that type says.
std::optional<SmallVector<Callable *>> Checker::takes(const FnValue *f, const FuncType *type, llvm::ArrayRef<const Type *> args,
                                                      Span span) {
  std::string name = f->var ? ("`" + f->var->name + "`").str() : "this function";
  auto written = [&](Diagnostic &d) {
    if (f->var)
      d.label(f->var->nameSpan, str(type));
  };
  if (type->params.size() != args.size()) {
    written(diags.report(Code::E0307, span,
                         name + " takes " + std::to_string(type->params.size()) +
                             (type->params.size() == 1 ? " argument, " : " arguments, ") + std::to_string(args.size()) +
                             (args.size() == 1 ? " is given" : " are given")));
    return std::nullopt;
  }
  SmallVector<Callable *> functions(args.size(), nullptr);
  Mismatch why;
  for (size_t i = 0; i < args.size(); ++i) {
    const Type *want = type->params[i], *got = args[i];
    auto *function = dyn_cast<FuncType>(resolved(want));
    if (function && isFunction(got)) {
      functions[i] = apply(cast<FnType>(resolved(got))->value, function->params, argumentSpan(i, span));
      if (!functions[i])
        return std::nullopt;
      got = functions[i]->result;
      want = function->result;
    }
    if (!meet(want, got, why)) {
      auto &d = diags.report(Code::E0302, argumentSpan(i, span),
                             name + " takes " + str(type->params[i]) + " as its " + ordinal(i) + " argument, not " +
                                 (functions[i] ? "one that gives " : "") + str(got));
      written(d);
      explain(d, why);
      return std::nullopt;
    }
  }
  return functions;
}

Callable *Checker::apply(const FnValue *f, llvm::ArrayRef<const Type *> args, Span span) {
  if (f->declared && !takes(f, f->declared, args, span))
    return nullptr;
  switch (f->kind) {
  case CallableKind::Def:
    return applyDef(f, args, span);
  case CallableKind::Lambda:
    return applyLambda(f, args, span);
  case CallableKind::Transform:
    return applyTransform(f, args, span);
  case CallableKind::Param:
    break;
  default:
    llvm_unreachable("not a function value");
  }
  auto *type = cast<FuncType>(f->var->type);
  auto functions = takes(f, type, args, span);
  if (!functions)
    return nullptr;
  auto *c = makeCallable(CallableKind::Param);
  c->functions = module->list<Callable *>(*functions);
  c->var = f->var;
  c->params = module->list<const Type *>(type->params);
  c->result = type->result;
  return c;
}

/// A definition as a value: applied through a call whose arguments are names of the given types.
Callable *Checker::applyDef(const FnValue *f, llvm::ArrayRef<const Type *> args, Span span) {
  const Scope *saved = scope;
  Scope *own = pushScope(scope);
  scope = own;
  auto *call = module->make<CallExpr>(span);
  auto *callee = module->make<NameExpr>(span);
  callee->name = f->def->name;
  call->callee = callee;
  SmallVector<Arg> list;
  for (auto [i, t] : llvm::enumerate(args)) {
    Span at = argumentSpan(i, span);
    auto *v = module->make<VarDecl>(at);
    v->name = module->string("argument " + std::to_string(i + 1)); // no name that a program can write
    v->nameSpan = at;
    v->type = t;
    v->varKind = VarKind::Var; // not a size: its value is not at hand
    declare(own, v);
    auto *n = module->make<NameExpr>(at);
    n->name = v->name;
    list.push_back({"", {}, n});
  }
  call->args = module->list<Arg>(list);
  llvm::SaveAndRestore inside(argumentSpans, llvm::ArrayRef<Span>());
  const Type *t = callDef(call, f->def, {}, nullptr);
  scope = saved;
  if (isError(t) || !call->target)
    return nullptr;
  call->target->site = call;
  return call->target;
}

Callable *Checker::applyLambda(const FnValue *f, llvm::ArrayRef<const Type *> args, Span span) {
  if (f->lambda->params.size() != args.size()) {
    diags
        .report(Code::E0307, span,
                "this function takes " + std::to_string(f->lambda->params.size()) + " arguments, " + std::to_string(args.size()) +
                    (args.size() == 1 ? " is given" : " are given"))
        .label(f->lambda->span, "written here");
    return nullptr;
  }
  if (applied.empty())
    lambdaErrors = diags.size();
  else if (diags.size() > lambdaErrors)
    return nullptr; // one error is enough
  if (applied.size() >= 64 || ++body->applications > 20000) {
    diags.report(Code::E0306, span, "this function value applies itself").label(f->lambda->span, "written here");
    return nullptr;
  }
  auto *copy = cast<LambdaExpr>(clone(f->lambda, *module));
  const Scope *saved = scope;
  Scope *own = pushScope(static_cast<const Scope *>(f->scope));
  scope = own;
  size_t before = diags.size();
  bool failed = false;
  SmallVector<const Type *> params;
  Facts facts = body->facts; // what it asserts holds inside: it may never run
  llvm::DenseMap<const Sym *, Size> named;
  SmallVector<std::tuple<size_t, VarDecl *, const Type *>> functions; // last: the others may name sizes in their types
  for (auto [i, p, t] : llvm::enumerate(copy->params, args)) {
    p->module = module;
    p->varKind = VarKind::Param;
    p->type = t;
    checkName(p->name, p->nameSpan);
    if (p->typeExpr && isFunction(t)) {
      functions.push_back({i, p, t});
    } else if (p->typeExpr) {
      const Type *declared = resolveType(p->typeExpr, p->typeExpr->kind == TypeExprKind::Func ? Where::Body : Where::Let, own);
      Solver s;
      Mismatch why;
      if (!unify(declared, t, s, why) || !solvePending(s, why)) {
        if (!isError(declared)) {
          auto &d = diags
                        .report(Code::E0302, argumentSpan(i, span),
                                "this function takes " + str(declared) + " as its " + ordinal(i) + " argument, not " + str(t), str(t))
                        .label(p->typeExpr->span, "declared here");
          explain(d, why);
        }
        failed = true;
      }
      for (auto &entry : own->names) {
        const Sym *sym = entry.second.sym;
        if (!sym || sym->kind != SymKind::Solve || !s.sizes.count(sym))
          continue;
        Size found = applySolution(Size(sym), s);
        if (!found.symbol()) { // a name of its own, known to be equal
          Size name(sizes.sym(SymKind::Fresh, sym->name, sym->origin));
          named[name.symbol()] = found;
          body->facts.zero.push_back(name - found);
          s.sizes[sym] = found = name;
        }
        entry.second.sym = found.symbol();
      }
      p->type = applySolution(declared, s);
    }
    nameFunction(p);
    slot(p->type);
    body->variables.push_back(&p->type);
    boundAt[p] = sizeMark();
    params.push_back(p->type);
    declare(own, p);
  }
  for (auto [i, p, t] : functions) {
    p->type = declaredFunction(Code::E0302, resolveType(p->typeExpr, Where::Body, own), t, argumentSpan(i, span), p->typeExpr->span);
    failed |= isError(p->type);
    nameFunction(p);
  }
  const Type *t = types.error();
  if (!failed) {
    applied.push_back(f);
    auto outer = std::move(body->assigned); // assignments inside cannot reach out
    body->assigned.clear();
    body->walls.push_back("a function value");
    llvm::SaveAndRestore inside(argumentSpans, llvm::ArrayRef<Span>());
    t = check(copy->body);
    body->walls.pop_back();
    body->assigned = std::move(outer);
    applied.pop_back();
  }
  scope = saved;
  body->facts = std::move(facts);
  if (!named.empty()) {
    Solver own;
    own.sizes = named;
    t = applySolution(t, own);
  }
  if (diags.size() != before) {
    auto &first = const_cast<Diagnostic &>(diags.all()[before]);
    if (span.file && !llvm::any_of(first.labels, [&](const Label &l) { return l.span.begin == span.begin && l.span.end == span.end; }) &&
        !(span.begin <= f->lambda->span.begin && f->lambda->span.end <= span.end))
      first.label(span, "applied here");
    return nullptr;
  }
  if (isError(t))
    return nullptr;
  auto *c = makeCallable(CallableKind::Lambda);
  if (resolved(t)->kind == TypeKind::Fn) {
    c->returned = module->make<VarDecl>(span);
    c->returned->type = t;
    nameFunction(c->returned);
    t = c->returned->type;
  }
  c->lambda = copy;
  c->var = f->var;
  c->params = module->list<const Type *>(params);
  c->result = t;
  for (const Type *&p : llvm::MutableArrayRef<const Type *>(const_cast<const Type **>(c->params.data()), c->params.size()))
    slot(p);
  slot(c->result);
  return c;
}

const Type *Checker::transformCall(CallExpr *e, StringRef name) {
  SmallVector<const Type *> args;
  const bool isVmap = name == "vmap" && !e->args.empty() && e->args[0].name.empty();
  for (const Arg &a : isVmap ? e->args.take_front() : e->args) // its axes are no values
    args.push_back(check(a.value));
  if (llvm::any_of(args, [&](const Type *t) { return isError(t); }))
    return types.error();
  if (name == "tree_map")
    return treeMapCall(e);
  if (name == "vjp" || name == "jvp" || name == "hvp")
    return derivativeCall(e, name);
  if (!isVmap && (args.size() != 1 || !e->args[0].name.empty())) {
    const Arg *named = llvm::find_if(e->args, [](const Arg &a) { return !a.name.empty(); });
    if (named != e->args.end() && named != e->args.begin() && name != "checkpoint") {
      auto *function = dyn_cast<NameExpr>(e->args[0].value);
      std::string habit = argumentHabit(named->name);
      diags.report(Code::E0307, named->nameSpan, ("`" + name + "` has no parameter `" + named->name + "`").str())
          .help(!habit.empty() ? habit
                               : ("its derivative is by the first argument; for another write a lambda: `" + name + "(w -> " +
                                  (function ? function->name : StringRef("f")) + "(x, w))(w)`")
                                     .str());
      return types.error();
    }
    auto &d = diags.report(Code::E0307, e->span, ("`" + name + "` takes one function").str());
    if (args.size() > 1)
      d.help(("apply what it gives: `" + name + "(f)(x)`").str());
    return types.error();
  }
  const size_t before = diags.size();
  const FnValue *inner = functionOf(args[0], e->args[0].value);
  if (!inner) {
    if (e->piped && diags.size() != before)
      diags.from(before).front().help(
          ("the left side of `|>` is the argument of `" + name + "`: bind the function, `let g = " + name + "(f)`, then `x |> g`").str());
    return types.error();
  }
  FnValue f(CallableKind::Transform);
  f.name = f.asked = name;
  f.inner = inner;
  f.at = e;
  if (isVmap && !mapOptions(e, f))
    return types.error();
  if (name == "hessian") { // the jacobian of the gradient
    f.name = "grad";
    f.inner = keep(f);
    f.name = "jacobian";
  }
  return types.fn(keep(f));
}

/// tree_map(f, p, q, ...): f, checked once for a leaf F[...s], on the leaves of vectors of one type.
const Type *Checker::treeMapCall(CallExpr *e) {
  if (e->args.size() < 2 || llvm::any_of(e->args, [](const Arg &a) { return !a.name.empty(); })) {
    diags.report(Code::E0307, e->span, "`tree_map` takes a function and one or more vectors, without names");
    return types.error();
  }
  const FnValue *f = functionOf(e->args[0].value->type, e->args[0].value);
  if (!f)
    return types.error();
  SmallVector<Expr *> ordered;
  const Type *vector = resolved(e->args[1].value->type);
  for (const Arg &a : e->args) {
    ordered.push_back(a.value);
    if (ordered.size() == 1)
      continue;
    const Type *t = resolved(a.value->type);
    Mismatch why;
    if (!isVector(t)) {
      diags.report(Code::E0302, a.value->span, "`tree_map` goes over the floats of a vector, not " + str(t), str(t));
      return types.error();
    }
    makeFloat(t, a.value->span);
    if (!meet(vector, t, why)) {
      reportMismatch(Code::E0302, a.value, vector, t, why, e->args[1].value->span, "the first");
      return types.error();
    }
  }
  Span at = e->args[0].value->span;
  const Type *leaf = types.array(types.param(types.typeParam("F", Constraint::Float, at)), {Dim(types.pack("s", at))});
  SmallVector<const Type *> leaves(ordered.size() - 1, leaf);
  Callable *applied = apply(f, leaves, at);
  if (!applied)
    return types.error();
  Mismatch why;
  if (!meet(leaf, applied->result, why)) {
    diags.report(Code::E0302, at,
                 "the function of `tree_map` gives a leaf of the type it takes, " + str(leaf) + ", this gives " + str(applied->result));
    return types.error();
  }
  if (!treeMap) {
    treeMap = program.modules.front()->make<DefDecl>(Span{});
    treeMap->name = treeMap->opName = "tree_map";
    treeMap->module = program.modules.front().get();
  }
  SmallVector<Callable *> functions(ordered.size(), nullptr);
  functions[0] = applied;
  auto *c = makeCallable(CallableKind::Intrinsic);
  c->instance.def = treeMap;
  c->functions = module->list<Callable *>(functions);
  c->result = vector;
  e->ordered = module->list<Expr *>(ordered);
  instantiated(e, c);
  return vector;
}

Callable *Checker::applyTransform(const FnValue *f, llvm::ArrayRef<const Type *> args, Span span) {
  if (f->applied)
    return applyPullback(f, args, span);
  Span at = f->at ? f->at->span : span;
  if (args.empty()) {
    diags.report(Code::E0307, span, ("`" + f->asked + "` of a function needs its arguments").str());
    return nullptr;
  }
  auto *c = makeCallable(CallableKind::Transform);
  c->name = f->name;
  c->var = f->var;
  c->params = module->list<const Type *>(args);
  auto parameters = llvm::MutableArrayRef<const Type *>(const_cast<const Type **>(c->params.data()), c->params.size());
  if (f->name == "vmap") {
    if (!applyVmap(f, args, span, c))
      return nullptr;
  } else if (f->name == "checkpoint") {
    c->inner = apply(f->inner, args, span);
    if (!c->inner)
      return nullptr;
    c->result = c->inner->result;
  } else if (f->name == "jacobian") {
    c->result = jacobianOf(f, args, span, c->inner);
    if (!c->result)
      return nullptr;
  } else {
    if (!mayDifferentiate(f->asked, f->inner, "the first argument", args[0], span))
      return nullptr;
    c->inner = apply(f->inner, args, span);
    if (!c->inner)
      return nullptr;
    makeFloat(c->inner->result, span);
    const Type *value = resolved(c->inner->result);
    if (!dimsOf(value).empty() || !isFloating(value)) {
      diags.report(Code::E0502, at, ("`" + f->asked + "` needs a function that gives one float, this gives ").str() + str(value))
          .help(!dimsOf(value).empty()            ? "reduce it, as in `sum(...)` or `mean(...)`"
                : value->kind == TypeKind::Scalar ? "convert the result with `f32(...)`"
                                                  : "make one float of its parts, as in `a + b`, or take one of them");
      return nullptr;
    }
    c->result = f->name == "grad" ? args[0] : types.tuple({value, args[0]});
  }
  for (const Type *&p : parameters)
    slot(p);
  slot(c->result);
  return c;
}
} // namespace tl::frontend
