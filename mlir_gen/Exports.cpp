// Exported definitions -> C functions.
#include "mlir_gen/Exports.h"
#include "ast/ForeignWords.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

namespace tl::mlirgen {
using namespace ast;
using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;
using llvm::Twine;

//===- Names --------------------------------------------------------------------------------------------------------===//

StringRef cName(ScalarKind kind) {
  static constexpr const char *names[] = {"bool",     "int8_t",   "int16_t",  "int32_t",  "int64_t", "uint8_t", "uint16_t",
                                          "uint32_t", "uint64_t", "uint16_t", "uint16_t", "float",   "double"};
  return names[unsigned(kind)];
}

std::string cName(StringRef name) {
  std::string text;
  const auto *at = reinterpret_cast<const llvm::UTF8 *>(name.begin());
  const auto *end = reinterpret_cast<const llvm::UTF8 *>(name.end());
  while (at < end) {
    llvm::UTF32 letter = 0;
    if (llvm::convertUTF8Sequence(&at, end, &letter, llvm::lenientConversion) != llvm::conversionOK)
      break;
    if (letter < 128)
      text += char(letter);
    else
      text += "u" + llvm::utohexstr(letter, /*LowerCase=*/true, /*Width=*/4);
  }
  return isForeignWord(text) ? text + "_" : text;
}

namespace {
/// The records of a file as structs, each made once.
class Structs {
public:
  Structs(Program &program, std::vector<CStruct> &list) : program(program), list(list) {}

  /// The struct of a record or an array of records, as its place in the list.
  size_t of(const Type *type) {
    type = resolved(type);
    auto *record = cast<StructType>(resolved(elemOf(type)));
    const bool isArray = !dimsOf(type).empty();
    std::string key;
    llvm::raw_string_ostream keys(key);
    writeKey(keys, record);
    for (size_t i = 0; i < list.size(); ++i)
      if (list[i].decl == record->decl && list[i].key == key && list[i].isArray == isArray)
        return i;
    CStruct made{unique(nameOf(record, isArray)), key, record->decl, isArray, {}, {}};
    for (unsigned i = 0; i < fieldCount(type); ++i) {
      const FieldDecl &field = record->decl->fields[i];
      add(made, field.name.str(), field, field.type, fieldOf(type, i, program.types));
    }
    if (made.fields.empty()) // C has no struct without members
      made.fields.push_back({"unused", "char ", "nothing", ""}), made.size = 1;
    made.size = llvm::alignTo(made.size, made.align);
    list.push_back(std::move(made));
    return list.size() - 1;
  }

private:
  std::string nameOf(const StructType *record, bool isArray) {
    std::string name;
    const Module *module = record->decl->module;
    if (module && module != program.main())
      name = (module->name + "_").str();
    name += record->decl->name;
    llvm::raw_string_ostream os(name);
    for (const Type *argument : writtenTypes(record))
      writeKey(os << '_', argument);
    for (char &c : name)
      if (c == '.')
        c = '_';
    return isArray ? name + "_array" : name;
  }

  std::string unique(std::string name) {
    while (llvm::any_of(list, [&](const CStruct &other) { return other.name == name; }))
      name += "_";
    return name;
  }

  /// `written`: the type as the declaration has it.
  void add(CStruct &made, const std::string &name, const FieldDecl &field, const Type *written, const Type *type) {
    const Type *elem = resolved(elemOf(resolved(type)));
    if (isa<TupleType>(elem)) {
      auto *parts = dyn_cast<TupleType>(resolved(written));
      for (unsigned i = 0; i < fieldCount(type); ++i)
        add(made, name + "_" + std::to_string(i), field, parts ? parts->elems[i] : written, fieldOf(type, i, program.types));
      return;
    }
    auto place = [&](uint64_t size, uint64_t align) {
      made.align = std::max(made.align, align);
      uint64_t offset = llvm::alignTo(made.size, align);
      made.size = offset + size;
      return int64_t(offset);
    };
    if (isa<StructType>(elem)) {
      const CStruct &inner = list[of(type)];
      made.fields.push_back({name, "struct " + inner.name + " ", str(written), field.doc});
      int64_t offset = place(inner.size, inner.align);
      for (int64_t leaf : inner.leaves)
        made.leaves.push_back(offset + leaf);
      return;
    }
    const bool isPointer = isa<StrType>(elem) || !dimsOf(resolved(type)).empty();
    StringRef base = isa<StrType>(elem) ? "char" : cName(cast<ScalarType>(elem)->scalar);
    made.fields.push_back({name, (base + (isPointer ? " *" : " ")).str(), str(written), field.doc});
    uint64_t width = isPointer ? 8 : (bitWidth(cast<ScalarType>(elem)->scalar) + 7) / 8;
    made.leaves.push_back(place(width, width));
  }

