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
    diagnostics.report(Code::E0002, {source.id(), 0, 0}, llvm::formatv("the file has {0} bytes, more than the limit of 16 MB", text.size()))
        .help("large tables belong into a data file, read by `load`");
    return false;
  }
  auto *begin = reinterpret_cast<const llvm::UTF8 *>(text.begin()), *at = begin;
  if (!llvm::isLegalUTF8String(&at, begin + text.size())) {
    uint32_t offset = at - begin;
    diagnostics
        .report(Code::E0001, {source.id(), offset, offset + 1},
                llvm::formatv("byte 0x{0:X-2} at offset {1} is not UTF-8", unsigned(*at), offset), "not UTF-8 from here")
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
    return llvm::StringSwitch<bool>(text).Cases({"true", "false", "None", "return", "break", "continue"}, true).Default(false);
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
    return rest.empty() || rest.front() == ' ' || rest.front() == '\t' || rest.front() == '\n' || rest.front() == '\r';
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
  bool start = true;       ///< nothing of the statement but attributes was seen
  bool signature = false;  ///< inside `def ...`, before its body
  bool wantsBlock = false; ///< behind a word that a `{` must follow
  bool inserted = false;   ///< its `{` was missing
  enum { NoAttribute, At, AttributeName, AttributeEnd } attribute = NoAttribute;
  unsigned prefixes = 0;         ///< operators whose operand is still being read
  unsigned line = 0, indent = 0; ///< where the line of the bracket begins
  unsigned statementIndent = 0;

  void nextStatement() {
    start = true;
    signature = false;
    wantsBlock = false;
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
  void emitCloser(char closer, uint32_t at) { emit({TokenKind::Symbol, true, tokenType(StringRef(&closer, 1)), at, at}); }
  bool abandoned(const Token &before, const Token &after) const;
  void newline(size_t index);
  void track(const Token &token);
  void open(const Token &token);
  void close(size_t index);
  void unclosed(const Level &level, uint32_t at, const Token *instead);
  unsigned mismatches(llvm::ArrayRef<Level> open, size_t from);
  bool isFirstMistake(uint32_t at);
  void endDeclaration(uint32_t at);
  bool tooDeep(const Token &token);
  bool startsDeclaration(const Token &token) const;
  void suspectLine(Span span);

  const SourceFile &source;
  llvm::ArrayRef<Token> tokens;
  Diagnostics &diagnostics;
  llvm::SmallVector<Level> levels{Level()};
  unsigned line = 0, indent = 0; ///< of the token being read; how far its line is indented, in bytes
  bool firstOfLine = true;
  /// Brackets that did not match in this declaration: the first is reported, and after a second what follows
  /// is its echo.
  unsigned mistakes = 0;
  uint32_t firstMistake = 0;
  unsigned steps = 1 << 20; ///< left for looking ahead
  Filtered result;
};
} // namespace

/// Was the statement left in its middle? The next line begins with a word that only begins statements.
bool Filter::abandoned(const Token &before, const Token &after) const {
  if (after.kind != TokenKind::Keyword || before.kind == TokenKind::Separator || text(before) == "{" || text(before) == "export")
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
  StringRef all = source.text();
  size_t lineBegin = all.find_last_of("\r\n", after.begin) + 1; // of the next line, 0 for npos
  unsigned nextIndent = after.begin - lineBegin;
  while (level().inserted && nextIndent <= level().indent && text(after) != "}") {
    emitCloser('}', tokens[index].begin);
    levels.pop_back();
  }
  if (!endsStatement(before, before.end > before.begin ? text(before) : ")") && !abandoned(before, after))
    return;
  if (after.kind == TokenKind::End || continuesStatement(after, source) || (now.signature && text(after) == "where"))
    return;
  if (level().wantsBlock && after.kind != TokenKind::End && nextIndent > level().statementIndent) { // its body, without the `{`
    if (text(before) == ":")                                                                        // the parser says what stands there
      return;
    uint32_t at = tokens[index].begin;
    if (isFirstMistake(at))
      diagnostics.report(Code::E0007, {source.id(), at, at + 1}, "unexpected end of the line", "expected `{`");
    suspectLine({source.id(), before.begin, at});
    Token brace{TokenKind::Symbol, true, tokenType("{"), at, at};
    Level body;
    body.opener = '{';
    body.token = brace;
    body.inserted = true;
    body.indent = level().statementIndent;
    level().wantsBlock = false;
    levels.push_back(body);
    emit(brace);
    return;
  }
  emit({TokenKind::Separator, false, tokenType("SEP"), tokens[index].begin, tokens[index].end});
  level().nextStatement();
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
    if (now.start) {
      now.signature = word == "def" || word == "export";
      now.wantsBlock = now.signature || word == "struct" || word == "for" || word == "while" || word == "if";
      now.statementIndent = indent;
    }
    now.start = false;
    if (word == "=" || word == "{")
      now.signature = now.wantsBlock = false;
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
  diagnostics.report(Code::E0003, token.span(source), llvm::formatv("nested more than {0} deep", MaxNesting), "too deep from here")
      .help("name the inner parts with `let`, or move them into functions");
  return true;
}

