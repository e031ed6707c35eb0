// Random keys are used once. What is used is a place: a variable that holds keys, or by fields and indices a part of it (`ks[0]`, `p.k`),
// wherever its value stands; `fold_in`, `size` and `save` apart. Two places meet where one is the other or contains it. Whether `ks[i]` is
// `ks[j]` nobody knows before the program runs: elements are told apart by how their indices are written. The branches of an `if` count as
// one, and a loop is gone through twice, so that a key from outside of it is found.
#include "frontend/Check.h"

namespace tl::frontend {

bool holdsKeys(const Type *t) {
  t = resolved(elemOf(resolved(t)));
  if (auto *tuple = dyn_cast<TupleType>(t))
    return llvm::any_of(tuple->elems, holdsKeys);
  if (auto *record = dyn_cast<StructType>(t))
    return llvm::any_of(record->types, holdsKeys) ||
           llvm::any_of(record->decl->fields, [](const FieldDecl &f) { return holdsKeys(f.type); });
  return t->kind == TypeKind::Key;
}

namespace {
class KeyUses {
public:
  KeyUses(Diagnostics &diags, const SourceManager &sources) : diags(diags), sources(sources) {}

  void body(Expr *e) {
    expr(e);
    for (const Use &u : uses)
      if (u.names.empty())
        u.var->used.push_back({u.path, u.at});
  }

private:
  struct Use {
    VarDecl *var;
    std::string path; ///< a line for each field and index
    Span at;
    SmallVector<const VarDecl *, 2> names; ///< those that the indices mention: of another value, another element

    bool meets(const Use &other) const {
      StringRef a = path, b = other.path;
      return var == other.var && (a.starts_with(b) || b.starts_with(a));
    }
  };
  using Uses = std::vector<Use>;

  void expr(Expr *e) {
    if (!e)
      return;
    visit(e, Match{
                 [&](NameExpr *n) { place(n); },
                 [&](UnaryExpr *u) { expr(u->operand); },
                 [&](BinaryExpr *b) { expr(b->lhs), expr(b->rhs); },
                 [&](RangeExpr *r) { expr(r->lo), expr(r->hi); },
                 [&](StringExpr *s) {
                   for (const StringPart &p : s->parts)
                     expr(p.hole);
                 },
                 [&](IfExpr *i) {
                   expr(i->cond);
                   Uses before = uses;
                   expr(i->then);
                   Uses then = std::move(uses);
                   uses = std::move(before);
                   expr(i->otherwise);
                   uses.insert(uses.end(), then.begin(), then.end());
                 },
                 [&](CallExpr *c) { call(c); },
                 [&](SubscriptExpr *s) {
                   if (!place(s))
                     expr(s->base);
                   indices(s);
                 },
                 [&](SelectExpr *s) {
                   if (!place(s))
                     expr(s->base);
                   else
                     indices(s->base);
                 },
                 [&](TupleExpr *t) {
                   for (Expr *x : t->elems)
                     expr(x);
                 },
                 [&](ArrayLitExpr *a) {
                   for (const Elem &x : a->elems)
                     expr(x.value);
                 },
                 [&](ForExpr *f) {
                   for (const Binder &b : f->binders)
                     expr(b.iter);
                   repeat([&] {
                     for (const Binder &b : f->binders)
                       bound(b.pattern);
                     expr(f->filter);
                     expr(f->body);
                   });
                 },
                 [&](FallbackExpr *f) { expr(f->access), expr(f->otherwise); },
                 [&](BlockExpr *b) {
                   for (Stmt *s : b->stmts)
                     statement(s);
                   expr(b->value);
                 },
                 [&](Expr *) {}, // a lambda counts where it is applied
             });
  }

  Diagnostics &diags;
  const SourceManager &sources;
  Uses uses;
  llvm::DenseSet<const VarDecl *> reported;
  llvm::DenseSet<const CallExpr *> equal; ///< calls that would make equal keys, each told once
  llvm::SmallVector<LambdaExpr *> applied;
  unsigned repeats = 0, unknown = 0;

