// Exported definitions: for each a function of the module without arguments, which reads those of the C function from the caller's
// frame, checks their sizes, calls the definition and hands back the results.
#include "mlir_gen/Exports.h"
#include "mlir_gen/FunctionGen.h"

namespace tl::mlirgen {
using namespace ast;

void ModuleGen::libraryEntry() {
  Exports exports = exportsOf(program);
  for (auto [number, function] : llvm::enumerate(exports.functions)) {
    auto func = declare(location(function.def->nameSpan), "tl_export_" + llvm::Twine(number), {}, {});
    func.setPublic();
    FunctionGen(*this, func, Env(arena)).exported(function);
  }
}

mlir::Value FunctionGen::argument(const Leaf &leaf, ValueRange sizes, StringRef name, const CLeaf &at) {
  StringRef kind = leaf.kind == LeafKind::Str ? "str" : scalarName(leaf.scalar);
  return ArgumentOp::create(b, mlirType(leaf, m.context), sizes, b.getStringAttr(name), b.getStringAttr(kind), b.getI64IntegerAttr(at.slot),
                            b.getI64IntegerAttr(at.offset));
}

Value FunctionGen::argument(const VarDecl *param, const Type *type, ArrayRef<Leaf> leaves, ArrayRef<CLeaf> places) {
  At here(*this, param->nameSpan);
  Values values;
  for (auto [leaf, place] : llvm::zip_equal(leaves, places)) {
    Values sizes;
    for (const Size &size : leaf.dims) {
      size.eachSym([&](const Sym *sym) {
        if ((sym->kind != SymKind::Div && sym->kind != SymKind::Mod) || sym->rhs->constant())
          return;
        mlir::Value n = toInt(eval(*sym->rhs));
        check(compare("ge", n, integer(1)), Text("a size divides by a number of at least 1, this is ").number(n), "E0803");
      });
      sizes.push_back(sizeFrom(eval(size), size));
    }
    std::string path = leaf.path.empty() ? param->name.str() : (param->name + "." + leaf.path).str();
    values.push_back(argument(leaf, sizes, path, place));
  }
  return enter(type, values);
}

void FunctionGen::exported(const CFunction &function) {
  DefDecl *def = function.def;
  At at(*this, def->nameSpan);
  for (const CSize &size : function.sizes) {
    StringRef name = function.params[size.slot].name;
    mlir::Value n = argument({LeafKind::Number, ScalarKind::I64, {}, ""}, {}, name, {size.slot});
    check(compare("ge", n, integer(0)), Text("the size `" + name.str() + "` of `" + def->name.str() + "` is ").number(n), "E0920");
    env.bind(size.sym, toIndex(n));
  }
  // Numbers first: what `where` asks of them is known before an array has a size that depends on it.
  SmallVector<Value> args(def->params.size());
  for (bool arrays : {false, true}) {
    ArrayRef<CLeaf> places = function.arguments;
    for (auto [param, arg] : llvm::zip_equal(def->params, args)) {
      const Type *type = typeOf(param->type);
      SmallVector<Leaf> leaves = leavesOf(type);
      ArrayRef<CLeaf> at = places.take_front(leaves.size());
      places = places.drop_front(leaves.size());
      if (arrays == llvm::any_of(leaves, [](const Leaf &leaf) { return !leaf.dims.empty(); })) {
        arg = argument(param, type, leaves, at);
        env.bind(param, arg);
      }
    }
    if (!arrays && def->where)
      checkSizes(def->where);
  }

  Instance instance;
  instance.def = def;
  for (const Sym *sym : def->sizeParams)
    instance.sizes.push_back(Size(sym));
  Value result = callDef(instance, args, typeOf(def->result));
  SmallVector<mlir::Attribute> names, kinds;
  SmallVector<int64_t> slots, offsets;
  SmallVector<bool> fresh;
  Values values;
  auto give = [&](mlir::Value value, const llvm::Twine &name, StringRef kind, const CLeaf &to) {
    values.push_back(value);
    names.push_back(b.getStringAttr(name));
    kinds.push_back(b.getStringAttr(kind));
    slots.push_back(to.slot);
    offsets.push_back(to.offset);
    fresh.push_back(to.fresh);
  };
  for (auto [leaf, value, to] : llvm::zip_equal(leavesOf(result.type), result.leaves, function.results)) {
    std::string name = function.params[to.slot].name;
    if (to.offset >= 0)
      name += "." + leaf.path;
    give(value, name, leaf.kind == LeafKind::Str ? "str" : scalarName(leaf.scalar), to);
  }
  for (const CSize &size : function.found)
    give(toInt(eval(Size(size.sym))), function.params[size.slot].name, "i64", {size.slot});
  GiveOp::create(b, values, b.getArrayAttr(names), b.getArrayAttr(kinds), slots, offsets, fresh);
  mlir::func::ReturnOp::create(b);
}
} // namespace tl::mlirgen
