// grad, value_and_grad, vmap: functions of functions. What is differentiated becomes a function of the module
// and an op that refers to it; a map over the leading axis is a tl.map whose body calls the function on one
// row.
#include "mlir_gen/FunctionGen.h"

namespace tl::mlirgen {
using namespace ast;
using llvm::cast;
using llvm::dyn_cast;

Value FunctionGen::transform(const Callable *callable, ArrayRef<Value> args, const Type *type) {
  const Closure inner = closureOf(callable->inner);
  StringRef name = callable->name;
  if (name == "grad" || name == "value_and_grad")
    return derivative(inner, args, type, name == "value_and_grad");
  if (name == "vmap")
    return vmap(inner, args, type);
  if (name == "checkpoint")
    return call(inner, args, type);
  return notBuilt("`" + name + "`", type);
}

FunctionGen::Outlined FunctionGen::outline(const Closure &f, ArrayRef<Value> args, const Type *result) {
  SmallVector<mlir::Type> inputs;
  for (const Value &arg : args)
    llvm::append_range(inputs, leafTypes(arg.type));
  StringRef name =
      f.callable->kind == CallableKind::Def ? f.callable->instance.def->name : StringRef("lambda");
  mlir::func::FuncOp outer = m.declare(b.getLoc(), name, inputs, leafTypes(result));
  FunctionGen own(m, outer, env, this);
  const Values arguments(outer.args_begin(), outer.args_end());
  ValueRange rest = arguments;
  SmallVector<Value> params;
  for (const Value &arg : args) {
    if (arg.closure) {
      params.push_back(arg);
      continue;
    }
    params.push_back(own.enter(arg.type, rest.take_front(arg.leaves.size())));
    rest = rest.drop_front(arg.leaves.size());
  }
  own.prologue = outer.front().empty() ? nullptr : &outer.front().back();
  own.giveBack({}, own.call(f, params, result));
  return {outer, own.captured};
}

Value FunctionGen::derivative(const Closure &f, ArrayRef<Value> args, const Type *type, bool withValue) {
  const Type *result = withValue ? fieldOf(type, 0, m.types) : nullptr;
  const Type *gradient = withValue ? fieldOf(type, 1, m.types) : type;
  if (!result)
    result = typeOf(f.callable->result);
  Outlined outlined = outline(f, args, result);
  Values operands;
  for (const Value &arg : args)
    llvm::append_range(operands, arg.leaves);
  llvm::append_range(operands, outlined.captured);

  Values seeds;
  for (mlir::Type t : outlined.func.getResultTypes())
    if (tl::isFloat(t))
      seeds.push_back(tl::constant(b, b.getLoc(), t, 1));
  const SmallVector<int64_t> wrt = axesUpTo(args.front().leaves.size());
  SmallVector<mlir::Type> results;
  if (withValue)
    llvm::append_range(results, outlined.func.getResultTypes());
  for (mlir::Value leaf : args.front().leaves)
    results.push_back(leaf.getType());
  auto vjp = VjpOp::create(b, results, outlined.func.getSymName(), operands, seeds, wrt, withValue);
  ValueRange made = vjp.getResults();
  const size_t values = withValue ? outlined.func.getNumResults() : 0;
  // A gradient has the sizes of what it is the gradient of.
  Value change = enter(args.front().type, made.drop_front(values));
  change.type = gradient;
  if (!withValue)
    return change;
  return record(type, {enter(result, made.take_front(values)), change});
}

Value FunctionGen::map(const Values &extents, const Type *type, llvm::function_ref<Value(ValueRange)> body) {
  const Env before = env;
  SmallVector<mlir::Type> results;
  for (const Leaf &leaf : leavesOf(type))
    results.push_back(mlirType(leaf, m.context));
  auto op = MapOp::create(b, results, extents);
  {
    mlir::OpBuilder::InsertionGuard guard(b);
    llvm::SaveAndRestore outside(facts);
    b.setInsertionPointToEnd(&op.getBody().front());
    Value value = body(op.indices());
    YieldOp::create(b, value.leaves);
  }
  env = before;
  Value value{type, {}};
  llvm::append_range(value.leaves, op.getResults());
  return value;
}

Value FunctionGen::vmap(const Closure &f, ArrayRef<Value> args, const Type *type) {
  // The callable speaks of one row; its parameters are bound to the rows of the arguments.
  mlir::Value extent;
  for (const Value &arg : args)
    if (!extent && !arg.closure)
      extent = eval(leavesOf(arg.type).front().dims.front());
  const Type *element = typeOf(f.callable->result);
  return map({extent}, type, [&](ValueRange at) {
    SmallVector<Value> rows;
    for (const Value &arg : args)
      rows.push_back(rowOf(arg, at.front()));
    return call(f, rows, element);
  });
}

Value FunctionGen::rowOf(const Value &value, mlir::Value i) {
  if (resolved(value.type)->kind != TypeKind::Tuple)
    return row(value, i);
  SmallVector<Value> parts;
  SmallVector<const Type *> types;
  for (unsigned field = 0; field < fieldCount(value.type); ++field) {
    parts.push_back(rowOf(fieldOf(value, field, m.types), i));
    types.push_back(parts.back().type);
  }
  return record(m.types.tuple(types), parts);
}

Value FunctionGen::treeMap(const Closure &f, ArrayRef<Value> args, const Type *type) {
  // The function was checked once, for a leaf F[...s]; here are the F and s of each leaf.
  const Type *pattern = resolved(f.callable->params.front());
  auto *element = dyn_cast<ParamType>(resolved(elemOf(pattern)));
  SmallVector<SmallVector<Leaf>> leaves;
  for (const Value &arg : args)
    leaves.push_back(leavesOf(arg.type));
  Value value{type, {}};
  for (auto [i, leaf] : llvm::enumerate(leavesOf(type))) {
    Closure here = f;
    Dims dims(leaf.dims.begin(), leaf.dims.end());
    if (element)
      here.env.bind(element->param, m.types.scalar(leaf.scalar));
    for (const Dim &d : ast::dimsOf(pattern))
      if (d.pack)
        here.env.bind(d.pack, dims);
    SmallVector<Value> parts;
    for (size_t k = 0; k < args.size(); ++k) {
      const Leaf &part = leaves[k][i];
      parts.push_back({m.types.array(m.types.scalar(part.scalar), Dims(part.dims.begin(), part.dims.end())),
                       {args[k].leaves[i]}});
    }
    value.leaves.push_back(call(here, parts, m.types.array(m.types.scalar(leaf.scalar), dims)).leaf());
  }
  return value;
}
} // namespace tl::mlirgen
