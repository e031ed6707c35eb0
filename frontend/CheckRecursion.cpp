// Definitions that call themselves: which calls would make them without end.
#include "frontend/Check.h"

namespace tl::frontend {

/// Does a type hold the type parameter?
static bool mentions(const Type *t, const TypeParam *param) {
  t = resolved(t);
  if (auto *a = dyn_cast<ArrayType>(t))
    return mentions(a->elem, param);
  if (auto *u = dyn_cast<TupleType>(t))
    return llvm::any_of(u->elems, [&](const Type *x) { return mentions(x, param); });
  if (auto *s = dyn_cast<StructType>(t))
    return llvm::any_of(s->types, [&](const Type *x) { return mentions(x, param); });
  auto *p = dyn_cast<ParamType>(t);
  return p && p->param == param;
}

/// A definition is made again for other element types, ranks and functions: without end, if each call asks for more. (What
/// goes through several definitions is found when they are made.)
bool Checker::callsItselfFinitely(CallExpr *e, DefDecl *d, llvm::ArrayRef<const Type *> types, llvm::ArrayRef<Dims> packs,
                                  llvm::ArrayRef<Callable *> functions) {
  for (auto [param, type] : llvm::zip_equal(d->typeParams, types))
    if (resolved(type)->kind != TypeKind::Param && mentions(type, param)) {
      diags.report(Code::E0318, e->span, ("`" + d->name + "` asks for a type that is too large: each call makes it larger").str());
      return false;
    }
  for (auto [pack, dims] : llvm::zip_equal(d->packs, packs))
    if (dims.size() > 1 && llvm::any_of(dims, [&, &pack = pack](const Dim &x) { return x.pack == pack; })) {
      diags.report(Code::E0318, e->span, ("`" + d->name + "` asks for an array of more than 32 axes").str())
          .note("each call has more axes than the one before");
      return false;
    }
  for (auto [param, f] : llvm::zip_equal(d->params, functions))
    if (f && !(f->kind == CallableKind::Param && f->var == param)) {
      diags.report(Code::E0319, e->span, ("`" + d->name + "` takes functions and calls itself with others, or inside of one").str());
      return false;
    }
  return true;
}
} // namespace tl::frontend
