// Parse trees to ast/Ast.h. Knows ANTLR; only Parse.cpp and BuildAst*.cpp include it.
#pragma once
#include "ast/Ast.h"
#include "ast/base/Diagnostic.h"
#include "frontend/Tokens.h"
#include "grammar/TlParser.h"
#include "llvm/ADT/StringMap.h"

namespace tl::frontend {
using grammar::TlParser;

/// Deepest tree: long chains of operators or suffixes nest to the left without any bracket, and whatever
/// walks the tree recurses.
constexpr unsigned MaxTreeDepth = 1000;

/// Builds the nodes of one module from trees without syntax errors. The functions are named after the rules
/// of Tl.g4.
class BuildAst {
public:
  /// `tokens` are the unfiltered ones of the file, for documentation comments.
  BuildAst(const SourceFile &source, llvm::ArrayRef<Token> tokens, ast::Module &module, Diagnostics &diagnostics)
      : source(source), tokens(tokens), module(module), diagnostics(diagnostics) {}

  void file(TlParser::FileContext *ctx);
  void snippet(TlParser::SnippetContext *ctx);
  /// An expression cut out of a string; its tokens carry their places in the file.
  ast::Expr *hole(TlParser::HoleContext *ctx) { return expr(ctx->expr()); }

private:
  // Declarations (BuildAstDecl.cpp)
  void declaration(TlParser::DeclarationContext *ctx, llvm::ArrayRef<TlParser::AttributeContext *> attributes);
  ast::ImportDecl *importFile(TlParser::ImportFileContext *ctx);
  ast::ImportDecl *importModule(TlParser::ImportModuleContext *ctx);
  ast::TestDecl *testBlock(TlParser::TestBlockContext *ctx);
  ast::DefDecl *define(TlParser::DefineContext *ctx);
  ast::StructDecl *structure(TlParser::StructureContext *ctx);
  void constants(ast::LetStmt *let, llvm::StringRef doc);
  ast::List<ast::Attr> attrs(llvm::ArrayRef<TlParser::AttributeContext *> list);
  ast::List<ast::GenericParam> generics(TlParser::GenericsContext *ctx);
  ast::VarDecl *param(TlParser::ParamContext *ctx);
  void noAttributes(llvm::ArrayRef<TlParser::AttributeContext *> list, llvm::StringRef what);
  ast::TypeExpr *type(TlParser::TypeContext *ctx);
  ast::TypeExpr *type(TlParser::NamedTypeContext *ctx);
  ast::TypeExpr *type(TlParser::TupleTypeContext *ctx);
  template <typename T> T *declare(Span span, TlParser::NameContext *name) {
    T *decl = module.make<T>(span);
    decl->module = &module;
    if (name) {
      decl->nameSpan = this->span(name);
      decl->name = text(name);
    }
    return decl;
  }

  // Statements (BuildAstStmt.cpp)
  ast::Stmt *statement(TlParser::StatementContext *ctx, llvm::ArrayRef<TlParser::AttributeContext *> attributes);
  ast::LetStmt *binding(TlParser::BindingContext *ctx);
  ast::Stmt *evaluate(TlParser::EvaluateContext *ctx);
  ast::BlockExpr *block(TlParser::BlockContext *ctx);
  ast::Pattern *pattern(TlParser::PatternContext *ctx, ast::VarKind kind);
  void checkTarget(ast::Expr *target, bool withOperator);

  // Expressions (BuildAst.cpp)
  ast::Expr *expr(TlParser::ExprContext *ctx);
  ast::Expr *pipe(TlParser::PipeContext *ctx);
  ast::Expr *lambda(TlParser::LambdaContext *ctx);
  ast::Expr *lambda(TlParser::LambdaOfOneContext *ctx);
  ast::Expr *body(TlParser::BodyContext *ctx);
  ast::Expr *logic(TlParser::LogicContext *ctx);
  ast::Expr *arithmetic(TlParser::ArithmeticContext *ctx);
  ast::Expr *unary(TlParser::UnaryContext *ctx);
  ast::Expr *conditional(TlParser::ConditionalContext *ctx);
  ast::Expr *suffixed(TlParser::SuffixedContext *ctx);
  ast::Expr *fallback(TlParser::FallbackContext *ctx);
  ast::Expr *parens(TlParser::ParensContext *ctx);
  ast::Expr *arrayLiteral(TlParser::ArrayLiteralContext *ctx);
  ast::Expr *number(TlParser::NumberContext *ctx);
  ast::Expr *name(TlParser::NameContext *ctx);
  ast::Expr *binary(ast::BinaryOp op, antlr4::ParserRuleContext *ctx, ast::Expr *lhs, ast::Expr *rhs);
  ast::ForExpr *forPart(TlParser::ForPartContext *ctx);
  ast::Index index(TlParser::IndexContext *ctx);
  ast::Arg arg(TlParser::ArgContext *ctx);
  ast::List<ast::Arg> args(llvm::ArrayRef<TlParser::ArgContext *> list);

  // Strings (BuildAstString.cpp)
  ast::StringExpr *string(antlr4::tree::TerminalNode *node);
  ast::Expr *holeAt(uint32_t begin, uint32_t end);
  std::string unescape(uint32_t begin, uint32_t end);
  /// A string that is a name (of a file, of a test): no holes.
  ast::StringRef plainString(antlr4::tree::TerminalNode *node);

  // Places and texts
  Span span(antlr4::tree::TerminalNode *node) const { return span(node->getSymbol()); }
  Span span(antlr4::Token *token) const { return {source.id(), uint32_t(token->getStartIndex()), uint32_t(token->getStopIndex() + 1)}; }
  Span span(antlr4::ParserRuleContext *ctx) const {
    antlr4::Token *last = ctx->getStop() ? ctx->getStop() : ctx->getStart();
    return Span::cover(span(ctx->getStart()), span(last));
  }
  /// The source text itself: nodes keep views of it, the source manager outlives them.
  llvm::StringRef text(Span span) const { return source.text().slice(span.begin, span.end); }
  llvm::StringRef text(antlr4::ParserRuleContext *ctx) const { return text(span(ctx)); }
  template <typename T> T *make(Span span) { return module.make<T>(span); }
  template <typename T> ast::List<T> list(const llvm::SmallVectorImpl<T> &items) { return module.list<T>(llvm::ArrayRef<T>(items)); }
  /// Does the rule's own text hold this token?
  static bool has(antlr4::ParserRuleContext *ctx, llvm::StringRef spelling);
  static bool isComma(antlr4::tree::ParseTree *node);
  Diagnostic &report(Code code, Span at, std::string message, std::string label = "") {
    return diagnostics.report(code, at, std::move(message), std::move(label));
  }
  /// Builds one more level of the tree with `f`; an ErrorExpr, reported once, where that gets too deep.
  ast::Expr *deeper(antlr4::ParserRuleContext *ctx, llvm::function_ref<ast::Expr *()> f);

  const SourceFile &source;
  llvm::ArrayRef<Token> tokens;
  ast::Module &module;
  Diagnostics &diagnostics;
  llvm::StringMap<ast::DefDecl *> lastDef; ///< for the chains of overloads
  unsigned depth = 0;
  bool reportedDepth = false;
};

/// Parses tokens [begin, end) of `source` by the rule `hole`; `use` gets the tree. False (and reported) on a
/// syntax error.
bool parseHole(const SourceFile &source, llvm::ArrayRef<Token> tokens, Diagnostics &diagnostics,
               llvm::function_ref<void(TlParser::HoleContext *)> use);
} // namespace tl::frontend
