// Spelling of operators, memory of a module, and deep copies of trees.
#include "ast/Ast.h"
#include "llvm/ADT/APInt.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Error.h"

using namespace tl;
using namespace tl::ast;

StringRef ast::spelling(BinaryOp op) {
  switch (op) {
#define X(Name, text, intrinsic)                                                                                                           \
  case BinaryOp::Name:                                                                                                                     \
    return text;
    TL_BINARY_OPS(X)
#undef X
  }
  llvm_unreachable("every operator is listed");
}

StringRef ast::spelling(UnaryOp op) { return op == UnaryOp::Neg ? "-" : "not"; }

bool ast::isLiteral(const Expr *e) {
  auto all = [](auto list) { return llvm::all_of(list, [](const Expr *x) { return isLiteral(x); }); };
  if (auto *u = llvm::dyn_cast<UnaryExpr>(e))
    return u->op == UnaryOp::Neg && isLiteral(u->operand);
  if (auto *b = llvm::dyn_cast<BinaryExpr>(e))
    return !isComparison(b->op) && b->op != BinaryOp::And && b->op != BinaryOp::Or && isLiteral(b->lhs) && isLiteral(b->rhs);
  if (auto *t = llvm::dyn_cast<TupleExpr>(e))
    return !t->elems.empty() && all(t->elems);
  if (auto *a = llvm::dyn_cast<ArrayLitExpr>(e))
    return !a->elems.empty() && llvm::all_of(a->elems, [](const Elem &x) { return !x.spread && isLiteral(x.value); });
  if (auto *n = llvm::dyn_cast<NameExpr>(e)) {
    auto *c = llvm::dyn_cast_or_null<ConstDecl>(n->decl);
    return n->name == "pi" || n->name == "inf" || n->name == "nan" ||
           (c && c->type && c->type->kind != TypeKind::Error && isLiteral(c->let->init));
  }
  return llvm::isa<NumberExpr>(e);
}

/// A decimal number with at most 800 of its digits, and one more that says whether the others are all 0: enough to round any float
/// correctly (770 decide for f64), where a million digits would take their square in time.
static std::string shortened(std::string text) {
  constexpr size_t Enough = 800;
  if (text.size() <= Enough)
    return text;
  auto [mantissa, power] = StringRef(text).split(text.find('e') == std::string::npos ? 'E' : 'e');
  if (mantissa.find_first_of("123456789") == StringRef::npos)
    return "0";
  if (power.size() > 15) // decides alone
    return "1e" + power.str();
  int64_t exponent = 0;
  if (!power.empty())
    power.consume_front("+"), (void)power.getAsInteger(10, exponent);
  auto [whole, fraction] = mantissa.split('.');
  whole = whole.ltrim('0');
  std::string digits = (whole + fraction).str();
  exponent += int64_t(whole.size());
  size_t zeros = digits.find_first_not_of('0');
  digits.erase(0, zeros);
  exponent -= int64_t(zeros);
  if (digits.size() > Enough)
    digits = digits.substr(0, Enough) + (StringRef(digits).drop_front(Enough).find_first_not_of('0') == StringRef::npos ? "0" : "1");
  return "0." + digits + "e" + std::to_string(exponent);
}

llvm::APFloat NumberExpr::in(ScalarKind kind) const {
  std::string digits = text.str();
  llvm::erase(digits, '_');
  llvm::APFloat number(semanticsOf(kind));
  StringRef hex = digits;
  if (!isFloat && hex.consume_front("0x"))
    number.convertFromAPInt(llvm::APInt(4 * hex.size(), hex, 16), /*IsSigned=*/false, llvm::APFloat::rmNearestTiesToEven);
  else
    llvm::cantFail(number.convertFromString(shortened(std::move(digits)), llvm::APFloat::rmNearestTiesToEven));
  return number;
}

Module::~Module() {
  for (const Owned &o : owned)
    o.destroy(o.first, o.count);
}

StringRef Module::string(StringRef s) { return s.copy(arena); }

//===- Copies -------------------------------------------------------------------------------------------===//

