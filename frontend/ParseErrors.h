// What happens at a syntax error: a diagnostic in our words, and where parsing goes on.
#pragma once
#include "ast/base/Diagnostic.h"
#include "grammar/TlParser.h"

namespace tl::frontend {

/// Reports the first mistake of each statement and goes on with the next; outside of blocks it gives up.
/// ANTLR's own attempts to insert or delete a token are off: they produce a second, strange message more
/// often than a tree.
class SyntaxErrors : public antlr4::DefaultErrorStrategy {
public:
  /// No errors are reported inside of `suspects`: something is reported there already.
  SyntaxErrors(const SourceFile &source, llvm::ArrayRef<Span> suspects, Diagnostics &diagnostics)
      : source(source), suspects(suspects), diagnostics(diagnostics) {}

  void reportError(antlr4::Parser *parser, const antlr4::RecognitionException &e) override;
  void recover(antlr4::Parser *parser, std::exception_ptr e) override;
  antlr4::Token *recoverInline(antlr4::Parser *parser) override;
  void sync(antlr4::Parser *parser) override;
  bool failed() const { return count > 0; }

private:
  void skipStatement(antlr4::Parser *parser, antlr4::Token *first);

  const SourceFile &source;
  llvm::ArrayRef<Span> suspects;
  Diagnostics &diagnostics;
  unsigned count = 0;
};

/// Reports what is wrong at `at`, where one of `expected` should stand (null where that is not known).
void reportSyntaxError(const SourceFile &source, antlr4::Parser *parser, antlr4::ParserRuleContext *ctx, antlr4::Token *at,
                       const antlr4::misc::IntervalSet *expected, Diagnostics &diagnostics);
} // namespace tl::frontend
