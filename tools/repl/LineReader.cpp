// Lines from a terminal (libedit), or from a pipe.
#include "tools/repl/LineReader.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include <clocale>
#include <histedit.h>
#include <iostream>
#include <unistd.h>

using namespace tl::repl;

namespace {
class PipeReader final : public LineReader {
public:
  Result read(const char *, std::string &line) override {
    if (!std::getline(std::cin, line))
      return End;
    if (std::exchange(first, false) && llvm::StringRef(line).starts_with("\xEF\xBB\xBF")) // a byte order mark
      line.erase(0, 3);
    return Line;
  }
  void remember(const std::string &) override {}
  bool interactive() const override { return false; }

private:
  bool first = true;
};

/// $XDG_STATE_HOME/tl/history, or ~/.local/state/tl/history; "" where there is no home.
std::string historyFile() {
  llvm::SmallString<128> path;
  if (auto state = llvm::sys::Process::GetEnv("XDG_STATE_HOME"); state && !state->empty())
    path = *state;
  else if (llvm::sys::path::home_directory(path))
    llvm::sys::path::append(path, ".local", "state");
  else
    return "";
  llvm::sys::path::append(path, "tl");
  if (llvm::sys::fs::create_directories(path))
    return "";
  llvm::sys::path::append(path, "history");
  return path.str().str();
}

class TerminalReader final : public LineReader {
public:
  TerminalReader() : file(historyFile()) {
    setlocale(LC_CTYPE, "");
    edit = el_init("tlc", stdin, stdout, stderr);
    past = history_init();
    HistEvent event;
    history(past, &event, H_SETSIZE, 10000);
    history(past, &event, H_SETUNIQUE, 1);
    if (!file.empty())
      history(past, &event, H_LOAD, file.c_str());
    el_set(edit, EL_CLIENTDATA, this);
    el_set(edit, EL_EDITOR, "emacs");
    el_set(edit, EL_HIST, history, past);
    el_set(edit, EL_PROMPT, +[](EditLine *e) -> char * { return const_cast<char *>(self(e)->prompt); });
    // Ctrl-C as a key: as a signal it would have to leave read() in the middle of a line.
    el_set(
        edit, EL_ADDFN, "tl-cancel", "drop the entry", +[](EditLine *e, int) -> unsigned char {
          self(e)->cancelled = true;
          return CC_NEWLINE;
        });
    el_set(edit, EL_BIND, "^C", "tl-cancel", nullptr);
    el_set(edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    el_set(edit, EL_SETTY, "-d", "-isig", nullptr);
  }
  ~TerminalReader() override {
    history_end(past);
    el_end(edit);
  }

  Result read(const char *text, std::string &line) override {
    prompt = text;
    cancelled = false;
    int length = 0;
    const char *got = el_gets(edit, &length);
    if (cancelled)
      return Cancelled;
    if (!got || length <= 0)
      return End;
    line.assign(got, length);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r'))
      line.pop_back();
    return Line;
  }

  void remember(const std::string &entry) override {
    HistEvent event;
    history(past, &event, H_ENTER, entry.c_str());
    if (!file.empty())
      history(past, &event, H_SAVE, file.c_str());
  }
  bool interactive() const override { return true; }

private:
  static TerminalReader *self(EditLine *edit) {
    TerminalReader *reader = nullptr;
    el_get(edit, EL_CLIENTDATA, &reader);
    return reader;
  }

  EditLine *edit;
  History *past;
  std::string file;
  const char *prompt = "";
  bool cancelled = false;
};
} // namespace

std::unique_ptr<LineReader> LineReader::make() {
  if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
    return std::make_unique<TerminalReader>();
  return std::make_unique<PipeReader>();
}
