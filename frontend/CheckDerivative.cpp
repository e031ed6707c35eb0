// jvp, vjp, hvp, jacobian, pullbacks: the derivatives of functions whose value need not be one float.
#include "frontend/Check.h"

namespace tl::frontend {

/// Literals whose type is open become floats: in a vector, of what is differentiated and by what.
void Checker::makeFloat(const Type *t, Span span) {
  t = resolved(t);
  if (auto *literal = dyn_cast<InferType>(t))
    bindInfer(literal, types.infer(Constraint::Float, span));
  else if (auto *array = dyn_cast<ArrayType>(t))
    makeFloat(array->elem, span);
  else if (auto *tuple = dyn_cast<TupleType>(t))
    for (const Type *elem : tuple->elems)
      makeFloat(elem, span);
  else if (auto *record = dyn_cast<StructType>(t))
    for (const Type *type : record->types)
      makeFloat(type, span);
}

/// Whether there are derivatives of `f` by a value of that type; reports if not. `asked` is what the program calls the derivative, `role`
/// the value.
bool Checker::mayDifferentiate(StringRef asked, const FnValue *f, StringRef role, const Type *point, Span span) {
  if (f->kind == CallableKind::Def && !f->def->nextOverload) {
    resolveSignature(f->def);
    const VarDecl *first = f->def->params.empty() ? nullptr : f->def->params[0];
    if (first && !isError(first->type) && (isBool(first->type) || isInteger(first->type))) {
      diags
          .report(Code::E0501, span,
                  ("`" + asked + "` differentiates by floats; `" + first->name + "` of `" + f->def->name + "` is ").str() +
                      str(first->type))
          .label(first->nameSpan, "declared here");
      return false;
    }
  }
  makeFloat(point, span);
  if (isVector(point))
    return true;
  auto &d = diags.report(Code::E0501, span, ("`" + asked + "` differentiates by floats; " + role + " is ").str() + str(point));
  if (auto *s = dyn_cast<StructType>(resolved(point)))
    for (unsigned i = 0; i < s->decl->fields.size(); ++i)
      if (!isVector(fieldType(s, i, types))) {
        d.note("field `" + s->decl->fields[i].name.str() + "` is " + str(fieldType(s, i, types)));
        break;
      }
  return false;
}

/// The type of `f` at `args`, which has a derivative by the first of them: floats whose sizes are known. Null after a report.
const Type *Checker::differentiated(StringRef asked, const FnValue *f, llvm::ArrayRef<const Type *> args, Span span, Callable *&inner) {
  uint32_t before = sizeMark();
  inner = apply(f, args, span);
  if (!inner)
    return nullptr;
  makeFloat(inner->result, span);
  const Type *value = resolved(inner->result);
  if (!isVector(value)) {
    diags.report(Code::E0510, span, ("`" + asked + "` needs a function that gives floats, this gives ").str() + str(value))
        .help("let the function give the floats alone");
    return nullptr;
  }
  if (madeSince(value, before)) {
    diags.report(Code::E0510, span, ("`" + asked + "` needs a function whose result has a known size, this gives ").str() + str(value))
        .note("that size is known only once the function has run");
    return nullptr;
  }
  return value;
}

/// vjp(f, x), jvp(f, x, dx), hvp(f, x, v): applied at once, to one argument.
const Type *Checker::derivativeCall(CallExpr *e, StringRef name) {
  bool isVjp = name == "vjp";
  if (e->args.size() != (isVjp ? 2u : 3u) || llvm::any_of(e->args, [](const Arg &a) { return !a.name.empty(); })) {
    diags
        .report(Code::E0307, e->span,
                ("`" + name + "` takes a function" + (isVjp ? " and a point" : ", a point and a direction") + ", without names").str())
        .help(("what else the function needs is captured: `" + name + "(v -> f(v, y), x" + (isVjp ? ")`" : ", dx)`")).str());
    return types.error();
  }
  const FnValue *f = functionOf(e->args[0].value->type, e->args[0].value);
  if (!f)
    return types.error();
  if (isVjp && takenApart != e) {
    diags.report(Code::E0512, e->span, "`vjp` gives a value and a function, which are bound at once")
        .help("write `let (y, pullback) = vjp(f, x)`");
    return types.error();
  }
  FnValue gradient(CallableKind::Transform);
  if (name == "hvp") { // along v, how the gradient changes
    gradient.name = "grad";
    gradient.asked = name;
    gradient.inner = f;
    gradient.at = e;
    f = keep(gradient);
  }
  Expr *x = e->args[1].value;
  Callable *inner = nullptr;
  const Type *value = mayDifferentiate(name, f, "the point", x->type, x->span) ? differentiated(name, f, x->type, e->span, inner) : nullptr;
  if (!value)
    return types.error();
  const Type *point = x->type;
  SmallVector<Expr *> ordered{x};
  if (!isVjp) {
    Expr *dx = e->args[2].value;
    Mismatch why;
    if (!meet(point, dx->type, why)) {
      reportMismatch(Code::E0302, dx, point, dx->type, why, x->span, "the point");
      return types.error();
    }
    ordered.push_back(dx);
  }
  auto *c = makeCallable(CallableKind::Transform);
  c->name = name;
  c->inner = inner;
  c->params = module->list<const Type *>(SmallVector<const Type *>(ordered.size(), point));
  if (isVjp) {
    c->point = module->make<VarDecl>(x->span);
    c->point->type = point;
    slot(c->point->type);
    FnValue pullback(CallableKind::Transform);
    pullback.name = pullback.asked = "pullback";
    pullback.applied = inner;
    pullback.point = c->point;
    pullback.at = e;
    c->result = types.tuple({value, types.fn(keep(pullback))});
  } else {
    c->result = name == "hvp" ? point : types.tuple({value, value});
  }
  e->ordered = module->list<Expr *>(ordered);
  instantiated(e, c);
  return c->result;
}

/// The pullback that `vjp` gave: from a cotangent of the value to one of the point.
Callable *Checker::applyPullback(const FnValue *f, llvm::ArrayRef<const Type *> args, Span span) {
  const Type *value = f->applied->result;
  if (args.size() != 1) {
    diags.report(Code::E0307, span, "a pullback takes one argument, the cotangent of the value")
        .label(f->at->span, "the value is " + str(value));
    return nullptr;
  }
  Mismatch why;
  if (!meet(value, args[0], why)) {
    auto &d = diags.report(Code::E0302, span, "the pullback takes " + str(value) + ", not " + str(args[0]))
                  .label(f->at->span, "the value is " + str(value));
    explain(d, why);
    return nullptr;
  }
  auto *c = makeCallable(CallableKind::Transform);
  c->name = f->name;
  c->var = f->var;
  c->inner = f->applied;
  c->point = f->point;
  c->params = module->list<const Type *>(args);
  c->result = f->point->type;
  slot(c->result);
  return c;
}

/// The type of the jacobian: the sizes of the value, then those of the point. Null after a report.
const Type *Checker::jacobianOf(const FnValue *f, llvm::ArrayRef<const Type *> args, Span span, Callable *&inner) {
  const Type *value = mayDifferentiate(f->asked, f->inner, "the first argument", args[0], span)
                          ? differentiated(f->asked, f->inner, args, span, inner)
                          : nullptr;
  if (!value)
    return nullptr;
  auto isArray = [](const Type *t) { return resolved(t)->kind != TypeKind::Tuple && resolved(elemOf(t))->kind != TypeKind::Struct; };
  Mismatch why;
  if (!isArray(args[0]) || !isArray(value) || !meet(elemOf(value), elemOf(args[0]), why)) {
    diags
        .report(Code::E0511, span,
                ("`" + f->asked + "` needs an array of floats by an array of the same floats, not ").str() + str(value) + " by " +
                    str(args[0]))
        .help("`jvp` and `vjp` take records and tuples");
    return nullptr;
  }
  Dims dims(dimsOf(value));
  dims.append(dimsOf(args[0]).begin(), dimsOf(args[0]).end());
  return types.array(elemOf(value), dims);
}
} // namespace tl::frontend
