// Expressions: parse trees to ast::Expr.
#include "frontend/BuildAst.h"
#include "llvm/ADT/STLExtras.h"

using namespace tl;
using namespace tl::frontend;
using namespace tl::ast;
using antlr4::ParserRuleContext;

/// ANTLR's labelled alternatives are classes of their own.
template <typename To> static To *as(antlr4::tree::ParseTree *ctx) { return dynamic_cast<To *>(ctx); }

static size_t typeOf(antlr4::tree::ParseTree *node) {
  auto *terminal = dynamic_cast<antlr4::tree::TerminalNode *>(node);
  return terminal ? terminal->getSymbol()->getType() : 0;
}

bool BuildAst::has(ParserRuleContext *ctx, StringRef spelling) {
  return llvm::any_of(ctx->children, [type = tokenType(spelling)](auto *child) { return typeOf(child) == type; });
}

bool BuildAst::isComma(antlr4::tree::ParseTree *node) {
  static const uint16_t comma = tokenType(",");
  return typeOf(node) == comma;
}

Expr *BuildAst::deeper(ParserRuleContext *ctx, llvm::function_ref<Expr *()> f) {
  if (depth >= MaxTreeDepth) {
    if (!reportedDepth)
      report(Code::E0003, span(ctx->getStart()), "the expression that begins here has more than 1000 parts in a row")
          .help("split it with `let`; a long list of numbers belongs into an array");
    reportedDepth = true;
    return make<ErrorExpr>(span(ctx->getStart()));
  }
  ++depth;
  Expr *result = f();
  --depth;
  return result;
}

//===- Whole expressions --------------------------------------------------------------------------------===//

Expr *BuildAst::expr(TlParser::ExprContext *ctx) {
  if (auto *c = as<TlParser::PipeContext>(ctx))
    return pipe(c);
  if (auto *c = as<TlParser::LambdaContext>(ctx))
    return lambda(c);
  return lambda(as<TlParser::LambdaOfOneContext>(ctx));
}

/// x |> f(y) |> g: calls, the left side first among the arguments.
Expr *BuildAst::pipe(TlParser::PipeContext *ctx) {
  Expr *value = logic(ctx->logic());
  if (ctx->suffixed().size() >= MaxTreeDepth)
    return deeper(ctx, [&] {
      depth = MaxTreeDepth;
      return deeper(ctx, [&] { return value; });
    });
  for (TlParser::SuffixedContext *step : ctx->suffixed()) {
    auto *call = make<CallExpr>(Span::cover(value->span, span(step)));
    llvm::SmallVector<Arg> list{{{}, {}, value}};
    if (auto *c = as<TlParser::CallContext>(step)) {
      call->callee = suffixed(c->suffixed());
      for (TlParser::ArgContext *a : c->arg())
        list.push_back(arg(a));
    } else {
      if (!as<TlParser::NameUseContext>(step) && !as<TlParser::SelectContext>(step))
        report(Code::E0007, span(step), "on the right of `|>` stands the name of a function, or a call", "neither")
            .help("write `x |> f` for `f(x)`, `x |> f(y)` for `f(x, y)`");
      call->callee = suffixed(step);
    }
    call->args = this->list(list);
    call->piped = true;
    value = call;
  }
  return value;
}

Expr *BuildAst::lambda(TlParser::LambdaOfOneContext *ctx) {
  auto *node = make<LambdaExpr>(span(ctx));
  auto *var = declare<VarDecl>(span(ctx->name()), ctx->name());
  var->varKind = VarKind::Param;
  node->params = module.list<VarDecl *>(var);
  node->body = body(ctx->body());
  return node;
}

Expr *BuildAst::lambda(TlParser::LambdaContext *ctx) {
  auto *node = make<LambdaExpr>(span(ctx));
  llvm::SmallVector<VarDecl *> params;
  for (TlParser::LambdaParamContext *p : ctx->lambdaParam()) {
    auto *var = declare<VarDecl>(span(p), p->name());
    var->varKind = VarKind::Param;
    if (p->type())
      var->typeExpr = type(p->type());
    params.push_back(var);
  }
  node->params = list(params);
  node->body = body(ctx->body());
  return node;
}

