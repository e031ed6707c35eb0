// Diagnostics to text: for people (source lines with the places marked), one line each, or JSON lines.
#include "ast/base/Diagnostic.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Unicode.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <map>
#include <tuple>

using namespace tl;
using llvm::StringRef;

namespace {
constexpr size_t MaxShown = 20; ///< diagnostics
constexpr size_t MaxLines = 15; ///< of one diagnostic
constexpr unsigned TabWidth = 4;
constexpr unsigned MaxColumns = 120; ///< of a source line; longer ones are cut to a window around the mark

//===- Source lines as they appear ----------------------------------------------------------------------===//

/// A source line made fit for a terminal: tabs expanded, what cannot be shown replaced; knows the screen
/// column of each byte.
struct ShownLine {
  std::string text;
  std::vector<unsigned> column; ///< of each byte offset in the raw line, the end included

  explicit ShownLine(StringRef raw) {
    unsigned at = 0, marks = 0; // marks: on one letter, of which some are enough
    for (size_t i = 0; i < raw.size();) {
      size_t length = 1;
      std::string piece;
      unsigned width = 1;
      unsigned char c = raw[i];
      if (c == '\t') {
        width = TabWidth;
        piece.assign(TabWidth, ' ');
      } else if (c >= 0x20 && c < 0x7F) {
        piece = raw[i];
      } else {
        length = std::max<size_t>(1, std::min<size_t>(llvm::getNumBytesForUTF8(c), raw.size() - i));
        auto *begin = reinterpret_cast<const llvm::UTF8 *>(raw.data() + i);
        int columns = -1;
        if (c >= 0x80 && llvm::isLegalUTF8Sequence(begin, begin + length))
          columns = llvm::sys::unicode::columnWidthUTF8(raw.substr(i, length));
        else
          length = 1;
        width = columns < 0 ? 1 : columns;
        marks = columns == 0 ? marks + 1 : 0;
        piece = marks > 8 ? "" : columns < 0 ? "\xEF\xBF\xBD" : raw.substr(i, length).str(); // U+FFFD for what cannot be shown
      }
      column.insert(column.end(), length, at);
      text += piece;
      at += width;
      i += length;
    }
    column.push_back(at);
  }

  unsigned width() const { return column.back(); }

  /// Cuts the text to the columns from `first` on, as many as fit.
  void window(unsigned first) {
    std::string cut;
    unsigned at = 0;
    for (size_t i = 0; i < text.size();) {
      size_t length = std::min<size_t>(llvm::getNumBytesForUTF8(text[i]), text.size() - i);
      StringRef piece = StringRef(text).substr(i, length);
      if (at >= first && at < first + MaxColumns)
        cut += piece;
      at += std::max(0, llvm::sys::unicode::columnWidthUTF8(piece));
      i += length;
    }
    if (at > first + MaxColumns)
      cut += "...";
    text = (first ? "..." : "") + cut;
  }

  /// The column after the cut of one before it.
  static unsigned shifted(unsigned c, unsigned first) { return (c < first ? 0 : std::min(c - first, MaxColumns)) + (first ? 3 : 0); }
};

/// A mark under one source line: columns [from, to), with or without words.
struct Mark {
  unsigned from, to;
  bool primary;
  StringRef text;
};

enum class Style { Plain, Error, Primary, Secondary, Gutter, Bold };

/// The lines of one diagnostic, with colours where asked.
class Renderer {
public:
  Renderer(const SourceManager &sources, bool color) : sources(sources), color(color) {}
  std::string human(const Diagnostic &d);

private:
  std::string styled(Style style, StringRef text) const;
  void picture(llvm::ArrayRef<Label> labels, bool withOrigins);
  void sourceOf(uint32_t file, llvm::ArrayRef<const Label *> labels, const Label *primary);
  void marks(std::vector<Mark> list);
  void row(StringRef number, StringRef text) {
    std::string gutter = " " + std::string(numberWidth - number.size(), ' ') + number.str() + " |";
    lines.push_back(styled(Style::Gutter, gutter) + (text.empty() ? "" : " " + text.str()));
  }

  const SourceManager &sources;
  bool color;
  size_t numberWidth = 1;
  std::vector<std::string> lines;
};
} // namespace

std::string Renderer::styled(Style style, StringRef text) const {
  if (!color || style == Style::Plain || text.empty())
    return text.str();
  static const char *const codes[] = {"", "\033[1;31m", "\033[1;31m", "\033[1;34m", "\033[1;34m", "\033[1m"};
  return codes[int(style)] + text.str() + "\033[0m";
}

