// Declarations: signatures first, then each body once, for all sizes; at the end of a body the literals are settled.
#include "frontend/Check.h"
#include "frontend/FormatSpec.h"
#include "frontend/Frontend.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

namespace tl::frontend {

void check(Program &program, const SourceManager &sources, Diagnostics &diagnostics) { Checker(program, sources, diagnostics).run(); }

void Checker::run() {
  for (auto &m : program.modules)
    declareModule(*m);
  for (auto &m : program.modules) {
    module = m.get();
    scope = moduleScopes[module];
    for (Decl *d : m->decls)
      if (auto *s = dyn_cast<StructDecl>(d))
        resolveStruct(s);
    for (Decl *d : m->decls)
      if (auto *c = dyn_cast<ConstDecl>(d); c && !c->type)
        checkConst(c);
    for (Decl *d : m->decls)
      if (auto *f = dyn_cast<DefDecl>(d))
        resolveSignature(f);
    for (Decl *d : m->decls)
      if (auto *f = dyn_cast<DefDecl>(d))
        checkSignature(f);
  }
  for (auto &m : program.modules)
    for (Decl *d : m->decls) {
      if (auto *f = dyn_cast<DefDecl>(d))
        checkDef(f);
      else if (auto *t = dyn_cast<TestDecl>(d))
        checkTest(t);
      else if (auto *s = dyn_cast<StructDecl>(d))
        checkFields(s);
    }
  checkKeys();
  checkRules();
  checkExports();
  checkGrowth();
  checkDefaults();
  checkFunctionsHandedOn();
}

/// A conversion is called by the name of its type, so nothing else has that name.
void Checker::checkName(StringRef name, Span span) {
  if (scalarByName(name))
    diags.report(Code::E0135, span, ("`" + name + "` is a type and cannot be declared").str(), "declared here")
        .note(("`" + name + "(x)` converts x; a declaration would hide that").str())
        .help("take another name");
}

void Checker::declareModule(Module &m) {
  Module *prelude = program.modules.front().get();
  Scope *s = pushScope(&m == prelude ? nullptr : moduleScopes[prelude]);
  moduleScopes[&m] = s;
  for (Decl *d : m.decls) {
    d->module = &m;
    if (isa<TestDecl>(d) || d->name.empty())
      continue;
    checkName(d->name, d->nameSpan);
    if (isa<StructDecl>(d) && llvm::is_contained({"key", "str", "shape"}, d->name))
      diags.report(Code::E0135, d->nameSpan, ("`" + d->name + "` is a type and cannot be declared").str(), "declared here")
          .help("take another name");
    Binding &b = s->names[d->name];
    auto *def = dyn_cast<DefDecl>(d);
    if (def)
      def->nextOverload = nullptr;
    if (!b.decl) {
      b.decl = d;
      continue;
    }
    if (auto *first = dyn_cast<DefDecl>(b.decl); first && def) {
      while (first->nextOverload)
        first = first->nextOverload;
      first->nextOverload = def;
      continue;
    }
    diags.report(Code::E0110, d->nameSpan, ("`" + d->name + "` is declared twice").str(), "again here")
        .label(b.decl->nameSpan, "first here");
  }
}

static std::optional<Constraint> constraintNamed(StringRef name) {
  return llvm::StringSwitch<std::optional<Constraint>>(name)
      .Case("any", Constraint::Any)
      .Case("num", Constraint::Num)
      .Case("float", Constraint::Float)
      .Case("int", Constraint::Int)
      .Case("vector", Constraint::Vector)
      .Default(std::nullopt);
}

const TypeParam *Checker::declareTypeParam(const GenericParam &g, Scope *into) {
  auto c = constraintNamed(g.constraint);
  const TypeParam *p = types.typeParam(g.name, c.value_or(Constraint::Any), g.span);
  if (!c) {
    diags.report(Code::E0126, g.constraintSpan, ("unknown constraint `" + g.constraint + "`").str())
        .help("constraints are `any`, `num`, `int`, `float` and `vector`");
    brokenParams.insert(p);
  }
  into->names[g.name] = Binding{nullptr, nullptr, nullptr, p};
  return p;
}

void Checker::resolveStruct(StructDecl *s) {
  if (s->resolved)
    return;
  s->resolved = true;
  open.insert(s);
  Module *savedModule = module;
  const Scope *savedScope = scope;
  module = s->module;
  Scope *own = pushScope(moduleScopes[module]);
  recordScopes[s] = own;
  scope = own;
  auto lacksDefault = [&](const GenericParam &g) {
    diags.report(Code::E0146, g.span, ("`" + g.name + "` has no default and stands behind a parameter with one").str())
        .help("write parameters with a default last");
  };
  for (const GenericParam &g : s->generics) {
    if (g.constraint.empty()) {
      s->sizeParams.push_back(sizes.sym(SymKind::Param, g.name, g.span));
      own->names[g.name] = Binding{nullptr, s->sizeParams.back()};
      if (!s->typeDefaults.empty() && s->typeDefaults.back())
        lacksDefault(g);
      continue;
    }
    const bool mayLackDefault = s->typeDefaults.empty() || !s->typeDefaults.back();
    s->typeParams.push_back(declareTypeParam(g, own));
    s->typeDefaults.push_back(g.init ? resolveType(g.init, Where::Field, moduleScopes[module]) : nullptr);
    if (const Type *init = s->typeDefaults.back(); init && !satisfies(init, s->typeParams.back()->constraint))
      diags.report(Code::E0124, g.init->span, str(init) + " does not fit the type parameter `" + g.name.str() + "`");
    else if (!init && !mayLackDefault)
      lacksDefault(g);
  }
  llvm::StringMap<Span> seen;
  for (FieldDecl &f : s->fields) {
    f.type = types.error(); // a record that contains itself meets this
    if (auto [it, fresh] = seen.try_emplace(f.name, f.span); !fresh)
      diags.report(Code::E0110, f.span, ("field `" + f.name + "` is declared twice").str(), "again here").label(it->second, "first here");
  }
  for (FieldDecl &f : s->fields) {
    f.type = resolveType(f.typeExpr, Where::Field, own);
    if (f.type->kind == TypeKind::Func || f.type->kind == TypeKind::Shape) {
      diags.report(Code::E0127, f.span,
                   "a field cannot hold " + std::string(f.type->kind == TypeKind::Func ? "a function" : "a list of sizes"));
      f.type = types.error();
    }
  }
  open.erase(s);
  module = savedModule;
  scope = savedScope;
}

/// The defaults of the fields, each of its field's type.
void Checker::checkFields(StructDecl *s) {
  Body own;
  Body *saved = body;
  enterBody(own, s->module, pushScope(recordScopes[s]));
  for (FieldDecl &f : s->fields) {
    if (!f.init)
      continue;
    const Type *t = checkValue(f.init, f.type);
    Mismatch why;
    if (!meet(f.type, t, why))
      reportMismatch(Code::E0201, f.init, f.type, t, why, f.typeExpr->span, "the field's type");
  }
  finishBody();
  body = saved;
}

void Checker::resolveSignature(DefDecl *d) {
  if (d->state != DefDecl::Unchecked)
    return;
  d->state = DefDecl::Signature;
  unknownTypes.clear();
  Module *savedModule = module;
  const Scope *savedScope = scope;
  Body *savedBody = body;
  body = nullptr;
  module = d->module;
  Scope *own = pushScope(moduleScopes[module]);
  signatureScopes[d] = own;
  scope = own;
  auto addSym = [&](const Sym *s) {
    if (s->kind == SymKind::Param && !llvm::is_contained(d->sizeParams, s))
      d->sizeParams.push_back(s);
  };
  auto addPack = [&](const Pack *p) {
    if (!llvm::is_contained(d->packs, p))
      d->packs.push_back(p);
  };
  for (const GenericParam &g : d->generics) {
    if (g.constraint.empty()) {
      addSym(sizes.sym(SymKind::Param, g.name, g.span));
      own->names[g.name] = Binding{nullptr, d->sizeParams.back()};
      continue;
    }
    d->typeParams.push_back(declareTypeParam(g, own));
    if (g.init)
      diags.report(Code::E0146, g.init->span, ("`" + g.name + "` is found from the arguments and takes no default").str())
          .note("what nothing decides is f32; only the type parameters of records have defaults");
  }
  for (VarDecl *p : d->params) {
    p->module = module;
    p->varKind = VarKind::Param;
    checkName(p->name, p->nameSpan);
    if (auto it = own->names.find(p->name); it != own->names.end() && it->second.sym)
      diags.report(Code::E0110, p->nameSpan, ("`" + p->name + "` is declared twice").str(), "again here")
          .label(it->second.sym->origin, "a size")
          .help(("put `" + p->name + "` before the parameter that it is a size of").str());
    else if (it != own->names.end() && it->second.decl)
      diags.report(Code::E0110, p->nameSpan, ("parameter `" + p->name + "` is declared twice").str(), "again here")
          .label(it->second.decl->nameSpan, "first here");
    p->type = p->typeExpr ? resolveType(p->typeExpr, Where::Signature, own) : types.error();
    if (auto it = own->names.find(p->name); it != own->names.end() && it->second.sym && !it->second.decl) {
      // The size keeps the name.
    } else if (p->type->kind == TypeKind::Shape) {
      const Pack *pack = types.pack(p->name, p->nameSpan);
      p->type = types.shape({Dim(pack)});
      own->names[p->name] = Binding{p, nullptr, pack};
    } else {
      own->names[p->name] = Binding{p};
    }
    eachSize(p->type, addSym, addPack);
  }
  if (d->resultExpr)
    d->result = resolveType(d->resultExpr, Where::Result, own);
  if (d->result && d->result->kind == TypeKind::Func)
    returnsFunction(d);
  d->opName = d->name;
  for (const Attr &a : d->attrs) {
    auto word = [&]() -> StringRef {
      Expr *x = a.args.empty() ? nullptr : a.args[0].value;
      if (auto *n = llvm::dyn_cast_or_null<NameExpr>(x))
        return n->name;
      auto *s = llvm::dyn_cast_or_null<StringExpr>(x); // for a reserved word
      return s && s->parts.size() == 1 ? s->parts[0].text : StringRef();
    };
    bool library = module == program.modules.front().get();
    if (a.name == "op" && library)
      d->opName = word();
    else if (a.name == "shape" && (library || (word() == "broadcast" && sources.file(module->file).name().starts_with("stdlib/"))))
      d->shapeRule = word();
    else if (a.name == "copies" && library)
      d->copies = true;
    else if (a.name != "vjp" && a.name != "jvp")
      diags.report(Code::E0128, a.span, ("unknown attribute `@" + a.name + "`").str())
          .help(a.name == "jit" ? "all functions are compiled: leave it out"
                                : "a function has `@vjp(of=f)` or `@jvp(of=f)`; of others it is made by a call, `let g = vmap(f)`");
  }
  if (!d->body && module != program.modules.front().get())
    diags.report(Code::E0129, d->nameSpan, ("`" + d->name + "` has no body").str())
        .help("write `= expression` or a block `{ ... }` behind the signature");
  if (!d->body && !d->resultExpr)
    d->result = types.unit();
  whereClause(d);
  module = savedModule;
  scope = savedScope;
  body = savedBody;
}

/// Signatures of one name differ.
void Checker::checkSignature(DefDecl *d) {
  auto text = [](const DefDecl *x) {
    std::string all;
    for (VarDecl *p : x->params)
      all += str(p->type) + (p->init ? "?" : "") + ", ";
    return all;
  };
  for (DefDecl *o = d->nextOverload; o; o = o->nextOverload)
    if (text(o) == text(d)) {
      diags.report(Code::E0110, o->nameSpan, ("`" + d->name + "` is declared twice with the same parameters").str(), "never called")
          .label(d->nameSpan, "first here");
      break;
    }
  if (isMain(d))
    checkFlags(d);
}

void Checker::enterBody(Body &b, Module *m, const Scope *s) {
  body = &b;
  b.number = ++bodies;
  module = m;
  scope = s;
}

void Checker::reportMismatch(Code code, Expr *at, const Type *want, const Type *got, const Mismatch &why, Span wantSpan,
                             StringRef wantText) {
  if (isError(want) || isError(got))
    return;
  auto &d = diags.report(code, at->span, "expected " + str(want) + ", found " + str(got), str(got));
  if (wantSpan.valid())
    d.label(wantSpan, wantText.str());
  explain(d, why);
  const Type *we = resolved(elemOf(want)), *ge = resolved(elemOf(got));
  if (we->kind == TypeKind::Scalar && ge->kind == TypeKind::Scalar && !same(we, ge) && dimsOf(want).size() == dimsOf(got).size())
    d.help("convert with `" + str(we) + "(...)`");
}

void Checker::returnsFunction(DefDecl *d) {
  diags.report(Code::E0203, d->nameSpan, ("`" + d->name + "` returns a function").str())
      .help("apply it, or let the caller write the lambda");
  d->result = types.error();
}

/// The body gives what is promised; a result that is not written is found.
void Checker::checkBody(DefDecl *d) {
  size_t before = diags.size();
  const Type *t = check(d->body, d->result);
  Expr *at = d->body;
  if (auto *b = dyn_cast<BlockExpr>(at); b && b->value)
    at = b->value;
  if (d->resultExpr) {
    // A size that only the data knows (`_` of the result) is met by any.
    Solver s;
    auto type = [](const TypeParam *) -> const Type * { return nullptr; };
    auto pack = [](const Pack *) -> std::optional<Dims> { return std::nullopt; };
    auto hole = [&](const Sym *sym) -> std::optional<Size> {
      if (sym->kind == SymKind::Fresh)
        return Size(sizes.sym(SymKind::Solve, sym->name, sym->origin));
      return std::nullopt;
    };
    const Type *want = substitute(d->result, types, Substitution{type, pack, hole});
    Mismatch why;
    llvm::SaveAndRestore before_(current, at);
    if (!unify(want, t, s, why) || !solvePending(s, why)) {
      auto *b = dyn_cast<BlockExpr>(d->body);
      if (b && !b->value && diags.size() != before) {
        // What should have been the value is reported already.
      } else if (b && !b->value && !isError(d->result))
        diags.report(Code::E0202, d->nameSpan, ("the body of `" + d->name + "` has no value, " + str(d->result) + " is promised").str())
            .label(d->resultExpr->span, "promised here")
            .help("end the block with the value");
      else
        reportMismatch(Code::E0201, at, d->result, t, why, d->resultExpr->span, "promised here");
      d->result = types.error(); // who knows which of the two is meant
    }
  }
  finishBody();
  keyBodies[d] = d->body;
  if (!d->resultExpr) {
    // What the body alone knows is another size in each call.
    d->result = hideSizes(
        settle(t),
        [&](const Sym *s) { return s->kind != SymKind::Param && !llvm::any_of(d->params, [&](VarDecl *p) { return p->sym == s; }); },
        d->nameSpan);
    if (d->result->kind == TypeKind::Fn)
      returnsFunction(d);
  }
  if (!isMain(d) || isError(d->result) || same(d->result, types.unit()))
    return;
  if (d->resultExpr)
    diags.report(Code::E0205, d->resultExpr->span, "`main` gives nothing").help("leave out the type, and `print` the value");
  else
    dropped(at);
}

void Checker::checkDef(DefDecl *d) {
  resolveSignature(d);
  if (d->state != DefDecl::Signature)
    return;
  d->state = DefDecl::Checking;
  Module *savedModule = module;
  const Scope *savedScope = scope;
  Body *savedBody = body;
  Body own;
  own.def = d;
  llvm::SaveAndRestore nothing(current, static_cast<Expr *>(nullptr));
  llvm::SaveAndRestore outside(applied, {});
  enterBody(own, d->module, pushScope(signatureScopes[d]));
  for (auto [i, p] : llvm::enumerate(d->params)) {
    if (!p->init || (p->isConst && !d->body))
      continue;
    if (p->type->kind == TypeKind::Func) { // knows no parameters: it is applied where the call stands
      llvm::SaveAndRestore there(scope, static_cast<const Scope *>(moduleScopes[d->module]));
      if (const Type *t = check(p->init); isFunction(t))
        declaredFunction(Code::E0201, p->type, t, p->init->span, p->typeExpr->span);
      else if (!isError(t))
        reportMismatch(Code::E0201, p->init, p->type, t, {}, p->typeExpr->span, "the parameter's type");
      continue;
    }
    own.later = llvm::ArrayRef<VarDecl *>(d->params).drop_front(i);
    const Type *want = isMain(d) ? foundByFlag(d, i) : p->type, *t = check(p->init, want);
    own.later = {};
    own.untold.clear();
    Mismatch why;
    if (p->type->kind == TypeKind::None)
      continue;
    Solver s;
    if (!unify(want, t, s, why) || !solvePending(s, why))
      reportMismatch(Code::E0201, p->init, p->type, t, why, p->typeExpr->span, "the parameter's type");
  }
  own.facts = whereFacts[d]; // not of the defaults: all arguments are there before a call checks it
  if (d->body)
    checkBody(d);
  else
    finishBody();
  d->state = DefDecl::Checked;
  body = savedBody;
  module = savedModule;
  scope = savedScope;
}

/// A function that needs nothing but the declarations around it.
static bool isClosed(const FnValue *f) { return !f->var && !f->applied && (!f->inner || isClosed(f->inner)); }

void Checker::checkConst(ConstDecl *c) {
  Module *savedModule = module;
  const Scope *savedScope = scope;
  Body *savedBody = body;
  Body own;
  enterBody(own, c->module, moduleScopes[c->module]);
  llvm::SaveAndRestore nothing(current, static_cast<Expr *>(nullptr));
  open.insert(c);
  c->type = types.error();
  const Type *declared = c->let->typeExpr ? resolveType(c->let->typeExpr, Where::Let, pushScope(scope)) : nullptr;
  c->type = check(c->let->init, declared);
  if (auto *f = dyn_cast<FnType>(resolved(c->type)); f && isClosed(f->value)) {
    if (declared)
      c->type = declaredFunction(Code::E0201, declared, f, c->let->init->span, c->let->typeExpr->span);
  } else if (c->type = valueOf(c->let->init, c->type); declared) {
    Mismatch why;
    if (!meet(declared, c->type, why))
      reportMismatch(Code::E0201, c->let->init, declared, c->type, why, c->let->typeExpr->span, "declared here");
    else
      c->type = declared;
  }
  if (same(resolved(c->type), types.unit()))
    diags.report(Code::E0205, c->let->init->span, "this has no value to bind").help("what is to run stands in `def main() { ... }`");
  // A constant that is made of literals stays one: each use has a type of its own.
  const bool literal = !declared && isLiteral(c->let->init);
  if (literal)
    own.numbers.clear(); // it need not fit where it stands
  finishBody();
  c->type = settle(c->type);
  c->let->type = c->type;
  keyBodies[c] = c->let->init;
  open.erase(c);
  body = savedBody;
  module = savedModule;
  scope = savedScope;
}

void Checker::checkTest(TestDecl *t) {
  Body own;
  enterBody(own, t->module, pushScope(moduleScopes[t->module]));
  const Type *value = check(t->body);
  if (t->body->value && !t->isBench && !isError(value) && !same(resolved(value), types.unit()))
    dropped(t->body->value);
  finishBody();
  keyBodies[t] = t->body;
  body = nullptr;
}

const Type *Checker::settle(const Type *t) {
  t = resolved(t);
  switch (t->kind) {
  case TypeKind::Infer: {
    auto *i = cast<InferType>(t);
    const bool isFloat = i->becomesFloat();
    i->link = isFloat ? types.scalar(ScalarKind::F32) : types.int64();
    return i->link;
  }
  case TypeKind::Array: {
    auto *a = cast<ArrayType>(t);
    return types.array(settle(a->elem), a->dims);
  }
  case TypeKind::Tuple: {
    SmallVector<const Type *> elems;
    for (const Type *e : cast<TupleType>(t)->elems)
      elems.push_back(settle(e));
    return types.tuple(elems);
  }
  case TypeKind::Struct: {
    auto *s = cast<StructType>(t);
    SmallVector<const Type *> args;
    for (const Type *e : s->types)
      args.push_back(settle(e));
    return types.record(s->decl, s->sizes, args);
  }
  case TypeKind::Func: {
    auto *f = cast<FuncType>(t);
    SmallVector<const Type *> params;
    for (const Type *p : f->params)
      params.push_back(settle(p));
    return types.func(params, settle(f->result));
  }
  default:
    return t;
  }
}

void Checker::finishBody() {
  llvm::DenseSet<const NumberExpr *> open; // nothing decided their type
  for (auto [n, negated, use] : body->numbers)
    if (n->type && resolved(n->type)->kind == TypeKind::Infer)
      open.insert(n);
  // Where nothing else decided, a float loses no digits on its way into a conversion; but no variable becomes an integer other than `int`
  // because one of its uses is converted.
  auto convert = [&](bool variables) {
    for (auto [type, to] : body->conversions)
      if (auto *open = dyn_cast<InferType>(resolved(type)); open && (!variables || (open->becomesFloat() && isFloating(to))))
        bindInfer(open, to);
  };
  convert(true);
  for (const Type **variable : body->variables)
    *variable = settle(*variable);
  convert(false);
  for (const Type **slot : body->slots)
    if (*slot)
      *slot = settle(*slot);
  for (auto [n, negated, use] : body->numbers)
    if (size_t before = diags.size(); checkLiteralRange(n, n->type, negated, n, open.contains(n)), use && diags.size() != before)
      diags.from(before).front().label(use->span, "used here");
  for (auto [use, constant, negated] : body->constants) {
    Expr *init = constant->let->init;
    bool minus = isa<UnaryExpr>(init);
    checkLiteralRange(cast<NumberExpr>(minus ? cast<UnaryExpr>(init)->operand : init), use->type, negated != minus, use);
  }
  for (const StringPart *p : body->holes) {
    auto spec = parseFormatSpec(p->spec);
    if (std::string why = spec && !isError(p->hole->type) ? misfit(*spec, p->hole->type, types) : ""; !why.empty())
      diags.report(Code::E0230, p->specSpan, ("`" + p->spec + "` does not fit ").str() + str(p->hole->type))
          .label(p->hole->span, str(p->hole->type))
          .note(why);
  }
  for (auto &[at, c] : body->deferred)
    if (auto &list = module->checks[at]; llvm::none_of(list, [&, &c = c](const SizeCheck &x) { return x.lhs == c.lhs && x.rhs == c.rhs; }))
      list.push_back(std::move(c));
}

/// Whether an integer type holds a literal.
static bool holds(ScalarKind kind, const NumberExpr *n, bool negated) {
  unsigned width = bitWidth(kind);
  if (n->tooLarge)
    return false;
  if (isSigned(kind))
    return n->value <= (uint64_t(1) << (width - 1)) - (negated ? 0 : 1);
  return (width == 64 || n->value < (uint64_t(1) << width)) && (!negated || n->value == 0);
}

/// A literal fits its type; at `use` it stands itself, or by the name of a constant.
void Checker::checkLiteralRange(NumberExpr *n, const Type *type, bool negated, Expr *use, bool open) {
  auto *s = dyn_cast<ScalarType>(resolved(type));
  if (!s)
    return;
  if (isFloat(s->scalar)) {
    const llvm::APFloat number = n->in(s->scalar);
    const bool zero =
        number.isZero() && n->text.take_until([](char c) { return c == 'e' || c == 'E'; }).find_first_of("123456789") != StringRef::npos;
    if (number.isFinite() && !zero)
      return;
    const StringRef name = scalarName(s->scalar);
    const llvm::fltSemantics &format = semanticsOf(s->scalar);
    llvm::APFloat end = zero ? llvm::APFloat::getSmallest(format) : llvm::APFloat::getLargest(format);
    bool exact;
    end.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &exact);
    llvm::SmallString<32> limit;
    llvm::raw_svector_ostream(limit) << llvm::format("%.8g", end.convertToDouble());
    auto &d = diags.report(Code::E0134, use->span, ("`" + n->text + "` does not fit " + name).str(),
                           ((zero ? "would be 0: the smallest " : "the largest ") + name + " is " + limit).str());
    if (use != n)
      d.label(n->span, "the constant");
    if (open)
      d.note(("nothing else decides its type, so it is " + name).str());
    if (llvm::APFloat wide = n->in(ScalarKind::F64); s->scalar != ScalarKind::F64 && wide.isFinite() && !wide.isZero())
      d.help(("an f64 can hold it: `f64(" + n->text + ")`").str());
    return;
  }
  if (!isInt(s->scalar))
    return;
  unsigned width = bitWidth(s->scalar);
  if (holds(s->scalar, n, negated))
    return;
  auto &d =
      diags.report(Code::E0132, use->span, ("`" + Twine(negated ? "-" : "") + n->text + "` does not fit " + scalarName(s->scalar)).str(),
                   ("out of the range of " + scalarName(s->scalar)).str());
  if (use != n)
    d.label(n->span, "the constant");
  for (ScalarKind wider : {ScalarKind::I16, ScalarKind::I32, ScalarKind::I64, ScalarKind::U16, ScalarKind::U32, ScalarKind::U64})
    if (bitWidth(wider) > width && isSigned(wider) == isSigned(s->scalar) && holds(wider, n, negated)) {
      d.help(("it fits " + scalarName(wider) + ": convert what it meets with `" + scalarName(wider) + "(...)`").str());
      break;
    }
}
} // namespace tl::frontend