void Filter::open(const Token &token) {
  Level inner;
  inner.opener = text(token)[0];
  inner.token = token;
  inner.line = line;
  inner.indent = indent;
  levels.push_back(inner);
}

/// A syntax error on the line of something that is wrong already is probably its echo.
void Filter::suspectLine(Span span) {
  StringRef all = source.text();
  size_t begin = all.rfind('\n', span.begin), end = all.find('\n', span.end);
  result.suspects.push_back(
      {span.file, uint32_t(begin == StringRef::npos ? 0 : begin + 1), uint32_t(end == StringRef::npos ? all.size() + 1 : end + 1)});
}

/// Reports that a bracket was still open where `instead` came (or the text ended), unless a string without
/// end has swallowed the closing one.
void Filter::unclosed(const Level &level, uint32_t at, const Token *instead) {
  Span opener = level.token.span(source);
  bool echo = llvm::any_of(result.suspects, [&](Span s) { return s.begin <= opener.begin && opener.end <= s.end; });
  result.suspects.push_back({source.id(), opener.begin, at + 1});
  if (!isFirstMistake(opener.begin) || echo)
    return;
  std::string closer(1, closerOf(level.opener));
  Diagnostic &d = diagnostics.report(Code::E0008, opener, llvm::formatv("`{0}` is never closed", level.opener));
  if (instead)
    d.label(instead->span(source), llvm::formatv("expected `{0}` before this", closer));
  else if (const Token &last = result.tokens.back(); last.begin > opener.begin)
    d.label(last.span(source), llvm::formatv("expected `{0}` behind this", closer));
}

/// Counts a mistake in brackets at `at`; is it the first of its declaration?
bool Filter::isFirstMistake(uint32_t at) {
  if (!mistakes)
    firstMistake = at;
  return ++mistakes == 1;
}

void Filter::endDeclaration(uint32_t at) {
  if (mistakes > 1)
    result.suspects.push_back({source.id(), firstMistake, at});
  mistakes = 0;
}

/// How many brackets would not match from token number `from` to the end of the declaration, inside of
/// `open`.
unsigned Filter::mismatches(llvm::ArrayRef<Level> open, size_t from) {
  llvm::SmallVector<char> openers;
  for (const Level &level : open)
    if (level.opener)
      openers.push_back(level.opener);
  unsigned count = 0;
  for (size_t i = from; i < tokens.size() && steps && !startsDeclaration(tokens[i]); ++i, --steps) {
    if (tokens[i].kind != TokenKind::Symbol || tokens[i].end - tokens[i].begin != 1)
      continue;
    char bracket = text(tokens[i])[0];
    if (StringRef("([{").contains(bracket))
      openers.push_back(bracket);
    if (!StringRef(")]}").contains(bracket))
      continue;
    size_t partner = openers.size();
    while (partner > 0 && closerOf(openers[partner - 1]) != bracket)
      --partner;
    count += partner ? openers.size() - partner : 1;
    if (partner)
      openers.truncate(partner - 1);
  }
  return count + openers.size();
}

