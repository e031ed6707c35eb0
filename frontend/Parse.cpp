// Text to tree: guards, lexer, filter, parser, BuildAst. A file is parsed one top-level entry at a time, so
// that memory stays small (ANTLR's trees are large) and a mistake in one entry does not disturb the others.
#include "frontend/BuildAst.h"
#include "frontend/Frontend.h"
#include "frontend/ParseErrors.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/thread.h"

using namespace tl;
using namespace tl::frontend;
using grammar::TlParser;
using llvm::StringRef;

/// The parser, BuildAst and ANTLR's prediction recurse with the program; the default stack of a thread is too
/// small for that.
constexpr unsigned StackBytes = 64 << 20;

template <typename F> static void onLargeStack(F &&f) {
  llvm::thread thread(std::optional<unsigned>(StackBytes), std::forward<F>(f));
  thread.join();
}

//===- Running ANTLR ------------------------------------------------------------------------------------===//

namespace {
/// Our tokens as ANTLR wants them.
class Stream {
public:
  explicit Stream(llvm::ArrayRef<Token> tokens, uint32_t endOffset) : source(convert(tokens, endOffset)), stream(&source) {
    stream.fill(); // messages look ahead
  }
  antlr4::CommonTokenStream &get() { return stream; }

private:
  static std::vector<std::unique_ptr<antlr4::Token>> convert(llvm::ArrayRef<Token> tokens, uint32_t endOffset) {
    std::vector<std::unique_ptr<antlr4::Token>> result;
    result.reserve(tokens.size() + 1);
    auto add = [&](size_t type, uint32_t begin, uint32_t end) {
      auto token = std::make_unique<antlr4::CommonToken>(type);
      token->setStartIndex(begin);
      token->setStopIndex(size_t(end) - 1);
      result.push_back(std::move(token));
    };
    for (const Token &token : tokens)
      add(token.type, token.begin, token.end);
    add(antlr4::Token::EOF, endOffset, endOffset);
    return result;
  }

  antlr4::ListTokenSource source;
  antlr4::CommonTokenStream stream;
};

/// Parses a run of tokens by one rule: first in ANTLR's fast mode, which may fail on correct programs and
/// gives up at the first mistake; then exactly, with messages.
class Runner {
public:
  Runner(const SourceFile &source, llvm::ArrayRef<Span> suspects, Diagnostics &diagnostics)
      : source(source), suspects(suspects), diagnostics(diagnostics) {
    parser.removeErrorListeners();
  }

  /// The tree, or null where there was a mistake. It lives until the next run.
  template <typename Tree> Tree *run(llvm::ArrayRef<Token> tokens, uint32_t endOffset, Tree *(TlParser::*rule)()) {
    auto stream = std::make_unique<Stream>(tokens, endOffset);
    parser.setTokenStream(&stream->get());
    current = std::move(stream); // the old one only after the parser has let go of it
    auto *interpreter = parser.getInterpreter<antlr4::atn::ParserATNSimulator>();
    interpreter->setPredictionMode(antlr4::atn::PredictionMode::SLL);
    parser.setErrorHandler(bail);
    try {
      return (parser.*rule)();
    } catch (const antlr4::ParseCancellationException &) {
    }
    parser.reset();
    interpreter->setPredictionMode(antlr4::atn::PredictionMode::LL);
    auto errors = std::make_shared<SyntaxErrors>(source, suspects, diagnostics);
    parser.setErrorHandler(errors);
    try {
      auto *tree = (parser.*rule)();
      return errors->failed() ? nullptr : tree;
    } catch (const antlr4::RuntimeException &) { // given up, reported
      return nullptr;
    }
  }

private:
  const SourceFile &source;
  llvm::ArrayRef<Span> suspects;
  Diagnostics &diagnostics;
  std::unique_ptr<Stream> current;
  TlParser parser{nullptr};
  std::shared_ptr<antlr4::ANTLRErrorStrategy> bail = std::make_shared<antlr4::BailErrorStrategy>();
};
} // namespace

//===- Entries ------------------------------------------------------------------------------------------===//

/// Where the next top-level entry ends: at a separator outside of all brackets.
static size_t endOfEntry(const SourceFile &source, llvm::ArrayRef<Token> tokens, size_t from) {
  unsigned depth = 0;
  for (size_t i = from; i < tokens.size(); ++i) {
    const Token &token = tokens[i];
    if (token.kind == TokenKind::End || (token.kind == TokenKind::Separator && depth == 0))
      return i;
    static const uint16_t openers[] = {tokenType("("), tokenType("["), tokenType("{")};
    static const uint16_t closers[] = {tokenType(")"), tokenType("]"), tokenType("}")};
    if (llvm::is_contained(openers, token.type))
      ++depth;
    else if (depth > 0 && llvm::is_contained(closers, token.type))
      --depth;
  }
  return tokens.size();
}

