// Tokens to what the parser sees: newlines become separators or vanish, brackets are made to match.
#include "frontend/Tokens.h"
#include "frontend/Frontend.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/FormatVariadic.h"

using namespace tl;
using namespace tl::frontend;
using llvm::StringRef;

bool frontend::guard(const SourceFile &source, Diagnostics &diagnostics) {
  StringRef text = source.text();
  if (text.size() > MaxSourceBytes) {
    diagnostics
        .report(Code::E0002, {source.id(), 0, 0},
                llvm::formatv("the file has {0} bytes, more than the limit of 16 MB", text.size()))
        .help("large tables belong into a data file, read by `load`");
    return false;
  }
  auto *begin = reinterpret_cast<const llvm::UTF8 *>(text.begin()), *at = begin;
  if (!llvm::isLegalUTF8String(&at, begin + text.size())) {
    uint32_t offset = at - begin;
    diagnostics
        .report(Code::E0001, {source.id(), offset, offset + 1},
                llvm::formatv("byte 0x{0:X-2} at offset {1} is not UTF-8", unsigned(*at), offset),
                "not UTF-8 from here")
        .help("save the file as UTF-8, in your editor or with `iconv -f latin1 -t utf-8`");
    return false;
  }
  return true;
}

//===- The filter ---------------------------------------------------------------------------------------===//

/// Can a statement end after this token?
static bool endsStatement(const Token &token, StringRef text) {
  switch (token.kind) {
  case TokenKind::Name:
  case TokenKind::Number:
  case TokenKind::String:
    return true;
  case TokenKind::Keyword: // the last three only so that the message about them stays on their line
    return llvm::StringSwitch<bool>(text)
        .Cases({"true", "false", "None", "return", "break", "continue"}, true)
        .Default(false);
  case TokenKind::Symbol:
    return text == ")" || text == "]" || text == "}";
  default:
    return false;
  }
}

/// Does a line that begins with this token go on with the statement above it?
static bool continuesStatement(const Token &token, const SourceFile &source) {
  StringRef text = token.text(source);
  if (token.kind == TokenKind::Keyword)
    return text == "and" || text == "or" || text == "else";
  if (token.kind != TokenKind::Symbol)
    return false;
  if (text == "-" || text == "@") { // `- b` goes on, `-b` and `@checkpoint` begin
    StringRef rest = source.text().substr(token.end);
    return rest.empty() || rest.front() == ' ' || rest.front() == '\t' || rest.front() == '\n' ||
           rest.front() == '\r';
  }
  return llvm::StringSwitch<bool>(text)
      .Cases({"+", "*", "/", "//", "%", "**", "..", "??", "|>", "."}, true)
      .Cases({"==", "!=", "<", "<=", ">", ">="}, true)
      .Cases({"=", "+=", "-=", "*=", "/=", "//=", "%=", "**=", "->"}, true)
      .Cases({"{", ")", "]", "}"}, true)
      .Default(false);
}

static char closerOf(char opener) { return opener == '(' ? ')' : opener == '[' ? ']' : '}'; }

namespace {
/// One open bracket, and what is known of the statement that is being read directly inside of it.
struct Level {
  char opener = 0; ///< 0 outside of all
  Token token;
  bool start = true;      ///< nothing of the statement but attributes was seen
  bool signature = false; ///< inside `def ...`, before its body
  enum { NoAttribute, At, AttributeName, AttributeEnd } attribute = NoAttribute;
  unsigned prefixes = 0; ///< operators whose operand is still being read

