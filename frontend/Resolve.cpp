// Names, and types as they are written: text of a type -> Type. In a signature an unknown lower-case name is a new size parameter.
#include "frontend/Check.h"
#include "llvm/ADT/StringExtras.h"

namespace tl::frontend {

Binding Checker::lookup(StringRef name) const {
  for (const Scope *s = scope; s; s = s->parent) {
    auto it = s->names.find(name);
    if (it != s->names.end())
      return it->second;
  }
  return {};
}

Binding Checker::lookupMember(Module *m, StringRef name) const {
  auto it = moduleScopes.find(m);
  if (it == moduleScopes.end())
    return {};
  auto found = it->second->names.find(name);
  return found == it->second->names.end() ? Binding{} : found->second;
}

std::string Checker::suggestionOf(StringRef name, llvm::ArrayRef<StringRef> candidates) const {
  if (name.size() <= 1)
    return "";
  unsigned best = name.size() <= 3 ? 2 : 3; // exclusive
  StringRef found;
  for (StringRef c : candidates) {
    unsigned d = name.edit_distance(c, true, best);
    if (d < best) {
      best = d;
      found = c;
    }
  }
  return found.str();
}

std::string Checker::suggestion(StringRef name) const {
  SmallVector<StringRef> all;
  for (const Scope *s = scope; s; s = s->parent)
    for (auto &entry : s->names)
      all.push_back(entry.getKey());
  llvm::sort(all); // a StringMap has no order of its own
  return suggestionOf(name, all);
}

/// A name that is spelt alike, and where it is declared if that is in this file.
void Checker::suggest(Diagnostic &d, StringRef name) const {
  if (diags.size() > 100) // nobody sees it, and looking takes time
    return;
  if (llvm::is_contained(program.libraryNames, name) && !lookup(name)) {
    d.help("add `import " + name.str() + "` at the top");
    return;
  }
  std::string found = suggestion(name), inModule;
  for (const Scope *s = scope; s; s = s->parent)
    for (auto &entry : s->names)
      if (auto *import = llvm::dyn_cast_or_null<ImportDecl>(entry.second.decl);
          import && import->target && lookupMember(import->target, name) && (inModule.empty() || entry.getKey() < inModule))
        inModule = entry.getKey();
  if (!inModule.empty()) {
    d.help(("write `" + inModule + "." + name + "`").str());
    return;
  }
  if (found.empty() || found == name) // what is called so is of another kind
    return;
  d.help("did you mean `" + found + "`?");
  Decl *decl = lookup(found).decl;
  if (decl && decl->nameSpan.valid() && decl->nameSpan.file == d.labels.front().span.file)
    d.label(decl->nameSpan, "declared here");
}

/// A variable that is wrong in every place is reported once.
void Checker::namedWrongly(Diagnostic &d, const Expr *e) const {
  if (auto *n = dyn_cast<NameExpr>(e); n && n->decl)
    d.topic = (d.message + " " + n->name + " " + Twine(n->decl->nameSpan.begin) + " " + Twine(body->number)).str();
}

/// Where an int was asked for, and `e` names a literal without a point: marks the use that made it a float, if one did.
bool Checker::madeFloatBy(Diagnostic &d, const Expr *e) const {
  auto *n = dyn_cast<NameExpr>(e);
  auto *var = n ? llvm::dyn_cast_or_null<VarDecl>(n->decl) : nullptr;
  for (auto *t = var ? dyn_cast<InferType>(var->type) : nullptr; t; t = llvm::dyn_cast_or_null<InferType>(t->link)) {
    if (t->floatBy.valid()) {
      const Type *now = resolved(t);
      std::string to = now->kind == TypeKind::Scalar ? str(now) : "f32";
      d.origin(t->floatBy, ("makes `" + n->name + "` a float").str())
          .help(("with `" + to + "(" + n->name + ")` there it stays an int").str());
      return true;
    }
    if (t->constraint == Constraint::Float) // by itself
      break;
  }
  return false;
}

const Sym *Checker::symOf(VarDecl *var) {
  if (!var->sym)
    var->sym = sizes.sym(SymKind::Local, var->name, var->nameSpan, var);
  return var->sym;
}

static bool isScalarOrBuiltin(StringRef name) {
  return scalarByName(name) || llvm::is_contained({"int", "float", "key", "str", "shape", "axes"}, name);
}

/// True where an expression in brackets can only be a type: f32, (f32, f32), nn.Dense[...], a type parameter.
bool Checker::looksLikeType(Expr *e) {
  if (auto *s = dyn_cast<SubscriptExpr>(e))
    return looksLikeType(s->base);
  if (auto *s = dyn_cast<SelectExpr>(e)) {
    auto *base = dyn_cast<NameExpr>(s->base);
    return base && llvm::isa_and_nonnull<ImportDecl>(lookup(base->name).decl);
  }
  if (auto *n = dyn_cast<NameExpr>(e)) {
    Binding b = lookup(n->name);
    return isScalarOrBuiltin(n->name) || b.typeParam || llvm::isa_and_nonnull<StructDecl>(b.decl);
  }
  return isa<TupleExpr>(e);
}

std::optional<Dims> Checker::resolveDims(List<TypeArg> args, Where where, Scope *into) {
  Dims dims;
  bool failed = false;
  for (const TypeArg &a : args) {
    if (!a.spread.empty()) {
      Binding b = lookup(a.spread);
      if (where == Where::Signature && b.decl && !b.pack && !isa<VarDecl>(b.decl))
        b = {};
      if (!b && where == Where::Signature) {
        b.pack = types.pack(a.spread, a.span);
        into->names[a.spread] = Binding{nullptr, nullptr, b.pack};
      }
      if (auto *var = llvm::dyn_cast_or_null<VarDecl>(b.decl); var && !b.pack && var->type)
        if (auto *shape = dyn_cast<ShapeType>(resolved(var->type))) {
          dims.append(shape->dims.begin(), shape->dims.end());
          continue;
        }
      if (!b.pack) {
        diags.report(Code::E0123, a.span, ("unknown list of sizes `" + a.spread + "`").str()).topic =
            ("unknown list " + a.spread + " " + Twine(body ? body->number : 0) + " " + Twine(body ? 0 : uintptr_t(into))).str();
        failed = true;
        continue;
      }
      dims.push_back(Dim(b.pack));
      continue;
    }
    auto size = resolveSize(a.value, where, into);
    if (size && size->constant() && *size->constant() < 0) {
      diags.report(Code::E0313, a.span, "a size is at least 0, this is " + size->str());
      size.reset();
    }
    if (size)
      dims.push_back(*size);
    else
      failed = true;
  }
  return failed ? std::nullopt : std::optional(dims);
}

const Type *Checker::structType(StructDecl *decl, Span span, List<TypeArg> args, Where where, Scope *into) {
  resolveStruct(decl);
  if (open.contains(decl)) {
    if (unknownTypes.insert(decl->name).second)
      diags.report(Code::E0127, span, ("`" + decl->name + "` cannot contain itself").str()).label(decl->nameSpan, "declared here");
    return types.error();
  }
  SmallVector<Size> sizeArgs;
  SmallVector<const Type *> typeArgs;
  size_t want = decl->generics.size(), least = llvm::count_if(decl->generics, [](const GenericParam &g) { return !g.init; });
  if (args.size() < least || args.size() > want) {
    if (args.size() < least)
      want = least;
    diags
        .report(Code::E0124, span,
                ("`" + decl->name + "` has " + Twine(want) + " parameter" + (want == 1 ? "" : "s") + ", " + Twine(args.size()) +
                 (args.size() == 1 ? " is" : " are") + " given")
                    .str())
        .label(decl->nameSpan, "declared here")
        .callee = decl->span;
    if (where == Where::Signature || where == Where::Let) // names in it are known all the same
      for (const TypeArg &a : args)
        if (a.value && isa<NameExpr>(a.value))
          resolveSize(a.value, where, into);
    return types.error();
  }
  for (auto [g, a] : llvm::zip(decl->generics, args)) {
    if (!a.value) {
      diags.report(Code::E0124, a.span, "a list of sizes is not an argument of a record");
      return types.error();
    }
    if (g.constraint.empty()) {
      auto size = resolveSize(a.value, where, into);
      if (!size)
        return types.error();
      sizeArgs.push_back(*size);
    } else {
      typeArgs.push_back(resolveTypeArg(a.value, where, into));
      if (const TypeParam *p = decl->typeParams[typeArgs.size() - 1]; !satisfies(typeArgs.back(), p->constraint))
        diags.report(Code::E0124, a.span, str(typeArgs.back()) + " does not fit the type parameter `" + p->name.str() + "`");
    }
  }
  llvm::append_range(typeArgs, llvm::ArrayRef(decl->typeDefaults).drop_front(typeArgs.size()));
  return types.record(decl, sizeArgs, typeArgs);
}

const Type *Checker::namedType(llvm::ArrayRef<StringRef> path, Span span, llvm::ArrayRef<List<TypeArg>> args, Where where, Scope *into) {
  const Type *base = nullptr;
  StringRef name = path.back();
  Binding b;
  if (path.size() == 2) {
    auto *import = llvm::dyn_cast_or_null<ImportDecl>(lookup(path[0]).decl);
    if (!import) {
      const bool isArray = name == "ndarray" || name == "Array" || name == "Tensor";
      diags.report(Code::E0125, span, ("unknown module `" + path[0] + "`").str())
          .help(isArray ? "an array's type has its sizes: `f32[n]`, `f64[n, 3]`" : ("add `import " + path[0] + "` at the top").str());
      return types.error();
    }
    if (import->target)
      b = lookupMember(import->target, name);
    else
      return types.error();
    if (!b) {
      diags.report(Code::E0125, span, ("module `" + path[0] + "` has no type `" + name + "`").str());
      return types.error();
    }
  } else if (path.size() > 2) {
    diags.report(Code::E0125, span, "a type is a name, or a module and a name");
    return types.error();
  } else {
    b = lookup(name);
  }
  if (auto *decl = llvm::dyn_cast_or_null<StructDecl>(b.decl)) {
    List<TypeArg> own = decl->generics.empty() || args.empty() ? List<TypeArg>() : args.front();
    base = structType(decl, span, own, where, into);
    if (!decl->generics.empty() && !args.empty())
      args = args.drop_front();
  } else if (b.typeParam) {
    base = brokenParams.count(b.typeParam) ? types.error() : types.param(b.typeParam);
  } else if (path.size() == 1) {
    if (auto k = scalarByName(name))
      base = types.scalar(*k);
    else if (name == "int")
      base = types.int64();
    else if (name == "float")
      base = types.scalar(ScalarKind::F32);
    else if (name == "key")
      base = types.key();
    else if (name == "str")
      base = types.str();
    else if (name == "axes")
      base = types.none(); // checked by the rule that asks for it
  }
  // Sizes first: their names are known even where the element type is not.
  Dims all;
  bool failed = false;
  for (List<TypeArg> list : args) { // an array of arrays: the last bracket is outermost
    auto dims = resolveDims(list, where, into);
    failed |= !dims;
    if (dims)
      all.insert(all.begin(), dims->begin(), dims->end());
  }
  if (!base) {
    if (!unknownTypes.insert(name).second)
      return types.error();
    Span at = span;
    if (sources.text(span).starts_with(name))
      at.end = at.begin + name.size();
    auto &d = diags.report(Code::E0125, at, b ? ("`" + name + "` is not a type").str() : ("unknown type `" + name + "`").str());
    static const StringRef known[] = {"bool", "i8",   "i16", "i32", "i64", "u8",    "u16", "u32", "u64",
                                      "f16",  "bf16", "f32", "f64", "int", "float", "key", "str", "shape"};
    static const std::pair<StringRef, StringRef> habits[] = {{"double", "f64"},       {"float32", "f32"},      {"float64", "f64"},
                                                             {"int32", "i32"},        {"int64", "i64"},        {"string", "str"},
                                                             {"Tensor", "f32[n, m]"}, {"tensor", "f32[n, m]"}, {"list", "f32[n]"},
                                                             {"array", "f32[n]"},     {"ndarray", "f32[n]"},   {"Array", "f32[n]"}};
    for (auto [from, to] : habits)
      if (name == from)
        return d.help(("in tl it is `" + to + "`").str()), types.error();
    d.topic = ("unknown " + name).str();
    if (b.sym && b.sym->kind == SymKind::Param)
      return d.help(("a name in brackets is a size; a type has a constraint: `[" + name + ": any]`").str()), types.error();
    suggest(d, name);
    if (!d.helps.empty())
      return types.error();
    if (std::string s = suggestionOf(name, known); !s.empty())
      d.help("did you mean `" + s + "`?");
    return types.error();
  }
  if (failed || base->kind == TypeKind::Error)
    return types.error();
  if (holdsText(base) && !all.empty()) {
    diags.report(Code::E0125, span, "`str` stands in no array");
    return types.error();
  }
  return types.array(base, all);
}

const Type *Checker::resolveType(TypeExpr *e, Where where, Scope *into) {
  switch (e->kind) {
  case TypeExprKind::Error:
    return types.error();
  case TypeExprKind::Named: {
    if (e->path.size() == 1 && e->path[0] == "shape" && e->args.empty())
      return types.shape({});
    // P.float: the widest float of a vector.
    if (e->path.size() == 2 && e->path[1] == "float")
      if (Binding b = lookup(e->path[0]); b.typeParam)
        return types.param(b.typeParam, true);
    return namedType(e->path, e->span, e->args, where, into);
  }
  case TypeExprKind::Tuple: {
    SmallVector<const Type *> elems;
    for (TypeExpr *t : e->elems)
      elems.push_back(resolveType(t, where, into));
    const Type *t = types.tuple(elems);
    for (List<TypeArg> list : e->args) {
      auto dims = resolveDims(list, where, into);
      if (!dims)
        return types.error();
      t = arrayOver(t, *dims);
    }
    return t;
  }
  case TypeExprKind::Func: {
    SmallVector<const Type *> params;
    for (TypeExpr *t : e->elems)
      params.push_back(resolveType(t, where, into));
    return types.func(params, resolveType(e->result, where, into));
  }
  }
  llvm_unreachable("all kinds handled");
}

/// A type in brackets was parsed as an expression: zeros[f64], Adam[Quad[n]].
const Type *Checker::resolveTypeArg(Expr *e, Where where, Scope *into) {
  SmallVector<List<TypeArg>> lists;
  Expr *base = e;
  while (auto *s = dyn_cast<SubscriptExpr>(base)) {
    SmallVector<TypeArg> args;
    for (const Index &ix : s->indices) {
      if (ix.kind == IndexKind::Single)
        args.push_back({ix.span, {}, ix.lo});
      else if (ix.kind == IndexKind::Ellipsis && ix.lo)
        args.push_back({ix.span, cast<NameExpr>(ix.lo)->name, nullptr});
      else {
        diags.report(Code::E0120, ix.span, "this is not a size");
        return types.error();
      }
    }
    lists.insert(lists.begin(), module->list<TypeArg>(args));
    base = s->base;
  }
  SmallVector<StringRef> path;
  if (auto *n = dyn_cast<NameExpr>(base))
    path = {n->name};
  else if (auto *s = dyn_cast<SelectExpr>(base); s && isa<NameExpr>(s->base))
    path = {cast<NameExpr>(s->base)->name, s->name};
  else if (auto *t = dyn_cast<TupleExpr>(base); t && lists.empty()) {
    SmallVector<const Type *> elems;
    for (Expr *x : t->elems)
      elems.push_back(resolveTypeArg(x, where, into));
    return types.tuple(elems);
  } else {
    if (base->kind != ExprKind::Error)
      diags.report(Code::E0125, e->span, "this is not a type");
    return types.error();
  }
  return namedType(path, e->span, lists, where, into);
}
} // namespace tl::frontend