//===- Rows of marks ------------------------------------------------------------------------------------===//

/// A row of cells, each a character with a style; text laid over text goes on top.
namespace {
struct Canvas {
  std::string chars;
  std::vector<Style> styles;

  void put(unsigned at, StringRef text, Style style) {
    if (chars.size() < at + text.size()) {
      chars.resize(at + text.size(), ' ');
      styles.resize(at + text.size(), Style::Plain);
    }
    std::copy(text.begin(), text.end(), chars.begin() + at);
    std::fill(styles.begin() + at, styles.begin() + at + text.size(), style);
  }
};
} // namespace

/// The underline row, with the words of the last mark beside it, and the words of the others hung below:
///     - ^ ---- words
///     |
///     words
void Renderer::marks(std::vector<Mark> list) {
  auto draw = [&](const Canvas &canvas) {
    std::string text;
    for (size_t i = 0; i < canvas.chars.size();) {
      size_t end = i + 1;
      while (end < canvas.chars.size() && canvas.styles[end] == canvas.styles[i])
        ++end;
      text += styled(canvas.styles[i], StringRef(canvas.chars).slice(i, end));
      i = end;
    }
    row("", text);
  };
  auto styleOf = [](const Mark &m) { return m.primary ? Style::Primary : Style::Secondary; };

  // The wide ones first, so that what is marked inside of them stays visible; the primary wins a tie.
  llvm::stable_sort(
      list, [](const Mark &a, const Mark &b) { return std::tuple(b.to - b.from, a.primary) < std::tuple(a.to - a.from, b.primary); });
  Canvas underline;
  for (const Mark &m : list)
    underline.put(m.from, std::string(m.to - m.from, m.primary ? '^' : '-'), styleOf(m));

  llvm::stable_sort(list, [](const Mark &a, const Mark &b) { return a.from < b.from; });
  std::vector<Mark> hung;
  for (const Mark &m : list)
    if (!m.text.empty())
      hung.push_back(m);
  bool beside = !hung.empty() && llvm::all_of(list, [&](const Mark &m) { return m.to <= hung.back().to && m.from <= hung.back().from; });
  if (beside) {
    underline.put(hung.back().to + 1, hung.back().text, styleOf(hung.back()));
    hung.pop_back();
  }
  draw(underline);

  auto bars = [&](size_t count) {
    Canvas canvas;
    for (size_t i = 0; i < count; ++i)
      canvas.put(hung[i].from, "|", styleOf(hung[i]));
    return canvas;
  };
  if (!hung.empty())
    draw(bars(hung.size()));
  for (size_t i = hung.size(); i-- > 0;) {
    Canvas canvas = bars(i);
    canvas.put(hung[i].from, hung[i].text, styleOf(hung[i]));
    draw(canvas);
  }
}

//===- One diagnostic for people ------------------------------------------------------------------------===//

/// The lines of one file that carry labels, in order, with what lies between them left out.
void Renderer::sourceOf(uint32_t file, llvm::ArrayRef<const Label *> labels, const Label *primary) {
  const SourceFile &source = sources.file(file);
  const Label *head = labels.front();
  LineCol at = source.lineCol(head->span.begin);
  lines.push_back(std::string(numberWidth, ' ') + styled(Style::Gutter, head == primary ? " --> " : " ::: ") + source.name().str() + ":" +
                  std::to_string(at.line) + ":" + std::to_string(at.col));
  row("", "");

  // A label over several lines marks its first line to the end, and its last with the words.
  struct Piece {
    const Label *label;
    bool first, last;
  };
  std::map<unsigned, std::vector<Piece>> byLine;
  for (const Label *label : labels) {
    unsigned first = source.lineCol(label->span.begin).line;
    unsigned last = source.lineCol(std::max(label->span.begin, label->span.end ? label->span.end - 1 : 0)).line;
    byLine[first].push_back({label, true, first == last});
    if (last != first)
      byLine[last].push_back({label, false, true});
  }

  unsigned previous = 0;
  for (auto &[number, pieces] : byLine) {
    if (previous && number == previous + 2)
      row(std::to_string(previous + 1), ShownLine(source.line(previous + 1)).text);
    else if (previous && number > previous + 2)
      lines.push_back(styled(Style::Gutter, "..."));
    previous = number;

    StringRef raw = source.line(number);
    uint32_t lineBegin = raw.data() - source.text().data();
    ShownLine shown(raw);
    auto columnOf = [&](uint32_t offset) {
      return shown.column[std::min<size_t>(offset < lineBegin ? 0 : offset - lineBegin, raw.size())];
    };
    // A line that is cut shows the place of its first label; others that lie outside of the cut are left out.
    unsigned first = 0;
    if (unsigned target = columnOf(pieces.front().label->span.begin); shown.width() > MaxColumns && target > 2 * MaxColumns / 3)
      first = target - MaxColumns / 2;
    std::vector<Mark> list;
    for (const Piece &p : pieces) {
      size_t indent = raw.size() - raw.ltrim(" \t").size();
      unsigned from = columnOf(p.first ? p.label->span.begin : lineBegin + indent);
      unsigned to = std::max(from + 1, p.last ? columnOf(p.label->span.end) : columnOf(lineBegin + raw.size()));
      if (&p == &pieces.front() || (to > first && from < first + MaxColumns))
        list.push_back({from, to, p.label == primary, p.last ? StringRef(p.label->text) : StringRef()});
    }
    if (shown.width() > MaxColumns) {
      shown.window(first);
      for (Mark &m : list)
        m.from = shown.shifted(m.from, first), m.to = std::max(m.from + 1, shown.shifted(m.to, first));
    }
    row(std::to_string(number), shown.text);
    marks(std::move(list));
  }
}