  void nextStatement() {
    start = true;
    signature = false;
    attribute = NoAttribute;
    prefixes = 0;
  }
};

class Filter {
public:
  Filter(const SourceFile &source, llvm::ArrayRef<Token> tokens, Diagnostics &diagnostics)
      : source(source), tokens(tokens), diagnostics(diagnostics) {}
  Filtered run();

private:
  StringRef text(const Token &token) const { return token.text(source); }
  Level &level() { return levels.back(); }
  const Token *nextSignificant(size_t from) const {
    while (tokens[from].isTrivia())
      ++from;
    return &tokens[from];
  }
  void emit(Token token) { result.tokens.push_back(token); }
  void emitCloser(char closer, uint32_t at) {
    emit({TokenKind::Symbol, true, tokenType(StringRef(&closer, 1)), at, at});
  }
  bool abandoned(const Token &before, const Token &after) const;
  void newline(size_t index);
  void track(const Token &token);
  void open(const Token &token);
  bool close(const Token &token);
  void unclosed(const Level &level, uint32_t at, const Token *instead);
  bool tooDeep(const Token &token);
  bool startsDeclaration(const Token &token) const;
  void suspectLine(Span span);

  const SourceFile &source;
  llvm::ArrayRef<Token> tokens;
  Diagnostics &diagnostics;
  llvm::SmallVector<Level> levels{Level()};
  Filtered result;
};
} // namespace

/// Was the statement left in its middle? The next line begins with a word that only begins statements.
bool Filter::abandoned(const Token &before, const Token &after) const {
  if (after.kind != TokenKind::Keyword || before.kind == TokenKind::Separator || text(before) == "{" ||
      text(before) == "export")
    return false;
  return llvm::StringSwitch<bool>(text(after))
      .Cases({"let", "var", "for", "while", "assert", "def", "struct", "import", "export"}, true)
      .Default(false);
}

/// A newline ends the statement, or is dropped.
void Filter::newline(size_t index) {
  Level &now = level();
  if (now.opener == '(' || now.opener == '[' || result.tokens.empty())
    return;
  if (now.attribute >= Level::AttributeName) { // an attribute belongs to the line below it
    now.attribute = Level::NoAttribute;
    return;
  }
  const Token &before = result.tokens.back(), &after = *nextSignificant(index);
  if (!endsStatement(before, before.end > before.begin ? text(before) : ")") && !abandoned(before, after))
    return;
  if (after.kind == TokenKind::End || continuesStatement(after, source) ||
      (now.signature && text(after) == "where"))
    return;
  emit({TokenKind::Separator, false, tokenType("SEP"), tokens[index].begin, tokens[index].end});
  now.nextStatement();
}

/// Follows where in its statement a token stands.
void Filter::track(const Token &token) {
  Level &now = level();
  StringRef word = text(token);
  if (now.start && word == "@")
    now.attribute = Level::At;
  else if (now.attribute == Level::At)
    now.attribute = Level::AttributeName;
  else if (now.attribute == Level::AttributeName && word == "(")
    now.attribute = Level::AttributeEnd; // counts once the bracket is closed again
  else {
    now.attribute = Level::NoAttribute;
    if (now.start && (word == "def" || word == "export"))
      now.signature = true;
    now.start = false;
    if (word == "=" || word == "{")
      now.signature = false;
  }
  if (token.kind == TokenKind::Separator)
    now.nextStatement();
  else if (word == ",")
    now.prefixes = 0;
  else if (word == "not" || word == "**" || word == "->" || word == "else")
    ++now.prefixes;
  else if (word == "-") {
    const Token *before = result.tokens.empty() ? nullptr : &result.tokens.back();
    if (!before || !endsStatement(*before, text(*before)))
      ++now.prefixes;
  }
}

bool Filter::tooDeep(const Token &token) {
  unsigned depth = levels.size() - 1;
  if (depth + level().prefixes <= MaxNesting / 2) // the common case without the sum
    return false;
  for (const Level &l : levels)
    depth += l.prefixes;
  if (depth <= MaxNesting)
    return false;
  diagnostics
      .report(Code::E0003, token.span(source), llvm::formatv("nested more than {0} deep", MaxNesting),
              "too deep from here")
      .help("name the inner parts with `let`, or move them into functions");
  return true;
}

void Filter::open(const Token &token) {
  Level inner;
  inner.opener = text(token)[0];
  inner.token = token;
  levels.push_back(inner);
}

