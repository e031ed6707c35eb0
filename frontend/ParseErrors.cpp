// Syntax errors in the user's terms. ANTLR says at which token no rule fits and what would fit; the words,
// and what somebody who writes this way probably comes from, are ours.
#include "frontend/ParseErrors.h"
#include "frontend/Tokens.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace tl;
using namespace tl::frontend;
using antlr4::ParserRuleContext;
using grammar::TlParser;
using llvm::StringRef;

constexpr unsigned MaxErrors = 50; ///< of one entry; far more than is shown

//===- Recovery -----------------------------------------------------------------------------------------===//

void SyntaxErrors::reportError(antlr4::Parser *parser, const antlr4::RecognitionException &e) {
  if (inErrorRecoveryMode(parser)) // on its way out through the rules
    return;
  beginErrorCondition(parser);
  ++count;
  antlr4::Token *at = e.getOffendingToken();
  uint32_t offset = at->getStartIndex();
  if (llvm::any_of(suspects, [&](Span s) { return s.begin <= offset && offset < s.end; }))
    return;
  auto *ctx = dynamic_cast<ParserRuleContext *>(e.getCtx());
  // Where the parser had to look ahead, what it expected is a matter of where it began to look.
  auto *ahead = dynamic_cast<const antlr4::NoViableAltException *>(&e);
  if (ahead && ahead->getStartToken() != at)
    return reportSyntaxError(source, parser, ctx, at, nullptr, diagnostics);
  antlr4::misc::IntervalSet expected = e.getExpectedTokens();
  reportSyntaxError(source, parser, ctx, at, &expected, diagnostics);
}

/// Statements of a block are where parsing goes on; every other rule passes the error outwards.
void SyntaxErrors::recover(antlr4::Parser *parser, std::exception_ptr e) {
  ParserRuleContext *ctx = parser->getContext();
  if (ctx->getRuleIndex() != TlParser::RuleBlockLine || count >= MaxErrors)
    std::rethrow_exception(e);
  skipStatement(parser, ctx->getStart());
  endErrorCondition(parser);
}

antlr4::Token *SyntaxErrors::recoverInline(antlr4::Parser *parser) { throw antlr4::InputMismatchException(parser); }

/// Called before each decision. Behind a statement of a block stands a separator or the end of the block;
/// anything else is a mistake of that statement, which the rule `block` itself could not get over.
void SyntaxErrors::sync(antlr4::Parser *parser) {
  ParserRuleContext *ctx = parser->getContext();
  if (ctx->getRuleIndex() != TlParser::RuleBlock || ctx->children.empty() || inErrorRecoveryMode(parser))
    return;
  auto *line = dynamic_cast<TlParser::BlockLineContext *>(ctx->children.back());
  size_t next = parser->getTokenStream()->LA(1);
  if (!line || next == TlParser::SEP || next == tokenType("}") || next == antlr4::Token::EOF || count >= MaxErrors)
    return;
  reportError(parser, antlr4::InputMismatchException(parser));
  skipStatement(parser, line->getStart());
  endErrorCondition(parser);
}

/// Consumes up to the separator or bracket that ends the statement which begins with `first`, and on over
/// lines that are indented more, which Python would count to it.
void SyntaxErrors::skipStatement(antlr4::Parser *parser, antlr4::Token *first) {
  antlr4::TokenStream *tokens = parser->getTokenStream();
  static const uint16_t openers[] = {tokenType("("), tokenType("["), tokenType("{")};
  static const uint16_t closers[] = {tokenType(")"), tokenType("]"), tokenType("}")};
  int depth = 0;
  for (size_t i = first->getTokenIndex(); i < tokens->index(); ++i) {
    depth += llvm::is_contained(openers, tokens->get(i)->getType());
    depth -= llvm::is_contained(closers, tokens->get(i)->getType());
  }
  LineCol begin = source.lineCol(first->getStartIndex());
  for (;; parser->consume()) {
    size_t type = tokens->LA(1);
    if (type == antlr4::Token::EOF || (depth <= 0 && llvm::is_contained(closers, type)))
      return;
    if (type == TlParser::SEP && depth <= 0) {
      size_t next = tokens->LA(2);
      LineCol at = source.lineCol(tokens->LT(2)->getStartIndex());
      bool body = at.line > begin.line && at.col > begin.col && next != TlParser::SEP && next != antlr4::Token::EOF &&
                  !llvm::is_contained(closers, next);
      if (!body)
        return;
    }
    depth += llvm::is_contained(openers, type);
    depth -= llvm::is_contained(closers, type);
  }
}