/// The places of a message, file by file: that of the primary label, the first, before others.
void Renderer::picture(llvm::ArrayRef<Label> labels, bool withOrigins) {
  lines.clear();
  llvm::MapVector<uint32_t, std::vector<const Label *>> byFile;
  unsigned lastLine = 1;
  for (const Label &label : labels)
    if (label.span.valid() && (withOrigins || !label.isOrigin)) {
      byFile[label.span.file].push_back(&label);
      lastLine = std::max(lastLine, sources.file(label.span.file).lineCol(label.span.end).line);
    }
  numberWidth = std::to_string(lastLine).size();
  for (auto &[file, own] : byFile)
    sourceOf(file, own, labels.data());
}

std::string Renderer::human(const Diagnostic &d) {
  picture(d.labels, true);
  size_t needed = lines.size();
  for (const auto *list : {&d.notes, &d.helps})
    for (StringRef words : *list)
      needed += 1 + words.count('\n');
  if (needed > MaxLines - 1)
    picture(d.labels, false);
  std::string header = styled(Style::Error, "error[" + codeName(d.code).str() + "]") + styled(Style::Bold, ": " + d.message);
  std::vector<std::string> words;
  std::string margin(numberWidth + 2, ' ');
  auto add = [&](StringRef kind, StringRef text) {
    auto [line, rest] = text.split('\n');
    words.push_back(margin + styled(Style::Gutter, "= ") + styled(Style::Bold, kind) + ": " + line.str());
    while (!rest.empty()) { // further lines stand under the words of the first
      std::tie(line, rest) = rest.split('\n');
      words.push_back(margin + std::string(kind.size() + 4, ' ') + line.str());
    }
  };
  for (const std::string &note : d.notes)
    add("note", note);
  for (const std::string &help : d.helps)
    add("help", help);

  // The words matter more than the picture, but leave it its first six lines.
  if (size_t left = MaxLines - 1; lines.size() + words.size() > left) {
    size_t picture = std::max(std::min<size_t>(lines.size(), 6), left - std::min(left, words.size()));
    if (picture < lines.size()) {
      lines.resize(picture - 1);
      lines.push_back(styled(Style::Gutter, "..."));
    }
    if (size_t room = left - lines.size(); words.size() > room)
      words.resize(room);
  }
  std::string text = header + "\n";
  for (const auto *part : {&lines, &words})
    for (const std::string &line : *part)
      text += line + "\n";
  return text;
}

//===- The other formats --------------------------------------------------------------------------------===//

static std::string shortLine(const Diagnostic &d, const SourceManager &sources) {
  std::string text;
  if (Span at = d.labels.front().span; at.valid()) {
    LineCol place = sources.file(at.file).lineCol(at.begin);
    text = sources.file(at.file).name().str() + ":" + std::to_string(place.line) + ":" + std::to_string(place.col) + ": ";
  }
  return text + "error[" + codeName(d.code).str() + "]: " + d.message + "\n";
}

