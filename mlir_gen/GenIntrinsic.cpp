// Calls of intrinsics: the op of the name that the prelude gives, its operands the leaves of the arguments.
// What needs more than that stands in one table, by the name of the op.
#include "mlir_gen/GenIntrinsic.h"
#include "mlir/IR/Matchers.h"

namespace tl::mlirgen {
using namespace ast;
using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;

SmallVector<int64_t> axesOf(const Value &axes, size_t rank) {
  SmallVector<int64_t> result;
  auto add = [&](mlir::Attribute a) {
    int64_t axis = cast<mlir::IntegerAttr>(a).getInt();
    result.push_back(axis < 0 ? axis + int64_t(rank) : axis);
  };
  if (isa<mlir::UnitAttr>(axes.constant))
    return axesUpTo(rank);
  if (auto list = dyn_cast<mlir::ArrayAttr>(axes.constant))
    llvm::for_each(list, add);
  else
    add(axes.constant);
  return result;
}

namespace {
using Call = IntrinsicCall;

size_t rankOf(const Value &v) { return ast::dimsOf(v.type).size(); }

/// Each leaf of the first argument through `make`, which is given the leaf and that of the result.
Value leafwise(FunctionGen &f, const Call &c, llvm::function_ref<mlir::Value(mlir::Value, const Leaf &, const Leaf &)> make) {
  Value value{c.type, {}};
  for (auto [x, from, to] : llvm::zip_equal(c.args[0].leaves, f.leavesOf(c.args[0].type), f.leavesOf(c.type)))
    value.leaves.push_back(make(x, from, to));
  return value;
}

//===- Families, by @shape
//------------------------------------------------------------------------------------------===//

Value pointwise(FunctionGen &f, const Call &c) {
  const Sizes dims = sizesOf(ast::dimsOf(c.type));
  Values operands;
  ScalarKind number = scalarOf(c.args.back().type);
  for (auto [param, arg] : llvm::zip_equal(c.def->params, c.args)) {
    const Type *declared = resolved(elemOf(param->type));
    bool generic = declared->kind == TypeKind::Param;
    if (generic)
      number = scalarOf(f.typeOf(c.types.front()));
    operands.push_back(f.fit(f.operand(arg), generic ? number : scalarOf(declared), dims));
  }
  return {c.type, {f.op(c.op, operands, f.signs(number))}};
}

/// `y` as it is, or where the call says `keep`, with its axes of size 1.
mlir::Value kept(FunctionGen &f, const Call &c, mlir::Value y) {
  const Sizes dims = sizesOf(ast::dimsOf(c.type));
  if (dims.size() == (isTensor(y) ? tl::rankOf(y) : 0))
    return y;
  return isTensor(y) ? ReshapeOp::create(f.b, y, f.eval(dims)).getY()
                     : BroadcastOp::create(f.b, y, f.eval(dims), f.b.getDenseI64ArrayAttr({})).getY();
}

Value reduce(FunctionGen &f, const Call &c) {
  const Value &x = c.args[0];
  const ScalarKind kind = scalarOf(x.type);
  SmallVector<int64_t> axes = axesOf(c.args[1], rankOf(x));
  llvm::sort(axes);
  if (axes.empty())
    return {c.type, x.leaves};
  if (c.op == "tl.reduce_max" || c.op == "tl.reduce_min")
    f.checkNotEmpty(x, axes, c.def->name);
  auto attrs = f.signs(kind);
  attrs.push_back(f.attr("axes", f.b.getDenseI64ArrayAttr(axes)));
  mlir::Value y = f.op(c.op, x.leaf(), attrs);
  return {c.type, {kept(f, c, y)}};
}

Value along(FunctionGen &f, const Call &c) {
  auto attrs = f.signs(scalarOf(c.args[0].type));
  attrs.push_back(f.attr("axis", f.b.getI64IntegerAttr(axesOf(c.args[1], rankOf(c.args[0])).front())));
  return {c.type, {f.op(c.op, c.args[0].leaf(), attrs)}};
}

/// argmax, argmin: without an axis, over all elements in row-major order.
Value place(FunctionGen &f, const Call &c) {
  Value x = c.args[0];
  SmallVector<int64_t> axes = axesOf(c.args[1], rankOf(x));
  f.checkNotEmpty(x, axes, c.def->name);
  if (axes.size() > 1) {
    mlir::Value total = f.index(1);
    for (const Size &size : sizesOf(ast::dimsOf(x.type)))
      total = f.fold<mlir::arith::MulIOp>(f.eval(size), total);
    x.leaves = {ReshapeOp::create(f.b, x.leaf(), total)};
    axes = {0};
  }
  auto attrs = f.signs(scalarOf(x.type));
  attrs.push_back(f.attr("axis", f.b.getI64IntegerAttr(axes.front())));
  return {c.type, {kept(f, c, f.op(c.op, x.leaf(), attrs))}};
}

//===- Those that need more
//-----------------------------------------------------------------------------------------===//

Value full(FunctionGen &f, const Call &c) {
  Value value{c.type, {}};
  const Value &element = c.args[1];
  for (auto [x, from, to] : llvm::zip_equal(element.leaves, f.leavesOf(element.type), f.leavesOf(c.type)))
    value.leaves.push_back(f.stretch(f.convert(x, from.scalar, to.scalar), from.dims, to.dims));
  return value;
}

Value iota(FunctionGen &f, const Call &c) {
  const Size size = sizesOf(ast::dimsOf(c.type)).front();
  mlir::Value n = f.sizeFrom(f.toIndex(c.args[0].leaf()), size);
  f.learn(size, n);
  return {c.type, {IotaOp::create(f.b, n)}};
}

/// `where`: a condition for whole elements, which may be records, tuples or keys.
Value select(FunctionGen &f, const Call &c) {
  const Sizes own = sizesOf(ast::dimsOf(c.args[0].type));
  Value value{c.type, {}};
  for (auto [i, to, element] : llvm::enumerate(f.leavesOf(c.type), f.leavesOf(f.typeOf(c.types.front())))) {
    auto side = [&, i = i, &to = to](const Value &v) {
      const Leaf from = f.leavesOf(v.type)[i];
      return f.stretch(f.convert(v.leaves[i], from.scalar, to.scalar), from.dims, to.dims);
    };
    mlir::Value condition = c.args[0].leaf();
    if (!own.empty()) {
      const size_t rank = to.dims.size() - element.dims.size(); // of the array of elements
      condition = f.stretch(condition, own, Sizes(ArrayRef(to.dims).take_front(rank)));
      if (rank < to.dims.size())
        condition = BroadcastOp::create(f.b, condition, f.eval(to.dims), f.b.getDenseI64ArrayAttr(axesUpTo(rank)));
    }
    value.leaves.push_back(f.op("tl.select", {condition, side(c.args[1]), side(c.args[2])}));
  }
  return value;
}

Value reshape(FunctionGen &f, const Call &c) {
  return leafwise(f, c, [&](mlir::Value x, const Leaf &from, const Leaf &to) -> mlir::Value {
    if (from.dims.empty() || to.dims.empty()) {
      if (from.dims.size() == to.dims.size())
        return x;
      if (to.dims.empty())
        return SliceOp::element(f.b, f.b.getLoc(), x, Values(from.dims.size(), f.index(0)));
      return BroadcastOp::create(f.b, x, f.eval(to.dims), f.b.getDenseI64ArrayAttr({}));
    }
    return ReshapeOp::create(f.b, x, f.eval(to.dims));
  });
}

Value broadcast(FunctionGen &f, const Call &c) {
  return leafwise(f, c, [&](mlir::Value x, const Leaf &from, const Leaf &to) { return f.stretch(x, from.dims, to.dims); });
}

Value transpose(FunctionGen &f, const Call &c) {
  const size_t rank = rankOf(c.args[0]);
  return leafwise(f, c, [&](mlir::Value x, const Leaf &from, const Leaf &) {
    SmallVector<int64_t> perm = axesOf(c.args[1], rank);
    for (size_t axis = rank; axis < from.dims.size(); ++axis)
      perm.push_back(axis);
    return f.op("tl.transpose", x, f.attr("perm", f.b.getDenseI64ArrayAttr(perm)));
  });
}

Value flip(FunctionGen &f, const Call &c) {
  const size_t axis = axesOf(c.args[1], rankOf(c.args[0])).front();
  return leafwise(f, c, [&](mlir::Value x, const Leaf &from, const Leaf &) {
    Values sizes = f.eval(from.dims), offsets(sizes.size(), f.index(0));
    SmallVector<int64_t> strides(sizes.size(), 1);
    offsets[axis] = f.fold<mlir::arith::SubIOp>(sizes[axis], f.index(1));
    strides[axis] = -1;
    return SliceOp::create(f.b, x, offsets, sizes, strides, ArrayRef<int64_t>{}, /*always=*/true,
                           /*here=*/false)
        .getY();
  });
}

Value polygamma(FunctionGen &f, const Call &c) {
  const int64_t order = cast<mlir::IntegerAttr>(c.args[0].constant).getInt();
  return {c.type, {f.op("tl.polygamma", c.args[1].leaf(), f.attr("order", f.b.getI64IntegerAttr(order)))}};
}

Value filled(FunctionGen &f, const Call &c, double what) {
  Value value{c.type, {}};
  for (const Leaf &to : f.leavesOf(c.type))
    value.leaves.push_back(f.stretch(f.constant(to.scalar, what), {}, to.dims));
  return value;
}
Value zeros(FunctionGen &f, const Call &c) { return filled(f, c, 0); }
Value onesLike(FunctionGen &f, const Call &c) { return filled(f, c, 1); }

Value stopGradient(FunctionGen &f, const Call &c) {
  return leafwise(f, c, [&](mlir::Value x, const Leaf &, const Leaf &) { return f.op("tl.stop_gradient", x); });
}

/// The sum over all leaves of the products of their elements, as `kind`.
mlir::Value innerProduct(FunctionGen &f, const Value &a, const Value &b, ScalarKind kind) {
  mlir::Value sum;
  for (auto [narrowX, narrowY, leaf] : llvm::zip_equal(a.leaves, b.leaves, f.leavesOf(a.type))) {
    mlir::Value x = f.convert(narrowX, leaf.scalar, kind), y = f.convert(narrowY, leaf.scalar, kind), product;
    if (leaf.dims.empty()) {
      product = f.op("tl.mul", {x, y});
    } else {
      auto labels = f.attr("lhs", f.b.getDenseI64ArrayAttr(axesUpTo(leaf.dims.size())));
      product = f.op("tl.contract", {x, y}, {labels, f.attr("rhs", labels.getValue()), f.attr("rank", f.b.getI64IntegerAttr(0))});
    }
    sum = sum ? f.op("tl.add", {sum, product}) : product;
  }
  return sum ? sum : f.constant(kind, 0);
}
Value dot(FunctionGen &f, const Call &c) { return {c.type, {innerProduct(f, c.args[0], c.args[1], scalarOf(c.type))}}; }
/// In f32 for half floats: their squares leave the range.
Value norm(FunctionGen &f, const Call &c) {
  const ScalarKind to = scalarOf(c.type), kind = bitWidth(to) < 32 ? ScalarKind::F32 : to;
  return {c.type, {f.convert(f.op("tl.sqrt", innerProduct(f, c.args[0], c.args[0], kind)), kind, to)}};
}

Value size(FunctionGen &f, const Call &c) {
  const size_t axis = axesOf(c.args[1], rankOf(c.args[0])).front();
  return {c.type, {f.toInt(f.eval(sizesOf(ast::dimsOf(c.args[0].type))[axis]))}};
}

Value scatterAdd(FunctionGen &f, const Call &c) {
  mlir::Value place = c.args[1].leaf(), n = f.toInt(f.eval(sizesOf(ast::dimsOf(c.args[0].type)).front()));
  Text message("index ");
  message.number(place).text(" is out of bounds for axis 0 of size ").number(n);
  f.check(f.compare("lt", place, n, /*isUnsigned=*/true), message, "E0801");
  return {c.type,
          {ScatterAddOp::create(f.b, c.args[0].leaf(), place, c.args[2].leaf(), {0}, /*guarded=*/false,
                                /*always=*/false, /*here=*/true)}};
}

Value treeMap(FunctionGen &f, const Call &c) { return f.treeMap(*c.args[0].closure, c.args.drop_front(), c.type); }
Value print(FunctionGen &f, const Call &c) {
  f.print(c.args);
  return {c.type, {}};
}
Value load(FunctionGen &f, const Call &c) { return f.load(c.args[0].leaf(), c.type); }
Value save(FunctionGen &f, const Call &c) {
  f.save(c.args[0].leaf(), c.args[1]);
  return {c.type, {}};
}

using Maker = Value (*)(FunctionGen &, const Call &);
Maker special(StringRef op) {
  static const llvm::StringMap<Maker> table{{"full", full},
                                            {"iota", iota},
                                            {"select", select},
                                            {"reshape", reshape},
                                            {"broadcast", broadcast},
                                            {"transpose", transpose},
                                            {"concat", movement::concat},
                                            {"stack", movement::stack},
                                            {"roll", movement::roll},
                                            {"repeat", movement::repeat},
                                            {"tile", movement::tile},
                                            {"pad", movement::pad},
                                            {"conv2d", movement::conv2d},
                                            {"flip", flip},
                                            {"polygamma", polygamma},
                                            {"zeros", zeros},
                                            {"zeros_like", zeros},
                                            {"ones_like", onesLike},
                                            {"stop_gradient", stopGradient},
                                            {"dot", dot},
                                            {"norm", norm},
                                            {"size", size},
                                            {"scatter_add", scatterAdd},
                                            {"tree_map", treeMap},
                                            {"print", print},
                                            {"load", load},
                                            {"save", save},
                                            {"argmax", place},
                                            {"argmin", place},
                                            {"key", random::seed},
                                            {"split", random::split},
                                            {"split_n", random::splitMany},
                                            {"fold_in", random::foldIn},
                                            {"clone", random::clone},
                                            {"random_bits", random::bits},
                                            {"uniform", random::uniform},
                                            {"normal_like", random::normalLike}};
  auto it = table.find(op);
  return it == table.end() ? nullptr : it->second;
}
} // namespace

Value FunctionGen::intrinsic(const Callable *callable, ArrayRef<Value> args, const Type *type) {
  const DefDecl *def = callable->instance.def;
  const std::string name = ("tl." + def->opName).str();
  Call call{def, name, args, callable->instance.types, type};
  if (Maker make = special(def->opName))
    return make(*this, call);
  if (def->shapeRule == "broadcast")
    return pointwise(*this, call);
  if (def->shapeRule == "reduce")
    return reduce(*this, call);
  if (def->shapeRule == "same")
    return along(*this, call);
  Values operands;
  for (const Value &arg : args)
    llvm::append_range(operands, arg.leaves);
  assert(mlir::RegisteredOperationName::lookup(name, m.context) && "an intrinsic is an op, or special");
  return {type, {op(name, operands, signs(scalarOf(args.front().type)))}};
}

void FunctionGen::checkNotEmpty(const Value &x, ArrayRef<int64_t> axes, StringRef what) {
  const Sizes dims = sizesOf(ast::dimsOf(x.type));
  for (int64_t axis : axes) {
    if (auto constant = dims[axis].constant(); constant && *constant > 0)
      continue;
    check(compare("gt", toInt(eval(dims[axis])), integer(0)), Text(("`" + what + "` of no elements").str()), "E0807");
  }
}

mlir::Value FunctionGen::sizeFrom(mlir::Value index, const Size &size) {
  llvm::APInt constant;
  const bool isNew = size.symbol() && !known(size.symbol()); // nobody knows anything of it
  bool proved = isNew                                                       ? false
                : mlir::matchPattern(index, mlir::m_ConstantInt(&constant)) ? !constant.isNegative()
                                                                            : lessEqual(Size(0), size, facts) == Answer::Always;
  if (!proved) {
    if (!isNew)
      checkNewSize(size);
    mlir::Value n = toInt(index);
    check(compare("ge", n, integer(0)), Text("a size is at least 0, this is ").number(n), "E0313");
    facts.nonNegative.push_back(size);
  }
  return index;
}
} // namespace tl::mlirgen