namespace {
/// Copies what was written; what the checker adds starts empty. Texts and type expressions, which nobody
/// annotates, are shared with the original.
class Cloner {
public:
  explicit Cloner(Module &into) : into(into) {}

  Expr *expr(Expr *e) {
    return e ? visit(e, [&](auto *node) -> Expr * { return copy(node); }) : nullptr;
  }
  Stmt *stmt(Stmt *s) {
    return visit(s, [&](auto *node) -> Stmt * { return copy(node); });
  }
  BlockExpr *block(BlockExpr *b) { return b ? llvm::cast<BlockExpr>(expr(b)) : nullptr; }

private:
  template <typename T, typename F> List<T> each(List<T> items, F &&f) {
    llvm::SmallVector<T, 8> result;
    for (const T &item : items)
      result.push_back(f(item));
    return into.list<T>(result);
  }
  List<Expr *> exprs(List<Expr *> list) {
    return each(list, [&](Expr *e) { return expr(e); });
  }
  List<Arg> args(List<Arg> list) {
    return each(list, [&](const Arg &a) { return Arg{a.name, a.nameSpan, expr(a.value)}; });
  }

  VarDecl *var(VarDecl *v) {
    if (!v)
      return nullptr;
    auto *n = into.make<VarDecl>(v->span);
    n->nameSpan = v->nameSpan;
    n->name = v->name;
    n->doc = v->doc;
    n->module = v->module;
    n->varKind = v->varKind;
    n->isConst = v->isConst;
    n->typeExpr = v->typeExpr;
    n->init = expr(v->init);
    return n;
  }
  Pattern *pattern(Pattern *p) {
    auto *n = into.make<Pattern>();
    n->span = p->span;
    n->var = var(p->var);
    n->isTuple = p->isTuple;
    n->elems = each(p->elems, [&](Pattern *e) { return pattern(e); });
    return n;
  }
  Binder binder(const Binder &b) { return {pattern(b.pattern), expr(b.iter), Size(), b.down}; }

