// Calls that no signature describes: constructors of records, conversions, `load`, `print` and `save`.
#include "frontend/Check.h"

namespace tl::frontend {

const Type *Checker::construct(CallExpr *e, StructDecl *decl, const StructType *given, const Type *expected) {
  resolveStruct(decl);
  SmallVector<StringRef> names;
  SmallVector<bool> optional;
  for (const FieldDecl &f : decl->fields) {
    names.push_back(f.name);
    optional.push_back(f.init != nullptr);
  }
  Solver s;
  SmallVector<Size> sizeHoles;
  SmallVector<const Type *> typeHoles;
  for (const Sym *p : decl->sizeParams)
    sizeHoles.push_back(Size(sizes.sym(SymKind::Solve, p->name, p->origin)));
  for (const TypeParam *p : decl->typeParams)
    typeHoles.push_back(types.infer(p->constraint, e->span));
  const Type *shape = types.record(decl, sizeHoles, typeHoles);
  Mismatch why;
  if (given)
    unify(shape, given, s, why);
  auto from = matchArguments(e, names, optional, decl);
  const size_t mark = trail.size();
  bool failed = !from;
  // One after the other: what the fields so far tell about sizes, the next argument is asked for.
  auto meets = [&](size_t f, Expr *value) {
    const Type *want = fieldType(shape, f, types), *got = checkValue(value, applySolution(want, s));
    if (isError(got) || failed)
      return false;
    why = {};
    if (unify(want, got, s, why) && solvePending(s, why))
      return true;
    reportMismatch(Code::E0302, value, applySolution(want, s), got, why, decl->fields[f].typeExpr->span, "the field's type");
    return false;
  };
  SmallVector<Expr *> ordered(decl->fields.size());
  for (auto [i, a] : llvm::enumerate(e->args)) {
    auto f = from ? llvm::find(*from, int(i)) : nullptr;
    if (!from || f == from->end()) {
      checkValue(a.value);
      continue;
    }
    ordered[f - from->begin()] = a.value;
    failed |= !meets(f - from->begin(), a.value);
  }
  if (failed)
    return types.error();
  for (auto [value, field] : llvm::zip(ordered, decl->fields))
    if (!value)
      value = field.init; // checked with the record, for all sizes and types
  const Type *t = applySolution(shape, s);
  for (auto [p, hole] : llvm::zip(decl->sizeParams, sizeHoles))
    if (!s.sizes.count(hole.symbol())) {
      if (expected && isa<StructType>(resolved(expected)) && unify(t, expected, s, why)) {
        t = applySolution(shape, s);
        break;
      }
      diags.report(Code::E0304, e->span, "the size `" + p->name + "` of `" + decl->name.str() + "` cannot be found from these fields")
          .help(("give it: `" + decl->name + "[...](...)`").str());
      return types.error();
    }
  fillHoles(mark, s);
  auto *c = makeCallable(CallableKind::Record);
  c->result = t;
  e->ordered = module->list<Expr *>(ordered);
  instantiated(e, c);
  return t;
}

/// The type of a vector with all its floats converted; null where a record's fields fix theirs.
const Type *Checker::converted(const Type *t, const Type *to) {
  t = resolved(t);
  if (auto *a = dyn_cast<ArrayType>(t)) {
    const Type *elem = converted(a->elem, to);
    return elem ? types.array(elem, a->dims) : nullptr;
  }
  if (auto *u = dyn_cast<TupleType>(t)) {
    SmallVector<const Type *> elems;
    for (const Type *x : u->elems)
      if (elems.push_back(converted(x, to)); !elems.back())
        return nullptr;
    return types.tuple(elems);
  }
  if (auto *s = dyn_cast<StructType>(t)) {
    SmallVector<const Type *> args;
    for (const Type *x : s->types)
      if (args.push_back(converted(x, to)); !args.back())
        return nullptr;
    const Type *record = types.record(s->decl, s->sizes, args);
    for (unsigned i = 0; i < s->decl->fields.size(); ++i)
      if (const Type *field = converted(fieldType(s, i, types), to); !field || !same(field, fieldType(record, i, types)))
        return nullptr;
    return record;
  }
  return isFloating(t) ? to : nullptr;
}

const Type *Checker::castCall(CallExpr *e, const Type *to) {
  if (e->args.size() != 1 || !e->args[0].name.empty()) {
    for (const Arg &a : e->args)
      check(a.value);
    diags.report(Code::E0307, e->span, "a conversion takes one argument");
    return types.error();
  }
  Expr *arg = e->args[0].value;
  const Type *t = resolved(checkValue(arg));
  if (isError(t))
    return t;
  auto *c = makeCallable(CallableKind::Cast);
  e->ordered = module->list<Expr *>({arg});
  // A literal still open takes the type of the conversion. What else is open may be a variable's, and that is its other uses' to say.
  if (auto *i = dyn_cast<InferType>(resolved(elemOf(t)))) {
    if (isLiteral(arg))
      bindInfer(i, to);
    else
      body->conversions.push_back({i, to});
  }
  const Type *elem = resolved(elemOf(t));
  if ((elem->kind == TypeKind::Struct || elem->kind == TypeKind::Tuple) && isFloating(to) && isVector(elem)) {
    if (const Type *result = converted(t, to)) {
      c->result = result;
      instantiated(e, c);
      return result;
    }
    diags.report(Code::E0310, e->span, "cannot convert " + str(t) + " to " + str(to))
        .label(arg->span, str(t))
        .note("the record fixes the types of its fields")
        .help("give it a type parameter: `struct S[T: float] { x: T }`");
    return types.error();
  }
  if (!(isNumber(elem) || isBool(elem))) {
    diags.report(Code::E0310, e->span, "cannot convert " + str(t) + " to " + str(to)).label(arg->span, str(t));
    return types.error();
  }
  c->result = types.array(to, Dims(dimsOf(t)));
  instantiated(e, c);
  return c->result;
}

const Type *Checker::loadCall(CallExpr *e, DefDecl *d, const Type *expected) {
  if (e->args.size() != 1) {
    diags.report(Code::E0307, e->span, "`load` takes one argument, a path");
    return types.error();
  }
  const Type *path = check(e->args[0].value);
  if (!isError(path) && resolved(path)->kind != TypeKind::Str) {
    diags.report(Code::E0302, e->args[0].value->span, "`load` takes a str, not " + str(path), str(path));
    return types.error();
  }
  if (!expected || isError(expected)) {
    if (!expected) {
      auto &d = diags.report(Code::E0311, e->span, "`load` needs to know the type", "of which type?");
      auto *name = dyn_cast<StringExpr>(e->args[0].value);
      std::string found =
          name && name->parts.size() == 1 && !name->parts[0].hole && program.holds ? program.holds(name->parts[0].text) : "";
      if (!found.empty())
        d.note("the file holds " + found);
      d.help(StringRef(found).contains(": ")
                 ? "declare a record with these fields, and say it where the value is bound: `let p: Record = load(...)`"
                 : "say it where the value is bound: `let x: " + (found.empty() ? "f32[n, m]" : found) + " = load(...)`" +
                       (StringRef(found).contains('[') ? "; a new name takes the place of any size" : ""));
    }
    return types.error();
  }
  // Sizes that the context leaves open are found in the file.
  auto type = [](const TypeParam *) -> const Type * { return nullptr; };
  auto pack = [](const Pack *) -> std::optional<Dims> { return std::nullopt; };
  llvm::DenseMap<const Sym *, Size> found;
  auto size = [&](const Sym *s) -> std::optional<Size> {
    if (s->kind != SymKind::Solve)
      return std::nullopt;
    auto [it, isNew] = found.try_emplace(s);
    if (isNew)
      it->second = Size(sizes.sym(SymKind::Fresh, s->name, s->origin));
    return it->second;
  };
  const Type *t = substitute(resolved(expected), types, Substitution{type, pack, size});
  llvm::DenseSet<const Sym *> open;
  for (auto &[hole, fresh] : found)
    open.insert(fresh.symbol());
  if (const Sym *untold = untoldBy(t, open)) {
    diags.report(Code::E0304, e->span, ("the size `" + Twine(untold->name) + "` cannot be found in the file").str())
        .label(untold->origin, "neither the size of an axis nor alone in one, as in `2 * " + untold->name + " + 1`");
    return types.error();
  }
  auto *c = makeCallable(CallableKind::Intrinsic);
  c->instance.def = d;
  c->instance.types = {t};
  c->result = t;
  e->ordered = module->list<Expr *>({e->args[0].value});
  instantiated(e, c);
  return t;
}

const Type *Checker::printOrSave(CallExpr *e, DefDecl *d) {
  bool isPrint = d->shapeRule == "print";
  SmallVector<Expr *> ordered;
  bool failed = false;
  for (const Arg &a : e->args) {
    failed |= isError(checkValue(a.value));
    ordered.push_back(a.value);
  }
  if (failed)
    return types.error();
  for (Expr *x : ordered)
    if (same(resolved(x->type), types.unit())) {
      diags.report(Code::E0205, x->span, ("this has no value to " + d->name).str());
      return types.error();
    }
  if (ordered.size() != (isPrint ? 1u : 2u)) {
    diags.report(Code::E0307, e->span, isPrint ? "`print` takes one value" : "`save` takes a path and a value")
        .help(!isPrint          ? ""
              : ordered.empty() ? "an empty line is `print(\"\")`"
                                : "several go into one string: `print(\"{a} {b}\")`");
    return types.error();
  }
  if (!isPrint && resolved(ordered[0]->type)->kind != TypeKind::Str) {
    diags.report(Code::E0302, ordered[0]->span, "`save` takes a str for `path`, not " + str(ordered[0]->type));
    return types.error();
  }
  auto *c = makeCallable(CallableKind::Intrinsic);
  c->instance.def = d;
  c->result = types.unit();
  e->ordered = module->list<Expr *>(ordered);
  instantiated(e, c);
  return types.unit();
}
} // namespace tl::frontend