  /// The indices on the way to a place.
  void indices(Expr *e) {
    if (auto *s = dyn_cast<SelectExpr>(e))
      return indices(s->base);
    auto *s = dyn_cast<SubscriptExpr>(e);
    if (!s)
      return;
    for (const Index &ix : s->indices)
      expr(ix.lo), expr(ix.hi), expr(ix.step);
    Use base{nullptr, "", {}, {}};
    if (partOf(s->base, base)) // else it was gone through as a whole
      indices(s->base);
  }

  std::string written(Span span) const {
    std::string text = sources.text(span).str();
    llvm::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
    return text;
  }

  /// The variable whose part an expression is, and the way to it; null where it is none.
  VarDecl *partOf(Expr *e, Use &use) {
    if (auto *n = dyn_cast<NameExpr>(e))
      return llvm::dyn_cast_or_null<VarDecl>(n->decl);
    VarDecl *var = nullptr;
    if (auto *s = dyn_cast<SelectExpr>(e); s && !s->decl && (var = partOf(s->base, use)))
      use.path += ("." + s->name + "\n").str();
    if (auto *s = dyn_cast<SubscriptExpr>(e); s && (var = partOf(s->base, use)))
      for (const Index &ix : s->indices) {
        use.path += written(ix.span) + ']';
        if (!names(ix.lo, use) || !names(ix.hi, use) || !names(ix.step, use))
          use.path += '?' + std::to_string(unknown++); // like no other
        use.path += '\n';
      }
    return var;
  }

  /// Adds the variables of an index: equal text is an equal index where these are the same. False where it is more than arithmetic.
  static bool names(Expr *e, Use &use) {
    if (!e || isa<NumberExpr>(e))
      return true;
    if (auto *u = dyn_cast<UnaryExpr>(e))
      return names(u->operand, use);
    if (auto *b = dyn_cast<BinaryExpr>(e))
      return names(b->lhs, use) && names(b->rhs, use);
    auto *n = dyn_cast<NameExpr>(e);
    auto *var = n ? llvm::dyn_cast_or_null<VarDecl>(n->decl) : nullptr;
    if (!var)
      return false;
    use.names.push_back(var);
    use.path += '#' + std::to_string(var->nameSpan.begin);
    return true;
  }

  /// Uses a variable, or a part of it; false where the expression is neither.
  bool place(Expr *e) {
    Use use{nullptr, "", e->span, {}};
    use.var = partOf(e, use);
    if (!use.var || !use.var->type)
      return use.var;
    if (!holdsKeys(use.var->type) || !holdsKeys(e->type))
      return true;
    add(std::move(use));
    return true;
  }

  void add(Use use) {
    auto first = llvm::find_if(uses, [&](const Use &u) { return u.meets(use); });
    if (first == uses.end())
      uses.push_back(std::move(use));
    else if (reported.insert(use.var).second)
      twice(*first, use);
  }

  void twice(const Use &first, const Use &use) {
    bool again = first.at.begin == use.at.begin && first.at.file == use.at.file;
    const StringRef written = sources.text(first.path.empty() ? first.at : use.at); // what holds both
    const bool isKey = resolved(use.var->type)->kind == TypeKind::Key, isWhole = use.path.empty() || first.path.empty();
    StringRef what = isKey ? "the key `" : use.path.empty() ? "the keys in `" : "the key in `";
    auto &d =
        diags.report(Code::E0317, use.at, (what + written + (use.path.empty() && !isKey ? "` are used twice" : "` is used twice")).str(),
                     !again    ? "used again here"
                     : repeats ? "used in each step"
                               : "used each time this function is applied");
    if (again && !repeats) {
      d.label(use.var->nameSpan, "made outside of it").help("give each application a key of its own, as a parameter");
    } else if (again) {
      d.label(use.var->nameSpan, "made before the loop");
      if (isKey || !isWhole)
        d.help(("make one for each step: `fold_in(" + written + ", i)`").str());
    } else {
      const bool isPart = !isKey && use.path != first.path;
      d.label(first.at, !isPart ? "used here" : first.path.empty() ? "all of it used here" : "one of them used here");
      if (isKey || !isWhole)
        d.help(("make two of it: `let (a, b) = split(" + written + ")`").str());
    }
  }

