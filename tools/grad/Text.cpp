// Lines of source text: where one that is too long is cut.
#include "tools/grad/Text.h"
#include "llvm/ADT/StringExtras.h"

using namespace tl;
using llvm::StringRef;

namespace {
constexpr size_t columns = 100;

/// A place where a line may end: before an operator, or behind a comma within brackets.
struct Break {
  size_t at;
  unsigned depth; ///< of brackets; operators lie deeper than the commas around them
};

llvm::SmallVector<Break> breaksOf(StringRef text) {
  llvm::SmallVector<Break> breaks;
  std::string open;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"' && (i == 0 || text[i - 1] != '\\'))
      quoted = !quoted;
    if (quoted)
      continue;
    if (StringRef("([{").contains(c))
      open += c;
    else if (StringRef(")]}").contains(c) && !open.empty())
      open.pop_back();
    bool inBlock = !open.empty() && open.back() == '{';
    if (c == ',' && !open.empty() && !inBlock && i + 1 < text.size() && text[i + 1] == ' ')
      breaks.push_back({i + 1, unsigned(2 * open.size())});
    if (c == ' ' && !inBlock)
      for (StringRef op : {" + ", " - ", " * ", " / ", " @ ", " and ", " or "})
        if (text.substr(i).starts_with(op))
          breaks.push_back({i, unsigned(2 * open.size() + 1)});
  }
  return breaks;
}
} // namespace

std::string grad::wrapped(StringRef text, unsigned indent) {
  std::string out, margin(indent, ' ');
  bool first = true;
  while (true) {
    size_t room = columns - margin.size();
    const Break *best = nullptr;
    llvm::SmallVector<Break> breaks = breaksOf(text);
    if (text.size() > room)
      for (const Break &b : breaks)
        if (b.at <= room && b.at > 4 && (!best || b.depth < best->depth || (b.depth == best->depth && b.at > best->at)))
          best = &b;
    if (!best)
      return out + margin + text.str() + "\n";
    out += margin + text.take_front(best->at).str() + "\n";
    text = text.drop_front(best->at).ltrim();
    if (first)
      margin += "  ";
    first = false;
  }
}

std::string grad::list(llvm::ArrayRef<std::string> parts) { return llvm::join(parts, ", "); }

bool grad::isWord(StringRef text) {
  return !text.empty() && llvm::all_of(text, [](char c) { return llvm::isAlnum(c) || c == '_' || c == '.' || (c & 0x80); });
}
