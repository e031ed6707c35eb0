// Operators on numbers, arrays, and vectors of them. Here broadcasting and conversions become explicit, and
// integer divisions and conversions from floats get their checks.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir_gen/FunctionGen.h"

namespace tl::mlirgen {
using namespace ast;
using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;

//===- Operands
//-----------------------------------------------------------------------------------------------------===//

Operand FunctionGen::operand(const Value &v) { return {v.leaf(), scalarOf(v.type), sizesOf(ast::dimsOf(v.type))}; }

mlir::Value FunctionGen::stretch(mlir::Value x, const Sizes &from, const Sizes &to) {
  assert(from.size() <= to.size() && "only missing leading axes are repeated");
  const size_t missing = to.size() - from.size();
  SmallVector<int64_t> axes; // of the result, for those of x that stay
  Sizes kept;
  for (auto [i, size] : llvm::enumerate(from)) {
    if (size.isOne() && !to[missing + i].isOne())
      continue;
    axes.push_back(missing + i);
    kept.push_back(size);
  }
  if (axes.size() == to.size())
    return x;
  if (axes.empty() && !from.empty())
    x = SliceOp::element(b, b.getLoc(), x, Values(from.size(), index(0)));
  else if (axes.size() < from.size())
    x = ReshapeOp::create(b, x, eval(kept));
  return BroadcastOp::create(b, x, eval(to), b.getDenseI64ArrayAttr(axes));
}

mlir::Value FunctionGen::convert(mlir::Value x, ScalarKind from, ScalarKind to) {
  if (from == to)
    return x;
  if (!ast::isFloat(from) && !ast::isFloat(to) && from != ScalarKind::Bool && to != ScalarKind::Bool && bitWidth(from) == bitWidth(to))
    return x; // integers have no sign in the IR
  auto cast = CastOp::create(b, x, mlirType(to, m.context));
  if (ast::isUnsigned(from) || from == ScalarKind::Bool)
    cast->setAttr("from_unsigned", b.getUnitAttr());
  if (ast::isUnsigned(to))
    cast->setAttr("to_unsigned", b.getUnitAttr());
  return cast;
}

mlir::Value FunctionGen::fit(Operand x, ScalarKind kind, const Sizes &dims) {
  mlir::Value v = convert(x.value, x.kind, kind);
  return x.dims.empty() ? v : stretch(v, x.dims, dims);
}

//===- Operators
//----------------------------------------------------------------------------------------------------===//

/// Known to be an integer other than 0.
static bool isNonZero(mlir::Value v) {
  llvm::APInt constant;
  return mlir::matchPattern(v, mlir::m_ConstantInt(&constant)) && !constant.isZero();
}

/// The element type in which two operands meet: an array's, else the wider.
static ScalarKind common(const Operand &l, const Operand &r) {
  if (l.kind == r.kind || r.dims.size() < l.dims.size())
    return l.kind;
  if (l.dims.size() < r.dims.size())
    return r.kind;
  return bitWidth(l.kind) >= bitWidth(r.kind) ? l.kind : r.kind;
}

static StringRef opName(BinaryOp op) {
  switch (op) {
#define X(Name, text, opName)                                                                                                              \
  case BinaryOp::Name:                                                                                                                     \
    return "tl." opName;
    TL_BINARY_OPS(X)
#undef X
  }
  llvm_unreachable("every operator is listed");
}

mlir::Value FunctionGen::elementwise(BinaryOp op, Operand l, Operand r, ScalarKind kind, const Sizes &dims, bool divides) {
  // An integer exponent keeps its own type: x ** k is i64 powers.
  if (op == BinaryOp::Pow && !ast::isFloat(r.kind)) {
    mlir::Value exponent = convert(r.value, r.kind, ScalarKind::I64);
    llvm::APInt constant;
    bool nonNegative = mlir::matchPattern(exponent, mlir::m_ConstantInt(&constant)) && !constant.isNegative();
    if (!ast::isFloat(kind) && !nonNegative)
      check(compare("ge", exponent, integer(0)), Text("an integer to the power of ").number(exponent), "E0808");
    return this->op("tl.ipow", {fit(l, kind, dims), fit({exponent, ScalarKind::I64, r.dims}, ScalarKind::I64, dims)}, signs(kind));
  }
  mlir::Value y = convert(r.value, r.kind, kind);
  if ((op == BinaryOp::FloorDiv || op == BinaryOp::Mod) && !ast::isFloat(kind) && !divides && !isNonZero(y))
    check(compare("ne", y, tl::constantInt(b, b.getLoc(), mlirType(kind, m.context), 0)), Text("division by zero"), "E0804");
  mlir::Value a = fit(l, kind, dims), c = fit({y, kind, r.dims}, kind, dims);
  if (isComparison(op))
    return compare(opName(op).drop_front(3), a, c, ast::isUnsigned(kind) || kind == ScalarKind::Bool);
  return this->op(opName(op), {a, c}, signs(kind));
}

Value FunctionGen::binary(BinaryOp op, const Value &l, const Value &r, const Type *result, bool divides) {
  if (op == BinaryOp::MatMul)
    return matmul(l, r, result);
  if (!isAggregate(result)) {
    Operand x = operand(l), y = operand(r);
    bool logic = isComparison(op) || op == BinaryOp::And || op == BinaryOp::Or;
    ScalarKind kind = logic ? common(x, y) : scalarOf(result);
    return {result, {elementwise(op, x, y, kind, sizesOf(ast::dimsOf(result)), divides)}};
  }
  // Records of floats are vectors: leaf by leaf, a scalar with each.
  auto part = [&](const Value &v, size_t i, const Leaf &leaf) {
    return isAggregate(v.type) ? Operand{v.leaves[i], leaf.scalar, leaf.dims} : operand(v);
  };
  Value value{result, {}};
  for (auto [i, leaf] : llvm::enumerate(leavesOf(result)))
    value.leaves.push_back(elementwise(op, part(l, i, leaf), part(r, i, leaf), leaf.scalar, leaf.dims, divides));
  return value;
}

Value FunctionGen::negated(const Value &x) {
  Value value = x;
  for (auto [leaf, v] : llvm::zip_equal(leavesOf(x.type), value.leaves))
    v = op("tl.neg", v, signs(leaf.scalar));
  return value;
}

/// Computing it has no effect and costs next to nothing: names, literals, comparisons and logic of these.
static bool isCheap(const Expr *e) {
  switch (e->kind) {
  case ExprKind::Name:
  case ExprKind::Number:
  case ExprKind::Bool:
    return true;
  case ExprKind::Unary:
    return isCheap(cast<UnaryExpr>(e)->operand);
  case ExprKind::Select:
    return cast<SelectExpr>(e)->field >= 0 && isCheap(cast<SelectExpr>(e)->base);
  case ExprKind::Binary: {
    auto *x = cast<BinaryExpr>(e);
    switch (x->op) {
    case BinaryOp::FloorDiv:
    case BinaryOp::Mod:
    case BinaryOp::Pow:
    case BinaryOp::MatMul:
      return false;
    default:
      return isCheap(x->lhs) && isCheap(x->rhs);
    }
  }
  default:
    return false;
  }
}

Value FunctionGen::binaryExpr(BinaryExpr *e) {
  const Type *type = typeOf(e);
  bool stopsEarly = (e->op == BinaryOp::And || e->op == BinaryOp::Or) && type->kind == TypeKind::Scalar && !isCheap(e->rhs);
  if (!stopsEarly) {
    Value l = gen(e->lhs), r = gen(e->rhs);
    return binary(e->op, l, r, type, e->proved);
  }
  mlir::Value l = leaf(e->lhs);
  auto right = [&] { return gen(e->rhs); };
  auto decided = [&]() -> Value { return {type, {boolean(e->op == BinaryOp::Or)}}; };
  return e->op == BinaryOp::And ? branch(l, type, right, decided) : branch(l, type, decided, right);
}

Value FunctionGen::matmul(const Value &l, const Value &r, const Type *result) {
  // Labels: the axes of the result, then the one summed over. Batch axes meet from the last on.
  Sizes out = sizesOf(ast::dimsOf(result));
  Operand x = operand(l), y = operand(r);
  const size_t xMatrix = std::min<size_t>(x.dims.size(), 2), yMatrix = std::min<size_t>(y.dims.size(), 2);
  const size_t batch = out.size() - (xMatrix - 1) - (yMatrix - 1);
  const int64_t summed = out.size(), column = out.size() - 1, row = yMatrix == 2 ? out.size() - 2 : out.size() - 1;
  auto labelled = [&](Operand &side, size_t matrix) {
    SmallVector<int64_t> labels;
    Sizes kept;
    size_t own = side.dims.size() - matrix;
    for (size_t i = 0; i < own; ++i) {
      size_t label = batch - own + i;
      if (side.dims[i].isOne() && !out[label].isOne())
        continue; // one for all: the axis goes
      labels.push_back(label);
      kept.push_back(side.dims[i]);
    }
    for (size_t i = own; i < side.dims.size(); ++i)
      kept.push_back(side.dims[i]);
    if (kept.size() != side.dims.size())
      side.value = ReshapeOp::create(b, side.value, eval(kept));
    return labels;
  };
  SmallVector<int64_t> lhs = labelled(x, xMatrix), rhs = labelled(y, yMatrix);
  if (xMatrix == 2)
    lhs.push_back(row);
  lhs.push_back(summed);
  rhs.push_back(summed);
  if (yMatrix == 2)
    rhs.push_back(column);
  return {result,
          {op("tl.contract", {x.value, y.value},
              {attr("lhs", b.getDenseI64ArrayAttr(lhs)), attr("rhs", b.getDenseI64ArrayAttr(rhs)),
               attr("rank", b.getI64IntegerAttr(out.size()))})}};
}

//===- Conversions
//--------------------------------------------------------------------------------------------------===//

Value FunctionGen::castTo(const Value &x, const Type *type) {
  Value value{type, {}};
  for (auto [v, from, to] : llvm::zip_equal(x.leaves, leavesOf(x.type), leavesOf(type))) {
    if (ast::isFloat(from.scalar) && isInt(to.scalar)) {
      // In range: above min - 1 (or from min on, where min - 1 is not exact) and below max + 1, a power of
      // two. NaN fails both.
      const unsigned width = bitWidth(to.scalar), digits = ast::isSigned(to.scalar) ? width - 1 : width;
      const double max1 = std::ldexp(1.0, digits), min = ast::isSigned(to.scalar) ? -max1 : 0.0;
      const unsigned precision = from.scalar == ScalarKind::F64   ? 53
                                 : from.scalar == ScalarKind::F32 ? 24
                                 : from.scalar == ScalarKind::F16 ? 11
                                                                  : 8;
      const bool exact = digits < precision || min == 0;                          // -1 always is
      const bool open = exact || (from.scalar == ScalarKind::F16 && digits > 15); // f16 ends before i32 does: only -inf is too low
      mlir::Value low = compare(open ? "gt" : "ge", v, constant(from.scalar, exact ? min - 1 : min));
      mlir::Value high = compare("lt", v, constant(from.scalar, max1));
      check(op("tl.and", {low, high}), Text().hole(v, scalarName(from.scalar)).text((" does not fit " + scalarName(to.scalar)).str()),
            "E0805");
    }
    value.leaves.push_back(convert(v, from.scalar, to.scalar));
  }
  return value;
}
} // namespace tl::mlirgen