//===- Words --------------------------------------------------------------------------------------------===//

/// What to write in place of a word that other languages have; empty for all other words.
static StringRef instead(StringRef word) {
  return llvm::StringSwitch<StringRef>(word)
      .Cases({"fn", "func", "function", "fun", "proc"}, "a function is written `def f(x: f32) -> f32 = ...`")
      .Cases({"class", "type", "record", "interface", "trait", "impl"},
             "a record is written `struct P { x: f32 }`; functions stand beside it")
      .Case("from", "write `import nn`, then `nn.dense`")
      .Cases({"try", "except", "catch", "finally", "raise", "throw"},
             "an error stops the program with its line; `assert c, \"message\"` states what must hold")
      .Cases({"with", "global", "nonlocal", "del", "yield", "async", "await"}, "there is nothing like it here")
      .Cases({"do", "until", "loop", "repeat"}, "loops are `for i in n { }` and `while c { }`")
      .Cases({"then", "begin", "end"}, "what belongs together stands in `{ }`")
      .Cases({"switch", "case"}, "write `if c { a } else if d { b } else { e }`")
      .Cases({"mut", "auto", "val"}, "write `let x = ...`, or `var x = ...` for what changes")
      .Case("const", "write `let x = ...`")
      .Case("is", "write `==`")
      .Case("print", "write `print(x)`")
      .Case("unless", "write `if not c { }`")
      .Default("");
}

namespace {
/// One syntax error, and what is known around it.
class Explanation {
public:
  Explanation(const SourceFile &source, antlr4::Parser *parser, ParserRuleContext *ctx, antlr4::Token *at,
              const antlr4::misc::IntervalSet *expected, Diagnostics &diagnostics)
      : source(source), tokens(parser->getTokenStream()), ctx(ctx), at(at), expected(expected), diagnostics(diagnostics) {
    size_t index = at->getTokenIndex();
    if (index > 0)
      before = tokens->get(index - 1);
    if (index > 1)
      beforeThat = tokens->get(index - 2);
    if (at->getType() != antlr4::Token::EOF)
      after = tokens->get(index + 1);
    word = text(at);
    last = text(before);
  }

  void report() { habit() || reserved() || place() || shape() || plain(); }

private:
  // Each reports and returns true where it knows the case.
  bool habit();
  bool reserved();
  bool place();
  bool shape();
  bool plain();

  StringRef text(antlr4::Token *token) const {
    if (!token || token->getType() == antlr4::Token::EOF || token->getType() == TlParser::SEP)
      return "";
    return source.text().slice(token->getStartIndex(), token->getStopIndex() + 1);
  }
  Span span(antlr4::Token *token) const {
    uint32_t begin = token->getStartIndex(), end = token->getStopIndex() + 1;
    return {source.id(), begin, std::max(end, begin)};
  }
  Diagnostic &report(Code code, std::string message, std::string label = "") {
    return diagnostics.report(code, span(at), std::move(message), std::move(label));
  }
  bool expects(StringRef spelling) const { return expected && expected->contains(ssize_t(tokenType(spelling))); }
  bool expectsType(size_t type) const { return expected && expected->contains(ssize_t(type)); }
  bool expectsExpr() const { return expectsType(TlParser::INT) && expects("("); }
  bool within(size_t rule) const {
    for (antlr4::tree::ParseTree *c = ctx; c; c = c->parent)
      if (static_cast<ParserRuleContext *>(c)->getRuleIndex() == rule)
        return true;
    return false;
  }
  bool inBlock() const { return within(TlParser::RuleBlock); }
  bool isFirst() const { return !before; }
  /// Directly behind the signature of a `def`? Its body is optional, so that no rule expects one there.
  bool lacksBody() const {
    bool top = ctx->getRuleIndex() == TlParser::RuleFile || ctx->getRuleIndex() == TlParser::RuleSnippet;
    if (!top || ctx->children.empty())
      return false;
    antlr4::tree::ParseTree *last = ctx->children.back();
    while (!last->children.empty() && !dynamic_cast<TlParser::DefineContext *>(last))
      last = last->children.back();
    auto *def = dynamic_cast<TlParser::DefineContext *>(last);
    return def && !def->block() && !def->expr();
  }
  static bool isOperandEnd(antlr4::Token *t, StringRef text) {
    if (!t)
      return false;
    size_t type = t->getType();
    return type == TlParser::IDENT || type == TlParser::INT || type == TlParser::FLOAT || type == TlParser::STRING || text == ")" ||
           text == "]" || text == "}" || text == "true" || text == "false" || text == "None";
  }
  bool isWord() const { return !word.empty() && (llvm::isAlpha(word[0]) || word[0] == '_' || (word[0] & 0x80)); }
  /// Does a word stand between the last `def` and the token?
  bool sinceDef(StringRef sought) const {
    for (size_t i = at->getTokenIndex(); i-- > 0 && text(tokens->get(i)) != "def";)
      if (text(tokens->get(i)) == sought)
        return true;
    return false;
  }
  /// Does an `=` follow on the line?
  bool assigns() const {
    for (size_t i = at->getTokenIndex();; ++i) {
      antlr4::Token *token = tokens->get(i);
      if (token->getType() == antlr4::Token::EOF || token->getType() == TlParser::SEP)
        return false;
      if (text(token) == "=")
        return true;
    }
  }
  /// Is the brace that of `{"a": 1}`, `{1, 2}` or `{}`, not of a block?
  bool opensDictionary() const {
    StringRef first = text(after),
              second = after && after->getType() != antlr4::Token::EOF ? text(tokens->get(after->getTokenIndex() + 1)) : "";
    return first == "}" || second == ":" || second == "," || second == "}";
  }
  /// The bracket that is open at the token; null where none is.
  antlr4::Token *opener() const {
    unsigned closed = 0;
    for (size_t i = at->getTokenIndex(); i-- > 0;) {
      StringRef bracket = text(tokens->get(i));
      if (bracket == ")" || bracket == "]" || bracket == "}")
        ++closed;
      else if ((bracket == "(" || bracket == "[" || bracket == "{") && closed-- == 0)
        return tokens->get(i);
    }
    return nullptr;
  }
  StringRef innermost() const { return text(opener()); }
  std::string found() const;
  std::string wanted() const;

