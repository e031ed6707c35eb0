// Random keys are used once. What is used is a place: a name that holds keys, or by fields and indices a part of it (`ks[0]`, `p.k`),
// wherever its value stands; `fold_in`, `size`, `clone` and `save` apart. Two places meet where one is the other or contains it. Whether
// `ks[i]` is `ks[j]` nobody knows before the program runs: elements are told apart by how their indices are written, and behind a loop by
// what its index went over. The branches of an `if` count as one, and a loop is gone through twice, so that a key from outside of it is
// found; so is a lambda that is handed to a definition which applies it more than once. What a definition uses of the keys of constants is
// used where it is called. A type parameter `any` may stand for a key: what is used twice of it is noted with the definition, and told
// where the definition is used for keys.
#include "frontend/Check.h"

namespace tl::frontend {

namespace {
const Type *typeOf(const Decl *d) {
  auto *var = dyn_cast<VarDecl>(d);
  auto *constant = dyn_cast<ConstDecl>(d);
  return var ? var->type : constant ? constant->type : nullptr;
}

bool isFunctionParameter(const Decl *d) { return typeOf(d) && resolved(typeOf(d))->kind == TypeKind::Func; }

/// The type parameters in a type that may stand for keys.
void eachOpen(const Type *t, llvm::function_ref<void(const TypeParam *)> f) {
  t = resolved(elemOf(resolved(t)));
  if (auto *param = dyn_cast<ParamType>(t); param && param->param->constraint == Constraint::Any)
    return f(param->param);
  auto *tuple = dyn_cast<TupleType>(t);
  auto *record = dyn_cast<StructType>(t);
  for (const Type *part : tuple ? tuple->elems : record ? record->types : List<const Type *>())
    eachOpen(part, f);
}

bool mayHoldKeys(const Type *t) {
  bool isOpen = false;
  eachOpen(t, [&](const TypeParam *) { isOpen = true; });
  return isOpen || holdsKeys(t);
}

/// The fields and the indices of a place are apart: of an array of records, `ps[i].k` is `ps.k[i]`.
struct Use {
  Decl *root;
  std::string fields, indices; ///< a line for each
  Span at;
  SmallVector<const VarDecl *, 2> names; ///< those that the indices mention: of another value, another element

  bool isWhole() const { return fields.empty() && indices.empty(); }
  bool meets(const Use &other) const {
    auto beginAlike = [](StringRef a, StringRef b) { return a.starts_with(b) || b.starts_with(a); };
    return root == other.root && beginAlike(fields, other.fields) && beginAlike(indices, other.indices);
  }
  bool operator==(const Use &other) const {
    return root == other.root && fields == other.fields && indices == other.indices && at.file == other.at.file &&
           at.begin == other.at.begin;
  }
  /// Means it the same element wherever it is read?
  bool isClosed() const { return names.empty() && !StringRef(indices).contains('?'); }
};
using Uses = std::vector<Use>;

/// What is used of the keys of constants.
struct ConstantUses {
  llvm::DenseMap<const DefDecl *, Uses> calls; ///< by each call of a definition
  Uses start;                                  ///< by the constants themselves, before anything runs
  llvm::DenseSet<const Decl *> reported;
};

/// Is a value repeated where it takes this type's sizes?
bool isStretched(const Type *from, const Type *to) {
  auto have = dimsOf(resolved(from)), want = dimsOf(resolved(to));
  if (have.size() != want.size())
    return have.size() < want.size();
  return llvm::any_of(llvm::zip(have, want), [](auto sizes) {
    auto &[a, b] = sizes;
    return !a.pack && !b.pack && a.size.constant() == 1 && b.size.constant() != 1;
  });
}

bool isIndex(const Binder &b) { return !b.iter || isa<RangeExpr>(b.iter) || dimsOf(resolved(b.iter->type)).empty(); }

class KeyUses {
public:
  KeyUses(Diagnostics &diags, const SourceManager &sources, Decl *owner, ConstantUses &constants,
          llvm::function_ref<void(DefDecl *)> checkFirst)
      : diags(diags), sources(sources), within(dyn_cast<DefDecl>(owner)), constants(constants), checkFirst(checkFirst) {
    if (within) // a default is made before the body
      for (VarDecl *p : within->params)
        expr(p->init);
    llvm::erase_if(uses, [](const Use &u) { return isa<ConstDecl>(u.root); }); // that call alone uses it which leaves the default
    uses.insert(uses.end(), constants.start.begin(), constants.start.end());
  }

