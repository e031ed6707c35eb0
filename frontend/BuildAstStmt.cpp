// Statements, blocks and patterns: parse trees to ast::Stmt.
#include "frontend/BuildAst.h"
#include "llvm/ADT/STLExtras.h"

using namespace tl;
using namespace tl::frontend;
using namespace tl::ast;

template <typename To> static To *as(antlr4::tree::ParseTree *ctx) { return dynamic_cast<To *>(ctx); }

void BuildAst::snippet(TlParser::SnippetContext *ctx) {
  for (TlParser::LineContext *line : ctx->line()) {
    if (line->declaration())
      declaration(line->declaration(), line->attribute());
    else
      module.stmts.push_back(statement(line->statement(), line->attribute()));
  }
}

BlockExpr *BuildAst::block(TlParser::BlockContext *ctx) {
  auto *node = make<BlockExpr>(span(ctx));
  llvm::SmallVector<Stmt *> stmts;
  for (TlParser::BlockLineContext *line : ctx->blockLine())
    stmts.push_back(statement(line->statement(), line->attribute()));
  node->stmts = list(stmts);
  return node;
}

Stmt *BuildAst::statement(TlParser::StatementContext *ctx, llvm::ArrayRef<TlParser::AttributeContext *> attributes) {
  if (auto *c = as<TlParser::ForLoopContext>(ctx)) {
    auto *node = make<ForStmt>(span(c));
    node->attrs = attrs(attributes);
    node->binder.pattern = pattern(c->pattern(), VarKind::Binder);
    node->binder.iter = expr(c->expr());
    node->body = block(c->block());
    return node;
  }
  if (auto *c = as<TlParser::WhileLoopContext>(ctx)) {
    auto *node = make<WhileStmt>(span(c));
    node->attrs = attrs(attributes);
    node->cond = expr(c->expr());
    node->body = block(c->block());
    return node;
  }
  noAttributes(attributes, "this statement");
  if (auto *c = as<TlParser::BindContext>(ctx))
    return binding(c->binding());
  if (auto *c = as<TlParser::AssertionContext>(ctx)) {
    auto *node = make<AssertStmt>(span(c));
    node->cond = expr(c->expr(0));
    if (c->expr().size() > 1)
      node->message = expr(c->expr(1));
    return node;
  }
  return evaluate(as<TlParser::EvaluateContext>(ctx));
}

LetStmt *BuildAst::binding(TlParser::BindingContext *ctx) {
  auto *node = make<LetStmt>(span(ctx));
  node->isVar = has(ctx, "var");
  node->pattern = pattern(ctx->pattern(), node->isVar ? VarKind::Var : VarKind::Let);
  if (ctx->type())
    node->typeExpr = type(ctx->type());
  node->init = expr(ctx->expr());
  return node;
}

/// An expression, or an assignment to one.
Stmt *BuildAst::evaluate(TlParser::EvaluateContext *ctx) {
  if (!ctx->assignOp()) {
    auto *node = make<ExprStmt>(span(ctx));
    node->expr = expr(ctx->expr(0));
    return node;
  }
  auto *node = make<AssignStmt>(span(ctx));
  node->target = expr(ctx->expr(0));
  node->opSpan = span(ctx->assignOp());
  StringRef op = text(node->opSpan);
  if (op.size() > 1 && op != ":=") { // `:=` is reported
    node->hasOp = true;
    op = op.drop_back();
#define X(Name, text, intrinsic)                                                                                                           \
  if (op == text)                                                                                                                          \
    node->op = BinaryOp::Name;
    TL_BINARY_OPS(X)
#undef X
  }
  checkTarget(node->target, node->hasOp);
  node->value = expr(ctx->expr(1));
  return node;
}

/// A name, an element, a field, or a tuple of those.
void BuildAst::checkTarget(Expr *target, bool withOperator) {
  switch (target->kind) {
  case ExprKind::Name:
  case ExprKind::Error:
    return;
  case ExprKind::Subscript:
    return checkTarget(llvm::cast<SubscriptExpr>(target)->base, false);
  case ExprKind::Select:
    return checkTarget(llvm::cast<SelectExpr>(target)->base, false);
  case ExprKind::Tuple:
    if (withOperator)
      break;
    for (Expr *elem : llvm::cast<TupleExpr>(target)->elems)
      checkTarget(elem, false);
    return;
  default:
    break;
  }
  Diagnostic &d = report(Code::E0015, target->span, "this cannot be assigned to");
  if (target->kind == ExprKind::Binary && isComparison(llvm::cast<BinaryExpr>(target)->op))
    d.help("write `let` for a new name, `=` once to change a `var`");
  else
    d.help("assign to a `var`, to an element `x[i]` or a field `p.w` of one, or to several: `(a, b) = (b, a)`");
}

Pattern *BuildAst::pattern(TlParser::PatternContext *ctx, VarKind kind) {
  auto *node = module.make<Pattern>();
  node->span = span(ctx);
  if (auto *c = as<TlParser::NamePatternContext>(ctx)) {
    if (text(c) == "_")
      return node;
    node->var = declare<VarDecl>(node->span, c->name());
    node->var->varKind = kind;
    return node;
  }
  auto *c = as<TlParser::TuplePatternContext>(ctx);
  if (c->pattern().size() == 1 && llvm::none_of(c->children, isComma))
    return pattern(c->pattern(0), kind);
  llvm::SmallVector<Pattern *> elems;
  for (TlParser::PatternContext *e : c->pattern())
    elems.push_back(pattern(e, kind));
  node->isTuple = true;
  node->elems = list(elems);
  return node;
}