Expr *BuildAst::body(TlParser::BodyContext *ctx) {
  if (ctx->block())
    return block(ctx->block());
  return expr(ctx->expr());
}

//===- Operators ----------------------------------------------------------------------------------------===//

Expr *BuildAst::binary(BinaryOp op, ParserRuleContext *ctx, Expr *lhs, Expr *rhs) {
  auto *node = make<BinaryExpr>(span(ctx));
  node->op = op;
  node->opSpan = span(as<antlr4::tree::TerminalNode>(ctx->children[1]));
  node->lhs = lhs;
  node->rhs = rhs;
  return node;
}

Expr *BuildAst::logic(TlParser::LogicContext *ctx) {
  if (auto *c = as<TlParser::OfArithmeticContext>(ctx))
    return arithmetic(c->arithmetic());
  return deeper(ctx, [&]() -> Expr * {
    if (auto *c = as<TlParser::NotLogicContext>(ctx)) {
      auto *node = make<UnaryExpr>(span(c));
      node->op = UnaryOp::Not;
      node->operand = logic(c->logic());
      return node;
    }
    if (auto *c = as<TlParser::AndLogicContext>(ctx))
      return binary(BinaryOp::And, c, logic(c->logic(0)), logic(c->logic(1)));
    auto *c = as<TlParser::OrLogicContext>(ctx);
    return binary(BinaryOp::Or, c, logic(c->logic(0)), logic(c->logic(1)));
  });
}

/// By the token's number, not by its text: the lexer may have mended `&&` to `and`.
static BinaryOp operatorOf(size_t type) {
  static const std::pair<uint16_t, BinaryOp> table[] = {
#define X(Name, text, op) {tokenType(text), BinaryOp::Name},
      TL_BINARY_OPS(X)
#undef X
  };
  for (auto [known, op] : table)
    if (known == type)
      return op;
  llvm_unreachable("the grammar has no other operators");
}

Expr *BuildAst::arithmetic(TlParser::ArithmeticContext *ctx) {
  if (auto *c = as<TlParser::OfUnaryContext>(ctx))
    return unary(c->unary());
  return deeper(ctx, [&]() -> Expr * {
    auto *sign = as<antlr4::tree::TerminalNode>(ctx->children[1]);
    auto *left = as<TlParser::ArithmeticContext>(ctx->children[0]), *right = as<TlParser::ArithmeticContext>(ctx->children[2]);
    if (as<TlParser::RangeContext>(ctx)) {
      if (as<TlParser::RangeContext>(left))
        report(Code::E0016, span(sign), "ranges do not chain");
      auto *node = make<RangeExpr>(span(ctx));
      node->lo = arithmetic(left);
      node->hi = arithmetic(right);
      return node;
    }
    if (as<TlParser::CompareContext>(ctx) && as<TlParser::CompareContext>(left))
      report(Code::E0016, span(sign), "comparisons do not chain").help("write `a < b and b < c`");
    Expr *lhs = arithmetic(left);
    return binary(operatorOf(typeOf(sign)), ctx, lhs, arithmetic(right));
  });
}

Expr *BuildAst::unary(TlParser::UnaryContext *ctx) {
  if (auto *c = as<TlParser::PowerContext>(ctx)) {
    if (!c->unary())
      return suffixed(c->suffixed());
    Expr *base = suffixed(c->suffixed());
    return binary(BinaryOp::Pow, c, base, unary(c->unary()));
  }
  if (auto *c = as<TlParser::NegateContext>(ctx)) {
    auto *node = make<UnaryExpr>(span(c));
    node->operand = unary(c->unary());
    return node;
  }
  return conditional(as<TlParser::OfConditionalContext>(ctx)->conditional());
}

Expr *BuildAst::conditional(TlParser::ConditionalContext *ctx) {
  auto *node = make<IfExpr>(span(ctx));
  node->cond = expr(ctx->expr());
  node->then = block(ctx->block(0));
  if (ctx->conditional())
    node->otherwise = conditional(ctx->conditional());
  else if (ctx->block().size() > 1)
    node->otherwise = block(ctx->block(1));
  return node;
}