  const SourceFile &source;
  antlr4::TokenStream *tokens;
  ParserRuleContext *ctx;
  antlr4::Token *at, *before = nullptr, *beforeThat = nullptr, *after = nullptr;
  const antlr4::misc::IntervalSet *expected;
  Diagnostics &diagnostics;
  StringRef word, last; ///< the token, and the one before it
};
} // namespace

std::string Explanation::found() const {
  if (at->getType() == antlr4::Token::EOF || (at->getType() == TlParser::SEP && source.text()[at->getStartIndex()] != ';'))
    return ctx->getRuleIndex() == TlParser::RuleHole ? "end of the hole" : "end of the line";
  if (at->getType() == TlParser::STRING)
    return "a string";
  if (at->getType() == TlParser::SEP)
    return "`;`";
  return word.size() > 40 ? "`" + word.take_front(40).str() + "...`" : "`" + word.str() + "`";
}

/// "expected an expression" and the like; empty where nothing short can be said.
std::string Explanation::wanted() const {
  if (!expected) { // the mistake came to light while looking ahead: what the brackets tell has to do
    if (!isOperandEnd(before, last))
      return "expected an expression";
    StringRef opener = innermost();
    return opener == "(" ? "expected `,` or `)`" : opener == "[" ? "expected `,` or `]`" : "";
  }
  if (within(TlParser::RuleType) && ctx->getRuleIndex() == TlParser::RuleType && expectsType(TlParser::IDENT))
    return "expected a type";
  if (expectsExpr())
    return "expected an expression";
  auto rule = ctx->getRuleIndex();
  if (rule == TlParser::RuleHole)
    return "expected `}`, or `:` and a format";
  if (lacksBody())
    return "expected a body: `= ...` or `{ ... }`";
  if (expectsType(TlParser::IDENT) && !isOperandEnd(before, last))
    return rule == TlParser::RulePattern ? "expected a name, or names in parentheses" : "expected a name";
  for (StringRef closer : {")", "]"})
    if (expects(closer))
      return expects(",") ? "expected `,` or `" + closer.str() + "`" : "expected `" + closer.str() + "`";
  if (within(TlParser::RuleForPart) && expects(":"))
    return "expected `:` and the body";
  if (expects("{"))
    return rule == TlParser::RuleDeclaration ? "expected a body: `= ...` or `{ ... }`" : "expected `{`";
  if ((rule == TlParser::RuleBinding || within(TlParser::RuleBinding)) && expects("=") && !expects("+"))
    return "expected `=` and a value";
  for (StringRef one : {"in", "=", ":", "->", "def"})
    if (expects(one) && expected->size() <= 4)
      return "expected `" + one.str() + "`";
  if (expects("}") || expectsType(TlParser::SEP))
    return "expected the end of the statement";
  return "";
}

