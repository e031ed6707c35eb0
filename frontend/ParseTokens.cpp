// Runs the lexer of grammar/Tl.g4 and turns its tokens into ours. Malformed ones are reported here and
// replaced by what was probably meant, so that the parser does not stumble over the same mistake again.
#include "frontend/Tokens.h"
#include "grammar/TlLexer.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/FormatVariadic.h"

using namespace tl;
using namespace tl::frontend;
using grammar::TlLexer;
using llvm::StringRef;

/// Spelling (without the grammar's quotation marks) to number.
static const llvm::StringMap<uint16_t> &spellings() {
  static const llvm::StringMap<uint16_t> map = [] {
    llvm::StringMap<uint16_t> map;
    antlr4::ANTLRInputStream none;
    TlLexer lexer(&none);
    const antlr4::dfa::Vocabulary &words = lexer.getVocabulary();
    for (size_t type = 1; type <= words.getMaxTokenType(); ++type) {
      std::string literal = words.getLiteralName(type);
      if (literal.size() > 2)
        map[StringRef(literal).drop_front().drop_back()] = type;
    }
    map["SEP"] = TlLexer::SEP;
    return map;
  }();
  return map;
}

uint16_t frontend::tokenType(StringRef spelling) { return spellings().lookup(spelling); }

//===- What is wrong with a token -----------------------------------------------------------------------===//

namespace {
/// A token of another language: what to write here, and the token to go on with ("" drops it).
struct Foreign {
  const char *spelling, *help, *instead;
};
} // namespace

static const Foreign foreign[] = {
    {"&&", "write `and`", "and"},
    {"||", "write `or`", "or"},
    {"!", "write `not`, or `!=` for \"differs from\"", "not"},
    {"&", "write `and` for conditions, `bitwise_and(a, b)` for bits", "*"},
    {"|", "write `or` for conditions, `bitwise_or(a, b)` for bits, `x |> f` to pass a value on", "*"},
    {"^", "write `a ** b` for powers, `bitwise_xor(a, b)` for bits", "*"},
    {"~", "write `not` for conditions, `-1 - a` for bits", "not"},
    {"<<", "write `left_shift(a, b)`", "*"},
    {">>", "write `right_shift(a, b)`", "*"},
    {"++", "write `x += 1`", ""},
    {":=", "write `let x = ...` for a new name, `x = ...` to change a `var`", "="},
    {"=>", "write `x -> e` for a function", "->"},
    {"===", "write `==`", "=="},
    {"?", "write `if c { a } else { b }`, or `x[i] ?? d` for a value outside of an array", ""},
    {"/*", "a comment begins with `#` and ends with its line", ""},
    {"*/", "a comment begins with `#` and ends with its line", ""},
};

/// Characters that word processors and web pages put in place of others.
static StringRef plainSpelling(StringRef character) {
  return llvm::StringSwitch<StringRef>(character)
      .Cases({"“", "”", "„", "«", "»"}, "\"")
      .Cases({"‘", "’", "`", "´"}, "\"")
      .Cases({"–", "—", "−", "‐"}, "-")
      .Cases({"×", "·", "⋅", "∗"}, "*")
      .Case("÷", "/")
      .Case("≤", "<=")
      .Case("≥", ">=")
      .Case("≠", "!=")
      .Case("→", "->")
      .Case("…", "...")
      .Case("∧", "and")
      .Case("∨", "or")
      .Case("¬", "not")
      .Case("∞", "inf")
      .Case("，", ",")
      .Case("（", "(")
      .Case("）", ")")
      .Default("");
}

static uint32_t codePoint(StringRef character) {
  llvm::SmallVector<llvm::UTF32, 1> out(1);
  auto *from = reinterpret_cast<const llvm::UTF8 *>(character.begin());
  auto *to = out.data();
  llvm::ConvertUTF8toUTF32(&from, from + character.size(), &to, to + 1, llvm::lenientConversion);
  return out[0];
}

namespace {
class Lexing {
public:
  Lexing(const SourceFile &source, Diagnostics &diagnostics) : source(source), diagnostics(diagnostics) {}
  std::vector<Token> run();

private:
  void add(size_t type, uint32_t begin, uint32_t end);
  void addBad(size_t type, uint32_t begin, uint32_t end);
  void push(TokenKind kind, size_t type, uint32_t begin, uint32_t end, bool reported = false) {
    result.push_back({kind, reported, uint16_t(type), begin, end});
  }
  /// The token that `spelling` is, at this place.
  void pushInstead(StringRef spelling, uint32_t begin, uint32_t end);
  Diagnostic &report(Code code, uint32_t begin, uint32_t end, std::string message) {
    return diagnostics.report(code, {source.id(), begin, end}, std::move(message));
  }
  StringRef text(uint32_t begin, uint32_t end) const { return source.text().slice(begin, end); }
  bool tripleQuoted(uint32_t end);
  uint32_t quotedInHole(uint32_t begin, uint32_t end) const;
  uint32_t closedBelow(uint32_t end) const;

