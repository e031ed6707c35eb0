// A diagnostic is data: what is wrong, where, and what to do next. Render.h turns it into text or JSON.
#pragma once
#include "ast/base/Source.h"
#include <string>
#include <vector>

namespace tl {

/// Every code there is; the list with names and severities is Diagnostics.def: DIAG(E0301, "short title").
enum class Code : uint16_t {
#define DIAG(code, title) code,
#include "ast/base/Diagnostics.def"
};

/// "E0301".
llvm::StringRef codeName(Code code);
/// The one-line title of the code's `explain` page.
llvm::StringRef codeTitle(Code code);

/// A place with a few words, shown under the source line. The primary label (first) is marked `^`, others
/// `-`.
struct Label {
  Span span;
  std::string text;
  bool isOrigin = false; ///< says where a size comes from: left out where a message would be too long with it
};

struct Diagnostic {
  Code code;
  std::string message;
  std::vector<Label> labels; ///< The first is where the mistake is.
  std::vector<std::string> notes, helps;
  std::string topic; ///< Of those with the same topic the first is shown: they come of one mistake.
  Span callee;       ///< What does not fit its signature is not shown where something is wrong in there already.

  Diagnostic(Code code, Span at, std::string message, std::string text = "")
      : code(code), message(std::move(message)), labels{{at, std::move(text)}} {}
  Diagnostic &label(Span at, std::string text) { return labels.push_back({at, std::move(text)}), *this; }
  Diagnostic &origin(Span at, std::string text) { return labels.push_back({at, std::move(text), true}), *this; }
  Diagnostic &note(std::string text) { return notes.push_back(std::move(text)), *this; }
  Diagnostic &help(std::string text) { return helps.push_back(std::move(text)), *this; }
};

/// Collects diagnostics in the order they were found.
class Diagnostics {
public:
  /// The reference lives until the next `report`.
  Diagnostic &report(Code code, Span at, std::string message, std::string text = "") {
    list.emplace_back(code, at, std::move(message), std::move(text));
    return list.back();
  }
  bool empty() const { return list.empty(); }
  size_t size() const { return list.size(); }
  llvm::ArrayRef<Diagnostic> all() const { return list; }
  /// Those that came after the first `count`.
  llvm::MutableArrayRef<Diagnostic> from(size_t count) { return llvm::MutableArrayRef<Diagnostic>(list).drop_front(count); }
  /// Drops what came after the first `count`: for trying one signature of several.
  void rewind(size_t count) { list.erase(list.begin() + count, list.end()); }
  void clear() { list.clear(); }

private:
  std::vector<Diagnostic> list;
};

enum class ErrorFormat { Human, Short, Json };

/// Sorts by place, drops repetitions and what follows from another mistake, shows at most 20, each in at most
/// 15 lines.
std::string render(const Diagnostics &diagnostics, const SourceManager &sources, ErrorFormat format, bool color);
} // namespace tl