  void forget(const VarDecl *v) {
    llvm::erase_if(uses, [&](const Use &u) { return u.var == v || llvm::is_contained(u.names, v); });
  }

  void repeat(llvm::function_ref<void()> body) {
    ++repeats;
    body();
    body();
    --repeats;
  }

  void called(const Callable *c) {
    if (!c)
      return;
    if (c->kind == CallableKind::Transform)
      return c->name == "vmap" ? repeat([&] { called(c->inner); }) : called(c->inner);
    if (c->kind != CallableKind::Lambda || llvm::is_contained(applied, c->lambda))
      return;
    for (VarDecl *p : c->lambda->params)
      forget(p);
    applied.push_back(c->lambda);
    expr(c->lambda->body);
    applied.pop_back();
  }

  void call(CallExpr *c) {
    const Callable *target = c->target;
    StringRef op = target && target->kind == CallableKind::Intrinsic && target->instance.def ? target->instance.def->opName : "";
    int kept = op == "fold_in" || op == "size" ? 0 : op == "save" ? 1 : -1; // the argument that is not used up, or in part
    auto given = target ? c->ordered : List<Expr *>();
    for (auto [i, x] : llvm::enumerate(given)) {
      if (target->instance.def && i < target->instance.def->params.size() && x == target->instance.def->params[i]->init)
        continue; // a default
      Use part{nullptr, "", {}, {}};
      if (!(int(i) == kept && x && partOf(x, part)))
        expr(x);
    }
    if (!target)
      return;
    if (const DefDecl *def = target->instance.def;
        def && def->copies && llvm::any_of(target->instance.types, holdsKeys) && equal.insert(c).second)
      diags.report(Code::E0333, c->span, ("`" + def->name + "` would make keys that are equal").str(), str(c->type))
          .help("`split(k, n)` makes n keys that differ");
    if (op == "fold_in")
      folded(c, given);
    for (const Callable *f : target->functions)
      called(f);
    called(target);
  }

  /// `fold_in(k, i)` is used as an element i of k would be.
  void folded(CallExpr *c, List<Expr *> given) {
    Use use{nullptr, "", c->span, {}};
    use.var = given[0] ? partOf(given[0], use) : nullptr;
    if (!use.var || !holdsKeys(use.var->type))
      return;
    use.path += "fold_in " + written(given[1]->span);
    if (!names(given[1], use))
      use.path += '?' + std::to_string(unknown++);
    use.path += '\n';
    add(std::move(use));
  }

  void bound(const Pattern *p) {
    if (p->var) {
      forget(p->var);
      for (const KeyUse &u : p->var->used)
        uses.push_back({p->var, u.place, u.at, {}});
    }
    for (const Pattern *x : p->elems)
      bound(x);
  }

  void assigned(Expr *target) {
    if (auto *n = dyn_cast<NameExpr>(target)) {
      if (auto *v = llvm::dyn_cast_or_null<VarDecl>(n->decl)) {
        forget(v);
        v->used.clear();
      }
    } else if (auto *t = dyn_cast<TupleExpr>(target)) {
      for (Expr *x : t->elems)
        assigned(x);
    }
  }

  void statement(Stmt *s) {
    visit(s, Match{
                 [&](LetStmt *l) { expr(l->init), bound(l->pattern); },
                 [&](AssignStmt *a) { expr(a->value), assigned(a->target); },
                 [&](ForStmt *f) {
                   expr(f->binder.iter);
                   repeat([&] {
                     bound(f->binder.pattern);
                     expr(f->body);
                   });
                 },
                 [&](WhileStmt *w) {
                   repeat([&] {
                     expr(w->cond);
                     expr(w->body);
                   });
                 },
                 [&](AssertStmt *a) { expr(a->cond), expr(a->message); },
                 [&](ExprStmt *e) { expr(e->expr); },
                 [&](Stmt *) {},
             });
  }
};
} // namespace

void Checker::checkKeys(Expr *body) { KeyUses(diags, sources).body(body); }
} // namespace tl::frontend
