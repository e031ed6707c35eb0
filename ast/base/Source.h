// Source texts and places in them. A file is read once, never changes, and every later message can quote it.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tl {

/// Bytes [begin, end) of file number `file`. File 0 is "nowhere".
struct Span {
  uint32_t file = 0, begin = 0, end = 0;
  bool valid() const { return file != 0; }
  /// The smallest span that covers both (of one file).
  static Span cover(Span a, Span b);
};

/// Line and column, both from 1; columns count code points.
struct LineCol {
  unsigned line = 0, col = 0;
};

/// One source text with its line starts. `name` is what messages show.
class SourceFile {
public:
  SourceFile(uint32_t id, std::string name, std::string text);
  uint32_t id() const { return number; }
  llvm::StringRef name() const { return fileName; }
  llvm::StringRef text() const { return contents; }
  LineCol lineCol(uint32_t offset) const;
  /// Line `line` (from 1) without its line end; empty past the last.
  llvm::StringRef line(unsigned line) const;

private:
  uint32_t number;
  std::string fileName, contents;
  std::vector<uint32_t> lineStarts;
};

/// All texts of a session.
class SourceManager {
public:
  const SourceFile &add(std::string name, std::string text);
  /// The file of a valid span.
  const SourceFile &file(uint32_t id) const { return *files[id - 1]; }
  /// Files have the numbers 1 to this.
  uint32_t size() const { return files.size(); }
  llvm::StringRef text(Span span) const;

private:
  std::vector<std::unique_ptr<SourceFile>> files;
};
} // namespace tl