  const SourceFile &source;
  Diagnostics &diagnostics;
  std::vector<Token> result;
  uint32_t skipTo = 0; ///< tokens before this offset are inside of something reported
};
} // namespace

static bool isWord(StringRef text) { return !text.empty() && llvm::isAlpha(text.front()); }

void Lexing::pushInstead(StringRef spelling, uint32_t begin, uint32_t end) {
  if (!spelling.empty())
    push(isWord(spelling) ? TokenKind::Keyword : TokenKind::Symbol, tokenType(spelling), begin, end, true);
  else if (!result.empty())
    result.back().reported = true; // so that its line is not trusted
}

/// Three quotation marks, as Python has: an empty string and right behind it a further mark. Skips to the
/// closing three.
bool Lexing::tripleQuoted(uint32_t end) {
  if (!text(end, end + 1).starts_with("\""))
    return false;
  size_t close = source.text().find("\"\"\"", end + 1);
  skipTo = close == StringRef::npos ? source.text().size() : close + 3;
  return true;
}

/// Where the string that was meant ends, if this one ends at a quotation mark within a hole; else 0.
uint32_t Lexing::quotedInHole(uint32_t begin, uint32_t end) const {
  StringRef string = text(begin, end), rest = source.text().substr(end);
  const size_t open = string.rfind('{');
  if (open == StringRef::npos || string[open - 1] == '{' || string.find('}', open) != StringRef::npos || rest.empty())
    return 0;
  if (!llvm::isAlnum(rest.front()) && rest.front() != '_') // what follows no string
    return 0;
  const size_t last = rest.take_until([](char c) { return c == '\n'; }).rfind('"');
  return last == StringRef::npos ? 0 : end + last;
}

/// Where a string that is open at the end of its line ends, if the one mark that has no partner on the next line is no beginning.
uint32_t Lexing::closedBelow(uint32_t end) const {
  StringRef below = source.text().substr(end);
  size_t skipped = below.size() - below.ltrim("\r\n").size();
  StringRef line = below.drop_front(skipped).take_until([](char c) { return c == '\n'; });
  size_t mark = line.find('"');
  if (line.count('"') % 2 == 0 || (mark > 0 && StringRef(" \t([{,=:+").contains(line[mark - 1])))
    return 0;
  return end + skipped + mark + 1;
}

void Lexing::addBad(size_t type, uint32_t begin, uint32_t end) {
  StringRef word = text(begin, end);
  switch (type) {
  case TlLexer::OPEN_STRING:
    diagnostics.report(Code::E0005, {source.id(), begin, begin + 1}, "the string that begins here has no end on its line")
        .help("close it with `\"`; a line end inside of a string is written `\\n`");
    if (uint32_t close = closedBelow(end))
      end = skipTo = close;
    push(TokenKind::String, TlLexer::STRING, begin, end, true);
    return;
  case TlLexer::QUOTED: {
    StringRef inner = word.drop_front();
    bool closed = inner.consume_back("'");
    report(Code::E0032, begin, end, "strings stand in double quotation marks")
        .help(closed && inner.size() < 40 && !inner.contains('"') ? "write `\"" + inner.str() + "\"`" : "write `\"...\"`");
    push(TokenKind::String, TlLexer::STRING, begin, end, true);
    return;
  }
  case TlLexer::BAD_NUMBER: {
    Diagnostic &d = report(Code::E0006, begin, end, "this is neither a number nor a name");
    if (word.starts_with("0b") || word.starts_with("0o"))
      d.help("numbers are decimal, or hexadecimal as in `0xFF`");
    else if (word.ends_with("f") || word.ends_with("f32") || word.ends_with("f64") || word.ends_with("L"))
      d.help("literals have no suffix: their type follows from their use, or write `f32(1.5)`");
    else if (word.ends_with_insensitive("e"))
      d.help("digits must follow the `e`, as in `1e-3`");
    else
      d.help("a name begins with a letter; a product is written with `*`");
    push(TokenKind::Number, TlLexer::INT, begin, end, true);
    return;
  }
  case TlLexer::FOREIGN:
    for (const Foreign &f : foreign)
      if (word == f.spelling) {
        bool isComment = word == "/*" || word == "*/";
        std::string help = f.help;
        if (word == "++" && !result.empty() && result.back().type == TlLexer::IDENT)
          help = "write `" + text(result.back().begin, result.back().end).str() + " += 1`";
        report(Code::E0039, begin, end, "there is no `" + word.str() + "`").help(help);
        pushInstead(f.instead, begin, end);
        if (isComment) // what it was meant to hide
          skipTo = std::max<size_t>(std::min(source.text().find("*/", end), source.text().size() - 2) + 2, end);
      }
    return;
  default: { // UNKNOWN
    bool continues = !result.empty() && result.back().reported && result.back().end == begin;
    uint32_t value = codePoint(word);
    StringRef plain = plainSpelling(word);
    if (!continues) {
      bool visible = value >= 0x21 && value != 0x7F && !(value >= 0x80 && value < 0xA0);
      std::string shown = visible ? llvm::formatv("`{0}` (U+{1:X-4})", word, value).str() : llvm::formatv("U+{0:X-4}", value).str();
      if (visible && value < 0x80)
        shown = "`" + word.str() + "`";
      Diagnostic &d = report(Code::E0004, begin, end, "the character " + shown + " means nothing here");
      if (!plain.empty())
        d.help("write `" + plain.str() + "`");
    }
    // Kept as a symbol that nothing takes only where nothing better is known: the parser does not see it.
    if (!plain.empty() && plain != "\"" && tokenType(plain))
      return pushInstead(plain, begin, end);
    if (continues)
      result.back().end = end;
    else
      push(TokenKind::Comment, TlLexer::COMMENT, begin, end, true);
    return;
  }
  }
}

