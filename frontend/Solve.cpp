// Meeting of types: element types of literals by unification, sizes by the algebra. A pattern may have holes (Solve symbols and
// packs, InferTypes); what fills them is found here.
#include "frontend/Check.h"

namespace tl::frontend {

bool Checker::isError(const Type *t) { return resolved(t)->kind == TypeKind::Error; }

/// Is a type, or a part of it, one that was reported?
bool Checker::holdsError(const Type *t) {
  t = resolved(t);
  auto any = [&](llvm::ArrayRef<const Type *> list) { return llvm::any_of(list, [&](const Type *x) { return holdsError(x); }); };
  if (auto *a = dyn_cast<ArrayType>(t))
    return holdsError(a->elem);
  if (auto *u = dyn_cast<TupleType>(t))
    return any(u->elems);
  if (auto *s = dyn_cast<StructType>(t))
    return any(s->types);
  if (auto *f = dyn_cast<FuncType>(t))
    return any(f->params) || holdsError(f->result);
  return isError(t);
}

bool holds(const Type *t, TypeKind kind) {
  t = resolved(elemOf(resolved(t)));
  auto part = [&](const Type *x) { return x && holds(x, kind); };
  if (auto *tuple = dyn_cast<TupleType>(t))
    return llvm::any_of(tuple->elems, part);
  if (auto *record = dyn_cast<StructType>(t))
    return llvm::any_of(record->types, part) || llvm::any_of(record->decl->fields, [&](const FieldDecl &f) { return part(f.type); });
  return t->kind == kind;
}

bool Checker::hasTextInArray(const Type *t) {
  t = resolved(t);
  if (auto *a = dyn_cast<ArrayType>(t))
    return !a->dims.empty() && holdsText(a->elem);
  if (auto *tuple = dyn_cast<TupleType>(t))
    return llvm::any_of(tuple->elems, [&](const Type *x) { return hasTextInArray(x); });
  auto *record = dyn_cast<StructType>(t);
  if (record && !record->types.empty()) // others were looked at when they were declared
    for (unsigned f = 0; f < record->decl->fields.size(); ++f)
      if (hasTextInArray(fieldType(record, f, types)))
        return true;
  return false;
}

bool Checker::isVector(const Type *t) {
  t = resolved(t);
  switch (t->kind) {
  case TypeKind::Error:
    return true;
  case TypeKind::Scalar:
    return isFloat(cast<ScalarType>(t)->scalar);
  case TypeKind::Infer:
    return cast<InferType>(t)->constraint != Constraint::Int;
  case TypeKind::Param: {
    Constraint c = cast<ParamType>(t)->param->constraint;
    return c == Constraint::Vector || c == Constraint::Float || cast<ParamType>(t)->widestFloat;
  }
  case TypeKind::Array:
    return isVector(cast<ArrayType>(t)->elem);
  case TypeKind::Tuple:
    return llvm::all_of(cast<TupleType>(t)->elems, [&](const Type *e) { return isVector(e); });
  case TypeKind::Struct: {
    auto *s = cast<StructType>(t);
    for (unsigned i = 0; i < s->decl->fields.size(); ++i)
      if (!isVector(fieldType(s, i, types)))
        return false;
    return true;
  }
  default:
    return false;
  }
}

static bool scalarFits(ScalarKind k, Constraint c) {
  switch (c) {
  case Constraint::Any:
    return true;
  case Constraint::Num:
    return k != ScalarKind::Bool;
  case Constraint::Float:
  case Constraint::Vector:
    return isFloat(k);
  case Constraint::Int:
    return isInt(k);
  }
  llvm_unreachable("all constraints handled");
}

/// May a value of a type with constraint `have` stand where `want` is asked?
static bool implies(Constraint have, Constraint want) {
  if (have == want || want == Constraint::Any)
    return true;
  if (want == Constraint::Num)
    return have == Constraint::Float || have == Constraint::Int;
  return want == Constraint::Vector && have == Constraint::Float;
}

bool Checker::satisfies(const Type *t, Constraint c) {
  t = resolved(t);
  if (t->kind == TypeKind::Error)
    return true;
  if (c == Constraint::Vector)
    return isVector(t);
  if (auto *s = dyn_cast<ScalarType>(t))
    return scalarFits(s->scalar, c);
  if (auto *p = dyn_cast<ParamType>(t))
    return implies(p->widestFloat ? Constraint::Float : p->param->constraint, c);
  if (t->kind == TypeKind::Fn || t->kind == TypeKind::Func || t->kind == TypeKind::Range || t->kind == TypeKind::Shape)
    return false;
  return c == Constraint::Any;
}

bool Checker::isNumber(const Type *t) {
  t = resolved(elemOf(t));
  return t->kind == TypeKind::Infer || satisfies(t, Constraint::Num);
}
bool Checker::isFloating(const Type *t) {
  t = resolved(elemOf(t));
  if (auto *i = dyn_cast<InferType>(t))
    return i->constraint == Constraint::Float;
  return satisfies(t, Constraint::Float);
}
bool Checker::isInteger(const Type *t) {
  t = resolved(elemOf(t));
  if (auto *i = dyn_cast<InferType>(t))
    return i->constraint != Constraint::Float;
  return satisfies(t, Constraint::Int);
}
bool Checker::isBool(const Type *t) {
  t = resolved(elemOf(t));
  auto *s = dyn_cast<ScalarType>(t);
  return t->kind == TypeKind::Error || (s && s->scalar == ScalarKind::Bool);
}

void Checker::rewind(size_t mark) {
  while (trail.size() > mark) {
    Undo u = trail.back();
    trail.pop_back();
    u.infer->link = u.link;
    u.infer->constraint = u.constraint;
    u.infer->preferFloat = u.preferFloat;
    u.infer->floatBy = u.floatBy;
  }
}

/// The constraint that both ask for, if one type can meet both.
static std::optional<Constraint> both(Constraint a, Constraint b) {
  if (implies(a, b))
    return a;
  if (implies(b, a))
    return b;
  if ((a == Constraint::Num && b == Constraint::Vector) || (a == Constraint::Vector && b == Constraint::Num))
    return Constraint::Float;
  return std::nullopt;
}

bool Checker::bindInfer(const InferType *i, const Type *to) {
  to = resolved(to);
  if (to == i)
    return true;
  auto save = [&](const InferType *t) { trail.push_back({t, t->link, t->constraint, t->preferFloat, t->floatBy}); };
  if (auto *j = dyn_cast<InferType>(to)) {
    auto c = both(i->constraint, j->constraint);
    if (!c)
      return false;
    save(i), save(j);
    for (const InferType *t : {i, j})
      if (*c == Constraint::Float && t->constraint == Constraint::Num && current)
        t->floatBy = current->span;
    j->constraint = *c;
    // A literal decides over an element type that was left out; what prefers float wins only among its own kind.
    j->preferFloat = i->preferFloat && j->preferFloat;
    i->link = j;
    return true;
  }
  if (!satisfies(to, i->constraint))
    return false;
  if (i->constraint == Constraint::Vector)
    makeFloat(to, i->origin);
  save(i);
  if (i->constraint == Constraint::Num && current && isFloating(to))
    i->floatBy = current->span;
  i->link = to;
  return true;
}

Size Checker::applySolution(const Size &size, const Solver &s) {
  if (s.sizes.empty())
    return size;
  return substitute(size, sizes, [&](const Sym *sym) -> std::optional<Size> {
    auto it = s.sizes.find(sym);
    if (it == s.sizes.end())
      return std::nullopt;
    return it->second;
  });
}

Dims Checker::applySolution(llvm::ArrayRef<Dim> dims, const Solver &s) {
  Dims out;
  for (const Dim &d : dims) {
    if (!d.pack) {
      out.push_back(applySolution(d.size, s));
      continue;
    }
    auto it = s.packs.find(d.pack);
    if (it == s.packs.end())
      out.push_back(d);
    else
      out.append(it->second.begin(), it->second.end());
  }
  return out;
}

const Type *Checker::applySolution(const Type *t, const Solver &s) {
  auto type = [](const TypeParam *) -> const Type * { return nullptr; };
  auto pack = [&](const Pack *p) -> std::optional<Dims> {
    auto it = s.packs.find(p);
    if (it == s.packs.end())
      return std::nullopt;
    return it->second;
  };
  auto size = [&](const Sym *sym) -> std::optional<Size> {
    auto it = s.sizes.find(sym);
    if (it == s.sizes.end())
      return std::nullopt;
    return it->second;
  };
  return distributed(substitute(t, types, Substitution{type, pack, size})); // a type parameter may have become a tuple
}

bool hasHole(const Size &s) {
  bool found = false;
  s.eachSym([&](const Sym *sym) { found |= sym->kind == SymKind::Solve; });
  return found;
}

void Checker::fillHoles(size_t mark, const Solver &s) {
  for (const Undo &u : llvm::ArrayRef(trail).drop_front(mark))
    if (u.infer->link)
      u.infer->link = applySolution(u.infer->link, s);
}

/// Solves pattern == actual for the one hole in it, where it stands linearly: coef * hole + rest == actual.
static std::optional<std::pair<const Sym *, Size>> solveFor(const Size &pattern, const Size &actual, SizeContext &ctx) {
  const Sym *hole = nullptr;
  int64_t coef = 0;
  Size rest;
  for (const Term &t : pattern.terms()) {
    const Sym *here = nullptr;
    for (const Sym *s : t.syms) {
      if (s->kind == SymKind::Solve) {
        if (here || t.syms.size() != 1)
          return std::nullopt;
        here = s;
      } else if (hasHole(Size(s))) {
        return std::nullopt;
      }
    }
    if (here) {
      if (hole)
        return std::nullopt;
      hole = here;
      coef = t.coef;
    } else {
      Size term(t.coef);
      for (const Sym *s : t.syms)
        term = term * Size(s);
      rest = rest + term;
    }
  }
  if (!hole)
    return std::nullopt;
  Size value = actual - rest;
  if (coef < 0)
    value = Size(0) - value, coef = -coef;
  if (coef != 1)
    value = ctx.divide(value, Size(coef));
  return std::make_pair(hole, value);
}

/// `_`, and how many elements of a mask are true: a witness would name them, and say nothing.
static bool onlyDataKnows(const Sym *s) { return s->kind == SymKind::Fresh && (s->name == "_" || s->name.starts_with("count(")); }

bool Checker::unifySize(const Size &pattern0, const Size &actual0, Solver &s, Mismatch &why) {
  Size pattern = applySolution(pattern0, s), actual = applySolution(actual0, s);
  if (pattern == actual)
    return true;
  if (hasHole(pattern) || hasHole(actual)) {
    if (!hasHole(pattern))
      std::swap(pattern, actual);
    if (!hasHole(actual)) {
      if (auto solved = solveFor(pattern, actual, sizes)) {
        s.sizes[solved->first] = solved->second;
        if (!pattern.symbol())
          s.derived.push_back(solved->first);
        // With a coefficient other than 1 the division must come out even: asked again with the hole filled.
        s.equations.push_back({pattern, actual});
        return true;
      }
    } else if (pattern.symbol() && pattern.symbol()->kind == SymKind::Solve) {
      s.sizes[pattern.symbol()] = actual;
      return true;
    }
    s.equations.push_back({pattern, actual});
    return true;
  }
  why.syms.clear();
  for (const Size *side : {&pattern, &actual})
    side->eachSym([&](const Sym *s) { why.syms.push_back(s); });
  Witness w;
  static const Facts none;
  // What says that two sizes are equal of which the data decides one.
  auto remedy = [&]() -> std::string {
    auto isUnnamed = [&](const Size &x) { return x.symbol() && unnamedMasks.contains(x.symbol()); };
    auto isUnknown = [&](const Size &x) { return x.symbol() && x.symbol()->name == "_" && !isUnnamed(x); };
    if (isUnknown(pattern) || isUnknown(actual))
      return "`assert size(a, 0) == size(b, 0)` says that they are";
    if (isUnnamed(pattern) && isUnnamed(actual))
      return "with names for the masks, `let m = ...` and `let k = ...`, `assert count(m) == count(k)` says that they are";
    if (isUnnamed(pattern) || isUnnamed(actual))
      return "with a name for the mask, `let mask = ...`, `assert count(mask) == " + (isUnnamed(pattern) ? actual : pattern).str() +
             "` says that they are";
    return "`assert " + pattern.str() + " == " + actual.str() + "` says that they are";
  };
  if (auto *a = pattern.symbol(), *b = actual.symbol();
      a && b && onlyDataKnows(a) && onlyDataKnows(b) && equal(pattern, actual, body ? body->facts : none) != Answer::Always) {
    why.reason = "two sizes that only the data knows need not be equal; " + remedy();
    return false;
  }
  switch (equal(pattern, actual, body ? body->facts : none, &w)) {
  case Answer::Always:
    return true;
  case Answer::Sometimes:
    if (defer(pattern, actual))
      return true;
    break;
  case Answer::Never:
    break;
  }
  if (auto *a = pattern.symbol(), *b = actual.symbol(); (a && onlyDataKnows(a)) || (b && onlyDataKnows(b))) {
    auto shown = [](const Size &x) { return x.symbol() && x.symbol()->name == "_" ? "a size that only the data knows" : x.str(); };
    why.reason = shown(pattern) + " and " + shown(actual) + " need not be equal; " + remedy();
  } else if (!w.values.empty()) {
    auto p = w.eval(pattern), a = w.eval(actual);
    why.reason = pattern.str() + " and " + actual.str() + " differ when " + w.str();
    if (p && a)
      why.reason += ": " + std::to_string(*p) + " against " + std::to_string(*a);
  } else {
    why.reason = "the sizes " + pattern.str() + " and " + actual.str() + " differ";
  }
  return false;
}

/// Notes why two types do not meet, and marks where sizes come from that no name of a signature tells.
void Checker::explain(Diagnostic &d, const Mismatch &why) {
  if (!why.reason.empty())
    d.note(why.reason);
  for (const Sym *s : why.syms) {
    auto covers = [&](const Label &label) {
      return label.span.file == s->origin.file && label.span.begin <= s->origin.begin && s->origin.end <= label.span.end;
    };
    if ((s->kind == SymKind::Fresh || s->kind == SymKind::Local || s->kind == SymKind::Param) && s->origin.valid() &&
        llvm::none_of(d.labels, covers))
      d.origin(s->origin, onlyDataKnows(s) ? "a size that only the data knows" : "the size " + s->name);
  }
}

/// "`2 * n` is 3 for no whole `n`", where that is so.
static std::string comesOutUneven(const Size &pattern, const Size &actual) {
  int64_t coef = 0, rest = 0;
  const Sym *hole = nullptr;
  for (const Term &t : pattern.terms()) {
    if (t.syms.empty())
      rest = t.coef;
    else if (hole || t.syms.size() > 1)
      return "";
    else
      hole = t.syms.front(), coef = t.coef;
  }
  if (!hole || !actual.constant() || (*actual.constant() - rest) % coef == 0)
    return "";
  return ("`" + Twine(pattern.str()) + "` is " + actual.str() + " for no whole `" + hole->name + "`").str();
}

bool Checker::solvePending(Solver &s, Mismatch &why) {
  bool progress = true;
  while (progress && !s.equations.empty()) {
    progress = false;
    auto pending = std::move(s.equations);
    s.equations.clear();
    size_t before = pending.size();
    for (auto &e : pending)
      if (!unifySize(e.pattern, e.actual, s, why)) {
        if (std::string uneven = comesOutUneven(e.pattern, e.actual); !uneven.empty())
          why.reason = uneven;
        return false;
      }
    progress = s.equations.size() < before;
  }
  return true;
}

bool Checker::unifyDims(llvm::ArrayRef<Dim> pattern0, llvm::ArrayRef<Dim> actual0, Solver &s, Mismatch &why) {
  Dims pattern = applySolution(pattern0, s), actual = applySolution(actual0, s);
  auto isHole = [](const Dim &d) { return d.pack && d.pack->solve; };
  auto hole = llvm::find_if(pattern, isHole);
  if (hole == pattern.end() && llvm::any_of(actual, isHole)) {
    std::swap(pattern, actual);
    hole = llvm::find_if(pattern, isHole);
  }
  auto meetOne = [&](const Dim &p, const Dim &a) {
    if (p.pack || a.pack)
      return p.pack == a.pack;
    return unifySize(p.size, a.size, s, why);
  };
  if (hole == pattern.end()) {
    if (pattern.size() != actual.size())
      return false;
    for (auto [p, a] : llvm::zip(pattern, actual))
      if (!meetOne(p, a))
        return false;
    return true;
  }
  size_t before = hole - pattern.begin(), after = pattern.end() - hole - 1;
  if (actual.size() < before + after)
    return false;
  for (size_t i = 0; i < before; ++i)
    if (!meetOne(pattern[i], actual[i]))
      return false;
  for (size_t i = 0; i < after; ++i)
    if (!meetOne(pattern[pattern.size() - 1 - i], actual[actual.size() - 1 - i]))
      return false;
  s.packs[hole->pack] = Dims(actual.begin() + before, actual.end() - after);
  return true;
}

bool Checker::unify(const Type *pattern, const Type *actual, Solver &s, Mismatch &why) {
  pattern = resolved(pattern), actual = resolved(actual);
  if (pattern == actual || pattern->kind == TypeKind::Error || actual->kind == TypeKind::Error)
    return true;
  // An open element type: of a type parameter it may become any type, of a literal a number.
  if (auto *i = dyn_cast<InferType>(pattern))
    return bindInfer(i, actual);
  if (auto *i = dyn_cast<InferType>(actual)) {
    if (auto *a = dyn_cast<ArrayType>(pattern)) {
      // A scalar meets T[...s] with s empty.
      return unifyDims(a->dims, {}, s, why) && unify(a->elem, i, s, why);
    }
    return bindInfer(i, pattern);
  }
  if (auto *p = dyn_cast<ArrayType>(pattern)) {
    const Type *elem = resolved(p->elem);
    if (elem->kind == TypeKind::Array) { // what the element type was found to be
      p = cast<ArrayType>(types.array(elem, p->dims));
      elem = p->elem;
    }
    if (auto *t = dyn_cast<TupleType>(actual)) { // of arrays: an array of tuples
      if (auto *open = dyn_cast<InferType>(elem)) {
        SmallVector<const Type *> parts;
        for (size_t i = 0; i < t->elems.size(); ++i)
          parts.push_back(types.infer(open->constraint, open->origin));
        if (!bindInfer(open, elem = types.tuple(parts)))
          return false;
      }
      return elem->kind == TypeKind::Tuple && unify(arrayOver(elem, p->dims), t, s, why);
    }
    if (holdsText(actual)) // stands in no array
      return false;
    llvm::ArrayRef<Dim> dims = dimsOf(actual);
    bool hasPack = llvm::any_of(p->dims, [](const Dim &d) { return d.pack; });
    auto *open = dyn_cast<InferType>(elem);
    // V[n] with V open and of any kind: V takes the axes that are left.
    if (open && !hasPack && (open->constraint == Constraint::Any || open->constraint == Constraint::Vector) &&
        dims.size() > p->dims.size()) {
      if (!unifyDims(p->dims, dims.take_front(p->dims.size()), s, why))
        return false;
      return bindInfer(open, types.array(elemOf(actual), Dims(dims.drop_front(p->dims.size()))));
    }
    return unify(elem, elemOf(actual), s, why) && unifyDims(p->dims, dims, s, why);
  }
  if (auto *a = dyn_cast<ArrayType>(actual))
    return unify(a, pattern, s, why);
  if (pattern->kind != actual->kind)
    return false;
  switch (pattern->kind) {
  case TypeKind::Scalar:
    return cast<ScalarType>(pattern)->scalar == cast<ScalarType>(actual)->scalar;
  case TypeKind::Param: {
    auto *a = cast<ParamType>(pattern), *b = cast<ParamType>(actual);
    return a->param == b->param && a->widestFloat == b->widestFloat;
  }
  case TypeKind::Tuple: {
    auto a = cast<TupleType>(pattern)->elems, b = cast<TupleType>(actual)->elems;
    if (a.size() != b.size())
      return false;
    for (auto [x, y] : llvm::zip(a, b))
      if (!unify(x, y, s, why))
        return false;
    return true;
  }
  case TypeKind::Struct: {
    auto *a = cast<StructType>(pattern), *b = cast<StructType>(actual);
    if (a->decl != b->decl) {
      if (a->decl->name == b->decl->name)
        why.reason = ("`" + a->decl->name + "` of module `" + a->decl->module->name + "` and `" + b->decl->name + "` of module `" +
                      b->decl->module->name + "` are two records")
                         .str();
      return false;
    }
    for (auto [x, y] : llvm::zip(a->types, b->types))
      if (!unify(x, y, s, why))
        return false;
    for (auto [x, y] : llvm::zip(a->sizes, b->sizes))
      if (!unifySize(x, y, s, why))
        return false;
    return true;
  }
  case TypeKind::Shape:
    return unifyDims(cast<ShapeType>(pattern)->dims, cast<ShapeType>(actual)->dims, s, why);
  case TypeKind::Func: {
    auto *a = cast<FuncType>(pattern), *b = cast<FuncType>(actual);
    if (a->params.size() != b->params.size())
      return false;
    for (auto [x, y] : llvm::zip(a->params, b->params))
      if (!unify(x, y, s, why))
        return false;
    return unify(a->result, b->result, s, why);
  }
  case TypeKind::Fn:
    return cast<FnType>(pattern)->value == cast<FnType>(actual)->value;
  default:
    return true;
  }
}

bool Checker::meet(const Type *a, const Type *b, Mismatch &why) {
  Solver none;
  size_t mark = trail.size(), left = body ? body->deferred.size() : 0;
  if (unify(a, b, none, why) && solvePending(none, why) && none.equations.empty())
    return true;
  rewind(mark);
  if (body)
    body->deferred.resize(left);
  return false;
}

std::optional<Dims> Checker::broadcast(llvm::ArrayRef<Dim> a, llvm::ArrayRef<Dim> b, Mismatch &why) {
  auto hasPack = [](llvm::ArrayRef<Dim> d) { return llvm::any_of(d, [](const Dim &x) { return x.pack; }); };
  if (a.empty())
    return Dims(b);
  if (b.empty())
    return Dims(a);
  if (a.size() < b.size())
    std::swap(a, b);
  // A pack meets only itself, or a suffix behind it that stands literally in the other.
  Dims out(a);
  size_t shift = a.size() - b.size();
  for (size_t i = 0; i < b.size(); ++i) {
    const Dim &x = a[shift + i], &y = b[i];
    if (x.pack || y.pack) {
      if (x.pack != y.pack)
        return std::nullopt;
      continue;
    }
    if (x.size.isOne()) {
      out[shift + i] = y;
      continue;
    }
    if (y.size.isOne())
      continue;
    Solver none;
    if (!unifySize(x.size, y.size, none, why) || !solvePending(none, why))
      return std::nullopt;
  }
  if (shift && hasPack(b) && !hasPack(a.take_front(shift)) && b.front().pack) {
    // [m, ...s] against [...s]: the pack's rank is unknown, but it is the same list on both sides.
    return out;
  }
  return out;
}
} // namespace tl::frontend
