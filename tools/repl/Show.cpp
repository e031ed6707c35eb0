// How the loop shows values and types.
#include "tools/repl/Unit.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace tl;
using namespace tl::repl;
using llvm::StringRef;

//===- Values -------------------------------------------------------------------------------------------------------===//

namespace {
/// A leaf as text; both halves of a key are one.
struct Part {
  std::string path, text;
  bool scalar;
};

/// What tl_call runs to print a value.
struct Printing {
  const Slot &slot;
  const std::string &type;
  const std::vector<bool> &keys;
  bool header;
  std::vector<Part> parts = {};

  static void run(void *self) { static_cast<Printing *>(self)->print(); }

  static std::string format(const SlotLeaf &leaf) {
    int64_t handle = leaf.kind == TL_STR ? tl_string(leaf.bytes.data(), leaf.bytes.size()) : 0, length = 0;
    const void *data = leaf.kind == TL_STR ? static_cast<const void *>(&handle) : leaf.bytes.data();
    TlValue value = {leaf.kind, int32_t(leaf.sizes.size()), data, leaf.sizes.data()};
    const char *around[] = {"", "", ""};
    const char *text = tl_text(tl_format(around, &value, 1), &length);
    return std::string(text, length);
  }

  void collect() {
    for (size_t i = 0; i < slot.size(); ++i) {
      const SlotLeaf &leaf = slot[i];
      parts.push_back({leaf.path, keys[i] ? "key(" + format(leaf) + ")" : format(leaf), leaf.sizes.empty()});
    }
  }

  /// (1, (2, 3)) of the parts from `next` on whose paths begin with `prefix`.
  std::string tuple(size_t &next, const std::string &prefix) const {
    std::string text;
    unsigned count = 0;
    while (next < parts.size() && StringRef(parts[next].path).starts_with(prefix)) {
      StringRef rest = StringRef(parts[next].path).drop_front(prefix.size());
      size_t dot = rest.find('.');
      text += count++ ? ", " : "";
      text += dot == StringRef::npos ? parts[next++].text : tuple(next, prefix + rest.take_front(dot + 1).str());
    }
    return "(" + text + (count == 1 ? ",)" : ")");
  }

  void line(const std::string &text) { tl_print(tl_string(text.data(), text.size())); }

  void print() {
    collect();
    auto isPlace = [](char c) { return llvm::isDigit(c) || c == '.'; };
    if (parts.size() == 1 && parts[0].path.empty()) {
      if (header && !parts[0].scalar)
        line(type);
      return line(parts[0].text);
    }
    if (llvm::all_of(parts, [&](const Part &part) { return part.scalar && llvm::all_of(part.path, isPlace); })) {
      size_t next = 0;
      return line(tuple(next, ""));
    }
    if (header)
      line(type);
    for (const Part &part : parts)
      line(part.path + (part.scalar ? ": " : ":\n") + part.text);
  }
};
} // namespace

void Engine::show(StringRef name) {
  const Slot *slot = slots.find(name);
  const Variable *known = variable(name);
  if (!slot || !known)
    return;
  Printing printing{*slot, known->shown, known->keys, !bare};
  tl_call(Printing::run, &printing);
}

//===- Types --------------------------------------------------------------------------------------------------------===//

std::string Engine::describe(const ast::Expr *e) const {
  if (!isFunction(e->type))
    return ast::str(e->type);
  // A function is shown by its signatures, as they are written.
  auto *name = llvm::dyn_cast<ast::NameExpr>(e);
  auto *def = name ? llvm::dyn_cast_or_null<ast::DefDecl>(name->decl) : nullptr;
  std::string text;
  for (; def; def = def->nextOverload) {
    Span span{def->nameSpan.file, def->nameSpan.begin, def->body ? def->body->span.begin : def->span.end};
    StringRef signature = session.sources.text(span).rtrim();
    signature.consume_back("=");
    text += (text.empty() ? "" : "\n") + signature.rtrim().str();
  }
  return text.empty() ? "a function" : text;
}

namespace {
/// A type as an entry can write it, whatever module its records come from.
class TypeWriter {
public:
  TypeWriter(const ast::Program &program, const SourceManager &sources, std::string &imports)
      : program(program), sources(sources), imports(imports) {}

  std::string write(const ast::Type *type) {
    type = ast::resolved(type);
    if (auto *array = llvm::dyn_cast<ast::ArrayType>(type))
      return write(array->elem) + ast::str(array->dims);
    if (auto *tuple = llvm::dyn_cast<ast::TupleType>(type)) {
      std::string text;
      for (const ast::Type *elem : tuple->elems)
        text += (text.empty() ? "" : ", ") + write(elem);
      return "(" + text + (tuple->elems.size() == 1 ? ",)" : ")");
    }
    if (auto *record = llvm::dyn_cast<ast::StructType>(type))
      return write(*record);
    return ast::str(type);
  }

private:
  std::string write(const ast::StructType &record) {
    std::string args;
    unsigned nextSize = 0, nextType = 0;
    for (const ast::GenericParam &param : record.decl->generics) {
      args += args.empty() ? "" : ", ";
      bool isType = nextType < record.types.size() && record.decl->typeParams[nextType]->name == param.name;
      if (isType)
        args += write(record.types[nextType++]);
      else
        args += record.sizes[nextSize++].str();
    }
    return moduleOf(*record.decl) + record.decl->name.str() + (args.empty() ? "" : "[" + args + "]");
  }

  /// "nn."; a module that the session has not imported is imported under a name of ours.
  std::string moduleOf(const ast::StructDecl &decl) {
    const ast::Module *home = decl.module;
    if (!home || home == program.main())
      return "";
    for (const ast::Decl *other : program.main()->decls)
      if (auto *import = llvm::dyn_cast<ast::ImportDecl>(other); import && import->target == home)
        return import->name.str() + ".";
    StringRef file = sources.file(home->file).name();
    std::string name = "session_" + home->name.str();
    bool library = file.consume_front("stdlib/");
    std::string line = library ? "import " + home->name.str() : "import \"" + file.str() + "\"";
    line += " as " + name + "\n";
    if (!StringRef(imports).contains(line))
      imports += line;
    return name + ".";
  }

  const ast::Program &program;
  const SourceManager &sources;
  std::string &imports;
};
} // namespace

Engine::Variable Engine::remembered(const ast::VarDecl &var, const Slot &slot, ast::Program &program) const {
  // The sizes are those that the leaves of the value have.
  llvm::DenseMap<const Sym *, int64_t> known;
  auto leaves = mlirgen::leavesOf(var.type, program.types);
  Variable v;
  for (auto [leaf, value] : llvm::zip(leaves, slot)) {
    v.keys.push_back(leaf.kind == mlirgen::LeafKind::Key);
    for (auto [dim, size] : llvm::zip(leaf.dims, value.sizes))
      if (const Sym *symbol = dim.symbol())
        known.try_emplace(symbol, size);
  }
  auto size = [&](const Sym *symbol) -> std::optional<Size> {
    auto found = known.find(symbol);
    return found == known.end() ? std::nullopt : std::optional<Size>(found->second);
  };
  auto keepType = [](const ast::TypeParam *) -> const ast::Type * { return nullptr; };
  auto keepPack = [](const ast::Pack *) -> std::optional<ast::Dims> { return std::nullopt; };
  const ast::Type *type = ast::substitute(var.type, program.types, {keepType, keepPack, size});
  v.name = var.name.str();
  v.shown = ast::str(type);
  v.type = TypeWriter(program, session.sources, v.imports).write(type);
  v.place = var.nameSpan;
  return v;
}