/// What a closing bracket closes. Where it does not fit what is open, or its indentation says otherwise, the
/// reading is taken that leaves the fewest mistakes in the rest of the declaration: that brackets inside were
/// never closed, that it is of the wrong kind, or that it closes nothing.
void Filter::close(size_t index) {
  const Token &token = tokens[index];
  char closer = text(token)[0];
  Level &top = level();
  bool fits = top.opener && closerOf(top.opener) == closer;
  bool odd = closer == '}' && (firstOfLine ? top.indent != indent : top.line != line);
  enum { Drop, Replace, Unclosed } reading = Drop;
  size_t partner = levels.size(); // what is closed is above it
  if (fits && (!odd || mismatches(llvm::ArrayRef(levels).drop_back(), index + 1) == 0)) {
    --partner;
    reading = Unclosed;
  } else {
    unsigned least = 1 + mismatches(levels, index + 1);
    auto consider = [&](auto what, size_t at, unsigned skipped) {
      unsigned cost = skipped + mismatches(llvm::ArrayRef(levels).take_front(at), index + 1);
      if (cost > least || (cost == least && what == Unclosed && fits && skipped == 0))
        return;
      least = cost;
      reading = what;
      partner = at;
    };
    if (top.opener && !fits)
      consider(Replace, levels.size() - 1, 1);
    bool nearest = true;
    for (size_t at = levels.size() - 1; at > 0; --at) {
      if (closerOf(levels[at].opener) != closer)
        continue;
      if (nearest || (odd && firstOfLine && levels[at].indent == indent))
        consider(Unclosed, at, levels.size() - 1 - at);
      nearest = false;
      if (levels[at].indent <= indent)
        break;
    }
  }
  if (reading == Drop || reading == Replace) {
    if (isFirstMistake(token.begin)) {
      char opener = top.opener;
      Diagnostic &d = diagnostics.report(Code::E0009, token.span(source),
                                         reading == Drop ? llvm::formatv("`{0}` closes nothing", closer).str()
                                                         : llvm::formatv("`{0}` does not close `{1}`", closer, opener).str());
      if (opener && !fits)
        d.label(top.token.span(source), reading == Drop ? "still open here" : "opened here");
      if (reading == Replace)
        d.help(llvm::formatv("write `{0}`", closerOf(opener)));
    }
    suspectLine(token.span(source));
    if (reading == Replace) {
      char right = closerOf(top.opener);
      emit({TokenKind::Symbol, true, tokenType(StringRef(&right, 1)), token.begin, token.end});
      levels.pop_back();
    }
    return;
  }
  if (partner + 1 < levels.size())
    unclosed(level(), token.begin, &token);
  for (; levels.size() > partner + 1; levels.pop_back())
    emitCloser(closerOf(level().opener), token.begin);
  levels.pop_back();
  emit(token);
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
    if (token.kind == TokenKind::Newline) {
      newline(i);
      ++line;
      indent = tokens[i + 1].begin - token.end;
      firstOfLine = true;
    }
    if (token.isTrivia())
      continue;
    if (i == 0)
      indent = token.begin;
    if (token.kind == TokenKind::End || (levels.size() > 1 && startsDeclaration(token))) {
      bool end = token.kind == TokenKind::End;
      result.open |= end && levels.size() > 1;
      if (levels.size() > 1)
        unclosed(level(), token.begin, end ? nullptr : &token);
      for (; levels.size() > 1; levels.pop_back())
        emitCloser(closerOf(level().opener), token.begin);
      if (end) {
        result.open |= !result.tokens.empty() && result.tokens.back().kind != TokenKind::Separator &&
                       (level().attribute != Level::NoAttribute || (result.tokens.back().begin < result.tokens.back().end &&
                                                                    !endsStatement(result.tokens.back(), text(result.tokens.back()))));
      } else {
        emit({TokenKind::Separator, false, tokenType("SEP"), token.begin, token.begin});
        level().nextStatement();
      }
    }
    if (token.kind == TokenKind::End || startsDeclaration(token))
      endDeclaration(token.begin);
    if (token.kind == TokenKind::End) {
      emit(token);
      break;
    }
    StringRef word = text(token);
    bool isSymbol = token.kind == TokenKind::Symbol && word.size() == 1;
    if (isSymbol && StringRef(")]}").contains(word[0])) {
      close(i);
      firstOfLine = false;
      continue;
    }
    firstOfLine = false;
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
  size_t at = llvm::partition_point(tokens, [&](const Token &t) { return t.begin < offset; }) - tokens.begin();
  llvm::SmallVector<StringRef> lines;
  auto oneLineEnd = [&](const Token &t) {
    return t.kind == TokenKind::Newline &&
           t.text(source).count('\n') + t.text(source).count('\r') <= (t.text(source).contains("\r\n") ? 2u : 1u);
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
    if (between.find_first_of("\r\n") == StringRef::npos) // counting on, so that long lines do not cost their square
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
  StringRef last = text.rtrim();
  last = last.substr(last.rfind('\n') + 1).ltrim();
  const bool documents = last.starts_with("##") && !last.starts_with("###"); // what stands below it
  return !documents && !filter(source, tokens, unused).open;
}