  Program &program;
  std::vector<CStruct> &list;
};

/// Whether a size stands in a type, in a field that has no elements too.
bool mentions(const Type *type, const Sym *sym, TypeContext &ctx) {
  type = resolved(type);
  if (auto *record = dyn_cast<StructType>(resolved(elemOf(type))))
    if (llvm::any_of(record->sizes, [&](const Size &size) { return size.mentions(sym); }))
      return true;
  return llvm::any_of(leavesOf(type, ctx),
                      [&](const Leaf &leaf) { return llvm::any_of(leaf.dims, [&](const Size &size) { return size.mentions(sym); }); });
}

/// One function.
class Signature {
public:
  Signature(Program &program, Structs &structs, std::vector<CStruct> &list, DefDecl *def)
      : program(program), structs(structs), list(list), made{def, {}, {}, {}, {}, {}} {}

  CFunction run() {
    DefDecl *def = made.def;
    auto addSizes = [&](const VarDecl *param) {
      for (const Sym *sym : def->sizeParams) {
        bool isNew = llvm::none_of(made.sizes, [&](const CSize &size) { return size.sym == sym; });
        if (!isNew || (param && !mentions(param->type, sym, program.types)))
          continue;
        made.sizes.push_back({sym, slot(sym->name == "_" ? (param->name + "_size").str() : sym->name, "int64_t ", ScalarKind::I64)});
      }
    };
    for (const VarDecl *param : def->params) {
      argument(param->name.str(), param->type);
      addSizes(param);
    }
    addSizes(nullptr); // those that stand in no type
    result("result", def->result);
    return std::move(made);
  }

private:
  unsigned slot(StringRef name, std::string type, std::optional<ScalarKind> scalar = std::nullopt) {
    std::string free = cName(name);
    for (unsigned n = 2; !names.insert(free).second; ++n)
      free = cName(name) + std::to_string(n);
    made.params.push_back({free, std::move(type), scalar});
    return made.params.size() - 1;
  }

  void argument(const std::string &name, const Type *type) {
    type = resolved(type);
    const Type *elem = resolved(elemOf(type));
    if (isa<TupleType>(elem)) {
      for (unsigned i = 0; i < fieldCount(type); ++i)
        argument(name + "_" + std::to_string(i), fieldOf(type, i, program.types));
    } else if (isa<StructType>(elem)) {
      const CStruct &record = list[structs.of(type)];
      unsigned at = slot(name, "const struct " + record.name + " *");
      for (int64_t offset : record.leaves)
        made.arguments.push_back({at, offset});
    } else if (isa<StrType>(elem)) {
      made.arguments.push_back({slot(name, "const char *")});
    } else {
      ScalarKind kind = cast<ScalarType>(elem)->scalar;
      const bool isArray = !dimsOf(type).empty();
      made.arguments.push_back({isArray ? slot(name, ("const " + cName(kind) + " *").str()) : slot(name, (cName(kind) + " ").str(), kind)});
    }
  }

  /// Whether only the data knows a size of this array; the sizes themselves, each once.
  bool isFound(const Type *type, llvm::SmallVectorImpl<const Sym *> &syms) {
    bool found = false;
    for (const Dim &dim : dimsOf(type))
      if (const Sym *sym = dim.size.symbol(); sym && sym->kind == SymKind::Fresh) {
        found = true;
        if (!llvm::is_contained(syms, sym))
          syms.push_back(sym);
      }
    return found;
  }

  void result(const std::string &name, const Type *type) {
    type = resolved(type);
    const Type *elem = resolved(elemOf(type));
    if (isa<TupleType>(elem)) {
      for (unsigned i = 0; i < fieldCount(type); ++i)
        result(name + "_" + std::to_string(i), fieldOf(type, i, program.types));
      return;
    }
    SmallVector<const Sym *> found;
    if (isa<StructType>(elem)) {
      const CStruct &record = list[structs.of(type)];
      unsigned at = slot(name, "struct " + record.name + " *");
      for (auto [offset, leaf] : llvm::zip_equal(record.leaves, leavesOf(type, program.types))) {
        Dims dims(leaf.dims.begin(), leaf.dims.end());
        const bool fresh = isFound(program.types.array(program.types.int64(), dims), found) || leaf.kind == LeafKind::Str;
        made.results.push_back({at, offset, fresh});
      }
    } else {
      const bool isText = isa<StrType>(elem), fresh = isFound(type, found) || isText;
      StringRef base = isText ? "char" : cName(cast<ScalarType>(elem)->scalar);
      made.results.push_back({slot(name, (base + (fresh ? " **" : " *")).str()), -1, fresh});
    }
    for (const Sym *sym : found)
      made.found.push_back({sym, slot(name + "_size", "int64_t *")});
  }

  Program &program;
  Structs &structs;
  std::vector<CStruct> &list;
  CFunction made;
  llvm::StringSet<> names;
};
} // namespace

Exports exportsOf(Program &program) {
  Exports exports;
  Structs structs(program, exports.structs);
  for (Decl *decl : program.main()->decls)
    if (auto *def = dyn_cast<DefDecl>(decl); def && def->isExport)
      exports.functions.push_back(Signature(program, structs, exports.structs, def).run());
  return exports;
}
} // namespace tl::mlirgen
