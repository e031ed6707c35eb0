// Statements: bindings, assignments, loops.
#include "frontend/Check.h"

namespace tl::frontend {

void Checker::statement(Stmt *s) {
  visit(s, Match{
               [&](ErrorStmt *) {},
               [&](LetStmt *l) { letStmt(l); },
               [&](AssignStmt *a) { assignStmt(a); },
               [&](ForStmt *f) { forStmt(f); },
               [&](WhileStmt *w) { whileStmt(w); },
               [&](AssertStmt *a) {
                 boolean(a->cond, "an `assert`");
                 if (a->message) {
                   const Type *t = check(a->message, types.str());
                   if (!isError(t) && resolved(t)->kind != TypeKind::Str)
                     diags.report(Code::E0204, a->message->span, "the message of an `assert` is a str, not " + str(t));
                 }
                 keepExact(a->cond);
                 addFact(a->cond, body->facts, true);
               },
               [&](ExprStmt *e) {
                 const Type *t = check(e->expr);
                 if (!isError(t) && !same(resolved(t), types.unit()))
                   dropped(e->expr);
               },
           });
}

void Checker::dropped(Expr *e) {
  auto &d = diags.report(Code::E0205, e->span, "this value is computed and dropped", str(e->type));
  if (auto *b = dyn_cast<BinaryExpr>(e); b && b->op == BinaryOp::Eq)
    d.help("`=` assigns, `==` compares");
  else
    d.help("bind it with `let`, or `print` it");
}

void Checker::bindPattern(Pattern *p, const Type *t, bool isVar, Expr *init, VarKind kind) {
  t = resolved(t);
  if (!p->isTuple) {
    if (!p->var)
      return;
    VarDecl *v = p->var;
    checkName(v->name, v->nameSpan);
    v->module = module;
    v->varKind = kind;
    v->type = t;
    if (!isVar)
      nameFunction(v);
    slot(v->type);
    body->variables.push_back(&v->type);
    boundAt[v] = sizeMark();
    body->wallsAt[v] = body->walls.size();
    if (isVar && (t->kind == TypeKind::Fn || t->kind == TypeKind::Func)) {
      diags.report(Code::E0206, v->nameSpan, "a function cannot be a `var`").help("bind it with `let`");
      v->type = types.error();
    }
    if (!isVar && init && isInteger(t) && dimsOf(t).empty())
      if (auto size = sizeOf(init))
        if (size->constant() || size->symbol() || !isa<NumberExpr>(init))
          sizeValues[v] = *size;
    const_cast<Scope *>(scope)->names[v->name] = Binding{v};
    return;
  }
  auto misfit = [&](std::string message) -> Diagnostic & {
    auto &d = diags.report(Code::E0207, p->span, std::move(message));
    d.topic = ("pattern " + Twine(p->span.file) + " " + Twine(p->span.begin)).str(); // that of a file is met once for each name
    return d;
  };
  SmallVector<const Type *> parts;
  if (auto *tuple = dyn_cast<TupleType>(t)) {
    parts.assign(tuple->elems.begin(), tuple->elems.end());
  } else if (auto *a = dyn_cast<ArrayType>(t); a && !a->dims[0].pack && a->dims[0].size.constant()) {
    const Type *row = types.array(a->elem, Dims(llvm::ArrayRef(a->dims).drop_front()));
    parts.assign(*a->dims[0].size.constant(), row);
  } else {
    if (t->kind != TypeKind::Error)
      misfit(str(t) + " does not come apart into " + std::to_string(p->elems.size()) + " names")
          .help("a tuple or an array of known length does");
    parts.assign(p->elems.size(), types.error());
  }
  if (parts.size() != p->elems.size()) {
    misfit(str(t) + " has " + std::to_string(parts.size()) + " elements, the pattern has " + std::to_string(p->elems.size()));
    parts.assign(p->elems.size(), types.error());
  }
  auto *inits = llvm::dyn_cast_or_null<TupleExpr>(init);
  for (auto [i, sub] : llvm::enumerate(p->elems))
    bindPattern(sub, parts[i], isVar, inits && inits->elems.size() == parts.size() ? inits->elems[i] : nullptr, kind);
}

void Checker::letStmt(LetStmt *s) {
  const Type *declared = nullptr;
  // A scope of its own for what follows: the value and a lambda written before do not see a name that shadows.
  const Scope *before = scope;
  Scope *into = pushScope(scope);
  scope = into;
  if (s->typeExpr)
    declared = resolveType(s->typeExpr, s->typeExpr->kind == TypeExprKind::Func ? Where::Body : Where::Let, into);
  llvm::SaveAndRestore apart(takenApart, s->pattern->isTuple && !s->isVar ? s->init : nullptr);
  scope = before;
  const Type *t = check(s->init, declared);
  if (resolved(t)->kind == TypeKind::Range || resolved(t)->kind == TypeKind::None)
    t = valueOf(s->init, t);
  scope = into;
  bool failed = isError(t);
  llvm::SaveAndRestore here(current, s->init);
  if (declared && isFunction(t)) {
    t = declaredFunction(Code::E0201, declared, t, s->init->span, s->typeExpr->span);
  } else if (declared) {
    Solver solver;
    Mismatch why;
    if (!unify(declared, t, solver, why) || !solvePending(solver, why)) {
      reportMismatch(Code::E0201, s->init, declared, t, why, s->typeExpr->span, "declared here");
      t = types.error(); // who knows which of the two is meant
      failed = true;
    } else if (!solver.equations.empty()) {
      diags.report(Code::E0304, s->typeExpr->span, "a size of this type cannot be found from the value")
          .label(s->init->span, str(t))
          .help("a new name is the size of an axis, `n`, or stands alone in one, `2 * n + 1`");
      t = types.error();
      failed = true;
    } else {
      t = applySolution(declared, solver);
    }
    // Names of the annotation now name what was found.
    for (auto &entry : into->names) {
      Binding &b = entry.second;
      if (!b.sym || b.sym->kind != SymKind::Solve)
        continue;
      Size found = applySolution(Size(b.sym), solver);
      if (found.symbol() && found.symbol()->kind != SymKind::Solve)
        b.sym = found.symbol();
      else if (failed)
        b.sym = sizes.sym(SymKind::Fresh, b.sym->name, b.sym->origin);
      else { // a name of its own, known to be equal
        Size name(sizes.sym(SymKind::Fresh, b.sym->name, b.sym->origin));
        body->facts.zero.push_back(name - found);
        solver.sizes[b.sym] = name;
        b.sym = name.symbol();
        t = applySolution(declared, solver);
      }
    }
  }
  if (s->pattern->var && same(resolved(t), types.unit()))
    diags.report(Code::E0205, s->init->span, "this has no value to bind");
  namesOnce(s->pattern);
  s->type = t;
  slot(s->type);
  bindPattern(s->pattern, t, s->isVar, s->init, s->isVar ? VarKind::Var : VarKind::Let);
}

/// The variable at the root of a target is a `var` of this function.
void Checker::checkTarget(Expr *target) {
  Expr *root = target;
  while (true) {
    if (auto *s = dyn_cast<SubscriptExpr>(root))
      root = s->base;
    else if (auto *s = dyn_cast<SelectExpr>(root); s && s->name == "T" && s->field < 0 && s->type && !isError(s->type)) {
      diags.report(Code::E0208, s->span, "`.T` makes an array of its own and cannot be assigned to")
          .help("assign to the array itself, its last two indices the other way round");
      target->type = types.error();
      return;
    } else if (auto *s = dyn_cast<SelectExpr>(root))
      root = s->base;
    else
      break;
  }
  if (auto *t = dyn_cast<TupleExpr>(root); t && root == target) {
    for (Expr *e : t->elems)
      checkTarget(e);
    return;
  }
  auto *n = dyn_cast<NameExpr>(root);
  auto *v = n ? llvm::dyn_cast_or_null<VarDecl>(n->decl) : nullptr;
  if (!v) {
    if (root->kind == ExprKind::Error || (target->type && isError(target->type)))
      return;
    std::string what = n && n->sym                                      ? " is a size and"
                       : n && llvm::isa_and_nonnull<ConstDecl>(n->decl) ? " is a constant and"
                       : n && llvm::isa_and_nonnull<DefDecl>(n->decl)   ? " is a function and"
                                                                        : "";
    diags.report(Code::E0208, target->span, (what.empty() ? "this" : "`" + n->name.str() + "`" + what) + " cannot be assigned to")
        .help("a target is a `var`, an element, slice or field of one, or a tuple of those");
    target->type = types.error();
    return;
  }
  if (v->varKind != VarKind::Var) {
    diags.report(Code::E0209, target->span, ("`" + v->name + "` cannot change").str(), "assigned here")
        .label(v->nameSpan, v->varKind == VarKind::Param    ? "a parameter"
                            : v->varKind == VarKind::Binder ? "a loop variable"
                                                            : "bound with `let`")
        .help(v->varKind == VarKind::Let ? ("declare it with `var " + v->name + "`").str()
                                         : ("copy it first: `var " + v->name + "_ = " + v->name + "`").str());
    return;
  }
  if (auto it = body->wallsAt.find(v); it != body->wallsAt.end() && it->second < body->walls.size()) {
    diags.report(Code::E0209, target->span, ("`" + v->name + "` cannot change inside of " + body->walls[it->second]).str(), "assigned here")
        .label(v->nameSpan, "declared outside of it")
        .help("give the new value as the result");
    return;
  }
  for (auto &list : body->assigned)
    if (!llvm::is_contained(list, v))
      list.push_back(v);
}

void Checker::assignStmt(AssignStmt *s) {
  if (auto *n = dyn_cast<NameExpr>(s->target); n && n->name != "_" && !lookup(n->name)) {
    check(s->value);
    auto &d = diags.report(Code::E0140, n->span, ("unknown name `" + n->name + "`").str(), "not known here");
    d.topic = ("unknown " + n->name + " " + Twine(body->number)).str();
    if (std::string near = suggestion(n->name); !near.empty())
      d.help("did you mean `" + near + "`?");
    else if (!s->hasOp)
      d.help(("to make it, write `let " + n->name + " = ...`, or `var " + n->name + " = ...` where it is to change").str());
    s->target->type = types.error();
    return;
  }
  const Type *target, *t;
  Expr *at = s->value;
  if (s->hasOp) {
    auto *b = module->make<BinaryExpr>(Span::cover(s->target->span, s->value->span));
    b->op = s->op;
    b->opSpan = s->opSpan;
    b->lhs = s->target;
    b->rhs = s->value;
    llvm::SaveAndRestore here(current, s->value); // what is left to run time is checked there: `b` itself is not generated
    t = binary(b);
    target = s->target->type;
    checkTarget(s->target);
  } else {
    target = check(s->target);
    checkTarget(s->target);
    t = check(s->value, target);
  }
  if (isError(target) || isError(t) || isError(s->target->type))
    return;
  llvm::SaveAndRestore here(current, s->value);
  Mismatch why;
  // An element or slice takes what repeats to its sizes; a name takes its own type only.
  if (isa<SubscriptExpr>(s->target) && dimsOf(t).size() < dimsOf(target).size()) {
    auto dims = broadcast(dimsOf(target), dimsOf(t), why);
    if (dims && meet(elemOf(target), elemOf(t), why))
      return;
  }
  if (!meet(target, t, why)) {
    const size_t before = diags.size();
    Span declared;
    if (auto *n = dyn_cast<NameExpr>(s->target))
      if (auto *v = llvm::dyn_cast_or_null<VarDecl>(n->decl))
        declared = v->nameSpan;
    reportMismatch(Code::E0210, at, target, t, why, declared, "keeps the type it has here");
    const bool isWhole = isa<NameExpr>(s->target), sameRank = dimsOf(target).size() == dimsOf(t).size();
    if (diags.size() != before && isWhole && sameRank && meet(elemOf(target), elemOf(t), why))
      diags.from(before).front().help(keepsItsSize().str());
  }
}

List<VarDecl *> Checker::carriedVars(SmallVector<VarDecl *> assigned, Span loop) {
  llvm::erase_if(assigned, [&](VarDecl *v) {
    return v->nameSpan.file == loop.file && v->nameSpan.begin >= loop.begin && v->nameSpan.end <= loop.end;
  });
  llvm::sort(assigned, [](VarDecl *a, VarDecl *b) { return a->nameSpan.begin < b->nameSpan.begin; });
  return module->list<VarDecl *>(assigned);
}

/// What one step of `for pattern in iter` binds, `iter` with the names of `around`; facts about it where it is an index.
const Type *Checker::iterated(Binder &b, VarKind kind, Facts &facts, const Scope *around) {
  if (auto *c = dyn_cast<CallExpr>(b.iter); c && c->args.size() == 1 && isa<RangeExpr>(c->args[0].value) && isa<NameExpr>(c->callee))
    if (auto *d = llvm::dyn_cast_or_null<DefDecl>(lookup(cast<NameExpr>(c->callee)->name).decl); d && !d->body && d->opName == "flip") {
      b.iter = c->args[0].value;
      b.down = true;
    }
  const Type *t;
  {
    llvm::SaveAndRestore there(scope, around);
    t = resolved(check(b.iter));
  }
  const Type *element = types.error();
  Size lo, hi;
  bool known = false;
  if (auto *r = dyn_cast<RangeExpr>(b.iter)) {
    element = types.int64();
    auto l = sizeOf(r->lo), h = sizeOf(r->hi);
    known = l && h;
    if (known) {
      lo = *l, hi = *h;
      keepExact(r->lo, lo, "the range");
      keepExact(r->hi, hi, "the range");
    }
    if (auto length = known ? (hi - lo).constant() : std::nullopt; length && *length < 0)
      diags.report(Code::E0332, r->span, "the range ends before it starts: its length would be " + std::to_string(*length))
          .help(("`flip(" + sources.text(r->hi->span) + ".." + sources.text(r->lo->span) + ")` counts down").str());
  } else if (t->kind == TypeKind::Array) {
    auto *a = cast<ArrayType>(t);
    if (a->dims[0].pack)
      diags.report(Code::E0211, b.iter->span, str(t) + " may have no axis to go along");
    else
      element = types.array(a->elem, Dims(llvm::ArrayRef(a->dims).drop_front()));
  } else if (isInteger(t) && dimsOf(t).empty() && t->kind != TypeKind::Error) {
    if (auto *i = dyn_cast<InferType>(t))
      bindInfer(i, types.int64());
    if (!same(resolved(t), types.int64()))
      diags.report(Code::E0211, b.iter->span, "a range counts to an int, not to " + str(t)).help("convert with `int(...)`");
    element = types.int64();
    if (auto h = sizeOf(b.iter)) {
      hi = *h, known = true;
      keepExact(b.iter, hi, "the range");
    }
  } else if (t->kind != TypeKind::Error) {
    auto &d = diags.report(Code::E0211, b.iter->span, "`for` goes over a range, an int or an array, not " + str(t), str(t));
    if (!madeFloatBy(d, b.iter) && isFloating(t) && dimsOf(t).empty())
      d.help("convert with `int(...)`");
  }
  b.extent = known ? hi - lo : Size(sizes.sym(SymKind::Fresh, "_", b.iter->span));
  bindPattern(b.pattern, element, false, nullptr, kind);
  if (known && b.pattern->var) {
    Size i(symOf(b.pattern->var));
    facts.nonNegative.push_back(i - lo);
    facts.nonNegative.push_back(hi - i - Size(1));
  }
  return element;
}

void Checker::forStmt(ForStmt *s) {
  const Scope *saved = scope;
  scope = pushScope(scope);
  Facts savedFacts = body->facts;
  loopAttributes(s->attrs);
  namesOnce(s->binder.pattern);
  iterated(s->binder, VarKind::Binder, body->facts, scope); // once, before the loop
  body->assigned.emplace_back();
  const Type *t = check(s->body);
  if (s->body->value && !isError(t) && !same(resolved(t), types.unit()))
    dropped(s->body->value);
  s->carried = carriedVars(std::move(body->assigned.back()), s->body->span);
  body->assigned.pop_back();
  body->facts = savedFacts;
  scope = saved;
}

void Checker::loopAttributes(List<Attr> attrs) {
  for (const Attr &a : attrs)
    if (a.name != "checkpoint")
      diags.report(Code::E0128, a.span, ("unknown attribute `@" + a.name + "` before a loop").str())
          .help("`@checkpoint` lets derivatives compute states of the loop again instead of keeping them");
    else if (!a.args.empty())
      diags.report(Code::E0128, a.span, "`@checkpoint` takes no arguments");
}

void Checker::whileStmt(WhileStmt *s) {
  Facts savedFacts = body->facts;
  loopAttributes(s->attrs);
  body->assigned.emplace_back();
  boolean(s->cond, "the condition of `while`");
  const Type *t = check(s->body);
  if (s->body->value && !isError(t) && !same(resolved(t), types.unit()))
    dropped(s->body->value);
  s->carried = carriedVars(std::move(body->assigned.back()), s->span);
  body->assigned.pop_back();
  body->facts = savedFacts;
}
} // namespace tl::frontend
