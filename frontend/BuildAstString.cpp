// Strings: escapes, `{{` and `}}`, and holes, whose expressions are lexed and parsed where they stand, so
// that their places in messages are right.
#include "frontend/BuildAst.h"
#include "frontend/FormatSpec.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"

using namespace tl;
using namespace tl::frontend;
using namespace tl::ast;

/// Text of [begin, end) with escapes and doubled braces resolved.
std::string BuildAst::unescape(uint32_t begin, uint32_t end) {
  std::string result;
  StringRef all = source.text();
  for (uint32_t i = begin; i < end; ++i) {
    if ((all[i] == '{' || all[i] == '}') && i + 1 < end && all[i + 1] == all[i])
      ++i;
    if (all[i] != '\\') {
      result += all[i];
      continue;
    }
    uint32_t escape = i++;
    switch (i < end ? all[i] : ' ') {
    case 'n':
      result += '\n';
      continue;
    case 't':
      result += '\t';
      continue;
    case 'r':
      result += '\r';
      continue;
    case '0':
      result += '\0';
      continue;
    case '\\':
    case '"':
      result += all[i];
      continue;
    case 'u': { // \u{1F600}
      size_t close = all.slice(i, end).find('}');
      uint32_t value;
      char bytes[4], *to = bytes;
      if (all.slice(i, end).starts_with("u{") && close != StringRef::npos && !all.slice(i + 2, i + close).getAsInteger(16, value) &&
          llvm::ConvertCodePointToUTF8(value, to)) {
        result.append(bytes, to);
        i += close;
        continue;
      }
      [[fallthrough]];
    }
    default: {
      uint32_t length = std::max(1u, llvm::getNumBytesForUTF8(all[i]));
      Diagnostic &d = report(Code::E0012, {source.id(), escape, std::min(i + length, end)}, "unknown escape in a string");
      d.help(all[i] == '{' || all[i] == '}' ? "a brace is written twice: `{{`, `}}`"
                                            : "escapes are `\\n`, `\\t`, `\\r`, `\\0`, `\\\\`, `\\\"` and "
                                              "`\\u{1F600}`; a backslash is written `\\\\`");
    }
    }
  }
  return result;
}

StringRef BuildAst::plainString(antlr4::tree::TerminalNode *node) {
  StringExpr *parsed = string(node);
  if (parsed->parts.size() > 1 || (parsed->parts.size() == 1 && parsed->parts[0].hole)) {
    report(Code::E0010, parsed->span, "a name takes no holes").help("braces are written twice: `{{`, `}}`");
    return "";
  }
  return parsed->parts.empty() ? "" : parsed->parts[0].text;
}

StringExpr *BuildAst::string(antlr4::tree::TerminalNode *node) {
  Span whole = span(node);
  auto *result = make<StringExpr>(whole);
  StringRef all = source.text();
  StringRef written = text(whole);
  if (written.size() < 2 || written.front() != '"' || written.back() != '"')
    return result; // malformed, and reported by the lexer
  uint32_t end = whole.end - 1, textBegin = whole.begin + 1;
  llvm::SmallVector<StringPart> parts;
  auto flush = [&](uint32_t until) {
    if (until > textBegin)
      parts.push_back({module.string(unescape(textBegin, until)), nullptr, {}});
  };

  for (uint32_t i = textBegin; i < end;) {
    char c = all[i];
    if (c == '\\') {
      bool braced = all.slice(i, end).starts_with("\\u{"); // the braces of \u{...} are no hole
      size_t close = braced ? all.slice(i, end).find('}') : StringRef::npos;
      i += close != StringRef::npos ? close + 1 : 2;
      continue;
    }
    if (c != '{' && c != '}') {
      ++i;
      continue;
    }
    if (i + 1 < end && all[i + 1] == c) {
      i += 2;
      continue;
    }
    if (c == '}') {
      report(Code::E0010, {source.id(), i, i + 1}, "`}` without a hole that it closes").help("a brace is written twice: `}}`");
      ++i;
      continue;
    }
    flush(i);
    // The hole ends at the `}` outside of all brackets, its expression at the first `:` there.
    unsigned depth = 0;
    uint32_t at = i + 1, colon = 0;
    for (; at < end && (depth > 0 || all[at] != '}'); ++at) {
      if (StringRef("([{").contains(all[at]))
        ++depth;
      else if (StringRef(")]}").contains(all[at]))
        depth -= depth > 0;
      else if (all[at] == ':' && depth == 0 && !colon)
        colon = at;
    }
    if (at >= end) {
      report(Code::E0010, {source.id(), i, i + 1}, "the hole that begins here is not closed")
          .help("close it with `}`; a brace is written twice: `{{`; a hole holds no quotation marks");
      result->parts = list(parts);
      return result;
    }
    uint32_t exprEnd = colon ? colon : at;
    StringPart part;
    part.hole = holeAt(i + 1, exprEnd);
    if (colon) {
      part.spec = all.slice(colon + 1, at);
      part.specSpan = {source.id(), colon + 1, std::max(at, colon + 2)};
      if (!parseFormatSpec(part.spec))
        report(Code::E0011, part.specSpan, "`" + part.spec.str() + "` is not a format spec")
            .help("as in Python: `{x:8.3f}`, `{x:.2e}`, `{i:04}`, `{p:.1%}`, `{s:<10}`");
    }
    parts.push_back(part);
    i = textBegin = at + 1;
  }
  flush(end);
  result->parts = list(parts);
  return result;
}

/// The expression between two offsets of a string.
Expr *BuildAst::holeAt(uint32_t begin, uint32_t end) {
  Span where{source.id(), begin, end};
  StringRef written = text(where);
  if (written.trim().empty()) {
    report(Code::E0010, {source.id(), begin - 1, std::max(end, begin) + 1}, "the hole is empty")
        .help("write an expression, as in `{x}`; braces are written twice: `{{`, `}}`");
    return make<ErrorExpr>(where);
  }
  // Lexed as a text of its own, then moved to its place in the file.
  SourceFile piece(source.id(), source.name().str(), written.str());
  Diagnostics own;
  std::vector<Token> tokens = lex(piece, own);
  for (Token &token : tokens) {
    token.begin += begin;
    token.end += begin;
  }
  for (Diagnostic d : own.all()) {
    for (Label &label : d.labels) {
      label.span.begin += begin;
      label.span.end += begin;
    }
    diagnostics.report(d.code, d.labels[0].span, d.message, d.labels[0].text).helps = d.helps;
  }
  Expr *result = nullptr;
  size_t before = diagnostics.size();
  Filtered filtered = filter(source, tokens, diagnostics);
  if (own.empty() && diagnostics.size() == before && !filtered.unusable)
    parseHole(source, filtered.tokens, diagnostics, [&](TlParser::HoleContext *tree) { result = expr(tree->expr()); });
  return result ? result : make<ErrorExpr>(where);
}