/// Words and forms of other languages.
bool Explanation::habit() {
  if (word == "elif" || last == "elif") {
    antlr4::Token *where = word == "elif" ? at : before;
    diagnostics.report(Code::E0030, span(where), "there is no `elif`").help("write `else if c { ... }`");
    return true;
  }
  if (word == "return") {
    report(Code::E0031, "there is no `return`: the last expression of a block is its value")
        .help(inBlock() ? "drop the word; for an early way out put the rest into `else { ... }`" : "write `def f(x: f32) -> f32 = x`");
    return true;
  }
  if (word == "break" || word == "continue") {
    report(Code::E0034, "there is no `" + word.str() + "`")
        .help(word == "break" ? "put the condition into `while c { ... }`" : "put the rest of the body into `if c { ... }`");
    return true;
  }
  if (last == "." && !word.empty() && llvm::isDigit(word.front())) {
    report(Code::E0007, "unexpected `" + word.str() + "`", "expected a name").help("a tuple comes apart: `let (a, b) = t`");
    return true;
  }
  if (last == "lambda" || word == "lambda") {
    diagnostics.report(Code::E0036, span(word == "lambda" ? at : before), "a function without a name is written `x -> e`")
        .help("write `x -> x * 2`, `(x, y) -> x + y`, or `() -> 1`");
    return true;
  }
  if (word == "->" && isOperandEnd(before, last) && (within(TlParser::RuleExpr) || inBlock()) && !within(TlParser::RuleType)) {
    report(Code::E0007, "a lambda stands only where a whole expression may")
        .help("put it into parentheses, `(x -> e)`, or bind it: `let f = x -> e`");
    return true;
  }
  const bool ofDef = last == "=" && within(TlParser::RuleDeclaration) && !within(TlParser::RuleParam) && !inBlock();
  if (word == "{" && last == "=" && expectsExpr() && (ofDef || !opensDictionary())) {
    report(Code::E0007, "a block stands only as a body")
        .help(ofDef ? "leave out the `=`: `def f(x: f32) -> f32 { ... }`"
                    : "it follows a signature, `if`, `else`, `for`, `while` or `->`: `(() -> { ... })()` has its value");
    return true;
  }
  if (word == ":" && (expects("{") || lacksBody() || last == "else" || last == "try")) {
    report(Code::E0033, "a block stands in `{ }`, not behind a colon")
        .help(within(TlParser::RuleConditional) ? "write `if c { ... } else { ... }`"
              : lacksBody() || (within(TlParser::RuleDeclaration) && !inBlock())
                  ? "write `def f(x: f32) -> f32 { ... }`, or `= e` for a single expression"
                  : "write `{ ... }`");
    return true;
  }
  if (word == "for" && isOperandEnd(before, last) && within(TlParser::RuleSuffixed)) {
    report(Code::E0037, "in a comprehension the `for` comes first")
        .help("write `[for x in xs: f(x)]`, with `if` before the colon: `[for x in xs if x > 0: x]`");
    return true;
  }
  if (word == "if" && isOperandEnd(before, last)) {
    if (antlr4::Token *open = opener(); open && text(tokens->get(open->getTokenIndex() + 1)) == "for")
      report(Code::E0035, "the filter of a comprehension stands before the colon").help("write `[for x in xs if x > 0: x]`");
    else
      report(Code::E0035, "the condition comes first").help("write `if c { a } else { b }`");
    return true;
  }
  if (word == "," && beforeThat && text(beforeThat) == "for") {
    report(Code::E0007, "a `for` has one name, or names in parentheses")
        .help("`for (u, v) in xs` takes rows apart; to count, write `for i in size(xs, 0) { ... xs[i] ... }`");
    return true;
  }
  if (word == "," && beforeThat && (text(beforeThat) == "let" || text(beforeThat) == "var")) {
    report(Code::E0007, "names that take a value apart stand in parentheses")
        .help("write `" + text(beforeThat).str() + " (" + last.str() + ", " + text(after).str() + ") = ...`");
    return true;
  }
  if (word == "," && isOperandEnd(before, last) && (innermost() == "{" || innermost() == "") && inBlock() && expectsType(TlParser::SEP)) {
    const bool isPattern = assigns();
    report(Code::E0007, isPattern ? "names that take a value apart stand in parentheses" : "a tuple stands in parentheses")
        .help(isPattern ? "write `let (a, b) = (1, 2)`; for what was declared with `var`, `(a, b) = (b, a)`" : "write `(a, b)`");
    return true;
  }
  if (word == "{" && before && before->getType() == TlParser::IDENT && opensDictionary()) {
    report(Code::E0007, "unexpected `{`").help("a record is made by a call: `" + last.str() + "(x=1, y=2)`");
    return true;
  }
  if (word == "->" && ctx->getRuleIndex() == TlParser::RuleDeclaration && innermost() == "(" && isOperandEnd(before, last)) {
    report(Code::E0007, "unexpected `->`").help("the parameters of a function's type stand in parentheses: `(f32) -> f32`");
    return true;
  }
  if (word == ":" && within(TlParser::RuleTypeArgs)) {
    report(Code::E0007, "unexpected `:`", "expected a size")
        .help("the sizes of an array are its type: `f32[n, m]`; `f32[_]` takes any size");
    return true;
  }
  if (last == "print" && isOperandEnd(at, word)) {
    report(Code::E0040, "`print` is a function").help("write `print(x)`");
    return true;
  }
  for (antlr4::Token *token : {at, before}) {
    StringRef help = token && token->getType() != TlParser::STRING ? instead(text(token)) : "";
    bool opens = token == at || isFirst() || !beforeThat || beforeThat->getType() == TlParser::SEP || text(beforeThat) == "{" ||
                 text(beforeThat) == "}" || text(token) == "mut";
    if (help.empty() || !opens || (token == before && !isOperandEnd(at, word) && word != ":" && word != "{"))
      continue;
    if (token == at && (word == "const" || word == "print"))
      continue;
    diagnostics.report(Code::E0040, span(token), "there is no `" + text(token).str() + "`").help(help.str());
    return true;
  }
  // int x = 3, and def f(int x)
  bool named = at->getType() == TlParser::IDENT && before && before->getType() == TlParser::IDENT;
  bool typed =
      llvm::StringSwitch<bool>(last).Cases({"int", "float", "bool", "i32", "i64", "f32", "f64", "double", "char"}, true).Default(false);
  if (named && typed && (text(after) == "=" || within(TlParser::RuleParam) || within(TlParser::RuleField))) {
    StringRef type = last == "double" ? "f64" : last == "char" ? "u8" : last;
    diagnostics.report(Code::E0040, span(before), "the type stands behind the name")
        .help(within(TlParser::RuleParam) || within(TlParser::RuleField)
                  ? ("write `" + word + ": " + type + "`").str()
                  : ("write `let " + word + ": " + type + " = ...`, or leave the type out").str());
    return true;
  }
  return false;
}

