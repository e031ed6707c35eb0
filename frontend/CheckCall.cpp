// Calls of definitions, constructors of records, conversions: which signature fits, and what its generic parameters are.
#include "frontend/Check.h"
#include "llvm/ADT/Sequence.h"

namespace tl::frontend {

std::string ordinal(unsigned n) {
  static const char *const words[] = {"first", "second", "third", "fourth", "fifth", "sixth"};
  return n < 6 ? words[n] : "argument " + std::to_string(n + 1);
}

bool isTransform(StringRef name) {
  return llvm::is_contained({"grad", "value_and_grad", "vmap", "jvp", "vjp", "jacobian", "hessian", "hvp", "checkpoint", "tree_map"}, name);
}

const Type *Checker::call(CallExpr *e, const Type *expected) {
  Expr *callee = e->callee;
  if (auto *n = dyn_cast<NameExpr>(callee)) {
    Binding b = lookup(n->name);
    if (!b) {
      if (auto k = scalarByName(n->name))
        return castCall(e, types.scalar(*k));
      if (n->name == "int")
        return castCall(e, types.int64());
      if (n->name == "float")
        return castCall(e, types.scalar(ScalarKind::F32));
      if (isTransform(n->name))
        return transformCall(e, n->name);
      return unknownCallee(e, n);
    }
    if (b.typeParam)
      return castCall(e, types.param(b.typeParam));
    n->decl = b.decl;
    if (auto *s = llvm::dyn_cast_or_null<StructDecl>(b.decl))
      return construct(e, s, nullptr, expected);
    if (auto *d = llvm::dyn_cast_or_null<DefDecl>(b.decl))
      return callDef(e, d, nullptr, expected);
  }
  if (auto *s = dyn_cast<SelectExpr>(callee)) {
    auto *base = dyn_cast<NameExpr>(s->base);
    auto *import = base ? llvm::dyn_cast_or_null<ImportDecl>(lookup(base->name).decl) : nullptr;
    if (import && import->target) {
      Binding b = lookupMember(import->target, s->name);
      s->decl = b.decl;
      if (auto *r = llvm::dyn_cast_or_null<StructDecl>(b.decl))
        return construct(e, r, nullptr, expected);
      if (auto *d = llvm::dyn_cast_or_null<DefDecl>(b.decl))
        return callDef(e, d, nullptr, expected);
    }
  }
  if (auto *s = dyn_cast<SubscriptExpr>(callee)) {
    // zeros[f64]([n]), Mlp[64, 10](...)
    Decl *base = nullptr;
    if (auto *n = dyn_cast<NameExpr>(s->base))
      base = lookup(n->name).decl;
    else if (auto *m = dyn_cast<SelectExpr>(s->base))
      if (auto *n = dyn_cast<NameExpr>(m->base))
        if (auto *import = llvm::dyn_cast_or_null<ImportDecl>(lookup(n->name).decl); import && import->target)
          base = lookupMember(import->target, m->name).decl;
    if (auto *d = llvm::dyn_cast_or_null<DefDecl>(base))
      return callDef(e, d, s, expected);
    if (auto *r = llvm::dyn_cast_or_null<StructDecl>(base)) {
      const Type *t = resolveTypeArg(s, Where::Body, nullptr);
      return construct(e, r, dyn_cast<StructType>(t), expected);
    }
  }
  const Type *t = check(callee);
  if (auto *fn = dyn_cast<FnType>(resolved(t)))
    return callFunction(e, fn->value);
  for (const Arg &a : e->args)
    if (auto *n = dyn_cast<NameExpr>(a.value); !n || !scalarByName(n->name)) // x.astype(f64) is one mistake
      check(a.value);
  if (!isError(t)) {
    auto &d = diags.report(Code::E0305, callee->span, str(t) + " is not a function", str(t));
    auto *n = dyn_cast<NameExpr>(callee);
    auto *var = n ? llvm::dyn_cast_or_null<VarDecl>(n->decl) : nullptr;
    if (var && llvm::isa_and_nonnull<DefDecl>(lookupMember(program.modules.front().get(), n->name).decl))
      d.origin(var->nameSpan, "hides the function").help(("give this `" + n->name + "` another name").str());
    else if (resolved(t)->kind != TypeKind::Str)
      d.help("to index, write brackets: `x[i]`");
    namedWrongly(d, callee);
  }
  return types.error();
}

const Type *Checker::callDef(CallExpr *e, DefDecl *d, const SubscriptExpr *brackets, const Type *expected) {
  for (DefDecl *o = d; o; o = o->nextOverload)
    resolveSignature(o);
  if (d->shapeRule == "load")
    return loadCall(e, d, expected);
  if (d->shapeRule == "print" || d->shapeRule == "save")
    return printOrSave(e, d);
  // Arguments are checked once, whatever signature fits; a list of sizes only where one is asked for.
  SmallVector<const Type *> argTypes;
  bool failed = false;
  for (auto [i, a] : llvm::enumerate(e->args)) {
    auto isNamed = [&](DefDecl *o) { return llvm::any_of(o->params, [&](VarDecl *p) { return p->name == a.name; }); };
    bool isKnown = a.name.empty();
    for (DefDecl *o = d; o; o = o->nextOverload)
      isKnown |= isNamed(o);
    if (std::string help = isKnown ? "" : argumentHabit(a.name); !help.empty()) {
      diags.report(Code::E0307, a.nameSpan, ("`" + d->name + "` has no parameter `" + a.name + "`").str()).help(help);
      failed = true;
      continue;
    }
    bool wantsShape = false;
    for (DefDecl *o = d; o; o = o->nextOverload)
      for (auto [k, p] : llvm::enumerate(o->params))
        wantsShape |= p->type->kind == TypeKind::Shape && (a.name.empty() ? k == i : p->name == a.name);
    const Type *t = wantsShape ? shapeArgument(a.value) : check(a.value);
    a.value->type = t;
    failed |= isError(t);
    argTypes.push_back(t);
  }
  for (DefDecl *o = d; o; o = o->nextOverload) // a type in it is reported, and says nothing about this call
    failed |= (o->resultExpr && holdsError(o->result)) || llvm::any_of(o->params, [&](VarDecl *p) { return holdsError(p->type); });
  if (failed)
    return types.error();
  size_t mark = diags.size(), undo = trail.size(), left = body->deferred.size();
  if (!d->nextOverload) {
    const Type *t = tryDef(e, d, brackets, argTypes, expected);
    for (Diagnostic &report : diags.from(mark))
      if (!report.callee.valid() && llvm::is_contained({Code::E0302, Code::E0304, Code::E0307, Code::E0308}, report.code))
        report.callee = d->span;
    return t;
  }
  SmallVector<std::string> refused; // each signature, and why
  SmallVector<DefDecl *> fitting;   // by number and names of arguments
  for (DefDecl *o = d; o; o = o->nextOverload) {
    const Type *t = tryDef(e, o, brackets, argTypes, expected);
    if (diags.size() == mark)
      return t;
    if (diags.all()[mark].code != Code::E0307)
      fitting.push_back(o);
    StringRef reason = diags.all()[mark].message;
    const bool isOfSignature = reason.consume_front(("`" + o->name + "`").str());
    std::string params;
    for (VarDecl *p : o->params)
      params += (params.empty() ? "" : ", ") + p->name.str() + ": " + (p->isConst ? "const" : str(p->type));
    refused.push_back(("`" + o->name + "(" + params + ")`" + (isOfSignature ? "" : ": ") + reason).str());
    diags.rewind(mark);
    rewind(undo);
    body->deferred.resize(left);
  }
  if (fitting.size() == 1) // its own message says more
    return tryDef(e, fitting[0], brackets, argTypes, expected);
  std::string got;
  for (const Type *t : argTypes)
    got += (got.empty() ? "" : ", ") + str(t);
  auto &report = diags.report(Code::E0303, e->callee->span, ("no signature of `" + d->name + "` takes (").str() + got + ")");
  auto *list = e->args.size() == 1 ? dyn_cast<ArrayLitExpr>(e->args[0].value) : nullptr;
  if (list && (d->shapeRule == "concat" || d->shapeRule == "stack")) // NumPy takes a list
    return report.help(("write `" + d->name + "(" + sources.text(list->span).trim("[]") + ")`").str()), types.error();
  for (const std::string &signature : refused)
    report.note(signature);
  return types.error();
}

void Checker::instantiated(CallExpr *e, Callable *c) {
  e->target = c;
  for (const Type *&t : c->instance.types)
    slot(t);
  auto params = llvm::MutableArrayRef<const Type *>(const_cast<const Type **>(c->params.data()), c->params.size());
  for (const Type *&t : params)
    slot(t);
  slot(c->result);
}

/// What a type parameter stands for, in words.
static StringRef kindOf(Constraint c) {
  switch (c) {
  case Constraint::Any:
    return "any type";
  case Constraint::Num:
    return "a type of numbers";
  case Constraint::Float:
    return "a type of floats";
  case Constraint::Int:
    return "a type of integers";
  case Constraint::Vector:
    return "a vector";
  }
  llvm_unreachable("all constraints handled");
}

/// Calls `d` if its signature fits; else reports why not.
const Type *Checker::tryDef(CallExpr *e, DefDecl *d, const SubscriptExpr *brackets, llvm::ArrayRef<const Type *> argTypes,
                            const Type *expected) {
  SmallVector<StringRef> names;
  SmallVector<bool> optional;
  for (VarDecl *p : d->params) {
    names.push_back(p->name);
    optional.push_back(p->init != nullptr);
  }
  // In `sum(for k: e)` the axes are those of the indices.
  auto from = matchArguments(e, names, optional, d);
  if (!from)
    return types.error();
  SmallVector<Expr *> ordered;
  SmallVector<const Type *> types_;
  for (auto [i, p] : llvm::enumerate(d->params)) {
    int a = (*from)[i];
    ordered.push_back(a < 0 ? p->init : e->args[a].value);
    types_.push_back(a < 0 ? nullptr : argTypes[a]);
    if (a < 0 && p->type->kind == TypeKind::Func) { // applied here, as one that is given
      ordered.back() = clone(p->init, *module);
      llvm::SaveAndRestore there(scope, static_cast<const Scope *>(moduleScopes[d->module]));
      types_.back() = check(ordered.back());
    }
  }
  if (auto *f = ordered.empty() ? nullptr : dyn_cast<ForExpr>(ordered[0]);
      f && !f->brackets && (d->shapeRule == "reduce" || d->shapeRule == "axis")) {
    if ((*from)[1] >= 0) {
      diags.report(Code::E0309, ordered[1]->span, "a reduction over indices takes no `axis`");
      return types.error();
    }
    if (d->shapeRule == "axis" && f->binders.size() > 1 && dimsOf(types_[0]).size() == f->binders.size())
      ordered[1] = d->params[1]->init; // among all elements, in row-major order
    else
      ordered[1] = literalAxes(llvm::to_vector(llvm::seq<int64_t>(0, f->binders.size())), f->span);
  }
  bool reduces = d->shapeRule == "reduce" || d->shapeRule == "axis", joins = d->shapeRule == "concat" || d->shapeRule == "stack";
  if (reduces || joins)
    for (unsigned i = joins ? ordered.size() - 1 : 1; i < ordered.size(); ++i)
      if (int a = (*from)[i]; a >= 0 && e->args[a].name.empty()) {
        diags.report(Code::E0307, ordered[i]->span, ("`" + d->params[i]->name + "` of `" + d->name + "` is written with its name").str())
            .help(("write `" + d->params[i]->name + "=" + sources.text(ordered[i]->span) + "`").str());
        return types.error();
      }
  if ((d->body || d->shapeRule.empty()) && !knowsConstants(d, ordered)) // a shape rule asks for its own
    return types.error();
  Solver s;
  const size_t mark = trail.size();
  SmallVector<const Type *> generic;
  for (const TypeParam *p : d->typeParams) {
    auto *hole = types.infer(p->constraint, e->callee->span);
    hole->preferFloat = true;
    generic.push_back(hole);
  }
  llvm::DenseMap<const Sym *, const Sym *> holes;
  for (const Sym *p : d->sizeParams)
    holes[p] = sizes.sym(SymKind::Solve, p->name, p->origin);
  if (brackets && !genericArguments(brackets, d, generic, holes, s))
    return types.error();
  llvm::DenseMap<const Pack *, const Pack *> packs;
  for (const Pack *p : d->packs)
    packs[p] = types.pack(p->name, p->origin, true);
  // An int parameter that is a size: the argument, where that is a known size.
  llvm::DenseMap<const Sym *, Size> counts;
  llvm::DenseMap<const Sym *, Size> fresh;
  auto sizeSub = [&](const Sym *sym) -> std::optional<Size> {
    if (auto it = holes.find(sym); it != holes.end())
      return Size(it->second);
    if (auto it = counts.find(sym); it != counts.end())
      return it->second;
    if (sym->kind == SymKind::Fresh || sym->kind == SymKind::Local) { // each call finds a size of its own
      auto [it, isNew] = fresh.try_emplace(sym);
      if (isNew)
        it->second = Size(sizes.sym(SymKind::Fresh, sym->name, e->span));
      return it->second;
    }
    return std::nullopt;
  };
  for (auto [p, arg] : llvm::zip(d->params, ordered))
    if (p->sym) {
      if (arg && arg->type) // a literal that becomes a size is an int
        if (auto *i = dyn_cast<InferType>(resolved(arg->type)))
          bindInfer(i, types.int64());
      auto known = arg ? sizeOf(arg) : std::nullopt;
      if (known && arg == p->init) // written in the callee's names
        known = substitute(*known, sizes, sizeSub);
      counts[p->sym] = known ? *known : Size(sizes.sym(SymKind::Fresh, p->name, arg ? arg->span : e->span));
    }
  auto typeSub = [&](const TypeParam *p) -> const Type * {
    for (auto [q, g] : llvm::zip(d->typeParams, generic))
      if (q == p)
        return g;
    return nullptr;
  };
  auto packSub = [&](const Pack *p) -> std::optional<Dims> {
    auto it = packs.find(p);
    return it == packs.end() ? std::nullopt : std::optional<Dims>(Dims{Dim(it->second)});
  };
  Substitution sub{typeSub, packSub, sizeSub};
  SmallVector<const Type *> want;
  for (VarDecl *p : d->params)
    want.push_back(substitute(p->type, types, sub));
  Mismatch why;
  // How a parameter's type is shown: as it is written, with the sizes that arguments to the left have told.
  auto ownType = [](const TypeParam *) -> const Type * { return nullptr; };
  auto ownPack = [](const Pack *) -> std::optional<Dims> { return std::nullopt; };
  llvm::DenseMap<const Sym *, Size> told;
  auto toldSize = [&](const Sym *sym) -> std::optional<Size> {
    auto it = told.find(holes.lookup(sym));
    return it == told.end() || hasHole(it->second) ? std::nullopt : std::optional<Size>(it->second);
  };
  Substitution written{ownType, ownPack, toldSize};
  auto misfit = [&](unsigned i) {
    const Type *w = applySolution(want[i], s);
    auto *record = dyn_cast<StructType>(resolved(elemOf(w)));
    bool unknown = resolved(elemOf(w))->kind == TypeKind::Infer ||
                   (record && llvm::any_of(record->types, [&](const Type *t) { return resolved(t)->kind == TypeKind::Infer; }));
    bool open = d->shapeRule == "broadcast" || unknown;
    auto &report = diags.report(Code::E0302, ordered[i]->span,
                                ("`" + d->name + "` takes ").str() +
                                    str(!open     ? w
                                        : unknown ? substitute(d->params[i]->type, types, written)
                                                  : types.array(elemOf(w), Dims(dimsOf(d->params[i]->type)))) +
                                    " for `" + d->params[i]->name.str() + "`, not " + str(types_[i]),
                                str(types_[i]));
    if (d->params[i]->typeExpr && d->module != program.modules.front().get())
      report.label(d->params[i]->typeExpr->span, "declared here");
    explain(report, why);
    if (auto *record = dyn_cast<StructType>(resolved(types_[i])); record && d->params[i]->type->kind == TypeKind::Param)
      for (unsigned f = 0; f < record->decl->fields.size(); ++f)
        if (const Type *leaf = fieldType(record, f, types); !isVector(leaf)) {
          report.note("a vector holds floats throughout; field `" + record->decl->fields[f].name.str() + "` is " + str(leaf));
          break;
        }
    const Type *we = resolved(elemOf(w)), *ge = resolved(elemOf(types_[i]));
    if (auto *open = dyn_cast<InferType>(we);
        open && (ge->kind == TypeKind::Scalar || ge->kind == TypeKind::Infer) && !satisfies(ge, open->constraint))
      report.note("`" + str(elemOf(d->params[i]->type)) + "` stands for " + kindOf(open->constraint).str());
    if (we->kind == TypeKind::Scalar && ge->kind == TypeKind::Scalar && !same(we, ge) && (!dimsOf(w).empty() || dimsOf(types_[i]).empty()))
      report.help("convert with `" + str(we) + "(...)`");
    else if (joins && holdsText(types_[i]))
      report.help("text is put together in a string with holes: `\"{a}{b}\"`");
    else if (isBool(ge) && d->opName == "reduce_sum")
      report.help("`count(x)` tells how many elements are true");
    else if (isInteger(ge) && ge->kind != TypeKind::Infer && we->kind == TypeKind::Infer &&
             cast<InferType>(we)->constraint == Constraint::Float)
      report.help("convert with `f32(...)`");
    return types.error();
  };
  Dims common;
  for (unsigned i = 0; i < want.size(); ++i) {
    if (!types_[i] || want[i]->kind == TypeKind::Func || d->params[i]->type->kind == TypeKind::None)
      continue;
    const Type *got = resolved(types_[i]);
    if (got->kind == TypeKind::Range) {
      diags.report(Code::E0213, ordered[i]->span, "a range stands only behind `in`").help("`arange(n)` is the array 0, 1, ..., n - 1");
      return types.error();
    }
    if (got->kind == TypeKind::Fn)
      return misfit(i);
    if (d->shapeRule == "broadcast") {
      auto both = broadcast(common, dimsOf(got), why);
      if (!both || !unify(elemOf(want[i]), elemOf(got), s, why))
        return misfit(i);
      common = *both;
      continue;
    }
    want[i] = substitute(d->params[i]->type, types, sub); // again: P.float is known once an argument to the left has told P
    told = s.sizes;
    if (!unify(want[i], got, s, why))
      return misfit(i);
  }
  if (d->shapeRule == "broadcast")
    for (auto &[p, hole] : packs)
      s.packs[hole] = common;
  if (!solvePending(s, why)) {
    auto &report = diags.report(Code::E0302, e->span, ("the sizes of the arguments of `" + d->name + "` do not meet").str());
    for (auto [a, t] : llvm::zip(e->args, argTypes))
      report.label(a.value->span, str(t));
    explain(report, why);
    return types.error();
  }
  fillHoles(mark, s);
  // Functions last: by now the types of their parameters are known.
  SmallVector<Callable *> functions(d->params.size(), nullptr);
  for (unsigned i = 0; i < want.size(); ++i) {
    if (want[i]->kind == TypeKind::Func)
      want[i] = substitute(d->params[i]->type, types, sub); // `P.float` is known now
    auto *f = dyn_cast<FuncType>(want[i]);
    if (!f || !types_[i])
      continue;
    auto *fn = dyn_cast<FnType>(resolved(types_[i]));
    if (!fn)
      return misfit(i);
    SmallVector<const Type *> params;
    for (const Type *p : f->params)
      params.push_back(applySolution(p, s));
    uint32_t before = sizeMark();
    llvm::SaveAndRestore inside(body->isHandedOver, body->isHandedOver || d->body);
    Callable *c = apply(fn->value, params, ordered[i]->span);
    if (!c)
      return types.error();
    if (madeSince(c->result, before)) {
      diags
          .report(Code::E0302, ordered[i]->span,
                  ("`" + d->name + "` takes a function for `" + d->params[i]->name + "` whose result has one size; this gives ").str() +
                      str(c->result))
          .note("that size is another one each time the function is applied");
      return types.error();
    }
    if (!unify(f->result, c->result, s, why) || !solvePending(s, why)) {
      diags.report(Code::E0302, ordered[i]->span,
                   ("`" + d->name + "` takes a function for `" + d->params[i]->name + "` that gives ").str() +
                       str(applySolution(f->result, s)) + ", this gives " + str(c->result));
      return types.error();
    }
    functions[i] = c;
  }
  if (!d->result) {
    if (d->state == DefDecl::Checking) {
      diags.report(Code::E0306, e->callee->span, ("`" + d->name + "` calls itself and needs a result type").str())
          .label(d->nameSpan, "declared without one");
      return types.error();
    }
    checkDef(d);
    if (!d->result)
      return types.error();
  }
  // P.float is the widest of leaves that are known: literals among them are settled now.
  if (auto *p = dyn_cast<ParamType>(resolved(elemOf(d->result))); p && p->widestFloat)
    for (const Type *g : generic)
      if (const Type *t = resolved(g); t->kind == TypeKind::Tuple || t->kind == TypeKind::Struct)
        settle(t);
  const Type *result = substitute(d->result, types, sub);
  // What the arguments leave open the context may settle.
  auto open = [&] {
    return llvm::any_of(holes, [&](auto &h) { return !s.sizes.count(h.second); }) ||
           llvm::any_of(packs, [&](auto &p) { return !s.packs.count(p.second); });
  };
  if (open() && expected && !isError(expected)) {
    Solver attempt = s;
    Mismatch ignore;
    const size_t undo = trail.size();
    if (unify(applySolution(result, s), expected, attempt, ignore) && solvePending(attempt, ignore) &&
        llvm::none_of(holes, [&](auto &h) { return hasHole(applySolution(Size(h.second), attempt)); }))
      s = attempt; // of sizes that are known: those of a record that is being made need not be yet
    else
      rewind(undo);
  }
  fillHoles(mark, s);
  for (const Sym *p : d->sizeParams)
    if (!s.sizes.count(holes[p])) {
      auto &report = diags.report(Code::E0304, e->span,
                                  ("the size `" + Twine(p->name) + "` of `" + d->name + "` cannot be found from these arguments").str());
      if (!d->generics.empty())
        report.help(("give it: `" + d->name + "[...](...)`").str());
      return types.error();
    }
  auto *c = makeCallable(d->body ? CallableKind::Def : CallableKind::Intrinsic);
  e->ordered = module->list<Expr *>(ordered);
  result = applySolution(result, s);
  if (!d->shapeRule.empty() && d->shapeRule != "broadcast") {
    result = shapeRule(e, d, result);
    if (isError(result))
      return result;
  }
  Solver own; // the callee's own symbols, for its `where`
  for (const Sym *p : d->sizeParams)
    own.sizes[p] = applySolution(Size(holes[p]), s);
  for (auto &[p, n] : counts)
    own.sizes[p] = applySolution(n, s);
  if (d->where && !checkWhere(e, d, own))
    return types.error();
  for (const Sym *p : d->sizeParams) {
    if (llvm::is_contained(s.derived, holes[p]) &&
        !notNegative(Code::E0302, e, own.sizes[p], ("the size `" + Twine(p->name) + "` of `" + d->name + "`").str()))
      return types.error();
  }
  bool negative = false;
  if (auto *a = dyn_cast<ArrayType>(resolved(result)))
    for (const Dim &x : a->dims)
      negative |= !x.pack && !notNegative(Code::E0313, e, x.size, ("a size of the result of `" + Twine(d->name) + "`").str());
  if (negative)
    return types.error();
  SmallVector<const Type *> params;
  for (const Type *w : want)
    params.push_back(applySolution(w, s));
  c->params = module->list<const Type *>(params);
  c->result = result;
  c->functions = module->list<Callable *>(functions);
  c->instance.def = d;
  for (const Type *g : generic)
    c->instance.types.push_back(g);
  for (const Sym *p : d->sizeParams)
    c->instance.sizes.push_back(applySolution(Size(holes[p]), s));
  for (const Pack *p : d->packs)
    c->instance.packs.push_back(applySolution(Dims{Dim(packs[p])}, s));
  if (body && !body->later.empty())
    for (auto [i, p] : llvm::enumerate(d->params))
      if ((*from)[i] < 0)
        defaultUses.push_back({body->later.front(), p, e});
  if (body && body->def && d->body)
    defCalls.push_back({body->def, e, c, body->isHandedOver});
  instantiated(e, c);
  return result;
}
} // namespace tl::frontend
