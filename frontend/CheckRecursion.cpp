// Definitions that call themselves, or each other: which calls would make them without end. A definition is made again for other
// element types, ranks and functions; where each round of calls asks for more of these, there is no last one.
#include "frontend/Check.h"
#include "llvm/ADT/STLExtras.h"

namespace tl::frontend {

/// Calls back for each type parameter and pack that stands in a type.
static void eachParameter(const Type *t, llvm::function_ref<void(const void *)> f) {
  t = resolved(t);
  if (auto *p = dyn_cast<ParamType>(t); p && !p->widestFloat)
    f(p->param);
  if (auto *a = dyn_cast<ArrayType>(t)) {
    eachParameter(a->elem, f);
    for (const Dim &d : a->dims)
      if (d.pack)
        f(d.pack);
  }
  if (auto *u = dyn_cast<TupleType>(t))
    for (const Type *x : u->elems)
      eachParameter(x, f);
  if (auto *s = dyn_cast<StructType>(t))
    for (const Type *x : s->types)
      eachParameter(x, f);
}

namespace {
/// A call hands a type parameter or pack of the caller on to one of the callee.
struct Handed {
  const void *from, *to;
  bool grows; ///< as a part of something larger
  bool axes;
  const DefCall *call;
};
} // namespace

static SmallVector<Handed> handedOn(const DefCall &call) {
  SmallVector<Handed> result;
  const Instance &instance = call.callee->instance;
  for (auto [param, type] : llvm::zip_equal(instance.def->typeParams, instance.types)) {
    const bool grows = resolved(type)->kind != TypeKind::Param;
    eachParameter(type, [&, &param = param](const void *p) { result.push_back({p, param, grows, false, &call}); });
  }
  for (auto [pack, dims] : llvm::zip_equal(instance.def->packs, instance.packs))
    for (const Dim &d : dims)
      if (d.pack)
        result.push_back({d.pack, pack, dims.size() > 1, true, &call});
  return result;
}

/// Each round of calls makes a type larger, or gives an array one axis more. Parameters are the nodes of a graph, what a call hands
/// on its edges: an edge that grows may not lie on a cycle (ECMA-335, II.9.2).
void Checker::checkGrowth() {
  SmallVector<Handed> edges;
  for (const DefCall &call : defCalls)
    edges.append(handedOn(call));
  auto reaches = [&](const void *from, const void *to) {
    llvm::DenseSet<const void *> seen{from};
    SmallVector<const void *> open{from};
    while (!open.empty()) {
      const void *at = open.pop_back_val();
      if (at == to)
        return true;
      for (const Handed &e : edges)
        if (e.from == at && seen.insert(e.to).second)
          open.push_back(e.to);
    }
    return false;
  };
  llvm::DenseSet<const Expr *> reported;
  for (const Handed &e : edges) {
    if (!e.grows || !reaches(e.to, e.from) || !reported.insert(e.call->e->callee).second)
      continue;
    const DefDecl *from = e.call->from, *to = e.call->callee->instance.def;
    auto &d = e.axes ? diags.report(Code::E0318, e.call->e->span, ("`" + to->name + "` asks for an array of more than 32 axes").str())
                           .note("each call has more axes than the one before")
                     : diags.report(Code::E0318, e.call->e->span,
                                    ("`" + to->name + "` asks for a type that is too large: each call makes it larger").str());
    if (from != to)
      d.note(("`" + to->name + "` leads back to `" + from->name + "`").str());
  }
}

/// The default of a parameter stands for the argument at each call: one that needs itself has no end.
void Checker::checkDefaults() {
  llvm::DenseSet<const VarDecl *> reported;
  for (const DefaultUse &use : defaultUses) {
    llvm::DenseSet<const VarDecl *> seen{use.of};
    SmallVector<const VarDecl *> open{use.of};
    while (!open.empty() && !seen.contains(use.in)) {
      const VarDecl *at = open.pop_back_val();
      for (const DefaultUse &next : defaultUses)
        if (next.in == at && seen.insert(next.of).second)
          open.push_back(next.of);
    }
    if (!seen.contains(use.in) || reported.contains(use.in))
      continue;
    reported.insert(seen.begin(), seen.end());
    diags
        .report(Code::E0111, use.e->span,
                ("the default of `" + use.in->name + "` needs itself: this call leaves out `" + use.of->name + "`").str())
        .label(use.in->nameSpan, "declared here");
  }
}

/// A definition that takes functions is made inside of its caller. In its own body it may call itself with just those functions.
void Checker::checkFunctionsHandedOn() {
  struct Open {
    const DefDecl *def;
    SmallVector<const void *> functions; ///< each a parameter of the outermost, or of its own
    const Open *outer;
  };
  llvm::DenseSet<const DefDecl *> reported;
  auto takesFunctions = [](const DefDecl *d) {
    return llvm::any_of(d->params, [](const VarDecl *p) { return resolved(p->type)->kind == TypeKind::Func; });
  };
  auto visit = [&](auto &self, const Open &here) -> void {
    for (const DefCall &call : defCalls) {
      const DefDecl *to = call.callee->instance.def;
      if (call.from != here.def || !takesFunctions(to))
        continue;
      SmallVector<const void *> functions;
      for (const Callable *f : call.callee->functions) {
        auto *it = f && f->kind == CallableKind::Param ? llvm::find(here.def->params, f->var) : here.def->params.end();
        functions.push_back(!f ? nullptr : it != here.def->params.end() ? here.functions[it - here.def->params.begin()] : f);
      }
      const Open *before = &here;
      while (before && before->def != to)
        before = before->outer;
      if (!before) {
        self(self, Open{to, functions, &here});
        continue;
      }
      const bool isItself = before == &here && before->functions == functions && !call.isHandedOver;
      if (isItself || reported.contains(to))
        continue;
      for (const Open *o = &here; o != before->outer; o = o->outer)
        reported.insert(o->def);
      diags.report(Code::E0319, call.e->span,
                   ("`" + to->name + "` takes functions and calls itself " +
                    (call.from != to     ? "through `" + call.from->name + "`"
                     : call.isHandedOver ? Twine("inside of one that it hands on")
                                         : Twine("with others")))
                       .str());
    }
  };
  llvm::DenseSet<const DefDecl *> begun;
  for (const DefCall &call : defCalls)
    if (takesFunctions(call.from) && begun.insert(call.from).second) {
      Open first{call.from, {}, nullptr};
      for (const VarDecl *p : call.from->params)
        first.functions.push_back(resolved(p->type)->kind == TypeKind::Func ? p : nullptr);
      visit(visit, first);
    }
}
} // namespace tl::frontend