/// Keywords in places of names.
bool Explanation::reserved() {
  bool wantsName = expectsType(TlParser::IDENT);
  if (at->getType() == TlParser::RESERVED) {
    report(Code::E0013, "`" + word.str() + "` is reserved for a later version of the language").help("take another name").topic =
        "reserved " + word.str();
    return true;
  }
  bool isKeyword =
      isWord() && at->getType() != TlParser::IDENT && at->getType() != TlParser::BAD_NUMBER && at->getType() != TlParser::STRING;
  if (isKeyword && wantsName && !expectsExpr() && word != "def" && word != "struct" && word != "import") {
    report(Code::E0013, "`" + word.str() + "` is a word of the language and cannot be a name").help("take another name");
    return true;
  }
  return false;
}

/// Things in places where they cannot stand.
bool Explanation::place() {
  if (inBlock() && (word == "def" || word == "struct" || word == "import" || word == "export")) {
    report(Code::E0017, "`" + word.str() + "` cannot stand inside of a function")
        .help(word == "def" ? "move it out, or bind a lambda: `let f = x -> { ... }`" : "move it to the top level");
    return true;
  }
  bool top = isFirst() && (ctx->getRuleIndex() == TlParser::RuleFile || ctx->getRuleIndex() == TlParser::RuleItem);
  if (top && (at->getType() == TlParser::IDENT || at->getType() == TlParser::INT || at->getType() == TlParser::FLOAT ||
              at->getType() == TlParser::STRING || word == "for" || word == "while" || word == "if" || word == "assert" || word == "(" ||
              word == "[" || word == "-" || word == "not" || word == "true" || word == "false")) {
    report(Code::E0018, "a file holds declarations and `let` constants, no statements")
        .help("put it into `def main() { ... }`, which runs when the program does");
    return true;
  }
  bool param = ctx->getRuleIndex() == TlParser::RuleParam || ctx->getRuleIndex() == TlParser::RuleField;
  if (param && before && before->getType() == TlParser::IDENT && expects(":")) {
    std::string what = ctx->getRuleIndex() == TlParser::RuleParam ? "parameter" : "field";
    diagnostics.report(Code::E0019, span(before), "the " + what + " `" + last.str() + "` has no type")
        .help("write `" + last.str() + ": f32`, or `" + last.str() + ": f32[n]` for an array");
    return true;
  }
  return false;
}