void Lexing::add(size_t type, uint32_t begin, uint32_t end) {
  if (begin < skipTo)
    return;
  switch (type) {
  case TlLexer::DOC:
    return push(TokenKind::Doc, type, begin, end);
  case TlLexer::COMMENT:
    return push(TokenKind::Comment, type, begin, end);
  case TlLexer::NL:
    if (!result.empty() && result.back().kind == TokenKind::Newline)
      result.back().end = end; // only blanks between: one token, blank lines inside
    else
      push(TokenKind::Newline, type, begin, end);
    return;
  case TlLexer::SEP:
    return push(TokenKind::Separator, type, begin, end);
  case TlLexer::FLOAT:
  case TlLexer::INT:
    return push(TokenKind::Number, type, begin, end);
  case TlLexer::IDENT:
    return push(TokenKind::Name, type, begin, end);
  case TlLexer::RESERVED:
    return push(TokenKind::Keyword, type, begin, end);
  case TlLexer::STRING: {
    static const llvm::StringSet<> prefixes{"f", "r", "b", "u", "F", "R", "B", "fr", "rf", "br", "rb"};
    bool prefixed = !result.empty() && result.back().kind == TokenKind::Name && result.back().end == begin &&
                    prefixes.contains(text(result.back().begin, begin));
    bool triple = text(begin, end) == "\"\"" && tripleQuoted(end);
    if (prefixed || triple) {
      uint32_t from = prefixed ? result.back().begin : begin;
      Diagnostic &d = report(Code::E0038, from, triple ? end + 1 : end,
                             triple ? "there are no strings in three quotation marks" : "strings have no prefix");
      d.help(triple
                 ? "documentation stands in `##` lines above what it describes; a line end in a string is `\\n`"
                 : "every string takes holes: write `" + (end - begin < 60 ? text(begin, end).str() : std::string("\"...{x}...\"")) + "`");
      if (prefixed)
        result.pop_back();
    }
    if (uint32_t quote = quotedInHole(begin, end)) {
      report(Code::E0010, end - 1, end, "a hole holds no quotation marks").help("name the value first: `let s = ...`, then write `{s}`");
      skipTo = quote + 1;
      return push(TokenKind::String, type, begin, quote + 1, true);
    }
    return push(TokenKind::String, type, begin, end, prefixed || triple);
  }
  case TlLexer::OPEN_STRING:
  case TlLexer::QUOTED:
  case TlLexer::BAD_NUMBER:
  case TlLexer::FOREIGN:
  case TlLexer::UNKNOWN:
    return addBad(type, begin, end);
  default: {
    StringRef word = text(begin, end);
    return push(isWord(word) ? TokenKind::Keyword : TokenKind::Symbol, type, begin, end);
  }
  }
}

std::vector<Token> Lexing::run() {
  StringRef all = source.text();
  antlr4::ANTLRInputStream input(all.str());
  TlLexer lexer(&input);
  lexer.removeErrorListeners(); // the grammar takes every character

  // ANTLR counts code points, we count bytes.
  std::vector<uint32_t> byteOf;
  bool ascii = llvm::all_of(all, [](char c) { return (c & 0x80) == 0; });
  uint32_t base = all.starts_with("\xEF\xBB\xBF") ? 3 : 0; // ANTLR drops a byte order mark
  if (!ascii) {
    for (uint32_t i = base; i < all.size(); ++i)
      if ((all[i] & 0xC0) != 0x80)
        byteOf.push_back(i);
    byteOf.push_back(all.size());
  }
  auto offset = [&](size_t index) -> uint32_t { return ascii ? index : byteOf[std::min(index, byteOf.size() - 1)]; };

  for (;;) {
    std::unique_ptr<antlr4::Token> token = lexer.nextToken();
    if (token->getType() == antlr4::Token::EOF)
      break;
    add(token->getType(), offset(token->getStartIndex()), offset(token->getStopIndex() + 1));
  }
  push(TokenKind::End, uint16_t(antlr4::Token::EOF), all.size(), all.size());
  return std::move(result);
}

std::vector<Token> frontend::lex(const SourceFile &source, Diagnostics &diagnostics) { return Lexing(source, diagnostics).run(); }
