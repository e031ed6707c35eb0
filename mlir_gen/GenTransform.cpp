// grad, jvp, vjp, jacobian, vmap: functions of functions. What is differentiated becomes a function of the module
// and an op that refers to it; vmap is a tl.map whose body calls the function on one element of each argument.
#include "mlir_gen/FunctionGen.h"

namespace tl::mlirgen {
using namespace ast;
using llvm::cast;
using llvm::dyn_cast;

Value FunctionGen::transform(const Callable *callable, ArrayRef<Value> args, const Type *type) {
  const Closure inner = closureOf(callable->inner);
  StringRef name = callable->name;
  auto result = [&] { return typeOf(inner.callable->result); };
  if (name == "vmap")
    return vmap(callable, args, type);
  if (name == "checkpoint") { // a call that stays one: its pullback computes it again
    if (!holesOf(type).empty())
      return call(inner, args, type);
    Outlined f = outline(inner, args, result());
    f.func->setAttr("tl.checkpoint", b.getUnitAttr());
    return {type, enter(result(), mlir::func::CallOp::create(b, f.func, f.operands).getResults()).leaves};
  }
  if (name == "jacobian")
    return jacobian(inner, args, type);
  if (name == "jvp" || name == "hvp") {
    Outlined f = outline(inner, args.front(), result());
    Values made = jvp(f, args.back().leaves);
    const size_t n = made.size() / 2;
    Value change = enter(result(), ValueRange(made).drop_front(n));
    return name == "hvp" ? change : record(type, {enter(result(), ValueRange(made).take_front(n)), change});
  }
  if (name == "vjp") // the pullback makes its own, at the point that it finds by name
    return {type, call(inner, args, result()).leaves};
  if (name == "pullback") {
    const Value x = lookup(callable->point);
    Values made = vjp(outline(inner, x, result()), x.leaves.size(), args.front().leaves, false);
    llvm::cast<VjpOp>(made.front().getDefiningOp()).setAgain(true);
    return enter(type, made);
  }
  assert((name == "grad" || name == "value_and_grad") && "all transformations are told apart");
  return gradient(inner, args, type, name == "value_and_grad");
}

FunctionGen::Outlined FunctionGen::outline(const Closure &f, ArrayRef<Value> args, const Type *result) {
  SmallVector<mlir::Type> inputs;
  for (const Value &arg : args)
    llvm::append_range(inputs, leafTypes(arg.type));
  StringRef name = f.callable->kind == CallableKind::Def ? f.callable->instance.def->name : StringRef("lambda");
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
  Outlined outlined{outer, {}};
  for (const Value &arg : args)
    llvm::append_range(outlined.operands, arg.leaves);
  llvm::append_range(outlined.operands, own.captured);
  return outlined;
}

Values FunctionGen::vjp(Outlined f, size_t points, ValueRange seeds, bool withValue) {
  SmallVector<mlir::Type> results;
  if (withValue)
    llvm::append_range(results, f.func.getResultTypes());
  llvm::append_range(results, ValueRange(f.operands).take_front(points).getTypes());
  auto op = VjpOp::create(b, results, f.func.getSymName(), f.operands, seeds, axesUpTo(points), withValue);
  return Values(op.getResults());
}

Values FunctionGen::jvp(Outlined f, ValueRange tangents) {
  SmallVector<mlir::Type> results(f.func.getResultTypes()), all = results;
  llvm::append_range(all, results); // each is a float and has a tangent
  auto op = JvpOp::create(b, all, f.func.getSymName(), f.operands, tangents, axesUpTo(tangents.size()));
  return Values(op.getResults());
}

Value FunctionGen::gradient(const Closure &f, ArrayRef<Value> args, const Type *type, bool withValue) {
  const Type *result = withValue ? fieldOf(type, 0, m.types) : typeOf(f.callable->result);
  Outlined outlined = outline(f, args, result);
  mlir::Value seed = constant(scalarOf(result), 1);
  Values made = vjp(outlined, args.front().leaves.size(), seed, withValue);
  // A gradient has the sizes of what it is the gradient of.
  Value change = enter(args.front().type, ValueRange(made).drop_front(withValue));
  change.type = withValue ? fieldOf(type, 1, m.types) : type;
  return withValue ? record(type, {Value{result, {made.front()}}, change}) : change;
}

/// 1 at the place `at` of an array of `sizes`, 0 elsewhere.
mlir::Value FunctionGen::unit(const Type *type, const Values &sizes, ValueRange at) {
  mlir::Value one = constant(scalarOf(type), 1), zero = constant(scalarOf(type), 0);
  if (sizes.empty())
    return one;
  auto isThere = [&](ValueRange place) -> Value {
    mlir::Value there;
    for (auto [i, j] : llvm::zip_equal(at, place)) {
      mlir::Value equal = compare("eq", toInt(i), toInt(j));
      there = there ? op("tl.and", {there, equal}) : equal;
    }
    return {elemOf(type), {op("tl.select", {there, one, zero})}};
  };
  return map(sizes, type, isThere).leaf();
}

Value FunctionGen::jacobian(const Closure &f, ArrayRef<Value> args, const Type *type) {
  const Value &x = args.front();
  const Type *result = typeOf(f.callable->result);
  const Outlined outlined = outline(f, args, result);
  const Sizes from = leavesOf(x.type).front().dims, to = leavesOf(result).front().dims;
  const Values inputs = eval(from), outputs = eval(to);
  auto count = [](const Sizes &sizes) {
    Size product(1);
    for (const Size &size : sizes)
      product = product * size;
    return product;
  };
  // Along each element of the point: the last axes of the jacobian come first.
  auto columns = [&]() -> Value {
    auto column = [&](ValueRange at) { return enter(result, ValueRange(jvp(outlined, unit(x.type, inputs, at))).drop_front()); };
    if (inputs.empty())
      return {type, column({}).leaves};
    Dims dims(from.begin(), from.end());
    dims.append(to.begin(), to.end());
    mlir::Value all = map(inputs, m.types.array(elemOf(type), dims), column).leaf();
    SmallVector<int64_t> perm;
    for (size_t axis = 0; axis < dims.size(); ++axis)
      perm.push_back((axis + from.size()) % dims.size());
    return {type, {op("tl.transpose", all, attr("perm", b.getDenseI64ArrayAttr(perm)))}};
  };
  // What each element of the value gives the point.
  auto rows = [&]() -> Value {
    auto row = [&](ValueRange at) { return enter(x.type, vjp(outlined, 1, unit(result, outputs, at), false)); };
    return outputs.empty() ? Value{type, row({}).leaves} : map(outputs, type, row);
  };
  if (outputs.empty() && !inputs.empty())
    return rows();
  const Answer fewer = inputs.empty() ? Answer::Always : lessEqual(count(from), count(to), facts);
  if (fewer == Answer::Sometimes)
    return branch(compare("le", toInt(eval(count(from))), toInt(eval(count(to)))), type, columns, rows);
  return fewer == Answer::Always ? columns() : rows();
}

Value FunctionGen::map(const Values &extents, const Type *type, llvm::function_ref<Value(ValueRange)> body) {
  const Env before = env;
  SmallVector<mlir::Type> results;
  SmallVector<std::optional<Values>> sizes; // of an element of each result, where they are known before
  for (const Leaf &leaf : leavesOf(type)) {
    results.push_back(mlirType(leaf, m.context));
    auto inner = ArrayRef(leaf.dims).drop_front(extents.size());
    const bool isKnown = !inner.empty() && llvm::all_of(inner, [&](const Size &size) { return known(size); });
    sizes.push_back(isKnown ? std::optional(eval(Sizes(inner.begin(), inner.end()))) : std::nullopt);
  }
  auto op = MapOp::create(b, results, extents);
  {
    mlir::OpBuilder::InsertionGuard guard(b);
    llvm::SaveAndRestore outside(facts);
    b.setInsertionPointToEnd(&op.getBody().front());
    Value value = body(op.indices());
    for (auto [leaf, known] : llvm::zip_equal(value.leaves, sizes))
      leaf = known ? SizedOp::create(b, leaf, *known).getY() : leaf;
    YieldOp::create(b, value.leaves);
  }
  env = before;
  Value value{type, {}};
  llvm::append_range(value.leaves, op.getResults());
  return value;
}

/// Calls `visit` with each part of a value that is no tuple.
static void eachPart(const Value &value, TypeContext &types, llvm::function_ref<void(const Value &)> visit) {
  if (resolved(value.type)->kind != TypeKind::Tuple || value.closure)
    return visit(value);
  for (unsigned field = 0; field < fieldCount(value.type); ++field)
    eachPart(fieldOf(value, field, types), types, visit);
}

Value FunctionGen::vmap(const Callable *callable, ArrayRef<Value> args, const Type *type) {
  const Closure f = closureOf(callable->inner);
  ArrayRef<std::optional<int64_t>> axes = callable->axes;
  // The place of an axis that may count from the end; of records, among those of their array.
  auto placeOf = [&](const Type *part, int64_t axis) -> size_t { return axis < 0 ? axis + sizesOf(ast::dimsOf(part)).size() : axis; };
  mlir::Value extent;
  for (const Value &arg : args)
    eachPart(arg, m.types, [&](const Value &part) {
      if (axes.front() && !extent)
        extent = eval(sizesOf(ast::dimsOf(part.type))[placeOf(part.type, *axes.front())]);
      axes = axes.drop_front();
    });
  // The type of all results or of a part of them, where the axis of the calls comes first.
  auto inFront = [&](auto &self, const Type *part) -> const Type * {
    if (auto *tuple = dyn_cast<TupleType>(resolved(part)))
      return m.types.tuple(llvm::map_to_vector(tuple->elems, [&](const Type *elem) { return self(self, elem); }));
    Sizes sizes = sizesOf(ast::dimsOf(part));
    std::rotate(sizes.begin(), sizes.begin() + placeOf(part, callable->out), sizes.begin() + placeOf(part, callable->out) + 1);
    return m.types.array(elemOf(part), Dims(sizes.begin(), sizes.end()));
  };
  Value all = map({extent}, callable->out ? inFront(inFront, type) : type, [&](ValueRange at) {
    // The callable speaks of one element; its parameters are bound to those of the arguments.
    axes = callable->axes;
    auto elementOf = [&](auto &self, const Value &value) -> Value {
      if (resolved(value.type)->kind != TypeKind::Tuple || value.closure) {
        const std::optional<int64_t> axis = axes.front();
        axes = axes.drop_front();
        return axis ? row(value, at.front(), placeOf(value.type, *axis)) : value;
      }
      SmallVector<Value> parts;
      SmallVector<const Type *> types;
      for (unsigned field = 0; field < fieldCount(value.type); ++field) {
        parts.push_back(self(self, fieldOf(value, field, m.types)));
        types.push_back(parts.back().type);
      }
      return record(m.types.tuple(types), parts);
    };
    SmallVector<Value> elements;
    for (const Value &arg : args)
      elements.push_back(elementOf(elementOf, arg));
    return call(f, elements, typeOf(callable->inner->result));
  });
  if (!callable->out)
    return all;
  ValueRange leaves(all.leaves);
  Value placed{type, {}};
  eachPart(all, m.types, [&](const Value &part) {
    const size_t place = placeOf(part.type, callable->out);
    for (mlir::Value leaf : leaves.take_front(part.leaves.size())) {
      SmallVector<int64_t> perm = axesUpTo(rankOf(leaf));
      std::rotate(perm.begin(), perm.begin() + 1, perm.begin() + place + 1);
      placed.leaves.push_back(op("tl.transpose", leaf, attr("perm", b.getDenseI64ArrayAttr(perm))));
    }
    leaves = leaves.drop_front(part.leaves.size());
  });
  return placed;
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
      parts.push_back({m.types.array(m.types.scalar(part.scalar), Dims(part.dims.begin(), part.dims.end())), {args[k].leaves[i]}});
    }
    value.leaves.push_back(call(here, parts, m.types.array(m.types.scalar(leaf.scalar), dims)).leaf());
  }
  return value;
}
} // namespace tl::mlirgen