static llvm::json::Object jsonPlace(const Label &label, const SourceManager &sources) {
  llvm::json::Object place;
  if (label.span.valid()) {
    const SourceFile &file = sources.file(label.span.file);
    LineCol begin = file.lineCol(label.span.begin), end = file.lineCol(label.span.end);
    place["file"] = llvm::json::fixUTF8(file.name());
    place["line"] = begin.line;
    place["column"] = begin.col;
    place["endLine"] = end.line;
    place["endColumn"] = end.col;
  }
  place["text"] = llvm::json::fixUTF8(label.text);
  return place;
}

static std::string jsonLine(const Diagnostic &d, const SourceManager &sources) {
  llvm::json::Array labels, notes, helps;
  for (const Label &label : d.labels)
    labels.push_back(jsonPlace(label, sources));
  for (const std::string &note : d.notes)
    notes.push_back(llvm::json::fixUTF8(note));
  for (const std::string &help : d.helps)
    helps.push_back(llvm::json::fixUTF8(help));
  llvm::json::Object object{{"severity", "error"},         {"code", codeName(d.code)},  {"message", llvm::json::fixUTF8(d.message)},
                            {"labels", std::move(labels)}, {"notes", std::move(notes)}, {"helps", std::move(helps)}};
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(std::move(object)) << "\n";
  return text;
}

/// Cuts names and numbers that are too long to be read.
static void clip(std::string &text) {
  constexpr size_t Longest = 200, Kept = 60;
  if (text.size() <= Longest)
    return;
  std::string cut;
  for (size_t i = 0; i < text.size();) {
    size_t end = std::min(text.find_first_of(" \n", i), text.size());
    size_t kept = end - i > Longest ? Kept : end - i;
    while (kept < end - i && (text[i + kept] & 0xC0) == 0x80) // not in the middle of a character
      ++kept;
    cut.append(text, i, kept);
    if (kept < end - i)
      cut += text[i] == '`' ? "...`" : "...";
    cut.append(text, end, 1);
    i = end + 1;
  }
  text = std::move(cut);
}

static Diagnostic clipped(Diagnostic d) {
  clip(d.message);
  for (Label &label : d.labels)
    clip(label.text);
  for (auto *list : {&d.notes, &d.helps})
    for (std::string &text : *list)
      clip(text);
  return d;
}

std::string tl::render(const Diagnostics &diagnostics, const SourceManager &sources, ErrorFormat format, bool color) {
  std::vector<const Diagnostic *> sorted;
  for (const Diagnostic &d : diagnostics.all())
    sorted.push_back(&d);
  auto place = [](const Diagnostic *d) {
    const Span &s = d->labels.front().span;
    return std::tuple(s.file, s.begin, s.end);
  };
  llvm::stable_sort(sorted, [&](auto *a, auto *b) { return place(a) < place(b); });
  // Is something wrong inside of the definition that `d` calls?
  auto follows = [&](const Diagnostic *d) {
    auto inside = [&](auto *other) { return place(other) < std::tuple(d->callee.file, d->callee.end, 0u); };
    auto at = llvm::partition_point(sorted, [&](auto *other) { return place(other) < std::tuple(d->callee.file, d->callee.begin, 0u); });
    if (at != sorted.end() && *at == d)
      ++at;
    return at != sorted.end() && inside(*at);
  };
  llvm::StringSet<> topics;
  std::vector<const Diagnostic *> shown;
  for (const Diagnostic *d : sorted) {
    if (d->callee.valid() && follows(d))
      continue;
    if (!d->topic.empty() && !topics.insert(d->topic).second)
      continue;
    bool repeated = false;
    for (auto other = shown.rbegin(); other != shown.rend() && place(*other) == place(d); ++other)
      repeated |= (*other)->code == d->code && (*other)->message == d->message;
    if (!repeated)
      shown.push_back(d);
  }
  size_t left = shown.size() > MaxShown ? shown.size() - MaxShown : 0;
  shown.resize(shown.size() - left);

  std::string text;
  Renderer renderer(sources, color);
  for (const Diagnostic *from : shown) {
    Diagnostic d = clipped(*from);
    switch (format) {
    case ErrorFormat::Human:
      text += (text.empty() ? "" : "\n") + renderer.human(d);
      break;
    case ErrorFormat::Short:
      text += shortLine(d, sources);
      break;
    case ErrorFormat::Json:
      text += jsonLine(d, sources);
      break;
    }
  }
  if (left && format == ErrorFormat::Json)
    text += "{\"omitted\":" + std::to_string(left) + "}\n";
  else if (left)
    text += (format == ErrorFormat::Human ? "\n" : "") + ("and " + std::to_string(left) + " more error") + (left == 1 ? "" : "s") + "\n";
  return text;
}
