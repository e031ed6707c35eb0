// The loop: collects the lines of an entry, obeys commands, hands entries to the engine.
#include "tools/repl/Repl.h"
#include "frontend/Frontend.h"
#include "tools/repl/Engine.h"
#include "tools/repl/LineReader.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace tl;
using namespace tl::repl;
using llvm::StringRef;

namespace {
constexpr StringRef help = R"(An entry is an expression, a statement or a declaration; open brackets continue on the next line.
`it` is the last value; `;` at the end hides a result; Ctrl-C stops what runs, Ctrl-D leaves.
  :type EXPR           the type of an expression
  :doc NAME            how a function or record is declared, and what it does; `:doc nn` lists a module
  :emit STAGE ENTRY    what an entry becomes: tokens ast checked tl shapes grad linalg llvm asm
  :load FILE           the declarations of a file
  :time ENTRY          run an entry, show where the time goes
  :help                this
  :quit                leave
)";

class Loop {
public:
  Loop(const driver::Options &options) : engine(options), reader(LineReader::make()) {}

  int run(StringRef file);

private:
  enum Command { Type, Doc, Emit, Load, Time, Help, Quit, None };
  /// The command that a word abbreviates; None, reported, where it is none or several.
  static Command commandOf(StringRef word);
  /// Reads a whole entry; false at the end of the input.
  bool readEntry(std::string &entry);
  int obey(StringRef line);
  int enter(StringRef entry);

  Engine engine;
  std::unique_ptr<LineReader> reader;
  bool leaving = false;
};

Loop::Command Loop::commandOf(StringRef word) {
  static constexpr std::pair<StringRef, Command> commands[] = {{"type", Type}, {"doc", Doc},   {"emit", Emit}, {"load", Load},
                                                               {"time", Time}, {"help", Help}, {"quit", Quit}};
  Command found = None;
  std::string names;
  for (auto [name, command] : commands) {
    if (word.empty() || !name.starts_with(word))
      continue;
    found = command;
    names += (names.empty() ? "`:" : "` or `:") + name.str();
  }
  if (names.empty())
    llvm::errs() << "error: there is no command `:" << word << "`\n  = help: `:help` lists them\n";
  else if (StringRef(names).contains(' '))
    llvm::errs() << "error: `:" << word << "` could be " << names << "`\n";
  return StringRef(names).contains(' ') ? None : found;
}

bool Loop::readEntry(std::string &entry) {
  entry.clear();
  std::string line;
  for (;;) {
    switch (reader->read(entry.empty() ? "tl> " : "... ", line)) {
    case LineReader::End:
      if (reader->interactive())
        llvm::outs() << "\n";
      return !entry.empty(); // what was begun is reported as it is
    case LineReader::Cancelled:
      entry.clear();
      continue;
    case LineReader::Line:
      break;
    }
    entry += (entry.empty() ? "" : "\n") + line;
    if (StringRef(entry).trim().empty()) {
      entry.clear();
      continue;
    }
    if (StringRef(entry).ltrim().starts_with(":") || frontend::isComplete(entry))
      return true;
  }
}

int Loop::enter(StringRef entry) {
  StringRef text = entry.rtrim();
  bool hidden = text.consume_back(";");
  return engine.enter(text, !hidden);
}

int Loop::obey(StringRef line) {
  auto [word, rest] = line.trim().drop_front().split(' ');
  rest = rest.trim();
  Command command = commandOf(word);
  if (rest.empty() && (command == Type || command == Doc || command == Load || command == Time)) {
    llvm::errs() << "error: `:" << word << "` takes " << (command == Load ? "a file" : command == Doc ? "a name" : "an entry") << "\n";
    return driver::Usage;
  }
  switch (command) {
  case Type:
    return engine.type(rest);
  case Doc:
    return engine.document(rest);
  case Emit: {
    auto [stage, text] = rest.split(' ');
    if (!llvm::is_contained({"tokens", "ast", "checked", "tl", "shapes", "grad", "linalg", "llvm", "asm"}, stage) || text.trim().empty()) {
      llvm::errs()
          << "error: `:emit` takes a stage and an entry\n  = help: the stages are tokens ast checked tl shapes grad linalg llvm asm\n";
      return driver::Usage;
    }
    return engine.emit(text, stage);
  }
  case Load:
    return engine.load(rest);
  case Time: {
    engine.takeTimes();
    int code = enter(rest);
    llvm::outs().flush();
    llvm::errs() << engine.takeTimes();
    return code;
  }
  case Help:
    llvm::outs() << help;
    return driver::Success;
  case Quit:
    leaving = true;
    return driver::Success;
  case None:
    return driver::Usage;
  }
  llvm_unreachable("all commands are above");
}

int Loop::run(StringRef file) {
  if (!file.empty())
    if (int code = engine.load(file); code && !reader->interactive())
      return code;
  std::string entry;
  while (!leaving && readEntry(entry)) {
    reader->remember(entry);
    int code = StringRef(entry).ltrim().starts_with(":") ? obey(entry) : enter(entry);
    llvm::outs().flush();
    if (code && !reader->interactive())
      return driver::Rejected;
    if (code == driver::Interrupted)
      llvm::errs() << "interrupted\n";
  }
  return driver::Success;
}
} // namespace

int repl::run(const driver::Options &options, StringRef file) { return Loop(options).run(file); }

int repl::evaluate(const driver::Options &options, StringRef text) {
  Engine engine(options);
  engine.bare = true;
  return engine.enter(text, /*show=*/true);
}
