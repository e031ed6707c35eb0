// Random keys are used once. A use is any place where the name of a key stands for its value, `fold_in` and `save` apart; the branches of
// an `if` count as one, and a loop is gone through twice, so that a key from outside of it is found.
#include "frontend/Check.h"

namespace tl::frontend {

namespace {
class KeyUses {
public:
  explicit KeyUses(Diagnostics &diags) : diags(diags) {}

  void body(Expr *e) {
    expr(e);
    for (auto [v, at] : uses)
      v->usedAt = at;
  }

private:
  void expr(Expr *e) {
    if (!e)
      return;
    visit(e, Match{
                 [&](NameExpr *n) { use(n); },
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
                   for (auto &[v, at] : then)
                     uses.insert({v, at});
                 },
                 [&](CallExpr *c) { call(c); },
                 [&](SubscriptExpr *s) {
                   expr(s->base);
                   for (const Index &ix : s->indices)
                     expr(ix.lo), expr(ix.hi), expr(ix.step);
                 },
                 [&](SelectExpr *s) { expr(s->base); },
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

  using Uses = llvm::DenseMap<VarDecl *, Span>;
  Diagnostics &diags;
  Uses uses; ///< the keys that are used up, and where
  llvm::DenseSet<const VarDecl *> reported;
  llvm::SmallVector<LambdaExpr *> applied;
  unsigned repeats = 0;

  void use(NameExpr *n) {
    auto *v = llvm::dyn_cast_or_null<VarDecl>(n->decl);
    if (!v || !v->type || resolved(v->type)->kind != TypeKind::Key)
      return;
    auto [it, isNew] = uses.insert({v, n->span});
    if (isNew || !reported.insert(v).second)
      return;
    Span first = it->second;
    bool again = first.begin == n->span.begin && first.file == n->span.file;
    auto &d = diags.report(Code::E0317, n->span, ("the key `" + v->name + "` is used twice").str(),
                           !again    ? "used again here"
                           : repeats ? "used in each step"
                                     : "used each time this function is applied");
    if (again && !repeats)
      d.label(v->nameSpan, "made outside of it").help("give each application a key of its own, as a parameter");
    else if (again)
      d.label(v->nameSpan, "made before the loop").help(("make one for each step: `fold_in(" + v->name + ", i)`").str());
    else
      d.label(first, "used here").help(("make two of it: `let (a, b) = split(" + v->name + ")`").str());
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
      uses.erase(p);
    applied.push_back(c->lambda);
    expr(c->lambda->body);
    applied.pop_back();
  }

  void call(CallExpr *c) {
    const Callable *target = c->target;
    StringRef op = target && target->kind == CallableKind::Intrinsic && target->instance.def ? target->instance.def->opName : "";
    int kept = op == "fold_in" ? 0 : op == "save" ? 1 : -1; // the argument that is not used up
    auto given = target ? c->ordered : List<Expr *>();
    for (auto [i, x] : llvm::enumerate(given)) {
      if (target->instance.def && i < target->instance.def->params.size() && x == target->instance.def->params[i]->init)
        continue; // a default
      if (!(int(i) == kept && x && isa<NameExpr>(x)))
        expr(x);
    }
    if (!target)
      return;
    for (const Callable *f : target->functions)
      called(f);
    called(target);
  }

  void bound(const Pattern *p) {
    if (p->var && p->var->usedAt.valid())
      uses[p->var] = p->var->usedAt;
    else if (p->var)
      uses.erase(p->var);
    for (const Pattern *x : p->elems)
      bound(x);
  }

  void assigned(Expr *target) {
    if (auto *n = dyn_cast<NameExpr>(target)) {
      if (auto *v = llvm::dyn_cast_or_null<VarDecl>(n->decl)) {
        uses.erase(v);
        v->usedAt = {};
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

void Checker::checkKeys(Expr *body) { KeyUses(diags).body(body); }
} // namespace tl::frontend
