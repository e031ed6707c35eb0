// Source texts: where lines begin, and from a byte to its line and column.
#include "ast/base/Source.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cassert>

using namespace tl;

Span Span::cover(Span a, Span b) {
  if (!a.valid())
    return b;
  if (!b.valid())
    return a;
  assert(a.file == b.file && "a span lies in one file");
  return {a.file, std::min(a.begin, b.begin), std::max(a.end, b.end)};
}

SourceFile::SourceFile(uint32_t id, std::string name, std::string text) : number(id), fileName(std::move(name)), contents(std::move(text)) {
  // A line ends with LF, CR LF, or (old files) a lone CR, as in the lexer.
  lineStarts.push_back(0);
  for (size_t i = 0, e = contents.size(); i != e; ++i)
    if (contents[i] == '\n' || (contents[i] == '\r' && (i + 1 == e || contents[i + 1] != '\n')))
      lineStarts.push_back(i + 1);
}

/// Bytes that continue a character are 10xxxxxx in UTF-8.
static bool continuesCharacter(char c) { return (c & 0xC0) == 0x80; }

LineCol SourceFile::lineCol(uint32_t offset) const {
  offset = std::min<uint32_t>(offset, contents.size());
  auto next = llvm::upper_bound(lineStarts, offset);
  unsigned line = next - lineStarts.begin();
  llvm::StringRef before = llvm::StringRef(contents).slice(lineStarts[line - 1], offset);
  return {line, 1 + unsigned(llvm::count_if(before, [](char c) { return !continuesCharacter(c); }))};
}

llvm::StringRef SourceFile::line(unsigned line) const {
  if (line == 0 || line > lineStarts.size())
    return {};
  size_t end = line == lineStarts.size() ? contents.size() : lineStarts[line];
  return llvm::StringRef(contents).slice(lineStarts[line - 1], end).rtrim("\r\n");
}

const SourceFile &SourceManager::add(std::string name, std::string text) {
  uint32_t id = files.size() + 1; // 0 is "nowhere"
  files.push_back(std::make_unique<SourceFile>(id, std::move(name), std::move(text)));
  return *files.back();
}

llvm::StringRef SourceManager::text(Span span) const {
  return span.valid() ? file(span.file).text().slice(span.begin, span.end) : llvm::StringRef();
}
