// The tokens of a source text, comments and line ends included, and the filter that decides where a statement
// ends. Text goes through ParseTokens.cpp (the lexer of grammar/Tl.g4), then Tokens.cpp, then the parser; the
// formatter reads the unfiltered list.
#pragma once
#include "ast/base/Diagnostic.h"
#include "ast/base/Source.h"
#include "llvm/ADT/SmallVector.h"
#include <vector>

namespace tl::frontend {

enum class TokenKind : uint8_t {
  Name,
  Keyword,
  Number,
  String,
  Symbol,
  Separator, ///< `;`, or (filtered) a line end that ends a statement
  Newline,   ///< one or more line ends; two or more leave blank lines
  Comment,
  Doc, ///< a comment of exactly two `#`
  End,
};

struct Token {
  TokenKind kind = TokenKind::End;
  bool reported = false; ///< Wrong in itself, and reported; `type` is what was probably meant.
  uint16_t type = 0;     ///< The grammar's number.
  uint32_t begin = 0, end = 0;
  llvm::StringRef text(const SourceFile &source) const { return source.text().slice(begin, end); }
  Span span(const SourceFile &source) const { return {source.id(), begin, end}; }
  bool isTrivia() const { return kind >= TokenKind::Newline && kind <= TokenKind::Doc; }
};

/// The deepest nesting of brackets and prefix operators: the parser and everything after it recurses.
constexpr unsigned MaxNesting = 256;
constexpr size_t MaxSourceBytes = 16 << 20;

/// Is the text fit to be read: UTF-8, and not too large? Reports if not.
bool guard(const SourceFile &source, Diagnostics &diagnostics);

/// All tokens of a guarded text, with an End at the end. Malformed ones are reported, and kept as what was
/// probably meant.
std::vector<Token> lex(const SourceFile &source, Diagnostics &diagnostics);

/// The grammar's number of a token by its spelling, "SEP" included.
uint16_t tokenType(llvm::StringRef spelling);

/// Two `#` directly above `offset`: the text of those lines without the marks, a line each. `tokens` are
/// unfiltered.
std::string docAbove(const SourceFile &source, llvm::ArrayRef<Token> tokens, uint32_t offset);

/// What the parser sees.
struct Filtered {
  std::vector<Token> tokens;           ///< no trivia; brackets match; ends with End
  llvm::SmallVector<Span, 0> suspects; ///< places where something is reported already, and a syntax error may be its echo
  bool unusable = false;               ///< nested too deeply: do not parse
  bool open = false;                   ///< the text ends inside brackets, or after a token that cannot end a statement
};

/// Drops trivia, turns line ends into separators where they end a statement, mends brackets that do not
/// match, and reports those and too deep nesting.
Filtered filter(const SourceFile &source, llvm::ArrayRef<Token> tokens, Diagnostics &diagnostics);
} // namespace tl::frontend
