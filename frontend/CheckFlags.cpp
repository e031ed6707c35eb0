// What comes from outside when the program starts: the parameters of `main` are flags, and the axes of files tell sizes.
#include "frontend/Check.h"

namespace tl::frontend {

/// The parameters of `main` are flags: of kinds that a flag can give, with sizes that it tells.
void Checker::checkFlags(DefDecl *d) {
  if (!d->typeParams.empty())
    diags.report(Code::E0133, d->nameSpan, "`main` has no type parameters: nobody calls it with types");
  llvm::DenseSet<const Sym *> open(d->sizeParams.begin(), d->sizeParams.end());
  for (VarDecl *p : d->params) {
    if (const Sym *untold = untoldBy(p->type, open))
      diags.report(Code::E0133, untold->origin,
                   ("the size `" + Twine(untold->name) + "` cannot be found from the flag `--" + p->name + "`").str(),
                   "neither the size of an axis nor alone in one, as in `2 * " + untold->name + " + 1`");
    eachSize(p->type, [&](const Sym *sym) { open.erase(sym); }, [](const Pack *) {});
    if (p->name == "help")
      diags.report(Code::E0133, p->nameSpan, "every program has a flag `--help` of its own", "another name is needed");
    if (p->type->kind == TypeKind::Func || p->type->kind == TypeKind::Shape || p->type->kind == TypeKind::Key)
      diags
          .report(Code::E0133, p->nameSpan,
                  ("the parameter `" + p->name + "` of `main` is " + str(p->type) + ", which no flag can give").str(), str(p->type))
          .help(p->type->kind == TypeKind::Key ? "take a seed, `seed: int = 0`, and make the key of it: `key(seed)`"
                                               : "parameters of `main` are numbers, text, arrays, and records and tuples of these");
  }
}

/// The type of a parameter of `main`, with a hole for each size that it is the first to name: a flag's value, or the default, tells it.
/// Notes the sizes that the default cannot name.
const Type *Checker::foundByFlag(DefDecl *d, unsigned param) {
  llvm::DenseMap<const Sym *, const Sym *> known;
  auto noPack = [](const Pack *) {};
  for (VarDecl *left : d->params.take_front(param))
    eachSize(left->type, [&](const Sym *sym) { known[sym] = sym; }, noPack);
  for (const Sym *sym : d->sizeParams)
    if (!known.contains(sym))
      body->untold.insert(sym);
  auto size = [&](const Sym *sym) -> std::optional<Size> {
    const Sym *&hole = known[sym];
    if (!hole)
      hole = sizes.sym(SymKind::Solve, sym->name, sym->origin);
    return Size(hole);
  };
  auto type = [](const TypeParam *) -> const Type * { return nullptr; };
  auto pack = [](const Pack *) -> std::optional<Dims> { return std::nullopt; };
  return substitute(d->params[param]->type, types, Substitution{type, pack, size});
}

/// Has the size a value where the default of a flag is made? Reports where it has none.
bool Checker::isTold(const Sym *size, Span at) {
  if (!body || !body->untold.contains(size))
    return true;
  diags.report(Code::E0140, at, ("`" + Twine(size->name) + "` is not known here: a default names sizes that flags to its left tell").str())
      .label(size->origin, "a size");
  return false;
}

/// The sizes of all arrays that a value of type `t` is made of.
static void sizesOf(const Type *t, TypeContext &types, SmallVector<Size> &out) {
  t = resolved(t);
  if (auto *array = dyn_cast<ArrayType>(t)) {
    for (const Dim &dim : array->dims)
      if (!dim.pack)
        out.push_back(dim.size);
    sizesOf(array->elem, types, out);
  } else if (auto *tuple = dyn_cast<TupleType>(t)) {
    for (const Type *part : tuple->elems)
      sizesOf(part, types, out);
  } else if (auto *record = dyn_cast<StructType>(t)) {
    for (unsigned f = 0; f < record->decl->fields.size(); ++f)
      sizesOf(fieldType(record, f, types), types, out);
  }
}

/// A size among `open` that the axes of a file do not tell; null where they tell all. An axis tells what stands in its size alone and
/// linearly, as in `2 * n + 1`.
const Sym *Checker::untoldBy(const Type *t, llvm::DenseSet<const Sym *> open) {
  SmallVector<Size> axes;
  sizesOf(t, types, axes);
  for (size_t before = 0; before != open.size();) {
    before = open.size();
    for (const Size &size : axes) {
      const Sym *only = nullptr;
      unsigned places = 0;
      size.eachSym([&](const Sym *sym) { places += open.contains(sym); });
      for (const Term &term : size.terms())
        if (term.syms.size() == 1 && open.contains(term.syms.front()))
          only = term.syms.front();
      if (places == 1 && only)
        open.erase(only);
    }
  }
  const Sym *left = nullptr;
  eachSize(t, [&](const Sym *sym) { left = left || !open.contains(sym) ? left : sym; }, [](const Pack *) {});
  return left;
}
} // namespace tl::frontend
