// Sizes as they are written: an expression of names and whole numbers -> Size. One walk serves types, where whatever is no size
// is a mistake, and bodies, where an int is a size or is none.
#include "frontend/Check.h"

namespace tl::frontend {

/// Where in a type a size is written, and the scope that its new names go into.
struct Checker::WrittenSize {
  Where where;
  Scope *into;
};

static const char *const madeOf = "a size is made of names and whole numbers with `+ - * // % **`";

/// The size that is written in a type; reports what is none.
std::optional<Size> Checker::resolveSize(Expr *e, Where where, Scope *into) {
  WrittenSize in{where, into};
  return readSize(e, &in);
}

/// The size that an int expression is, where it is one for certain.
std::optional<Size> Checker::sizeOf(Expr *e) { return readSize(e, nullptr); }

/// n * n * ... in `count` factors.
static std::optional<Size> power(const Size &base, int64_t count) {
  Size product(1);
  for (int64_t i = 0; i < count; ++i) {
    int64_t z;
    if (auto x = product.constant(), y = base.constant(); x && y && __builtin_mul_overflow(*x, *y, &z))
      return std::nullopt;
    product = product * base;
  }
  return product;
}

std::optional<Size> Checker::readSize(Expr *e, const WrittenSize *in) {
  auto tooLarge = [&]() -> std::optional<Size> {
    if (in)
      diags.report(Code::E0120, e->span, "this size is too large", "does not fit an int");
    return std::nullopt;
  };
  if (auto *n = dyn_cast<NumberExpr>(e)) {
    if (n->isFloat) {
      if (in)
        diags.report(Code::E0120, e->span, "a size is a whole number", "not a whole number");
      return std::nullopt;
    }
    return n->tooLarge || n->value > uint64_t(INT64_MAX) ? tooLarge() : Size(int64_t(n->value));
  }
  if (auto *n = dyn_cast<NameExpr>(e))
    return sizeNamed(n, in);
  if (auto *s = dyn_cast<SelectExpr>(e); s && isa<NameExpr>(s->base)) { // of a module
    auto *import = llvm::dyn_cast_or_null<ImportDecl>(lookup(cast<NameExpr>(s->base)->name).decl);
    auto *member = import && import->target && !s->decl ? lookupMember(import->target, s->name).decl : s->decl;
    if (auto *c = llvm::dyn_cast_or_null<ConstDecl>(member))
      return sizeOfConstant(c, s->span, in);
    if (in && import && import->target && !member) {
      select(s); // says that there is no such name
      return std::nullopt;
    }
  }
  if (auto *u = dyn_cast<UnaryExpr>(e); u && u->op == UnaryOp::Neg) {
    auto x = readSize(u->operand, in);
    return x ? std::optional(Size(0) - *x) : std::nullopt;
  }
  if (auto *b = dyn_cast<BinaryExpr>(e)) {
    const bool isSize =
        llvm::is_contained({BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::FloorDiv, BinaryOp::Mod, BinaryOp::Pow}, b->op);
    auto l = isSize || in ? readSize(b->lhs, in) : std::nullopt;
    auto r = l || in ? readSize(b->rhs, in) : std::nullopt;
    if (!l || !r)
      return std::nullopt;
    if (auto x = l->constant(), y = r->constant(); x && y) {
      int64_t z;
      if ((b->op == BinaryOp::Add && __builtin_add_overflow(*x, *y, &z)) ||
          (b->op == BinaryOp::Sub && __builtin_sub_overflow(*x, *y, &z)) || (b->op == BinaryOp::Mul && __builtin_mul_overflow(*x, *y, &z)))
        return tooLarge();
    }
    switch (b->op) {
    case BinaryOp::Add:
      return *l + *r;
    case BinaryOp::Sub:
      return *l - *r;
    case BinaryOp::Mul:
      return *l * *r;
    case BinaryOp::Pow: { // n ** 2 is n * n
      auto count = r->constant();
      if (count && *count >= 0 && *count <= (l->constant() ? 64 : 4)) {
        auto product = power(*l, *count);
        return product ? product : tooLarge();
      }
      if (in)
        diags.report(Code::E0120, b->rhs->span, "a power in a size has a literal exponent of at most 4");
      return std::nullopt;
    }
    case BinaryOp::FloorDiv:
    case BinaryOp::Mod:
      if (in && r->constant() == 0) {
        diags.report(Code::E0120, b->rhs->span, "this size divides by 0");
        return std::nullopt;
      }
      // In a body by a divisor that is positive: else the division itself may trap, and is not a size.
      if (!in && lessEqual(Size(1), *r, body ? body->facts : Facts()) != Answer::Always && (!anyDivisor || r->constant()))
        return std::nullopt;
      return b->op == BinaryOp::FloorDiv ? sizes.divide(*l, *r) : sizes.modulo(*l, *r);
    default:
      if (in)
        diags.report(Code::E0120, b->opSpan, ("`" + spelling(b->op) + "` does not stand in a size").str()).help(madeOf);
      return std::nullopt;
    }
  }
  if (auto *c = dyn_cast<CallExpr>(e))
    if (auto size = sizeCalled(c, in))
      return size;
  if (in && e->kind != ExprKind::Error)
    diags.report(Code::E0120, e->span, "this is not a size")
        .help(e->kind == ExprKind::None ? "any size is written `_`: `f32[_, 3]`" : madeOf);
  return std::nullopt;
}

/// The size that a constant is, of this file or of another.
std::optional<Size> Checker::sizeOfConstant(ConstDecl *c, Span at, const WrittenSize *in) {
  if (!c->type && !open.contains(c))
    checkConst(c);
  const bool isInt = c->type && same(resolved(c->type), types.int64());
  auto value = isInt || !c->let->typeExpr ? readSize(c->let->init, nullptr) : std::nullopt; // a float that is written `3` is none
  const StringRef name = sources.text(at);
  if (!value && in && isInt)
    diags.report(Code::E0122, at, ("`" + name + "` is computed when the program runs and cannot be a size here").str())
        .label(c->nameSpan, "declared here")
        .help(("bind it in the body of a function, there it can: `let size = " + name + "`").str());
  else if (!value && in && !(c->type && isError(c->type)))
    diags.report(Code::E0122, at, ("`" + name + "` is no whole number and cannot be a size").str());
  return value;
}

std::optional<Size> Checker::sizeNamed(NameExpr *n, const WrittenSize *in) {
  if (in && n->name == "_") {
    switch (in->where) {
    case Where::Signature:
      return Size(sizes.sym(SymKind::Param, "_", n->span));
    case Where::Result:
      return Size(sizes.sym(SymKind::Fresh, "_", n->span));
    case Where::Let:
      return Size(sizes.sym(SymKind::Solve, "_", n->span));
    default:
      diags.report(Code::E0121, n->span, "`_` does not stand here", "the size must be named");
      return std::nullopt;
    }
  }
  Binding b = n->decl || n->sym ? Binding{n->decl, n->sym} : lookup(n->name);
  const bool mayDeclare = in && (in->where == Where::Signature || in->where == Where::Let);
  // A lower-case name is a size, whatever function or module has it too.
  if (mayDeclare && b.decl && !isa<VarDecl>(b.decl) && !llvm::isUpper(n->name[0]))
    b = {};
  if (b.sym)
    return !in || isTold(b.sym, n->span) ? std::optional(Size(b.sym)) : std::nullopt;
  if (auto *var = llvm::dyn_cast_or_null<VarDecl>(b.decl)) {
    if (auto it = sizeValues.find(var); it != sizeValues.end())
      return it->second;
    if (!in)
      return var->varKind == VarKind::Var || !var->type || !same(resolved(var->type), types.int64()) ? std::nullopt
                                                                                                     : std::optional(Size(symOf(var)));
    if (var->varKind == VarKind::Var) {
      diags.report(Code::E0122, n->span, ("`" + n->name + "` is a `var` and cannot be a size").str(), "may change")
          .label(var->nameSpan, "declared here")
          .help(("bind its value first: `let " + n->name + "0 = " + n->name + "`").str());
      return std::nullopt;
    }
    if (auto *open = var->type ? dyn_cast<InferType>(resolved(var->type)) : nullptr) // a literal that becomes a size is an int
      bindInfer(open, types.int64());
    if (var->type && !isError(var->type) && !same(resolved(var->type), types.int64())) {
      diags.report(Code::E0122, n->span, ("`" + n->name + "` is " + str(var->type) + ", a size is an `int`").str());
      return std::nullopt;
    }
    return Size(symOf(var));
  }
  if (auto *c = llvm::dyn_cast_or_null<ConstDecl>(b.decl))
    return sizeOfConstant(c, n->span, in);
  if (!in)
    return std::nullopt;
  if (!b && mayDeclare) {
    const Sym *sym = sizes.sym(in->where == Where::Let ? SymKind::Solve : SymKind::Param, n->name, n->span);
    in->into->names[n->name] = Binding{nullptr, sym};
    return Size(sym);
  }
  auto &d = diags.report(Code::E0123, n->span, b ? ("`" + n->name + "` is not a size").str() : ("unknown size `" + n->name + "`").str());
  d.topic = ("unknown size " + n->name + " " + Twine(uintptr_t(in->into ? in->into : scope))).str();
  if (in->where == Where::Result)
    d.note("a size in a result type must come from a parameter").help("write `_` for a size that only the data knows");
  else if (in->where == Where::Field && !b)
    d.help(("the sizes of a record are declared with it: `struct Name[" + n->name + "] { ... }`").str());
  else if (std::string s = suggestion(n->name); !s.empty() && !b)
    d.help("did you mean `" + s + "`?");
  return std::nullopt;
}

/// min(n, m) and max(n, m), of two sizes, and in a body size(x, 0) and count(mask).
std::optional<Size> Checker::sizeCalled(CallExpr *e, const WrittenSize *in) {
  auto *n = dyn_cast<NameExpr>(e->callee);
  auto *def = n ? llvm::dyn_cast_or_null<DefDecl>(n->decl ? n->decl : lookup(n->name).decl) : nullptr;
  if (!def || def->module != program.modules.front().get())
    return std::nullopt;
  // In the type of a `let` nobody has looked at the call yet.
  if (in && body && (in->where == Where::Let || in->where == Where::Body) && (n->name == "size" || n->name == "count") && !e->target)
    check(e);
  auto intrinsic = [&](StringRef op) {
    return e->target && e->target->kind == CallableKind::Intrinsic && e->target->instance.def->opName == op;
  };
  if (auto *mask = e->args.size() == 1 ? dyn_cast<NameExpr>(e->args[0].value) : nullptr; mask && intrinsic("reduce_count"))
    if (auto *v = llvm::dyn_cast_or_null<VarDecl>(mask->decl); v && v->varKind != VarKind::Var)
      return Size(maskCount(v, mask->span));
  if (e->args.size() != 2)
    return std::nullopt;
  if (intrinsic("size")) {
    auto dims = dimsOf(resolved(e->ordered[0]->type));
    auto k = sizeOf(e->ordered[1]);
    if (!k || !k->constant())
      return std::nullopt;
    int64_t axis = *k->constant() < 0 ? *k->constant() + int64_t(dims.size()) : *k->constant();
    if (axis < 0 || axis >= int64_t(dims.size()) || dims[axis].pack)
      return std::nullopt;
    return dims[axis].size;
  }
  const bool isLeast = n->name == "min";
  if ((!isLeast && n->name != "max") || !e->args[1].name.empty())
    return std::nullopt;
  auto l = readSize(e->args[0].value, in), r = l ? readSize(e->args[1].value, in) : std::nullopt;
  return !l || !r ? std::nullopt : std::optional(isLeast ? sizes.min(*l, *r) : sizes.max(*l, *r));
}
} // namespace tl::frontend