/// A syntax error on the line of something that is wrong already is probably its echo.
void Filter::suspectLine(Span span) {
  StringRef all = source.text();
  size_t begin = all.rfind('\n', span.begin), end = all.find('\n', span.end);
  result.suspects.push_back({span.file, uint32_t(begin == StringRef::npos ? 0 : begin + 1),
                             uint32_t(end == StringRef::npos ? all.size() + 1 : end + 1)});
}

/// Reports that a bracket was still open where `instead` came (or the text ended), unless a string without
/// end has swallowed the closing one.
void Filter::unclosed(const Level &level, uint32_t at, const Token *instead) {
  Span opener = level.token.span(source);
  bool echo =
      llvm::any_of(result.suspects, [&](Span s) { return s.begin <= opener.begin && opener.end <= s.end; });
  result.suspects.push_back({source.id(), opener.begin, at + 1});
  if (echo)
    return;
  std::string closer(1, closerOf(level.opener));
  Diagnostic &d =
      diagnostics.report(Code::E0008, opener, llvm::formatv("`{0}` is never closed", level.opener));
  if (instead)
    d.label(instead->span(source), llvm::formatv("expected `{0}` before this", closer));
}

/// Pops the level that a closing bracket closes. False where it closes none, and is to be dropped.
bool Filter::close(const Token &token) {
  char closer = text(token)[0];
  size_t partner = levels.size();
  while (partner > 1 && closerOf(levels[partner - 1].opener) != closer)
    --partner;
  if (partner <= 1) {
    Diagnostic &d =
        diagnostics.report(Code::E0009, token.span(source), llvm::formatv("`{0}` closes nothing", closer));
    if (level().opener)
      d.label(level().token.span(source), "still open here");
    suspectLine(token.span(source));
    return false;
  }
  if (partner < levels.size())
    unclosed(level(), token.begin, &token);
  while (levels.size() > partner) {
    emitCloser(closerOf(level().opener), token.begin);
    levels.pop_back();
  }
  levels.pop_back();
  return true;
}

/// `def` and its like at the left margin begin a declaration, whatever brackets are open.
bool Filter::startsDeclaration(const Token &token) const {
  if (token.kind != TokenKind::Keyword)
    return false;
  StringRef word = text(token);
  if (word != "def" && word != "struct" && word != "import" && word != "export")
    return false;
  return token.begin == 0 || source.text()[token.begin - 1] == '\n';
}

Filtered Filter::run() {
  for (const Token &token : tokens)
    if (token.reported)
      suspectLine(token.span(source));
  for (size_t i = 0; i < tokens.size(); ++i) {
    const Token &token = tokens[i];
    if (token.kind == TokenKind::Newline)
      newline(i);
    if (token.isTrivia())
      continue;
    if (token.kind == TokenKind::End || (levels.size() > 1 && startsDeclaration(token))) {
      bool end = token.kind == TokenKind::End;
      result.open |= end && levels.size() > 1;
      if (levels.size() > 1)
        unclosed(level(), token.begin, end ? nullptr : &token);
      for (; levels.size() > 1; levels.pop_back())
        emitCloser(closerOf(level().opener), token.begin);
      if (end) {
        result.open |= !result.tokens.empty() && result.tokens.back().kind != TokenKind::Separator &&
                       (level().attribute != Level::NoAttribute ||
                        (result.tokens.back().begin < result.tokens.back().end &&
                         !endsStatement(result.tokens.back(), text(result.tokens.back()))));
      } else {
        emit({TokenKind::Separator, false, tokenType("SEP"), token.begin, token.begin});
        level().nextStatement();
      }
    }
    if (token.kind == TokenKind::End) {
      emit(token);
      break;
    }
    StringRef word = text(token);
    bool isSymbol = token.kind == TokenKind::Symbol && word.size() == 1;
    if (isSymbol && StringRef(")]}").contains(word[0])) {
      if (close(token))
        emit(token);
      continue;
    }
    track(token);
    if (isSymbol && StringRef("([{").contains(word[0]))
      open(token);
    if (tooDeep(token)) {
      result.unusable = true;
      return std::move(result);
    }
    emit(token);
  }
  return std::move(result);
}