  Expr *copy(ErrorExpr *e) { return into.make<ErrorExpr>(e->span); }
  Expr *copy(NumberExpr *e) {
    auto *n = into.make<NumberExpr>(e->span);
    n->text = e->text;
    n->isFloat = e->isFloat;
    n->value = e->value;
    n->tooLarge = e->tooLarge;
    return n;
  }
  Expr *copy(BoolExpr *e) {
    auto *n = into.make<BoolExpr>(e->span);
    n->value = e->value;
    return n;
  }
  Expr *copy(NoneExpr *e) { return into.make<NoneExpr>(e->span); }
  Expr *copy(StringExpr *e) {
    auto *n = into.make<StringExpr>(e->span);
    n->parts = each(e->parts, [&](const StringPart &p) { return StringPart{p.text, expr(p.hole), p.spec, p.specSpan}; });
    return n;
  }
  Expr *copy(NameExpr *e) {
    auto *n = into.make<NameExpr>(e->span);
    n->name = e->name;
    return n;
  }
  Expr *copy(UnaryExpr *e) {
    auto *n = into.make<UnaryExpr>(e->span);
    n->op = e->op;
    n->operand = expr(e->operand);
    return n;
  }
  Expr *copy(BinaryExpr *e) {
    auto *n = into.make<BinaryExpr>(e->span);
    n->op = e->op;
    n->opSpan = e->opSpan;
    n->lhs = expr(e->lhs);
    n->rhs = expr(e->rhs);
    return n;
  }
  Expr *copy(RangeExpr *e) {
    auto *n = into.make<RangeExpr>(e->span);
    n->lo = expr(e->lo);
    n->hi = expr(e->hi);
    return n;
  }
  Expr *copy(IfExpr *e) {
    auto *n = into.make<IfExpr>(e->span);
    n->cond = expr(e->cond);
    n->then = block(e->then);
    n->otherwise = expr(e->otherwise);
    return n;
  }
  Expr *copy(LambdaExpr *e) {
    auto *n = into.make<LambdaExpr>(e->span);
    n->params = each(e->params, [&](VarDecl *v) { return var(v); });
    n->body = expr(e->body);
    return n;
  }
  Expr *copy(CallExpr *e) {
    auto *n = into.make<CallExpr>(e->span);
    n->callee = expr(e->callee);
    n->args = args(e->args);
    n->piped = e->piped;
    return n;
  }
  Expr *copy(SubscriptExpr *e) {
    auto *n = into.make<SubscriptExpr>(e->span);
    n->base = expr(e->base);
    n->indices = each(e->indices, [&](const Index &i) { return Index{i.kind, i.span, expr(i.lo), expr(i.hi), expr(i.step)}; });
    return n;
  }
  Expr *copy(SelectExpr *e) {
    auto *n = into.make<SelectExpr>(e->span);
    n->base = expr(e->base);
    n->name = e->name;
    n->nameSpan = e->nameSpan;
    return n;
  }
  Expr *copy(TupleExpr *e) {
    auto *n = into.make<TupleExpr>(e->span);
    n->elems = exprs(e->elems);
    return n;
  }
  Expr *copy(ArrayLitExpr *e) {
    auto *n = into.make<ArrayLitExpr>(e->span);
    n->elems = each(e->elems, [&](const Elem &x) { return Elem{expr(x.value), x.spread}; });
    return n;
  }
  Expr *copy(ForExpr *e) {
    auto *n = into.make<ForExpr>(e->span);
    n->binders = each(e->binders, [&](const Binder &b) { return binder(b); });
    n->filter = expr(e->filter);
    n->body = expr(e->body);
    n->brackets = e->brackets;
    return n;
  }
  Expr *copy(FallbackExpr *e) {
    auto *n = into.make<FallbackExpr>(e->span);
    n->access = expr(e->access);
    n->otherwise = expr(e->otherwise);
    return n;
  }
  Expr *copy(BlockExpr *e) {
    auto *n = into.make<BlockExpr>(e->span);
    llvm::SmallVector<Stmt *, 8> stmts;
    for (Stmt *s : e->stmts)
      stmts.push_back(stmt(s));
    if (e->value) { // the checker took the last expression out of the statements
      auto *last = into.make<ExprStmt>(e->value->span);
      last->expr = expr(e->value);
      stmts.push_back(last);
    }
    n->stmts = into.list<Stmt *>(stmts);
    return n;
  }

  Stmt *copy(ErrorStmt *s) { return into.make<ErrorStmt>(s->span); }
  Stmt *copy(LetStmt *s) {
    auto *n = into.make<LetStmt>(s->span);
    n->isVar = s->isVar;
    n->pattern = pattern(s->pattern);
    n->typeExpr = s->typeExpr;
    n->init = expr(s->init);
    return n;
  }
  Stmt *copy(AssignStmt *s) {
    auto *n = into.make<AssignStmt>(s->span);
    n->target = expr(s->target);
    n->hasOp = s->hasOp;
    n->op = s->op;
    n->opSpan = s->opSpan;
    n->value = expr(s->value);
    return n;
  }
  Stmt *copy(ForStmt *s) {
    auto *n = into.make<ForStmt>(s->span);
    n->attrs = s->attrs;
    n->binder = binder(s->binder);
    n->body = block(s->body);
    return n;
  }
  Stmt *copy(WhileStmt *s) {
    auto *n = into.make<WhileStmt>(s->span);
    n->attrs = s->attrs;
    n->cond = expr(s->cond);
    n->body = block(s->body);
    return n;
  }
  Stmt *copy(AssertStmt *s) {
    auto *n = into.make<AssertStmt>(s->span);
    n->cond = expr(s->cond);
    n->message = expr(s->message);
    return n;
  }
  Stmt *copy(ExprStmt *s) {
    auto *n = into.make<ExprStmt>(s->span);
    n->expr = expr(s->expr);
    return n;
  }

  Module &into;
};
} // namespace

Expr *ast::clone(Expr *e, Module &into) { return Cloner(into).expr(e); }
BlockExpr *ast::clone(BlockExpr *block, Module &into) { return Cloner(into).block(block); }
Stmt *ast::clone(Stmt *s, Module &into) { return Cloner(into).stmt(s); }
