// Expressions other than calls and indexing.
#include "frontend/Check.h"

namespace tl::frontend {

const Type *Checker::check(Expr *e, const Type *expected) {
  llvm::SaveAndRestore here(current, e);
  const Type *t = infer(e, expected);
  if (hasTextInArray(t)) {
    diags.report(Code::E0215, e->span, "`str` stands in no array", str(t));
    t = types.error();
  }
  e->type = t;
  slot(e->type);
  return t;
}

const Type *Checker::checkValue(Expr *e, const Type *expected) { return valueOf(e, check(e, expected)); }

const Type *Checker::valueOf(Expr *e, const Type *t) {
  t = resolved(t);
  switch (t->kind) {
  case TypeKind::Range:
    diags.report(Code::E0213, e->span, "a range stands only behind `in`");
    break;
  case TypeKind::None:
    diags.report(Code::E0213, e->span, "`None` is no value")
        .help("it stands for a new axis, as in `x[:, None]`, and for no axis, as in `axis=None`");
    break;
  case TypeKind::Fn:
  case TypeKind::Func:
    diags.report(Code::E0213, e->span, "a function is no value here").help("call it");
    break;
  default:
    return t;
  }
  return e->type = types.error();
}

void Checker::checkSize(Expr *at, const Size &lhs, const Size &rhs, bool equal, Span span, std::string message, bool isNewSize) {
  module->checks[at].push_back({lhs, rhs, equal, span, std::move(message), isNewSize});
}

const Type *Checker::infer(Expr *e, const Type *expected) {
  return visit(e, Match{
                      [&](ErrorExpr *) { return types.error(); },
                      [&](NumberExpr *n) { return number(n); },
                      [&](BoolExpr *) { return types.boolean(); },
                      [&](NoneExpr *) { return types.none(); },
                      [&](StringExpr *s) { return string(s); },
                      [&](NameExpr *n) { return name(n); },
                      [&](UnaryExpr *u) { return unary(u); },
                      [&](BinaryExpr *b) { return binary(b); },
                      [&](RangeExpr *r) -> const Type * {
                        for (Expr *side : {r->lo, r->hi}) {
                          const Type *t = checkValue(side);
                          Mismatch why;
                          if (isError(t))
                            return t;
                          if (!meet(t, types.int64(), why)) {
                            madeFloatBy(diags.report(Code::E0214, side->span, "the ends of a range are int, not " + str(t), str(t)), side);
                            return types.error();
                          }
                        }
                        return types.range(sizeOf(r->lo).value_or(Size()), sizeOf(r->hi).value_or(Size()));
                      },
                      [&](IfExpr *i) { return ifExpr(i, expected); },
                      [&](LambdaExpr *l) { return lambda(l); },
                      [&](CallExpr *c) { return call(c, expected); },
                      [&](SubscriptExpr *s) { return subscript(s); },
                      [&](SelectExpr *s) { return select(s); },
                      [&](TupleExpr *t) { return tuple(t, expected); },
                      [&](ArrayLitExpr *a) { return arrayLit(a, expected); },
                      [&](ForExpr *f) { return forExpr(f); },
                      [&](FallbackExpr *f) { return fallback(f); },
                      [&](BlockExpr *b) { return block(b, expected); },
                  });
}

const Type *Checker::number(NumberExpr *e) {
  if (body)
    body->numbers.push_back({e, false, constantUse});
  return types.infer(e->isFloat ? Constraint::Float : Constraint::Num, e->span);
}

const Type *Checker::name(NameExpr *e) {
  Binding b = lookup(e->name);
  if (b.sym) {
    if (!isTold(b.sym, e->span))
      return types.error();
    e->sym = b.sym;
    return types.int64();
  }
  if (b.pack) {
    e->pack = b.pack;
    e->decl = b.decl;
    return types.shape({Dim(b.pack)});
  }
  e->decl = b.decl;
  if (!b) {
    if (e->name == "inf" || e->name == "nan")
      return types.infer(Constraint::Float, e->span);
    if (e->name == "_") {
      diags.report(Code::E0140, e->span, "`_` has no value");
      return types.error();
    }
    if (scalarByName(e->name) || e->name == "int" || e->name == "float") {
      diags.report(Code::E0141, e->span, ("`" + e->name + "` is a type").str()).help(("to convert write `" + e->name + "(x)`").str());
      return types.error();
    }
    auto &d = diags.report(Code::E0140, e->span, ("unknown name `" + e->name + "`").str(), "not known here");
    d.topic = ("unknown " + e->name + " " + Twine(body ? body->number : 0)).str();
    if (e->name == "True" || e->name == "False")
      d.help("write `" + e->name.lower() + "`");
    else if (isTransform(e->name))
      d.help(("`" + e->name + "` is applied to a function where it is named: `" + e->name + "(f)`").str());
    else if (std::string help = habit(e->name); !help.empty())
      d.help(help);
    else
      suggest(d, e->name);
    return types.error();
  }
  if (b.typeParam) {
    diags.report(Code::E0141, e->span, ("`" + e->name + "` is a type").str());
    return types.error();
  }
  if (auto *v = dyn_cast<VarDecl>(b.decl)) {
    if (!v->type)
      return types.error();
    if (body && llvm::is_contained(body->later, v)) {
      diags.report(Code::E0140, e->span, ("`" + v->name + "` is not known here: a default names parameters to its left").str())
          .label(v->nameSpan, "a parameter");
      return types.error();
    }
    if (v->type->kind == TypeKind::Func) {
      FnValue f(CallableKind::Param);
      f.var = v;
      f.at = e;
      return types.fn(keep(f));
    }
    return v->type;
  }
  if (auto *d = dyn_cast<DefDecl>(b.decl)) {
    FnValue f(CallableKind::Def);
    f.def = d;
    f.at = e;
    return types.fn(keep(f));
  }
  if (auto *c = dyn_cast<ConstDecl>(b.decl)) {
    if (open.contains(c)) {
      diags.report(Code::E0111, e->span, ("`" + e->name + "` needs its own value").str()).label(c->nameSpan, "declared here");
      return types.error();
    }
    if (!c->type)
      checkConst(c);
    // A literal constant takes a type of its own at each use.
    Expr *init = c->let->init;
    if (auto *u = dyn_cast<UnaryExpr>(init); u && u->op == UnaryOp::Neg)
      init = u->operand;
    if (auto *n = dyn_cast<NumberExpr>(init); n && !c->let->typeExpr) {
      if (body)
        body->constants.push_back({e, c});
      return types.infer(n->isFloat ? Constraint::Float : Constraint::Num, e->span);
    }
    return constant(c, e, e->meaning);
  }
  diags.report(Code::E0141, e->span,
               ("`" + e->name + "` is a " + (isa<StructDecl>(b.decl) ? "record type" : "module") + ", not a value").str());
  return types.error();
}

/// The type of a constant where it is used. One that is made of literals is checked again there, as a function is.
const Type *Checker::constant(ConstDecl *c, Expr *use, Expr *&meaning) {
  if (c->type && isFunction(c->type)) {
    llvm::SaveAndRestore there(scope, static_cast<const Scope *>(moduleScopes[c->module]));
    FnValue f = *cast<FnType>(check(clone(c->let->init, *module)))->value;
    f.declared = cast<FnType>(resolved(c->type))->value->declared;
    return types.fn(keep(f));
  }
  if (!body || c->let->typeExpr || isError(c->type) || !isLiteral(c->let->init))
    return c->type;
  meaning = clone(c->let->init, *module);
  llvm::SaveAndRestore there(scope, static_cast<const Scope *>(moduleScopes[c->module]));
  llvm::SaveAndRestore from(constantUse, use);
  return checkValue(meaning);
}

const Type *Checker::string(StringExpr *e) {
  for (const StringPart &p : e->parts)
    if (p.hole) {
      const Type *t = checkValue(p.hole);
      if (same(resolved(t), types.unit()))
        diags.report(Code::E0205, p.hole->span, "this has no value to print");
      if (!p.spec.empty() && body)
        body->holes.push_back(&p);
    }
  return types.str();
}

const Type *Checker::boolean(Expr *e, const char *what) {
  const Type *t = resolved(checkValue(e));
  if (isError(t) || (isBool(t) && dimsOf(t).empty()))
    return t;
  auto &d = diags.report(Code::E0204, e->span, std::string(what) + " is a bool, not " + str(t), str(t));
  if (auto *both = dyn_cast<TupleType>(t); both && both->elems.size() == 2 && resolved(both->elems[1])->kind == TypeKind::Str)
    d.help("leave out the parentheses: `assert c, \"message\"`");
  else if (isBool(t))
    d.help("reduce it with `any(...)` or `all(...)`");
  else if (isNumber(t) && dimsOf(t).empty())
    d.help("compare it, as in `!= 0`");
  return types.error();
}

const Type *Checker::ifExpr(IfExpr *e, const Type *expected) {
  boolean(e->cond, "the condition of `if`");
  Facts saved = body->facts;
  addFact(e->cond, body->facts, false, e->then);
  const Type *a = check(e->then, expected);
  body->facts = saved;
  if (!e->otherwise) {
    if (isError(a))
      return a;
    if (e->then->value && !same(resolved(a), types.unit())) {
      diags.report(Code::E0205, e->then->value->span, "this value is computed and dropped", str(a))
          .help("an `if` has a value only with an `else`");
      return types.error();
    }
    return types.unit();
  }
  const Type *b = check(e->otherwise, expected);
  if (isError(a) || isError(b))
    return types.error();
  for (const Type *t : {a, b})
    if (resolved(t)->kind == TypeKind::Fn) {
      diags.report(Code::E0203, e->span, "an `if` cannot choose between functions").help("call the functions in the branches");
      return types.error();
    }
  Mismatch why;
  if (meet(a, b, why))
    return a;
  if (const Type *t = joinSizes(a, b, e->span))
    return t;
  auto valueOf = [](Expr *x) {
    auto *block = dyn_cast<BlockExpr>(x);
    return block && block->value ? block->value : x;
  };
  auto &d = diags.report(Code::E0212, valueOf(e->otherwise)->span, "the branches of `if` differ: " + str(a) + " and " + str(b), str(b))
                .label(valueOf(e->then)->span, str(a));
  explain(d, why);
  return types.error();
}

const Type *Checker::block(BlockExpr *e, const Type *expected) {
  const Scope *saved = scope;
  scope = pushScope(scope);
  List<Stmt *> stmts = e->stmts;
  if (!e->value && !stmts.empty())
    if (auto *last = dyn_cast<ExprStmt>(stmts.back())) {
      e->value = last->expr;
      e->stmts = stmts.drop_back();
    }
  for (Stmt *s : e->stmts)
    statement(s);
  const Type *t = e->value ? check(e->value, expected) : types.unit();
  scope = saved;
  return t;
}

const Type *Checker::lambda(LambdaExpr *e) {
  SmallVector<Pattern, 2> patterns(e->params.size());
  SmallVector<const Pattern *> names;
  for (auto [p, v] : llvm::zip(patterns, e->params)) {
    p.var = v;
    names.push_back(&p);
  }
  namesOnce(names);
  FnValue f(CallableKind::Lambda);
  f.lambda = e;
  f.at = e;
  f.scope = scope;
  return types.fn(keep(f));
}

const Type *Checker::unknownCallee(CallExpr *e, NameExpr *n) {
  for (const Arg &a : e->args)
    check(a.value);
  auto &d = diags.report(Code::E0140, n->span, ("unknown function `" + n->name + "`").str(), "not known here");
  d.topic = ("unknown " + n->name).str();
  if (n->name == "str" && e->args.size() == 1)
    return d.help(("put the value into a string: `\"{" + sources.text(e->args[0].value->span) + "}\"`").str()), types.error();
  if (llvm::any_of(applied, [&](const FnValue *f) { return f->var && f->var->name == n->name; }))
    return d.help("a lambda does not know its own name: a `def` with a result type may call itself"), types.error();
  if (std::string help = habit(n->name); !help.empty())
    return d.help(help), types.error();
  suggest(d, n->name);
  return types.error();
}

StringRef Checker::keepsItsSize() {
  return "an array keeps its size: collect in brackets, `[for x in xs if x > 0: x]`, or keep a large enough array and a counter";
}

/// How a function is written that was looked for in a module where it is not; empty if nobody knows it.
std::string Checker::withoutModule(StringRef name) {
  if (llvm::isa_and_nonnull<DefDecl>(lookup(name).decl))
    return ("`" + name + "` is in no module: write `" + name + "(...)`").str();
  return habit(name);
}

const Type *Checker::select(SelectExpr *e) {
  if (auto *n = dyn_cast<NameExpr>(e->base))
    if (auto *import = llvm::dyn_cast_or_null<ImportDecl>(lookup(n->name).decl)) {
      if (!import->target)
        return types.error();
      Binding b = lookupMember(import->target, e->name);
      e->decl = b.decl;
      if (auto *d = llvm::dyn_cast_or_null<DefDecl>(b.decl)) {
        FnValue f(CallableKind::Def);
        f.def = d;
        f.at = e;
        return types.fn(keep(f));
      }
      if (auto *c = llvm::dyn_cast_or_null<ConstDecl>(b.decl))
        return constant(c, e, e->meaning);
      if (llvm::isa_and_nonnull<StructDecl>(b.decl)) {
        diags.report(Code::E0141, e->span, ("`" + n->name + "." + e->name + "` is a record type, not a value").str());
        return types.error();
      }
      auto &d = diags.report(Code::E0142, e->nameSpan, ("module `" + n->name + "` has no " + "name `" + e->name + "`").str());
      SmallVector<StringRef> names;
      for (auto &entry : moduleScopes[import->target]->names)
        names.push_back(entry.getKey());
      llvm::sort(names);
      if (std::string help = withoutModule(e->name); !help.empty())
        d.help(help);
      else if (std::string s = suggestionOf(e->name, names); !s.empty())
        d.help("did you mean `" + s + "`?");
      return types.error();
    }
  const size_t before = diags.size();
  const Type *t = resolved(checkValue(e->base));
  // np.zeros: the module is unknown, the function is not.
  if (diags.size() == before + 1 && isa<NameExpr>(e->base) && diags.all()[before].code == Code::E0140)
    if (std::string help = withoutModule(e->name); !help.empty() && (diags.all()[before].helps.empty() || habit(e->name) != help))
      diags.from(before).front().helps = {help};
  if (isError(t))
    return t;
  if (auto *s = dyn_cast<StructType>(resolved(elemOf(t)))) {
    SmallVector<StringRef> names;
    for (auto [i, f] : llvm::enumerate(s->decl->fields)) {
      if (f.name == e->name) {
        e->field = i;
        return fieldType(t, i, types);
      }
      names.push_back(f.name);
    }
    auto &d = diags.report(Code::E0143, e->nameSpan, ("`" + s->decl->name + "` has no field `" + e->name + "`").str(), "no such field")
                  .label(s->decl->nameSpan, "declared here");
    if (std::string near = suggestionOf(e->name, names); !near.empty())
      d.help("did you mean `" + near + "`?");
    return types.error();
  }
  auto dims = dimsOf(t);
  if (e->name == "T") {
    if (dims.size() >= 2 && !dims[dims.size() - 1].pack && !dims[dims.size() - 2].pack) {
      Dims out(dims);
      std::swap(out[out.size() - 1], out[out.size() - 2]);
      return types.array(elemOf(t), out);
    }
    auto &d = diags.report(Code::E0144, e->nameSpan,
                           "`.T` swaps the last two axes; " + str(t) + " has " +
                               (dims.empty()                                              ? "none"
                                : llvm::any_of(dims, [](const Dim &d) { return d.pack; }) ? "perhaps fewer"
                                                                                          : "one"));
    if (dims.size() == 1 && !dims[0].pack)
      d.help("a vector needs none: `a @ b` is the product of two; `a[:, None]` is a column");
    return types.error();
  }
  auto &d = diags.report(Code::E0143, e->nameSpan, str(t) + (" has no field `" + e->name + "`").str());
  StringRef text = sources.text(e->base->span);
  if (e->name == "shape")
    d.help(("the size of an axis is `size(" + text + ", axis)`").str());
  else if (e->name == "append" || e->name == "push" || e->name == "extend" || e->name == "pop")
    d.help(keepsItsSize().str());
  else if (e->name == "astype")
    d.help(("the type converts: `f64(" + text + ")`").str());
  else if (auto *def = llvm::dyn_cast_or_null<DefDecl>(lookup(e->name).decl)) {
    std::string args = text.str();
    for (const VarDecl *p : llvm::ArrayRef(def->params).drop_front(!def->params.empty()))
      if (!p->init)
        args += p->type && p->type->kind == TypeKind::Shape ? ", [...]" : ", " + p->name.str();
    d.help(("write it as a function: `" + e->name + "(" + args + ")`").str());
  }
  return types.error();
}

const Type *Checker::tuple(TupleExpr *e, const Type *expected) {
  auto *want = expected ? dyn_cast<TupleType>(resolved(expected)) : nullptr;
  SmallVector<const Type *> elems;
  for (auto [i, x] : llvm::enumerate(e->elems))
    elems.push_back(checkValue(x, want && want->elems.size() == e->elems.size() ? want->elems[i] : nullptr));
  if (llvm::any_of(elems, [&](const Type *t) { return isError(t); }))
    return types.error();
  return types.tuple(elems);
}

const Type *Checker::arrayLit(ArrayLitExpr *e, const Type *expected) {
  const Type *want = nullptr;
  if (expected)
    if (auto *a = dyn_cast<ArrayType>(resolved(expected)); a && !a->dims[0].pack)
      want = types.array(a->elem, Dims(llvm::ArrayRef(a->dims).drop_front()));
  if (e->elems.empty())
    return types.array(want ? resolved(elemOf(want)) : types.infer(Constraint::Num, e->span), {Size(0)});
  const Type *first = nullptr;
  Expr *firstExpr = nullptr;
  bool failed = false;
  for (const Elem &x : e->elems) {
    if (x.spread) {
      diags.report(Code::E0145, x.value->span, "`...` splices a list of sizes, where one is asked for")
          .help("to join arrays write `concat(a, b)`");
      failed = true;
      continue;
    }
    const Type *t = checkValue(x.value, want);
    if (isError(t)) {
      failed = true;
      continue;
    }
    if (!first) {
      first = t, firstExpr = x.value;
      continue;
    }
    Mismatch why;
    if (!meet(t, first, why)) { // this way round all literals lead to the first, not each to the next
      meet(first, t, why);
      auto &d = diags.report(Code::E0215, x.value->span, "the elements of an array have one type: " + str(first) + " and " + str(t), str(t))
                    .label(firstExpr->span, str(first));
      explain(d, why);
      return types.error(); // the others most likely differ in the same way
    }
  }
  if (failed)
    return types.error();
  if (resolved(first)->kind == TypeKind::Tuple) {
    diags.report(Code::E0215, e->span, str(first) + " stands in no array");
    return types.error();
  }
  return arrayOver(first, {Dim(Size(int64_t(e->elems.size())))});
}

/// The size that an int expression is, where it is one for certain.
} // namespace tl::frontend
