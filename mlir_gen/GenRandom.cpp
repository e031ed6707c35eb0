// Random numbers: everything is Threefry 2x32 of a key and a counter, so that element i depends on the key
// and i alone.
#include "mlir_gen/GenIntrinsic.h"
#include "llvm/Support/MathExtras.h"

namespace tl::mlirgen::random {
using namespace ast;
using llvm::cast;

Value seed(FunctionGen &f, const IntrinsicCall &c) { return {c.type, {SeedOp::create(f.b, c.args[0].leaf())}}; }
Value foldIn(FunctionGen &f, const IntrinsicCall &c) { return {c.type, {FoldInOp::create(f.b, c.args[0].leaf(), c.args[1].leaf())}}; }
Value clone(FunctionGen &, const IntrinsicCall &c) { return {c.type, c.args[0].leaves}; }

/// One of the two keys that `key` is split into.
static mlir::Value half(FunctionGen &f, mlir::Value key, int64_t i) { return SplitOp::create(f.b, key, f.integer(i)); }

Value split(FunctionGen &f, const IntrinsicCall &c) {
  const mlir::Value key = c.args[0].leaf();
  return {c.type, {half(f, key, 0), half(f, key, 1)}};
}

Value splitMany(FunctionGen &f, const IntrinsicCall &c) {
  const Size size = sizesOf(ast::dimsOf(c.type)).front();
  mlir::Value n = f.sizeFrom(f.toIndex(c.args[1].leaf()), size);
  f.learn(size, n);
  return {c.type, {SplitOp::create(f.b, c.args[0].leaf(), IotaOp::create(f.b, n))}};
}

/// 64 bits for each element of an array with these sizes, or for one scalar.
static mlir::Value bits(FunctionGen &f, mlir::Value key, const Sizes &dims) {
  Values sizes = f.eval(dims);
  mlir::Value number = f.integer(0);
  if (!sizes.empty()) {
    mlir::Value count = sizes[0];
    for (mlir::Value size : ArrayRef(sizes).drop_front())
      count = f.fold<mlir::arith::MulIOp>(count, size);
    number = IotaOp::create(f.b, count);
  }
  mlir::Value all = RandomBitsOp::create(f.b, key, number);
  return sizes.size() > 1 ? ReshapeOp::create(f.b, all, sizes).getY() : all;
}

Value bits(FunctionGen &f, const IntrinsicCall &c) { return {c.type, {bits(f, c.args[0].leaf(), sizesOf(ast::dimsOf(c.type)))}}; }

/// In [0, 1). The top bits, as many as the significand holds, scaled: every value is exact and below 1.
static mlir::Value uniform(FunctionGen &f, mlir::Value key, const Sizes &dims, ScalarKind kind) {
  const unsigned precision = llvm::APFloat::semanticsPrecision(cast<mlir::FloatType>(mlirType(kind, f.m.context)).getFloatSemantics());
  mlir::Value all = bits(f, key, dims);
  mlir::Value top = f.op("tl.shr", {all, f.integer(64 - precision)}, f.flag("unsigned"));
  mlir::Value number = f.convert(top, ScalarKind::I64, kind);
  return f.op("tl.mul", {number, f.constant(kind, std::ldexp(1.0, -int(precision)))});
}

Value uniform(FunctionGen &f, const IntrinsicCall &c) {
  return {c.type, {uniform(f, c.args[0].leaf(), sizesOf(ast::dimsOf(c.type)), scalarOf(c.type))}};
}

/// Each leaf has the numbers that `normal` of the prelude gives under the key folded with the leaf's number.
Value normalLike(FunctionGen &f, const IntrinsicCall &c) {
  Value result{c.type, {}};
  for (auto [i, leaf] : llvm::enumerate(f.leavesOf(c.type))) {
    mlir::Value key = FoldInOp::create(f.b, c.args[0].leaf(), f.integer(i));
    auto part = [&](int64_t n) { return uniform(f, half(f, key, n), leaf.dims, leaf.scalar); };
    auto times = [&](double a, mlir::Value x) { return f.op("tl.mul", {f.constant(leaf.scalar, a), x}); };
    mlir::Value radius = f.op("tl.sqrt", times(-2, f.op("tl.log1p", times(-1, part(0)))));
    result.leaves.push_back(f.op("tl.mul", {radius, f.op("tl.cos", times(2 * llvm::numbers::pi, part(1)))}));
  }
  return result;
}
} // namespace tl::mlirgen::random