Filtered frontend::filter(const SourceFile &source, llvm::ArrayRef<Token> tokens, Diagnostics &diagnostics) {
  return Filter(source, tokens, diagnostics).run();
}

//===- Documentation ------------------------------------------------------------------------------------===//

std::string frontend::docAbove(const SourceFile &source, llvm::ArrayRef<Token> tokens, uint32_t offset) {
  size_t at =
      llvm::partition_point(tokens, [&](const Token &t) { return t.begin < offset; }) - tokens.begin();
  llvm::SmallVector<StringRef> lines;
  auto oneLineEnd = [&](const Token &t) {
    return t.kind == TokenKind::Newline && t.text(source).count('\n') + t.text(source).count('\r') <=
                                               (t.text(source).contains("\r\n") ? 2u : 1u);
  };
  // Upwards: a line end, then a doc comment that has its line to itself.
  while (at >= 2 && oneLineEnd(tokens[at - 1]) && tokens[at - 2].kind == TokenKind::Doc &&
         (at == 2 || tokens[at - 3].kind == TokenKind::Newline)) {
    StringRef line = tokens[at - 2].text(source).drop_front(2);
    line.consume_front(" ");
    lines.push_back(line.rtrim());
    at -= 2;
  }
  std::string doc;
  for (StringRef line : llvm::reverse(lines))
    doc += (doc.empty() ? "" : "\n") + line.str();
  return doc;
}

//===- Public -------------------------------------------------------------------------------------------===//

static StringRef kindName(TokenKind kind) {
  switch (kind) {
  case TokenKind::Name:
    return "name";
  case TokenKind::Keyword:
    return "keyword";
  case TokenKind::Number:
    return "number";
  case TokenKind::String:
    return "string";
  case TokenKind::Symbol:
    return "symbol";
  case TokenKind::Separator:
    return "separator";
  case TokenKind::Newline:
    return "newline";
  case TokenKind::Comment:
    return "comment";
  case TokenKind::Doc:
    return "doc";
  case TokenKind::End:
    return "end";
  }
  return "";
}

std::string frontend::tokens(const SourceFile &source, Diagnostics &diagnostics) {
  if (!guard(source, diagnostics))
    return "";
  std::string text;
  LineCol at{1, 1};
  uint32_t last = 0;
  for (const Token &token : lex(source, diagnostics)) {
    StringRef between = source.text().slice(last, token.begin);
    if (between.find_first_of("\r\n") ==
        StringRef::npos) // counting on, so that long lines do not cost their square
      at.col += llvm::count_if(between, [](char c) { return (c & 0xC0) != 0x80; });
    else
      at = source.lineCol(token.begin);
    last = token.begin;
    bool isBlank = token.kind == TokenKind::Newline && token.text(source).count('\n') > 1;
    std::string place = std::to_string(at.line) + ":" + std::to_string(at.col);
    text += llvm::formatv("{0,-7} {1,-9}", place, isBlank ? "blank" : kindName(token.kind)).str();
    if (token.kind != TokenKind::Newline && token.kind != TokenKind::End)
      text += " " + token.text(source).str();
    text.erase(StringRef(text).rtrim(' ').size());
    text += "\n";
  }
  return text;
}

bool frontend::isComplete(StringRef text) {
  SourceFile source(1, "", text.str());
  Diagnostics unused;
  if (!guard(source, unused))
    return true; // further lines cannot mend it
  std::vector<Token> tokens = lex(source, unused);
  // A string cannot go on on the next line either: better to say at once that its end is missing.
  if (llvm::any_of(tokens, [](const Token &t) { return t.reported; }))
    return true;
  return !filter(source, tokens, unused).open;
}