  void body(Expr *e) {
    expr(e);
    Uses ofConstants;
    for (const Use &u : uses)
      if (auto *var = dyn_cast<VarDecl>(u.root); var && u.names.empty() && !isFunctionParameter(var))
        var->used.push_back({u.fields, u.indices, u.at});
      else if (isa<ConstDecl>(u.root) && u.isClosed() && !llvm::is_contained(constants.start, u))
        ofConstants.push_back(u);
    if (within)
      constants.calls[within] = std::move(ofConstants);
  }

  void constant(Expr *e) {
    expr(e);
    constants.start = std::move(uses);
  }

private:
  /// Why something is used again where it stands once.
  enum class Again { Steps, Calls, Applications };

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
                   llvm::copy_if(then, std::back_inserter(uses), [&](const Use &u) { return !llvm::is_contained(uses, u); });
                 },
                 [&](CallExpr *c) { call(c); },
                 [&](SubscriptExpr *s) {
                   if (!place(s))
                     expr(s->base);
                   indices(s);
                   gathered(s);
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
                   nested(f, f->binders);
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
  DefDecl *within; ///< the definition whose body it is, if any
  ConstantUses &constants;
  llvm::function_ref<void(DefDecl *)> checkFirst;
  Uses uses;
  llvm::DenseSet<const Decl *> reported;
  llvm::DenseSet<const Expr *> equal; ///< what would make equal keys, each told once
  const CallExpr *site = nullptr;     ///< the call that is being gone through
  llvm::SmallVector<LambdaExpr *> applied;
  SmallVector<std::pair<Again, StringRef>> repeats; ///< around what is being gone through, with what counts the steps
  std::vector<std::pair<std::string, Size>> ranges; ///< what indices of loops went over: from where, how far
  unsigned unknown = 0;
  size_t added = 0; ///< uses, ever

  /// The indices on the way to a place.
  void indices(Expr *e) {
    if (auto *s = dyn_cast<SelectExpr>(e))
      return indices(s->base);
    if (auto *c = dyn_cast<CallExpr>(e)) // a `fold_in`
      return expr(c->ordered[1]), indices(c->ordered[0]);
    auto *s = dyn_cast<SubscriptExpr>(e);
    if (!s)
      return;
    for (const Index &ix : s->indices)
      expr(ix.lo), expr(ix.hi), expr(ix.step);
    Use base{};
    if (partOf(s->base, base)) // else it was gone through as a whole
      indices(s->base);
  }

  static bool isFold(const CallExpr *c) {
    return c->target && c->target->kind == CallableKind::Intrinsic && c->target->instance.def &&
           c->target->instance.def->opName == "fold_in" && c->ordered.size() == 2 && c->ordered[0];
  }

  /// The variable or constant whose part an expression is, and the way to it; null where it is none. `fold_in(k, i)` is used as an
  /// element i of k would be.
  Decl *partOf(Expr *e, Use &use) {
    if (auto *n = dyn_cast<NameExpr>(e))
      return n->decl && typeOf(n->decl) ? n->decl : nullptr;
    Decl *root = nullptr;
    if (auto *s = dyn_cast<SelectExpr>(e); s && !s->decl && (root = partOf(s->base, use)))
      use.fields += (s->name + "\n").str();
    if (auto *s = dyn_cast<SubscriptExpr>(e); s && (root = partOf(s->base, use)))
      for (const Index &ix : s->indices) {
        for (Expr *x : {ix.lo, ix.hi, ix.step})
          use.indices += x ? index(x, use) + ':' : ":";
        use.indices += '\n';
      }
    if (auto *c = dyn_cast<CallExpr>(e); c && isFold(c) && (root = partOf(c->ordered[0], use)))
      use.indices += "fold_in " + index(c->ordered[1], use) + '\n';
    return root;
  }

  static std::string mark(const VarDecl *v) { return '#' + std::to_string(v->nameSpan.begin) + '#'; }

  /// An index as a text, equal where the index is as long as the variables that it adds to the names do not change. What is more than
  /// arithmetic is like no other.
  std::string index(Expr *e, Use &use) {
    if (auto *n = dyn_cast<NumberExpr>(e))
      return n->text.str();
    if (auto *u = dyn_cast<UnaryExpr>(e))
      return '-' + index(u->operand, use);
    if (auto *b = dyn_cast<BinaryExpr>(e)) {
      std::string lhs = index(b->lhs, use);
      return '(' + lhs + ' ' + std::to_string(int(b->op)) + ' ' + index(b->rhs, use) + ')';
    }
    auto *n = dyn_cast<NameExpr>(e);
    if (n && n->sym)
      return n->name.str();
    auto *var = n ? llvm::dyn_cast_or_null<VarDecl>(n->decl) : nullptr;
    if (!var)
      return '?' + std::to_string(unknown++);
    use.names.push_back(var);
    return mark(var);
  }

  /// Behind a loop its index stands for all that it went over, in which another loop's index may meet it.
  void leave(const Binder &b) {
    const VarDecl *v = b.pattern->var;
    bool isKnown = isIndex(b);
    b.extent.eachSym([&](const Sym *s) { isKnown &= s->name != "_"; });
    if (!v || !isKnown)
      return;
    Use from{};
    auto *range = llvm::dyn_cast_or_null<RangeExpr>(b.iter);
    std::pair over(range ? index(range->lo, from) : "0", b.extent);
    if (b.iter)
      index(range ? range->hi : b.iter, from);
    size_t number = llvm::find(ranges, over) - ranges.begin();
    if (number == ranges.size())
      ranges.push_back(over);
    auto isMine = [&](const Use &u) { return llvm::is_contained(u.names, v); };
    Uses mine;
    llvm::copy_if(uses, std::back_inserter(mine), isMine);
    llvm::erase_if(uses, isMine);
    for (Use &u : mine) {
      const std::string before = mark(v), after = '{' + std::to_string(number) + '}';
      for (size_t at; (at = u.indices.find(before)) != std::string::npos;)
        u.indices.replace(at, before.size(), after);
      llvm::erase(u.names, v);
      u.names.append(from.names);
      met(u);
    }
    uses.insert(uses.end(), mine.begin(), mine.end());
  }

  /// Uses a name, or a part of what it stands for; false where the expression is neither.
  bool place(Expr *e) {
    Use use{nullptr, "", "", e->span, {}};
    use.root = partOf(e, use);
    auto *constant = llvm::dyn_cast_or_null<ConstDecl>(use.root);
    if (constant && constant->name.starts_with("(")) // of `let (a, b) = e`, which a and b are taken from, each for itself
      return true;
    if (use.root && mayHoldKeys(typeOf(use.root)) && mayHoldKeys(e->type))
      add(std::move(use));
    return use.root;
  }

  /// Was it used before? Of a function that is a parameter it is noted, of keys it is an error.
  bool met(const Use &use) {
    auto first = llvm::find_if(uses, [&](const Use &u) { return u.meets(use); });
    if (first == uses.end())
      return false;
    if (isFunctionParameter(use.root))
      cast<VarDecl>(use.root)->appliedOften = true;
    else if (!holdsKeys(typeOf(use.root)))
      note(typeOf(use.root), use.at);
    else if ((isa<ConstDecl>(use.root) ? constants.reported : reported).insert(use.root).second)
      twice(*first, use);
    return true;
  }

  /// What is of this type is used twice, which is all right unless it holds keys.
  void note(const Type *t, Span at) {
    eachOpen(t, [&](const TypeParam *p) {
      if (within && llvm::is_contained(within->typeParams, p) && !usedTwice(within, p))
        within->usedTwice.push_back({p, at});
    });
  }

  /// An index array may name a place twice.
  void gathered(SubscriptExpr *s) {
    auto isGather = [](const Index &ix) {
      auto *array = ix.kind == IndexKind::Single && ix.lo ? dyn_cast<ArrayType>(resolved(ix.lo->type)) : nullptr;
      auto *elem = array && !array->dims.empty() ? dyn_cast<ScalarType>(resolved(array->elem)) : nullptr;
      return elem && elem->scalar != ScalarKind::Bool;
    };
    if (!s->type || !llvm::any_of(s->indices, isGather))
      return;
    note(s->type, s->span);
    if (holdsKeys(s->type) && equal.insert(s).second)
      diags.report(Code::E0333, s->span, ("`" + sources.text(s->span) + "` may hold keys that are equal").str(), str(s->type))
          .help("take them one by one, each once");
  }

  /// Keys that a definition is used for, of which it makes two.
  void instantiated(const Instance &instance) {
    DefDecl *def = instance.def;
    checkFirst(def);
    for (auto [param, type] : llvm::zip(def->typeParams, instance.types)) { // special forms have no types
      const Span *at = usedTwice(def, param);
      if (!at && !def->copies)
        continue;
      note(type, site->span);
      if (!holdsKeys(type) || !equal.insert(site).second)
        continue;
      auto &d = diags.report(Code::E0333, site->span, ("`" + def->name + "` would make keys that are equal").str(), str(site->type));
      if (at)
        d.label(*at, "used twice here");
      else
        d.help("`split(k, n)` makes n keys that differ");
    }
  }

  static const Span *usedTwice(const DefDecl *def, const TypeParam *p) {
    auto *found = llvm::find_if(def->usedTwice, [&](const auto &use) { return use.first == p; });
    return found == def->usedTwice.end() ? nullptr : &found->second;
  }

  void add(Use use) {
    ++added;
    if (!met(use))
      uses.push_back(std::move(use));
  }

  /// An element that is put into several places.
  void stretched(Expr *value, const Type *to, Span at, StringRef what) {
    if (!value || !value->type || !mayHoldKeys(value->type) || !isStretched(value->type, to))
      return;
    note(value->type, value->span);
    if (holdsKeys(value->type) && equal.insert(value).second)
      diags.report(Code::E0333, at, (what + " would make keys that are equal").str(), str(to))
          .label(value->span, "put into several places")
          .help("`split(k, n)` makes n keys that differ");
  }

  void twice(const Use &first, const Use &use) {
    bool again = first.at.begin == use.at.begin && first.at.file == use.at.file;
    const StringRef written = sources.text(first.isWhole() ? first.at : use.at); // what holds both
    const bool isKey = resolved(typeOf(use.root))->kind == TypeKind::Key, isWhole = use.isWhole() || first.isWhole();
    StringRef what = isKey ? "the key `" : use.isWhole() ? "the keys in `" : "the key in `";
    const auto [why, step] = repeats.empty() ? std::pair(Again::Applications, StringRef()) : repeats.back();
    auto &d = diags.report(Code::E0317, use.at, (what + written + (use.isWhole() && !isKey ? "` are used twice" : "` is used twice")).str(),
                           !again                ? "used again here"
                           : why == Again::Steps ? "used in each step"
                           : why == Again::Calls ? "used in each call"
                                                 : "used each time this function is applied");
    if (!again) {
      const bool isPart = !isKey && (use.fields != first.fields || use.indices != first.indices);
      d.label(first.at, !isPart ? "used here" : first.isWhole() ? "all of it used here" : "one of them used here");
      const bool inLoops = StringRef(first.indices).contains('{');
      if (inLoops)
        d.help("give each loop keys of its own");
      else if (isKey || !isWhole)
        d.help(("make two of it: `let (a, b) = split(" + written + ")`").str());
    } else if (why == Again::Applications) {
      d.label(use.root->nameSpan, "made outside of it").help("give each application a key of its own, as a parameter");
    } else if (why == Again::Calls) {
      d.label(use.root->nameSpan, "made outside of `vmap`");
      if (isKey || !isWhole)
        d.help(("give each call one of its own, as an argument: `split(" + written + ", n)`").str());
    } else {
      d.label(use.root->nameSpan, "made before the loop");
      if (isKey || !isWhole)
        d.help(("make one for each step: `fold_in(" + written + ", " + step + ")`").str());
    }
  }

  void forget(const VarDecl *v) {
    llvm::erase_if(uses, [&](const Use &u) { return u.root == v || llvm::is_contained(u.names, v); });
  }

  void repeat(Again why, llvm::function_ref<void()> body, StringRef step = "i") {
    repeats.push_back({why, step});
    const size_t before = added;
    body();
    if (added != before)
      body();
    repeats.pop_back();
  }

  void loop(const Binder &b, llvm::function_ref<void()> body) {
    auto step = [&] { bound(b.pattern), body(); };
    repeat(Again::Steps, step, b.pattern->var && isIndex(b) ? StringRef(b.pattern->var->name) : "i");
    leave(b);
  }

  /// Index notation: a loop for each index.
  void nested(ForExpr *f, List<Binder> binders) {
    if (binders.empty())
      return expr(f->filter), expr(f->body);
    loop(binders.front(), [&] { nested(f, binders.drop_front()); });
  }

  /// Does what is called apply the function that it is given as parameter i more than once?
  bool appliesOften(const Callable *c, size_t i, List<Expr *> given) {
    DefDecl *def = c->instance.def;
    if (!def)
      return false;
    if (!def->body) // of the intrinsics only `tree_map` takes a function, for each leaf
      return i + 1 < given.size() && given[i + 1]->type && !isa<ArrayType, ScalarType>(resolved(given[i + 1]->type));
    checkFirst(def);
    return def->params[i]->appliedOften;
  }

  void called(const Callable *c, List<Expr *> given = {}) {
    if (!c)
      return;
    if (DefDecl *def = c->instance.def) {
      instantiated(c->instance);
      auto found = constants.calls.find(def);
      for (const Use &u : found == constants.calls.end() ? Uses() : Uses(found->second)) {
        ++added;
        met(u);
      }
      if (found != constants.calls.end())
        uses.insert(uses.end(), found->second.begin(), found->second.end());
    }
    for (auto [i, f] : llvm::enumerate(c->functions))
      if (f && appliesOften(c, i, given))
        repeat(Again::Applications, [&] { called(f); });
      else
        called(f);
    if (c->kind == CallableKind::Param && c->var && isFunctionParameter(c->var))
      return add({c->var, "", "", c->var->nameSpan, {}});
    if (c->kind == CallableKind::Transform)
      return c->name == "vmap" ? repeat(Again::Calls, [&] { called(c->inner); }) : called(c->inner);
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
    int kept = op == "fold_in" || op == "size" || op == "clone" ? 0 : op == "save" ? 1 : -1; // the argument that is not used up, or in part
    auto given = target ? c->ordered : List<Expr *>();
    for (auto [i, x] : llvm::enumerate(given)) {
      if (target->instance.def && i < target->instance.def->params.size() && x == target->instance.def->params[i]->init)
        continue; // a default
      Use part{};
      if (int(i) == kept && x && partOf(x, part))
        indices(x);
      else
        expr(x);
    }
    if (!target)
      return;
    if (Use use{nullptr, "", "", c->span, {}}; isFold(c) && (use.root = partOf(c, use)) && holdsKeys(typeOf(use.root)))
      add(std::move(use));
    if (op == "select")
      for (Expr *x : given)
        stretched(x, c->type, c->span, "`where`");
    llvm::SaveAndRestore<const CallExpr *> here(site, c);
    called(target, given);
  }

  void bound(const Pattern *p) {
    if (p->var) {
      forget(p->var);
      for (const KeyUse &u : p->var->used)
        uses.push_back({p->var, u.fields, u.indices, u.at, {}});
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
    } else {
      Use part{};
      part.root = partOf(target, part);
      llvm::erase_if(uses, [&](const Use &u) {
        return u.root == part.root && StringRef(u.fields).starts_with(part.fields) && StringRef(u.indices).starts_with(part.indices);
      });
    }
  }

  void statement(Stmt *s) {
    visit(s, Match{
                 [&](LetStmt *l) { expr(l->init), bound(l->pattern); },
                 [&](AssignStmt *a) {
                   expr(a->value);
                   if (a->target->type)
                     stretched(a->value, a->target->type, a->target->span, "this assignment");
                   assigned(a->target);
                 },
                 [&](ForStmt *f) {
                   expr(f->binder.iter);
                   loop(f->binder, [&] { expr(f->body); });
                 },
                 [&](WhileStmt *w) {
                   repeat(Again::Steps, [&] {
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

void Checker::checkKeys() {
  llvm::DenseSet<const void *> begun;
  ConstantUses constants;
  auto check = [&](auto &self, Decl *d) -> void {
    auto found = keyBodies.find(d);
    auto *constant = dyn_cast<ConstDecl>(d); // one `let` may bind several
    if (found == keyBodies.end() || !begun.insert(constant ? static_cast<const void *>(constant->let) : d).second)
      return;
    auto checkFirst = [&](DefDecl *called) { self(self, called); };
    KeyUses uses(diags, sources, d, constants, checkFirst);
    constant ? uses.constant(found->second) : uses.body(found->second);
  };
  for (auto &[decl, body] : keyBodies)
    if (isa<ConstDecl>(decl))
      check(check, decl);
  for (auto &[decl, body] : keyBodies)
    check(check, decl);
}
} // namespace tl::frontend