//===- Operands -----------------------------------------------------------------------------------------===//

Expr *BuildAst::suffixed(TlParser::SuffixedContext *ctx) {
  // The commonest first: each question is a dynamic_cast.
  if (auto *c = as<TlParser::NameUseContext>(ctx))
    return name(c->name());
  if (auto *c = as<TlParser::NumberContext>(ctx))
    return number(c);
  if (auto *c = as<TlParser::CallContext>(ctx))
    return deeper(c, [&] {
      auto *node = make<CallExpr>(span(c));
      node->callee = suffixed(c->suffixed());
      node->args = args(c->arg());
      return node;
    });
  if (auto *c = as<TlParser::SubscriptContext>(ctx))
    return deeper(c, [&] {
      auto *node = make<SubscriptExpr>(span(c));
      node->base = suffixed(c->suffixed());
      llvm::SmallVector<Index> indices;
      for (TlParser::IndexContext *i : c->index())
        indices.push_back(index(i));
      node->indices = list(indices);
      return node;
    });
  if (auto *c = as<TlParser::SelectContext>(ctx))
    return deeper(c, [&] {
      auto *node = make<SelectExpr>(span(c));
      node->base = suffixed(c->suffixed());
      node->nameSpan = span(c->name());
      node->name = text(c->name());
      return node;
    });
  if (auto *c = as<TlParser::ParensContext>(ctx))
    return parens(c);
  if (auto *c = as<TlParser::ArrayLiteralContext>(ctx))
    return arrayLiteral(c);
  if (auto *c = as<TlParser::ArrayForContext>(ctx)) {
    ForExpr *node = forPart(c->forPart());
    node->span = span(c);
    node->brackets = true;
    return node;
  }
  if (auto *c = as<TlParser::StringContext>(ctx))
    return string(c->STRING());
  if (auto *c = as<TlParser::FallbackContext>(ctx))
    return deeper(c, [&] { return fallback(c); });
  if (auto *c = as<TlParser::TruthContext>(ctx)) {
    auto *node = make<BoolExpr>(span(c));
    node->value = text(c) == "true";
    return node;
  }
  return make<NoneExpr>(span(as<TlParser::NoneContext>(ctx)));
}

Expr *BuildAst::fallback(TlParser::FallbackContext *ctx) {
  auto *node = make<FallbackExpr>(span(ctx));
  node->access = suffixed(ctx->suffixed(0));
  node->otherwise = suffixed(ctx->suffixed(1));
  if (has(ctx, "-")) {
    auto *minus = as<antlr4::tree::TerminalNode>(ctx->children[2]);
    if (as<TlParser::FallbackContext>(ctx->suffixed(1)))
      report(Code::E0007, span(minus), "unclear how far this `-` reaches").help("put it and what it belongs to into parentheses");
    auto *negated = make<UnaryExpr>(Span::cover(span(minus), node->otherwise->span));
    negated->operand = node->otherwise;
    node->otherwise = negated;
  }
  return node;
}

/// (), (a), (a,), (a, b)
Expr *BuildAst::parens(TlParser::ParensContext *ctx) {
  llvm::SmallVector<Expr *> elems;
  for (TlParser::ExprContext *e : ctx->expr())
    elems.push_back(expr(e));
  bool comma = llvm::any_of(ctx->children, isComma);
  if (elems.size() == 1 && !comma)
    return elems[0];
  auto *node = make<TupleExpr>(span(ctx));
  node->elems = list(elems);
  return node;
}

Expr *BuildAst::arrayLiteral(TlParser::ArrayLiteralContext *ctx) {
  auto *node = make<ArrayLitExpr>(span(ctx));
  llvm::SmallVector<Elem> elems;
  elems.reserve(ctx->element().size());
  for (antlr4::tree::ParseTree *child : ctx->children) {
    if (auto *single = as<TlParser::SingleContext>(child))
      elems.push_back({expr(single->expr()), false});
    else if (auto *spread = as<TlParser::SpreadContext>(child))
      elems.push_back({name(spread->name()), true});
  }
  node->elems = list(elems);
  return node;
}

