// Lines from a terminal, with editing and history, or from a pipe.
#pragma once
#include <memory>
#include <optional>
#include <string>

namespace tl::repl {
class LineReader {
public:
  virtual ~LineReader() = default;
  enum Result { Line, Cancelled, End };
  /// The next line, without its end. Cancelled: Ctrl-C.
  virtual Result read(const char *prompt, std::string &line) = 0;
  /// Keeps a whole entry for this session and the next.
  virtual void remember(const std::string &entry) = 0;
  virtual bool interactive() const = 0;
  /// For what standard input is.
  static std::unique_ptr<LineReader> make();
};
} // namespace tl::repl
