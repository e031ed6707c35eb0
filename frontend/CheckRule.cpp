// Derivatives by hand: `@vjp(of=f)` and `@jvp(of=f)`. A rule takes what the definition takes, then a cotangent of its value (vjp) or
// tangents of its float parameters (jvp), for all sizes that the definition takes, and for all its element types or for one.
// The definition may be of any module: a rule counts in the whole program.
#include "frontend/Check.h"

namespace tl::frontend {

void Checker::checkRules() {
  for (auto &m : program.modules)
    for (Decl *d : m->decls)
      if (auto *def = dyn_cast<DefDecl>(d))
        for (const Attr &a : def->attrs)
          if (a.name == "vjp" || a.name == "jvp")
            checkRule(def, a);
}

/// "(x: f32[n], ct: f32[n]) -> f32[n]": what the rule has to look like.
static std::string wanted(const DefDecl *def, bool isVjp, llvm::ArrayRef<bool> differentiated, const Type *result) {
  std::string text = "(";
  for (const VarDecl *p : def->params)
    text += p->name.str() + ": " + str(p->type) + ", ";
  if (isVjp)
    text += "ct: " + str(def->result) + ", ";
  else
    for (auto [p, floats] : llvm::zip(def->params, differentiated))
      if (floats)
        text += "d" + p->name.str() + ": " + str(p->type) + ", ";
  text.resize(text.size() - 2);
  return text + ") -> " + str(result);
}

void Checker::checkRule(DefDecl *d, const Attr &a) {
  const bool isVjp = a.name == "vjp";
  module = d->module;
  scope = moduleScopes[module];
  Expr *of = a.args.size() == 1 && a.args[0].name == "of" ? a.args[0].value : nullptr;
  auto *name = llvm::dyn_cast_or_null<NameExpr>(of);
  auto *member = llvm::dyn_cast_or_null<SelectExpr>(of);
  if (!name && !(member && isa<NameExpr>(member->base))) {
    diags.report(Code::E0513, a.span, ("`@" + a.name + "` names the definition whose derivative this is").str())
        .help(("write `@" + a.name + "(of=f)`").str());
    return;
  }
  if (member && isError(select(member)))
    return;
  auto *first = llvm::dyn_cast_or_null<DefDecl>(member ? member->decl : lookup(name->name).decl);
  if (!first) {
    auto &report = diags.report(Code::E0140, of->span, ("unknown function `" + sources.text(of->span) + "`").str(), "not known here");
    if (std::string s = name ? suggestion(name->name) : ""; !s.empty())
      report.help("did you mean `" + s + "`?");
    return;
  }
  if (!d->body || d->state != DefDecl::Checked)
    return;
  // Which of several signatures? The first that the rule fits.
  const size_t mark = diags.size();
  for (DefDecl *def = first; def; def = def->nextOverload) {
    diags.rewind(mark);
    auto refuse = [&](const Twine &why) -> Diagnostic & {
      return diags.report(Code::E0513, d->nameSpan, ("`" + d->name + "` is no " + a.name + " of `" + def->name + "`: " + why).str())
          .label(def->nameSpan, "the definition");
    };
    if (def == d) {
      refuse("it is the definition itself");
      continue;
    }
    if (!def->body && def->module == program.modules.front().get()) {
      diags.report(Code::E0513, of->span, ("the derivative of `" + def->name + "` is built in").str())
          .help("define a function that calls it, and write the rule of that");
      continue;
    }
    if (!def->body || !def->result || isError(def->result) || llvm::any_of(def->params, [&](VarDecl *p) { return isError(p->type); }))
      return; // reported there
    SmallVector<bool> differentiated;
    bool isPlain = true;
    for (const VarDecl *p : def->params) {
      isPlain &= !p->isConst && p->type->kind != TypeKind::Func && p->type->kind != TypeKind::Shape && p->type->kind != TypeKind::Str;
      differentiated.push_back(isVector(p->type));
    }
    if (!isPlain) {
      refuse("the definition takes functions, texts or constants");
      continue;
    }
    if (!isVector(def->result) || llvm::none_of(differentiated, [](bool floats) { return floats; })) {
      refuse(isVector(def->result) ? Twine("the definition takes no floats") : "the definition gives " + str(def->result))
          .note("only floats have derivatives");
      continue;
    }
    if (madeSince(def->result, 0)) {
      refuse("the definition gives " + str(def->result)).note("what has a size that only the data knows has no derivative");
      continue;
    }
    if ((isVjp ? def->vjp : def->jvp) != nullptr) {
      refuse("there is one already").label((isVjp ? def->vjp : def->jvp)->def->nameSpan, "this one");
      continue;
    }
    const Type *element = nullptr;
    Callable *call = applyRule(d, isVjp, def, a, differentiated, element);
    const size_t generic = diags.size(); // what is told, if it fits no element type
    for (ScalarKind kind : {ScalarKind::F32, ScalarKind::F64, ScalarKind::F16, ScalarKind::BF16}) {
      if (call || llvm::none_of(def->typeParams, [](const TypeParam *p) { return p->takesFloat(); }))
        break;
      element = types.scalar(kind);
      if ((call = applyRule(d, isVjp, def, a, differentiated, element)))
        diags.rewind(mark);
      else
        diags.rewind(generic);
    }
    if (!call)
      continue;
    auto *rule = module->make<Rule>();
    rule->def = d;
    rule->span = a.span;
    rule->call = call;
    rule->element = element;
    rule->differentiated = module->list<bool>(differentiated);
    if (!chooseSizes(def, *rule)) {
      refuse("no sizes were found that its `where` allows, to check the rule with");
      continue;
    }
    (isVjp ? def->vjp : def->jvp) = rule;
    return;
  }
}

/// The rule, called in the definition's names: with its parameters, then what the derivative needs; where `element` is given, that for each
/// type parameter that may be a float. Null after a report.
Callable *Checker::applyRule(DefDecl *rule, bool isVjp, DefDecl *def, const Attr &a, llvm::ArrayRef<bool> differentiated,
                             const Type *element) {
  auto type = [&](const TypeParam *p) { return p->takesFloat() ? element : nullptr; };
  auto pack = [](const Pack *) { return std::optional<Dims>(); };
  auto size = [](const Sym *) { return std::optional<Size>(); };
  auto given = [&](const Type *t) { return element ? substitute(t, types, Substitution{type, pack, size}) : t; };
  const Type *result = given(def->result);
  SmallVector<const Type *> floats;
  for (auto [p, floating] : llvm::zip(def->params, differentiated))
    if (floating)
      floats.push_back(given(p->type));
  const Type *want = !isVjp ? result : floats.size() == 1 ? floats[0] : types.tuple(floats);

  Body own;
  own.facts = whereFacts[def];
  llvm::SaveAndRestore nothing(current, static_cast<Expr *>(nullptr));
  enterBody(own, def->module, pushScope(signatureScopes[def]));
  auto *call = module->make<CallExpr>(a.span);
  auto *callee = module->make<NameExpr>(a.span);
  callee->name = rule->name;
  call->callee = callee;
  SmallVector<Arg> args;
  auto give = [&](StringRef name) {
    auto *n = module->make<NameExpr>(a.span);
    n->name = name;
    args.push_back({"", {}, n});
  };
  for (VarDecl *p : def->params)
    give(p->name);
  for (const Type *t : isVjp ? llvm::ArrayRef(result) : llvm::ArrayRef(floats)) {
    auto *v = module->make<VarDecl>(a.span);
    v->name = module->string("derivative " + std::to_string(args.size())); // no name that a program can write
    v->nameSpan = a.span;
    v->type = t;
    v->varKind = VarKind::Var; // no size: its value is not at hand
    declare(const_cast<Scope *>(scope), v);
    give(v->name);
  }
  call->args = module->list<Arg>(args);
  const size_t before = diags.size();
  SmallVector<const Type *> argTypes;
  for (const Arg &arg : args)
    argTypes.push_back(arg.value->type = given(check(arg.value)));
  const Type *got = tryDef(call, rule, {}, argTypes, nullptr);
  Mismatch why;
  std::string reason;
  if (diags.size() != before) {
    const Diagnostic &d = diags.all()[before];
    reason = d.message + (d.notes.empty() ? "" : "; " + d.notes.front());
    diags.rewind(before);
  } else if (isError(got) || !meet(want, got, why)) {
    reason = "it gives " + str(got) + (why.reason.empty() ? "" : "; " + why.reason);
  } else if (!own.deferred.empty()) {
    reason = "the sizes meet only when the program runs";
  }
  if (reason.empty())
    finishBody();
  body = nullptr;
  if (reason.empty()) {
    call->target->site = call;
    return call->target;
  }
  diags.report(Code::E0513, rule->nameSpan, ("`" + rule->name + "` is no " + a.name + " of `" + def->name + "`").str())
      .label(def->nameSpan, "the definition")
      .note(reason)
      .help("its signature has to take what this takes: `" + wanted(def, isVjp, differentiated, want) + "`");
  return nullptr;
}

/// Small sizes, different where that may be, for which the definition's `where` holds and no parameter has a negative size.
bool Checker::chooseSizes(DefDecl *def, Rule &rule) {
  Witness chosen;
  for (const Sym *s : def->sizeParams)
    chosen.values.push_back({s, 0});
  for (const VarDecl *p : def->params)
    if (p->sym)
      chosen.values.push_back({p->sym, 0});
  const Facts &facts = whereFacts[def];
  auto allowed = [&] {
    bool holds = true;
    for (const Size &size : facts.zero)
      holds &= chosen.eval(size).value_or(1) == 0;
    for (const Size &size : facts.nonNegative)
      holds &= chosen.eval(size).value_or(-1) >= 0;
    for (const VarDecl *p : def->params)
      for (const Dim &d : dimsOf(p->type))
        holds &= d.pack || chosen.eval(d.size).value_or(-1) >= 0;
    return holds;
  };
  constexpr int64_t few[] = {2, 3, 4, 5, 6, 8, 1, 0};
  constexpr unsigned count = std::size(few);
  bool found = false;
  // Counts through all choices, each size starting one further than the one before.
  for (unsigned long attempt = 0; attempt < 100000 && !found; ++attempt) {
    unsigned long rest = attempt;
    for (auto [i, value] : llvm::enumerate(chosen.values)) {
      value.second = few[(i + rest % count) % count];
      rest /= count;
    }
    if (rest)
      break;
    found = allowed();
  }
  SmallVector<int64_t> sizes, ints;
  auto valueOf = [&](const Sym *s) {
    auto *it = llvm::find_if(chosen.values, [&](auto &value) { return value.first == s; });
    return it == chosen.values.end() ? 1 : it->second;
  };
  for (const Sym *s : def->sizeParams)
    sizes.push_back(valueOf(s));
  for (const VarDecl *p : def->params)
    ints.push_back(valueOf(p->sym));
  rule.sizes = module->list<int64_t>(sizes);
  rule.ints = module->list<int64_t>(ints);
  return found;
}
} // namespace tl::frontend
