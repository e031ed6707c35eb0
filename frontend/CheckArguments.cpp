// Which argument of a call stands for which parameter, in parentheses and in brackets.
#include "frontend/Check.h"

namespace tl::frontend {

/// The argument for each parameter: its number in the call, or -1 where the default stands. Null after a report.
std::optional<SmallVector<int>> Checker::matchArguments(CallExpr *e, llvm::ArrayRef<StringRef> names, llvm::ArrayRef<bool> optional,
                                                        Decl *declaration) {
  StringRef what = declaration->name;
  Span declared = declaration->nameSpan;
  StringRef noun = isa<StructDecl>(declaration) ? "field" : "parameter", given = isa<StructDecl>(declaration) ? "field" : "argument";
  SmallVector<int> from(names.size(), -1);
  size_t position = 0;
  bool named = false;
  for (auto [i, a] : llvm::enumerate(e->args)) {
    if (a.name.empty()) {
      if (named) {
        diags.report(Code::E0307, a.value->span, "a positional argument stands behind a named one");
        return std::nullopt;
      }
      if (position >= names.size()) {
        diags
            .report(Code::E0307, a.value->span,
                    ("`" + what + "` takes " + (names.empty() ? Twine("no") : Twine(names.size())) +
                     (names.size() == 1 ? " argument, " : " arguments, ") + Twine(e->args.size()) +
                     (e->args.size() == 1 ? " is given" : " are given"))
                        .str(),
                    "one too many")
            .label(declared, "declared here");
        return std::nullopt;
      }
      from[position++] = i;
      continue;
    }
    named = true;
    auto it = llvm::find(names, a.name);
    if (it == names.end()) {
      auto &d = diags.report(Code::E0307, a.nameSpan, ("`" + what + "` has no " + noun + " `" + a.name + "`").str())
                    .label(declared, "declared here");
      std::string near = suggestionOf(a.name, names);
      for (StringRef n : names) // keepdims for keep
        if (near.empty() && n.size() > 2 && a.name.starts_with(n))
          near = n;
      if (!near.empty())
        d.help("did you mean `" + near + "`?");
      return std::nullopt;
    }
    int &slot = from[it - names.begin()];
    if (slot >= 0) {
      diags.report(Code::E0307, a.nameSpan, ("`" + a.name + "` is given twice").str()).label(e->args[slot].value->span, "first here");
      return std::nullopt;
    }
    slot = i;
  }
  SmallVector<StringRef> missing;
  for (auto [n, f, o] : llvm::zip(names, from, optional))
    if (f < 0 && !o)
      missing.push_back(n);
  if (!missing.empty()) {
    std::string list;
    for (StringRef m : missing)
      list += (list.empty() ? "`" : ", `") + m.str() + "`";
    diags.report(Code::E0307, e->span, ("`" + what + "` lacks its " + given + (missing.size() == 1 ? " " : "s ") + list).str())
        .label(declared, "declared here");
    return std::nullopt;
  }
  return from;
}

/// zeros[f64], f[3, f32]: what stands in brackets fills the parameters that `d` declares in brackets, in their order.
bool Checker::genericArguments(const SubscriptExpr *brackets, DefDecl *d, llvm::ArrayRef<const Type *> open,
                               const llvm::DenseMap<const Sym *, const Sym *> &holes, Solver &s) {
  size_t have = d->generics.size(), given = brackets->indices.size();
  if (given > have) {
    auto &report = diags
                       .report(Code::E0304, brackets->span,
                               ("`" + d->name + "` has " + (have ? Twine(have) : Twine("no")) + " parameter" + (have == 1 ? "" : "s") +
                                " in brackets, " + Twine(given) + (given == 1 ? " is given" : " are given"))
                                   .str())
                       .label(d->nameSpan, "declared here");
    if (!have)
      report.note("sizes that are not declared in brackets are found from the arguments");
    return false;
  }
  for (auto [g, ix] : llvm::zip(d->generics, brackets->indices)) {
    if (ix.kind != IndexKind::Single) {
      diags.report(Code::E0304, ix.span, "this is neither a size nor a type");
      return false;
    }
    if (g.constraint.empty()) {
      auto size = resolveSize(ix.lo, Where::Body, nullptr);
      auto param = llvm::find_if(d->sizeParams, [&, &g = g](const Sym *p) { return p->name == g.name; });
      if (!size || param == d->sizeParams.end())
        return false;
      if (size->constant() && *size->constant() < 0) {
        diags.report(Code::E0313, ix.span, "a size is at least 0, this is " + size->str());
        return false;
      }
      s.sizes[holes.lookup(*param)] = *size;
      continue;
    }
    const Type *type = resolveTypeArg(ix.lo, Where::Body, nullptr);
    auto param = llvm::find_if(d->typeParams, [&, &g = g](const TypeParam *p) { return p->name == g.name; });
    if (isError(type) || param == d->typeParams.end())
      return false;
    if (!bindInfer(cast<InferType>(open[param - d->typeParams.begin()]), type)) {
      auto &report =
          diags.report(Code::E0304, ix.span, (str(type) + " does not fit the type parameter `" + g.name + "` of `" + d->name + "`").str());
      if (d->module != program.modules.front().get())
        report.label(g.span, ("any `" + g.constraint + "`").str());
      else
        report.note(("it takes any `" + g.constraint + "`").str());
      return false;
    }
  }
  return true;
}

Expr *Checker::literalAxes(llvm::ArrayRef<int64_t> axes, Span span) {
  auto *list = module->make<TupleExpr>(span);
  SmallVector<Expr *> numbers;
  for (int64_t axis : axes) {
    auto *n = module->make<NumberExpr>(span);
    n->value = axis;
    n->text = module->string(std::to_string(axis));
    n->type = types.int64();
    numbers.push_back(n);
  }
  list->elems = module->list<Expr *>(numbers);
  list->type = types.none();
  return list;
}
} // namespace tl::frontend
