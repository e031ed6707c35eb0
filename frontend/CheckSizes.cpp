// Sizes that last and sizes that do not: what may stand in the type of a result, of an `if`, of the rows of an array; what `where`
// and `assert` state; and equalities that are left to run time.
#include "frontend/Check.h"

namespace tl::frontend {

/// Calls back for each symbol and pack of a type, left to right.
void eachSize(const Type *t, llvm::function_ref<void(const Sym *)> sym, llvm::function_ref<void(const Pack *)> pack) {
  t = resolved(t);
  auto dims = [&](llvm::ArrayRef<Dim> ds) {
    for (const Dim &d : ds)
      d.pack ? pack(d.pack) : d.size.eachSym(sym);
  };
  if (auto *a = dyn_cast<ArrayType>(t)) {
    eachSize(a->elem, sym, pack);
    dims(a->dims);
  } else if (auto *u = dyn_cast<TupleType>(t)) {
    for (const Type *e : u->elems)
      eachSize(e, sym, pack);
  } else if (auto *s = dyn_cast<StructType>(t)) {
    for (const Size &x : s->sizes)
      x.eachSym(sym);
    for (const Type *e : s->types)
      eachSize(e, sym, pack);
  } else if (auto *f = dyn_cast<FuncType>(t)) {
    for (const Type *p : f->params)
      eachSize(p, sym, pack);
    eachSize(f->result, sym, pack);
  } else if (auto *s = dyn_cast<ShapeType>(t)) {
    dims(s->dims);
  }
}

/// Does a type name a size that was made after `mark`? Such a size is another one each time the code in between runs.
bool Checker::madeSince(const Type *t, uint32_t mark) {
  bool found = false;
  eachSize(
      t,
      [&](const Sym *s) {
        if (s->kind != SymKind::Fresh && s->kind != SymKind::Local)
          return;
        auto *owner = static_cast<const VarDecl *>(s->owner);
        found |= (owner ? boundAt.lookup(owner) : s->id) > mark;
      },
      [](const Pack *) {});
  return found;
}

/// The type with each size that names a hidden symbol replaced by one that only the data knows; equal sizes stay equal.
const Type *Checker::hideSizes(const Type *t, llvm::function_ref<bool(const Sym *)> hidden, Span at) {
  SmallVector<std::pair<Size, Size>> made;
  auto hide = [&](const Size &size) -> Size {
    bool found = false;
    size.eachSym([&](const Sym *s) { found |= !s->lhs && hidden(s); });
    if (!found)
      return size;
    for (auto &[from, to] : made)
      if (from == size)
        return to;
    made.push_back({size, Size(sizes.sym(SymKind::Fresh, "_", at))});
    return made.back().second;
  };
  auto each = [&](auto &self, const Type *type) -> const Type * {
    type = resolved(type);
    auto all = [&](llvm::ArrayRef<const Type *> list) {
      SmallVector<const Type *> out;
      for (const Type *x : list)
        out.push_back(self(self, x));
      return out;
    };
    if (auto *a = dyn_cast<ArrayType>(type)) {
      Dims dims;
      for (const Dim &d : a->dims)
        dims.push_back(d.pack ? d : Dim(hide(d.size)));
      return types.array(self(self, a->elem), dims);
    }
    if (auto *u = dyn_cast<TupleType>(type))
      return types.tuple(all(u->elems));
    if (auto *s = dyn_cast<StructType>(type)) {
      SmallVector<Size> out;
      for (const Size &x : s->sizes)
        out.push_back(hide(x));
      return types.record(s->decl, out, all(s->types));
    }
    return type;
  };
  return each(each, t);
}

static bool onlyKnownHere(const Size &size) {
  bool found = false;
  size.eachSym([&](const Sym *s) {
    auto *owner = static_cast<const VarDecl *>(s->owner);
    found |= s->kind == SymKind::Fresh || (s->kind == SymKind::Local && owner && owner->varKind != VarKind::Param);
  });
  return found;
}

/// The type of an `if` whose branches differ in sizes of which one is `_` or names a local: there `_`. Null where they differ otherwise.
const Type *Checker::joinSizes(const Type *a, const Type *b, Span at) {
  a = resolved(a), b = resolved(b);
  Mismatch why;
  if (auto *x = dyn_cast<TupleType>(a)) {
    auto *y = dyn_cast<TupleType>(b);
    if (!y || x->elems.size() != y->elems.size())
      return nullptr;
    SmallVector<const Type *> out;
    for (auto [p, q] : llvm::zip(x->elems, y->elems)) {
      out.push_back(joinSizes(p, q, at));
      if (!out.back())
        return nullptr;
    }
    return types.tuple(out);
  }
  if (!isa<ArrayType>(a) || !isa<ArrayType>(b))
    return meet(a, b, why) ? a : nullptr;
  auto x = dimsOf(a), y = dimsOf(b);
  if (x.size() != y.size() || !meet(elemOf(a), elemOf(b), why))
    return nullptr;
  Dims dims;
  for (auto [p, q] : llvm::zip(x, y)) {
    if (p.pack || q.pack) {
      if (p.pack != q.pack)
        return nullptr;
      dims.push_back(p);
      continue;
    }
    if (equal(p.size, q.size, body->facts) == Answer::Always)
      dims.push_back(p);
    else if (onlyKnownHere(p.size) || onlyKnownHere(q.size))
      dims.push_back(Size(sizes.sym(SymKind::Fresh, "_", at)));
    else
      return nullptr;
  }
  return types.array(elemOf(a), dims);
}

/// Products of names, and divisions by one: more than linear arithmetic decides.
static bool isLinear(const Size &size) {
  return llvm::all_of(size.terms(), [](const Term &t) {
    return t.syms.size() <= 1 && llvm::all_of(t.syms, [](const Sym *s) {
             bool division = s->kind == SymKind::Div || s->kind == SymKind::Mod;
             return !s->lhs || (isLinear(*s->lhs) && isLinear(*s->rhs) && (!division || s->rhs->constant()));
           });
  });
}

/// Are all names in a size bound where the expression begins?
bool Checker::knownBefore(const Expr *e, const Size &size) {
  bool known = true;
  auto within = [&](Span s) { return s.file == e->span.file && s.begin >= e->span.begin && s.end <= e->span.end; };
  size.eachSym([&](const Sym *s) {
    auto *owner = static_cast<const VarDecl *>(s->owner);
    known &= s->kind != SymKind::Solve && !(s->kind == SymKind::Fresh && within(s->origin)) && !(owner && within(owner->nameSpan));
  });
  return known;
}

/// Leaves a == b to run time where that is more than linear arithmetic decides and both are known before the expression.
bool Checker::defer(const Size &a, const Size &b) {
  if (!body || !current || isLinear(a - b) || !knownBefore(current, a) || !knownBefore(current, b))
    return false;
  body->deferred.push_back({current, {a, b, true, current->span, "the sizes " + a.str() + " and " + b.str() + " must be equal"}});
  return true;
}

/// A size that is found from others: never negative (reported), perhaps (checked when the program runs), or fine.
bool Checker::notNegative(Code code, Expr *at, const Size &size, StringRef what) {
  if (llvm::all_of(size.terms(), [](const Term &t) {
        return t.coef > 0 && llvm::all_of(t.syms, [](const Sym *s) { return s->kind == SymKind::Param || s->kind == SymKind::Fresh; });
      }))
    return true;
  Witness w;
  Answer a = lessEqual(Size(0), size, body->facts, &w);
  if (a == Answer::Never)
    diags
        .report(code, at->span,
                (what + (size.constant() ? Twine(" would be ") + size.str() : Twine(", ") + size.str() + ", is always negative")).str())
        .note("a size is at least 0");
  if (a == Answer::Sometimes && code == Code::E0302 && knownBefore(at, size))
    body->deferred.push_back({at, {Size(0), size, false, at->span, what.str() + " is at least 0", true}});
  return a != Answer::Never;
}

/// What a difference was made of: the terms with a plus, and those with a minus.
static std::pair<Size, Size> sides(const Size &difference) {
  std::pair<Size, Size> result;
  for (const Term &t : difference.terms()) {
    Size term(t.coef < 0 ? -t.coef : t.coef);
    for (const Sym *s : t.syms)
      term = term * Size(s);
    Size &side = t.coef < 0 ? result.second : result.first;
    side = side + term;
  }
  return result;
}

/// What callers of `d` must see to, in its own words.
std::string Checker::needs(const DefDecl *d) { return ("`" + d->name + "` needs `" + sources.text(d->where->span) + "`").str(); }

/// Facts that the callee needs: proved, refuted (reported), or left to run time.
bool Checker::checkWhere(CallExpr *e, DefDecl *d, const Solver &s) {
  const Facts &facts = whereFacts[d];
  auto failed = [&](const Size &fact, const Witness &w) {
    auto &report = diags.report(Code::E0308, e->span, ("`" + d->name + "` cannot be called with these sizes").str())
                       .label(d->where->span, "must hold");
    std::string here;
    fact.eachSym([&](const Sym *p) {
      if (std::string given = applySolution(Size(p), s).str(); !p->lhs && given != p->name)
        here += (here.empty() ? "here " : ", ") + p->name + " is " + given;
    });
    if (!w.values.empty())
      report.note("it fails when " + w.str());
    else if (!here.empty())
      report.note(here);
    return false;
  };
  for (const Size &n : facts.nonNegative) {
    Witness w;
    Size v = applySolution(n, s);
    Answer a = lessEqual(Size(0), v, body->facts, &w);
    if (a == Answer::Never)
      return failed(n, w);
    if (a == Answer::Sometimes)
      checkSize(e, sides(v).second, sides(v).first, false, e->span, needs(d));
  }
  for (const Size &z : facts.zero) {
    Witness w;
    Size v = applySolution(z, s);
    Answer a = equal(v, Size(0), body->facts, &w);
    if (a == Answer::Never)
      return failed(z, w);
    if (a == Answer::Sometimes)
      checkSize(e, sides(v).first, sides(v).second, true, e->span, needs(d));
  }
  return true;
}

/// The names of one pattern, or of one list of parameters, differ.
void Checker::namesOnce(llvm::ArrayRef<const Pattern *> patterns) {
  llvm::StringMap<Span> seen;
  auto each = [&](auto &self, const Pattern *p) -> void {
    for (const Pattern *x : p->elems)
      self(self, x);
    if (!p->var)
      return;
    if (auto [it, isNew] = seen.try_emplace(p->var->name, p->var->nameSpan); !isNew)
      diags.report(Code::E0110, p->var->nameSpan, ("`" + p->var->name + "` is declared twice").str(), "again here")
          .label(it->second, "first here");
  };
  for (const Pattern *p : patterns)
    each(each, p);
}

/// Numbers without end, as facts are about, and those of 64 bits are the same where a size is computed: a name alone is, and what is
/// computed from few names that are no larger than arrays may be.
bool Checker::cannotWrap(const Size &size, const Facts &facts) {
  if (size.constant() || (size.symbol() && !size.symbol()->lhs))
    return true;
  const Size most(int64_t(1) << 48);
  Facts bounded = facts;
  for (const auto *list : {&facts.zero, &facts.nonNegative})
    for (const Size &fact : *list)
      fact.eachSym([&](const Sym *s) {
        if (!s->lhs && s->kind != SymKind::Local)
          bounded.nonNegative.push_back(most - Size(s));
      });
  auto isBounded = [&](const Sym *s) {
    if (s->lhs)
      return cannotWrap(*s->lhs, facts) && cannotWrap(*s->rhs, facts);
    return s->kind != SymKind::Local ||
           (lessEqual(Size(s), most, bounded) == Answer::Always && lessEqual(Size(0) - most, Size(s), bounded) == Answer::Always);
  };
  return llvm::all_of(size.terms(), [&](const Term &t) { return std::abs(t.coef) <= 1024 && llvm::all_of(t.syms, isBounded); });
}

void Checker::addFact(Expr *e, Facts &facts, bool isExact, Expr *inside) {
  auto *b = dyn_cast<BinaryExpr>(e);
  if (!b)
    return;
  if (b->op == BinaryOp::And) {
    addFact(b->lhs, facts, isExact, inside);
    addFact(b->rhs, facts, isExact, inside);
    return;
  }
  if (!isComparison(b->op))
    return;
  auto l = sizeOf(b->lhs), r = sizeOf(b->rhs);
  if (!l || !r)
    return;
  for (auto [side, other] : {std::pair(*l, *r), std::pair(*r, *l)}) {
    if (isExact || cannotWrap(side, facts))
      continue;
    // What equals the size of an array is a size, and checked where that is known; any other may wrap, and says nothing.
    bool isSize = false;
    other.eachSym([&](const Sym *s) { isSize |= s->kind == SymKind::Param || s->kind == SymKind::Fresh; });
    if (b->op != BinaryOp::Eq || !inside || !isSize || !cannotWrap(other, facts))
      return;
    checkSize(inside, side, side, true, b->span, "the condition");
  }
  switch (b->op) {
  case BinaryOp::Eq:
    facts.zero.push_back(*l - *r);
    break;
  case BinaryOp::Le:
    facts.nonNegative.push_back(*r - *l);
    break;
  case BinaryOp::Lt:
    facts.nonNegative.push_back(*r - *l - Size(1));
    break;
  case BinaryOp::Ge:
    facts.nonNegative.push_back(*l - *r);
    break;
  case BinaryOp::Gt:
    facts.nonNegative.push_back(*l - *r - Size(1));
    break;
  default:
    break;
  }
}

void Checker::keepExact(Expr *e, const Size &size, StringRef message) {
  if (!cannotWrap(size, body->facts))
    checkSize(e, size, size, true, e->span, message.str());
}

/// What an `assert` compares is known behind it as numbers without end are compared, so it may not wrap.
void Checker::keepExact(Expr *e) {
  auto *b = dyn_cast<BinaryExpr>(e);
  if (b && b->op == BinaryOp::And)
    return keepExact(b->lhs), keepExact(b->rhs);
  if (!b || !isComparison(b->op) || b->op == BinaryOp::Ne)
    return;
  auto l = sizeOf(b->lhs), r = sizeOf(b->rhs);
  if (l && r) {
    keepExact(b->lhs, *l, "assertion failed");
    keepExact(b->rhs, *r, "assertion failed");
  }
}

/// `where` states sizes only: each part is a comparison of two sizes.
void Checker::whereClause(DefDecl *d) {
  if (!d->where)
    return;
  Facts facts;
  {
    llvm::SaveAndRestore divides(anyDivisor, true);
    addFact(d->where, facts, true);
  }
  // A division stands for one by a number of at least 1: that is asked for first.
  std::vector<Size> divisors;
  for (const auto *list : {&facts.zero, &facts.nonNegative})
    for (const Size &fact : *list)
      fact.eachSym([&](const Sym *s) {
        if ((s->kind == SymKind::Div || s->kind == SymKind::Mod) && !s->rhs->constant() && !llvm::is_contained(divisors, *s->rhs))
          divisors.push_back(*s->rhs);
      });
  for (const Size &divisor : divisors)
    facts.nonNegative.push_back(divisor - Size(1));
  std::rotate(facts.nonNegative.begin(), facts.nonNegative.end() - divisors.size(), facts.nonNegative.end());
  std::function<void(Expr *)> each = [&](Expr *e) {
    auto *b = dyn_cast<BinaryExpr>(e);
    if (b && b->op == BinaryOp::And)
      return each(b->lhs), each(b->rhs);
    auto isValue = [&](Expr *x) { // not a size: a parameter of another type
      auto *n = dyn_cast<NameExpr>(x);
      auto *v = n ? llvm::dyn_cast_or_null<VarDecl>(lookup(n->name).decl) : nullptr;
      return v && v->type && !isError(v->type) && !same(resolved(v->type), types.int64());
    };
    if (b && isComparison(b->op) && b->op != BinaryOp::Ne && !isValue(b->lhs) && !isValue(b->rhs)) {
      if (resolveSize(b->lhs, Where::Body, nullptr))
        resolveSize(b->rhs, Where::Body, nullptr);
    } else
      diags.report(Code::E0130, e->span, "`where` compares sizes", "this is no comparison of two sizes")
          .help("for conditions on values use `assert` in the body");
  };
  each(d->where);
  whereFacts[d] = facts;
  // In the definition's own names, for callers of which nothing is known: another language, flags, whoever has it as a value.
  const std::string message = needs(d);
  auto &checks = d->module->checks[d->where];
  for (const Size &positive : facts.nonNegative) // divisors among them
    checks.push_back({sides(positive).second, sides(positive).first, false, d->where->span, message});
  for (const Size &zero : facts.zero)
    checks.push_back({sides(zero).first, sides(zero).second, true, d->where->span, message});
}
} // namespace tl::frontend