/// Numbers and statements in the wrong shape.
bool Explanation::shape() {
  bool number = at->getType() == TlParser::INT || at->getType() == TlParser::FLOAT;
  if (word == "." && after && after->getType() == TlParser::INT && after->getStartIndex() == at->getStopIndex() + 1 &&
      !isOperandEnd(before, last)) {
    report(Code::E0006, "digits stand on both sides of the point").help("write `0." + text(after).str() + "`");
    return true;
  }
  if (last == "." && beforeThat && beforeThat->getType() == TlParser::INT && beforeThat->getStopIndex() + 1 == before->getStartIndex()) {
    diagnostics.report(Code::E0006, Span::cover(span(beforeThat), span(before)), "digits stand on both sides of the point")
        .help("write `" + text(beforeThat).str() + ".0`");
    return true;
  }
  if (word == "=" && isOperandEnd(before, last) && (within(TlParser::RuleConditional) || expects("{") || (expects("==") && expects(")")))) {
    report(Code::E0007, "`=` cannot stand in an expression").help("write `==` to compare");
    return true;
  }
  bool sameLine = before && source.lineCol(before->getStartIndex()).line == source.lineCol(at->getStartIndex()).line;
  bool begins = isOperandEnd(at, word) || number || word == "let" || word == "var" || word == "for" || word == "while" ||
                word == "assert" || word == "if";
  if (sameLine && begins && word != ")" && word != "]" && word != "}" && isOperandEnd(before, last) &&
      (expectsType(TlParser::SEP) || (inBlock() && expects("}")))) {
    Diagnostic &d = report(Code::E0014, "two statements on one line", "the second begins here");
    if (before->getType() == TlParser::INT && at->getType() == TlParser::IDENT)
      d.help("a product is written with `*`: `" + last.str() + " * " + word.str() + "`");
    else if (before->getType() == TlParser::IDENT && (number || at->getType() == TlParser::IDENT || at->getType() == TlParser::STRING))
      d.help("a call needs parentheses: `" + last.str() + "(" + word.str() + ")`; a product needs `*`");
    else
      d.help("put them on two lines, or `;` between them");
    return true;
  }
  return false;
}

bool Explanation::plain() {
  Diagnostic &d = report(Code::E0007, "unexpected " + found(), wanted());
  bool needsExpr = expectsExpr() && !isOperandEnd(before, last);
  if (needsExpr && (word == "*" || word == "/" || word == "+"))
    d.help(word == "+" ? "there is no sign `+`" : "something is missing before `" + word.str() + "`");
  if (word == "{" && before->getType() == TlParser::STRING && isOperandEnd(before, last))
    d.help("a hole has no quotation marks in it; a brace that is shown is written twice: `{{`");
  if (word == "=" && (last == "@" || last == "and" || last == "or"))
    d.help("there is no `" + last.str() + "=`: write `x = x " + last.str() + " y`");
  if (word == "where" && isOperandEnd(before, last))
    d.help("a `where` follows the signature: `def f(x: f32[n]) -> f32 where n > 0 = e`");
  if (word == "," && lacksBody())
    d.help(sinceDef("where") ? "conditions of a `where` are joined by `and`" : "several results stand in parentheses: `-> (f32, f32)`");
  if (word == "//" && isFirst())
    d.help("comments begin with `#`");
  if (word == "var" && text(after) == "(")
    d.help("the variance is `variance(x)`; `var` declares what changes");
  return true;
}

void frontend::reportSyntaxError(const SourceFile &source, antlr4::Parser *parser, ParserRuleContext *ctx, antlr4::Token *at,
                                 const antlr4::misc::IntervalSet *expected, Diagnostics &diagnostics) {
  Explanation(source, parser, ctx, at, expected, diagnostics).report();
}
