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

void FunctionGen::exported(const CFunction &function) {
  DefDecl *def = function.def;
  At at(*this, def->nameSpan);
  for (const CSize &size : function.sizes) {
    StringRef name = function.params[size.slot].name;
    mlir::Value n = argument({LeafKind::Number, ScalarKind::I64, {}, ""}, {}, name, {size.slot});
    check(compare("ge", n, integer(0)), Text("the size `" + name.str() + "` of `" + def->name.str() + "` is ").number(n), "E0920");
    env.bind(size.sym, toIndex(n));
  }
  SmallVector<Value> args;
  ArrayRef<CLeaf> places = function.arguments;
  for (const VarDecl *param : def->params) {
    At here(*this, param->nameSpan);
    const Type *type = typeOf(param->type);
    Values leaves;
    for (const Leaf &leaf : leavesOf(type)) {
      Values sizes;
      for (const Size &size : leaf.dims)
        sizes.push_back(sizeFrom(eval(size), size));
      std::string path = leaf.path.empty() ? param->name.str() : (param->name + "." + leaf.path).str();
      leaves.push_back(argument(leaf, sizes, path, places.front()));
      places = places.drop_front();
    }
    args.push_back(enter(type, leaves));
    env.bind(param, args.back());
  }
  if (def->where)
    checkSizes(def->where);

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
