// Files and the command line: load and save, leaf by leaf under the names of fields, and the flags of `main`.
#include "mlir/IR/Matchers.h"
#include "mlir_gen/FunctionGen.h"

namespace tl::mlirgen {
using namespace ast;
using llvm::cast;
using llvm::dyn_cast;

static StringRef kindOf(const Leaf &leaf) { return leaf.kind == LeafKind::Str ? "str" : scalarName(leaf.scalar); }

Value FunctionGen::load(mlir::Value path, const Type *type) {
  Value value{type, {}};
  /// An axis whose size the file told, and which its type does not know yet.
  struct Axis {
    Size size;
    size_t number;
    mlir::Value found;
  };
  std::vector<Axis> open;
  for (const Leaf &leaf : leavesOf(type)) {
    Values expect;
    for (const Size &size : leaf.dims)
      expect.push_back(known(size) ? eval(size) : index(-1));
    SmallVector<mlir::Type> sizes(leaf.dims.size(), b.getIndexType());
    auto loaded = LoadOp::create(b, mlirType(leaf, m.context), sizes, path, expect, b.getStringAttr(leaf.path),
                                 b.getStringAttr(kindOf(leaf)), b.getI64IntegerAttr(leaf.dims.size()));
    SmallVector<std::string> names; // for who reads a derivative
    for (const Size &size : leaf.dims)
      names.push_back(size.symbol() && size.symbol()->name != "_" ? size.symbol()->name : "n");
    if (!names.empty())
      loaded->setAttr("size_names", b.getStrArrayAttr(SmallVector<StringRef>(names.begin(), names.end())));
    value.leaves.push_back(loaded.getY());
    for (auto [axis, size, found] : llvm::enumerate(leaf.dims, loaded.getSizes())) {
      llvm::APInt any;
      if (mlir::matchPattern(expect[axis], mlir::m_ConstantInt(&any)) && any.isAllOnes())
        open.push_back({size, axis, found});
    }
    // One axis may tell what another needs; a name that stands twice is unknown at its first place only.
    for (size_t before = 0; before != open.size();) {
      before = open.size();
      llvm::erase_if(open, [&](const Axis &axis) {
        const bool isKnown = known(axis.size);
        if (!isKnown)
          learn(axis.size, axis.found);
        if (axis.size.symbol() && !isKnown) // nothing to compare: this is what it is
          return known(axis.size);
        if (!known(axis.size))
          return false;
        mlir::Value n = toInt(axis.found), wanted = toInt(eval(axis.size));
        Text text("axis " + std::to_string(axis.number) + " of the file has size ");
        text.number(n);
        if (isKnown)
          text.text(", not ").number(wanted);
        else
          text.text(", which is no " + axis.size.str());
        check(compare("eq", n, wanted), text, "E0803");
        if (!isKnown)
          axis.size.eachSym([&](const Sym *sym) { check(compare("ge", toInt(eval(Size(sym))), integer(0)), text, "E0803"); });
        return true;
      });
    }
  }
  return value;
}

void FunctionGen::save(mlir::Value path, const Value &value) {
  SmallVector<StringRef> names, kinds;
  SmallVector<Leaf> leaves = leavesOf(value.type);
  for (const Leaf &leaf : leaves) {
    names.push_back(leaf.path);
    kinds.push_back(kindOf(leaf));
  }
  SaveOp::create(b, path, value.leaves, b.getStrArrayAttr(names), b.getStrArrayAttr(kinds));
}

//===- Flags
//--------------------------------------------------------------------------------------------------------===//

/// The call `load(path)` that a default is.
static CallExpr *loadCall(Expr *e) {
  auto *call = llvm::dyn_cast_or_null<CallExpr>(e);
  return call && call->target && call->target->kind == CallableKind::Intrinsic && call->target->instance.def->opName == "load" ? call
                                                                                                                               : nullptr;
}

Value FunctionGen::flagValue(const FlagSpec &spec, const Type *type, llvm::SmallVectorImpl<mlir::Attribute> &flags) {
  CallExpr *file = loadCall(spec.init);
  auto list = [&](StringRef kind, StringRef fallback) {
    flags.push_back(b.getDictionaryAttr({attr("name", b.getStringAttr(spec.name)), attr("kind", b.getStringAttr(kind)),
                                         attr("fallback", b.getStringAttr(fallback)), attr("doc", b.getStringAttr(spec.doc)),
                                         attr("required", b.getBoolAttr(!spec.init && !spec.fallback))}));
  };
  auto otherwise = [&]() -> Value {
    if (spec.fallback)
      return *spec.fallback;
    llvm::SaveAndRestore keep(literal, type);
    return spec.of ? defaultOf(spec.init, spec.of) : gen(spec.init);
  };
  auto chosen = [&](const Type *what, llvm::function_ref<Value()> flag, llvm::function_ref<Value()> fallback) {
    if (!spec.init && !spec.fallback)
      return flag();
    return branch(FlagGivenOp::create(b, b.getStringAttr(spec.name)), what, flag, fallback);
  };
  auto read = [&](StringRef kind, const Type *what) -> Value {
    return {what, {FlagOp::create(b, leafTypes(what).front(), b.getStringAttr(spec.name), b.getStringAttr(kind))}};
  };
  StringRef text = spec.init ? m.sources.text(spec.init->span) : StringRef();

  if (type->kind == TypeKind::Scalar || type->kind == TypeKind::Str) {
    StringRef kind = type->kind == TypeKind::Str ? "str" : scalarOf(type) == ScalarKind::I64 ? "int" : scalarName(scalarOf(type));
    list(kind, type->kind == TypeKind::Str ? text.trim('"') : text);
    return chosen(type, [&] { return read(kind, type); }, otherwise);
  }
  if ((type->kind == TypeKind::Struct || type->kind == TypeKind::Tuple) && !file) {
    auto *record = dyn_cast<StructType>(type);
    std::optional<Value> whole;
    if (spec.fallback || spec.init)
      whole = otherwise();
    SmallVector<Value> fields;
    for (unsigned i = 0; i < fieldCount(type); ++i) {
      const FieldDecl *field = record ? &record->decl->fields[i] : nullptr;
      std::optional<Value> part;
      if (whole)
        part = fieldOf(*whole, i, m.types);
      // A default may name the sizes of its record: without those a flag must be given.
      const bool hasDefault = field && !whole && llvm::all_of(record->sizes, [&](const Size &size) { return known(size); });
      FlagSpec inner{spec.name + "." + (field ? field->name.str() : std::to_string(i)), field ? field->doc : spec.doc,
                     hasDefault ? field->init : nullptr, part ? &*part : nullptr, record};
      const Type *own = fieldOf(type, i, m.types);
      fields.push_back(adopt(flagValue(inner, own, flags), env, own));
    }
    return this->record(type, fields);
  }
  if (!file) {
    list("file", text);
    return chosen(type, [&] { return load(read("file", m.types.str()).leaf(), type); }, otherwise);
  }
  list("file", m.sources.text(file->ordered[0]->span).trim('"'));
  Value path = chosen(m.types.str(), [&] { return read("file", m.types.str()); }, [&] { return gen(file->ordered[0]); });
  At at(*this, file->span);
  return load(path.leaf(), type);
}

void FunctionGen::bindFlag(const VarDecl *param, llvm::SmallVectorImpl<mlir::Attribute> &flags) {
  At at(*this, param->nameSpan);
  const Type *type = typeOf(param->type);
  Value value = adopt(flagValue({param->name.str(), param->doc, param->init, nullptr}, type, flags), env, type);
  name(value, param->name);
  env.bind(param, value);
}
} // namespace tl::mlirgen
