// The exported definitions of a program as a C header, for C and C++.
#include "tools/driver/Library.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace tl;
using namespace tl::driver;
using llvm::StringRef;

std::string Library::signature(const ast::DefDecl *def) const {
  std::string text = def->name.str() + "(";
  for (const ast::VarDecl *param : def->params)
    text += (param == def->params.front() ? "" : ", ") + param->name.str() + ": " + ast::str(param->type);
  text += ") -> " + ast::str(def->result);
  if (def->where)
    text += " where " + sources.text(def->where->span).str();
  return text;
}

namespace {
/// Writes a comment of whole lines.
class Comment {
public:
  explicit Comment(llvm::raw_ostream &out) : out(out) {}
  ~Comment() { out << " */\n"; }
  void add(StringRef text) {
    llvm::SmallVector<StringRef> lines;
    text.split(lines, '\n');
    for (StringRef line : lines) {
      out << (begun ? "\n *" : "/*") << (line.empty() ? "" : " ");
      begun = true;
      for (size_t i = 0; i < line.size(); ++i) // a comment does not end inside
        out << line[i] << (line.substr(i).starts_with("*/") ? " " : "");
    }
  }

private:
  llvm::raw_ostream &out;
  bool begun = false;
};
} // namespace

static void writeStruct(llvm::raw_ostream &out, const mlirgen::CStruct &record) {
  {
    Comment comment(out);
    if (!record.decl->doc.empty())
      comment.add(record.decl->doc);
    comment.add(record.isArray ? "An array of records: its sizes stand in front of those of each field."
                               : "The sizes are arguments of the functions.");
  }
  out << "struct " << record.name << " {\n";
  for (const mlirgen::CField &field : record.fields) {
    out << "  " << field.type << field.name << "; /* " << field.source;
    if (!field.doc.empty())
      out << ": " << field.doc.split('\n').first;
    out << " */\n";
  }
  out << "};\n\n";
}

static void writeFunction(llvm::raw_ostream &out, const mlirgen::CFunction &function, const std::string &signature,
                          const std::string &free) {
  {
    Comment comment(out);
    if (!function.def->doc.empty())
      comment.add(function.def->doc.str() + "\n");
    comment.add(signature);
    for (const ast::VarDecl *param : function.def->params)
      if (!param->doc.empty())
        comment.add(param->name.str() + ": " + param->doc.str());
    if (llvm::any_of(function.results, [](const mlirgen::CLeaf &leaf) { return leaf.fresh; }))
      comment.add("Results whose sizes only the data knows (`_`), and texts, are allocated: give them to " + free + ".");
  }
  std::string head = "int " + function.def->name.str() + "(", text = head;
  for (size_t i = 0, column = head.size(); i < function.params.size(); ++i) {
    std::string param = function.params[i].type + function.params[i].name + (i + 1 < function.params.size() ? "," : "");
    if (i && column + param.size() > 116) {
      text += "\n" + std::string(head.size(), ' ');
      column = head.size();
    } else if (i) {
      text += " ";
      ++column;
    }
    text += param;
    column += param.size();
  }
  out << text << (function.params.empty() ? "void" : "") << ");\n\n";
}

/// What holds for all functions.
static constexpr StringRef contract =
    R"(101: an error of the program (an index, an assertion, sizes); 3: a file; 2: a processor that is too old; 70: a bug in tlc, or a pointer
with fewer elements behind it than its sizes say. Arrays are contiguous and row-major; those of arguments are only read, those of
results have room for their sizes, and may be the same memory. f16 and bf16 are given by their bits. Any number of threads may call
at once.)";

std::string Library::header() const {
  std::string text;
  llvm::raw_string_ostream out(text);
  std::string guard = "TL_" + StringRef(name).upper() + "_H";
  {
    Comment comment(out);
    comment.add((llvm::sys::path::filename(sources.file(program.main()->file).name()) + " as C functions; made by tlc, compiled into " +
                 llvm::sys::path::filename(output) + ".\n")
                    .str());
    comment.add("A function gives 0 where it has written its results. Else it has written none, and " + support("last_error") +
                " says why.");
    comment.add(contract);
  }
  out << "#ifndef " << guard << "\n#define " << guard << "\n#include <stdbool.h>\n#include <stdint.h>\n";
  out << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
  for (const mlirgen::CStruct &record : exports.structs)
    writeStruct(out, record);
  for (const mlirgen::CFunction &function : exports.functions)
    writeFunction(out, function, signature(function.def), support("free"));
  out << "/* What the last call on this thread that failed had to say; \"\" where none did. */\nconst char *" << support("last_error")
      << "(void);\n\n";
  out << "/* How many threads compute, the caller's included: 0, as at the start, one for each processor. Before the first call; it "
         "changes no\n"
         " * result. */\nvoid "
      << support("set_threads") << "(int64_t threads);\n\n";
  out << "/* Frees what a function has allocated. */\nvoid " << support("free") << "(void *result);\n\n";
  out << "#ifdef __cplusplus\n}\n#endif\n#endif\n";
  return text;
}