static void parseEntries(const SourceFile &source, Diagnostics &diagnostics, Entry entry, ast::Module &module) {
  std::vector<Token> all = lex(source, diagnostics);
  Filtered filtered = filter(source, all, diagnostics);
  if (filtered.unusable)
    return;
  llvm::ArrayRef<Token> tokens = filtered.tokens;
  Runner runner(source, filtered.suspects, diagnostics);
  BuildAst build(source, all, module, diagnostics);

  // Lines indented more than a broken entry are most likely its body, as Python would have it.
  unsigned brokenColumn = 0;
  for (size_t i = 0; i < tokens.size();) {
    if (tokens[i].kind == TokenKind::Separator || tokens[i].kind == TokenKind::End) {
      ++i;
      continue;
    }
    size_t end = endOfEntry(source, tokens, i);
    llvm::ArrayRef<Token> own = tokens.slice(i, end - i);
    uint32_t endOffset = end < tokens.size() ? tokens[end].begin : source.text().size();
    i = end;
    uint32_t begin = own.front().begin;
    unsigned column = source.lineCol(begin).col;
    bool echo = llvm::any_of(filtered.suspects, [&](Span s) { return s.begin < begin && begin < s.end; });
    if (column > (brokenColumn ? brokenColumn : echo ? 1 : column))
      continue;
    brokenColumn = 0;
    bool good;
    if (entry == Entry::File) {
      auto *tree = runner.run(own, endOffset, &TlParser::file);
      good = tree != nullptr;
      if (tree)
        build.file(tree);
    } else {
      auto *tree = runner.run(own, endOffset, &TlParser::snippet);
      good = tree != nullptr;
      if (tree)
        build.snippet(tree);
      else
        module.stmts.push_back(module.make<ast::ErrorStmt>(Span{source.id(), own.front().begin, own.back().end}));
    }
    if (!good)
      brokenColumn = source.lineCol(own.front().begin).col;
  }
}

/// "nn" of "lib/nn.tl".
static StringRef stem(StringRef path) {
  StringRef name = path.substr(path.find_last_of("/\\") + 1);
  return name.substr(0, name.rfind('.'));
}

std::unique_ptr<ast::Module> frontend::parse(const SourceFile &source, Diagnostics &diagnostics, Entry entry) {
  auto module = std::make_unique<ast::Module>();
  module->file = source.id();
  module->name = module->string(stem(source.name()));
  if (guard(source, diagnostics))
    onLargeStack([&] { parseEntries(source, diagnostics, entry, *module); });
  return module;
}

//===- Holes of strings ---------------------------------------------------------------------------------===//

bool frontend::parseHole(const SourceFile &source, llvm::ArrayRef<Token> tokens, Diagnostics &diagnostics,
                         llvm::function_ref<void(TlParser::HoleContext *)> use) {
  Runner runner(source, {}, diagnostics);
  auto *tree = runner.run(tokens.drop_back(), tokens.back().begin, &TlParser::hole);
  if (tree)
    use(tree);
  return tree != nullptr;
}

//===- Ambiguities --------------------------------------------------------------------------------------===//

namespace {
/// Collects what ANTLR finds ambiguous in its exact mode.
class AmbiguityListener : public antlr4::BaseErrorListener {
public:
  AmbiguityListener(const SourceFile &source, std::string &found) : source(source), found(found) {}
  void reportAmbiguity(antlr4::Parser *parser, const antlr4::dfa::DFA &dfa, size_t start, size_t stop, bool exact, const antlrcpp::BitSet &,
                       antlr4::atn::ATNConfigSet *) override {
    antlr4::TokenStream *tokens = parser->getTokenStream();
    uint32_t begin = tokens->get(start)->getStartIndex(), end = tokens->get(stop)->getStopIndex() + 1;
    LineCol at = source.lineCol(begin);
    found += source.name().str() + ":" + std::to_string(at.line) + ":" + std::to_string(at.col) + ": ambiguous in rule " +
             parser->getRuleNames()[dfa.atnStartState->ruleIndex] + ": " + source.text().slice(begin, end).str() + "\n";
  }

private:
  const SourceFile &source;
  std::string &found;
};
} // namespace

std::string frontend::ambiguities(const SourceFile &source) {
  std::string found;
  Diagnostics unused;
  if (!guard(source, unused))
    return found;
  onLargeStack([&] {
    Filtered filtered = filter(source, lex(source, unused), unused);
    if (filtered.unusable)
      return;
    llvm::ArrayRef<Token> tokens = filtered.tokens;
    Stream stream(tokens.drop_back(), source.text().size());
    TlParser parser(&stream.get());
    AmbiguityListener listener(source, found);
    parser.removeErrorListeners();
    parser.addErrorListener(&listener);
    parser.setErrorHandler(std::make_shared<antlr4::BailErrorStrategy>()); // no repairs: these tokens have no source
    parser.getInterpreter<antlr4::atn::ParserATNSimulator>()->setPredictionMode(antlr4::atn::PredictionMode::LL_EXACT_AMBIG_DETECTION);
    try {
      parser.snippet();                                    // takes everything that a file may hold
    } catch (const antlr4::ParseCancellationException &) { // up to the mistake
    }
  });
  return found;
}