Expr *BuildAst::number(TlParser::NumberContext *ctx) {
  auto *node = make<NumberExpr>(span(ctx));
  node->text = text(ctx);
  node->isFloat = ctx->FLOAT() != nullptr;
  if (!node->isFloat) {
    std::string digits = node->text.str();
    llvm::erase(digits, '_');
    StringRef rest = digits;
    bool hex = rest.consume_front("0x");
    node->tooLarge = rest.getAsInteger(hex ? 16 : 10, node->value);
  }
  return node;
}

Expr *BuildAst::name(TlParser::NameContext *ctx) {
  auto *node = make<NameExpr>(span(ctx));
  node->name = text(ctx);
  return node;
}

//===- Lists --------------------------------------------------------------------------------------------===//

Index BuildAst::index(TlParser::IndexContext *ctx) {
  Index result;
  result.span = span(ctx);
  if (auto *rest = as<TlParser::IndexRestContext>(ctx)) {
    result.kind = IndexKind::Ellipsis;
    if (rest->name())
      result.lo = name(rest->name());
    return result;
  }
  // [lo] [: [hi] [: [step]]]: which part an expression is follows from the colons before it.
  static const uint16_t colon = tokenType(":");
  Expr **part = &result.lo;
  for (antlr4::tree::ParseTree *child : ctx->children) {
    if (typeOf(child) == colon) {
      result.kind = IndexKind::Slice;
      part = part == &result.lo ? &result.hi : &result.step;
    } else {
      *part = expr(as<TlParser::ExprContext>(child));
    }
  }
  if (result.kind == IndexKind::Single && result.lo->kind == ExprKind::None)
    result.kind = IndexKind::NewAxis;
  return result;
}

Arg BuildAst::arg(TlParser::ArgContext *ctx) {
  if (auto *c = as<TlParser::NamedArgContext>(ctx))
    return {text(c->name()), span(c->name()), expr(c->expr())};
  if (auto *c = as<TlParser::ForArgContext>(ctx))
    return {{}, {}, forPart(c->forPart())};
  return {{}, {}, expr(as<TlParser::PlainArgContext>(ctx)->expr())};
}

List<Arg> BuildAst::args(llvm::ArrayRef<TlParser::ArgContext *> items) {
  llvm::SmallVector<Arg> result;
  for (TlParser::ArgContext *a : items)
    result.push_back(arg(a));
  return list(result);
}

/// for i, j: e  |  for x in xs if c: e
ForExpr *BuildAst::forPart(TlParser::ForPartContext *ctx) {
  auto *node = make<ForExpr>(span(ctx));
  llvm::SmallVector<Binder> binders;
  for (TlParser::BinderContext *b : ctx->binder()) {
    Binder binder;
    binder.pattern = pattern(b->pattern(), VarKind::Binder);
    if (b->expr())
      binder.iter = expr(b->expr());
    binders.push_back(std::move(binder));
  }
  for (const Binder &b : binders)
    if (bool(b.iter) != bool(binders[0].iter)) {
      report(Code::E0021, b.pattern->span, "either all indices of a list have an `in`, or none has one", b.iter ? "has one" : "has none")
          .label(binders[0].pattern->span, binders[0].iter ? "has one" : "has none");
      break;
    }
  if (!binders[0].iter && binders[0].pattern->isTuple)
    report(Code::E0021, binders[0].pattern->span, "an index without `in` is a single name")
        .help("write `for i, j: e` for two indices, `for (a, b) in xs: e` for the parts of elements");
  if (ctx->expr()) {
    node->filter = expr(ctx->expr());
    if (binders.size() > 1 || !binders[0].iter)
      report(Code::E0021, node->filter->span, "a filter goes with a single index that has an `in`")
          .help("write `[for x in xs if x > 0: x]`");
  }
  node->binders = list(binders);
  node->body = body(ctx->body());
  return node;
}
