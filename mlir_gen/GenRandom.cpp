// Random numbers: everything is Threefry 2x32 of a key and a counter, so that element i depends on the key
// and i alone.
#include "mlir_gen/GenIntrinsic.h"
#include "llvm/Support/MathExtras.h"

namespace tl::mlirgen::random {
using namespace ast;
using llvm::cast;

/// The high and low 32 bits of 64.
static std::pair<mlir::Value, mlir::Value> halves(FunctionGen &f, mlir::Value x) {
  mlir::Value high = f.op("tl.shr", {x, f.integer(32)}, f.flag("unsigned"));
  return {f.convert(high, ScalarKind::U64, ScalarKind::U32), f.convert(x, ScalarKind::U64, ScalarKind::U32)};
}

/// The block number `counter` (i64) under `key`: two words for each counter.
static Values block(FunctionGen &f, const Value &key, mlir::Value counter) {
  auto [high, low] = halves(f, counter);
  auto words = ThreefryOp::create(f.b, key.leaves[0], key.leaves[1], high, low);
  return {words.getY0(), words.getY1()};
}

Value key(FunctionGen &f, const IntrinsicCall &c) {
  auto [high, low] = halves(f, c.args[0].leaf());
  return {c.type, {high, low}};
}

Value foldIn(FunctionGen &f, const IntrinsicCall &c) {
  Values words = block(f, c.args[0], c.args[1].leaf());
  return {c.type, {words[0], words[1]}};
}

Value split(FunctionGen &f, const IntrinsicCall &c) {
  Value pair{c.type, {}};
  for (int64_t i : {0, 1})
    llvm::append_range(pair.leaves, block(f, c.args[0], f.integer(i)));
  return pair;
}

Value splitMany(FunctionGen &f, const IntrinsicCall &c) {
  const Size size = sizesOf(ast::dimsOf(c.type)).front();
  mlir::Value n = f.sizeFrom(f.toIndex(c.args[1].leaf()), size);
  f.learn(size, n);
  Values words = block(f, c.args[0], IotaOp::create(f.b, n));
  return {c.type, {words[0], words[1]}};
}

/// 64 bits for each element of an array with these sizes, or for one scalar.
static mlir::Value bits(FunctionGen &f, const Value &key, const Sizes &dims) {
  Values sizes = f.eval(dims);
  mlir::Value counter = f.integer(0);
  if (!sizes.empty()) {
    mlir::Value count = sizes[0];
    for (mlir::Value size : ArrayRef(sizes).drop_front())
      count = f.fold<mlir::arith::MulIOp>(count, size);
    counter = IotaOp::create(f.b, count);
  }
  Values words = block(f, key, counter);
  mlir::Value high = f.op("tl.shl", {f.convert(words[0], ScalarKind::U32, ScalarKind::U64), f.integer(32)});
  mlir::Value all = f.op("tl.or", {high, f.convert(words[1], ScalarKind::U32, ScalarKind::U64)});
  return sizes.size() > 1 ? ReshapeOp::create(f.b, all, sizes).getY() : all;
}

Value bits(FunctionGen &f, const IntrinsicCall &c) { return {c.type, {bits(f, c.args[0], sizesOf(ast::dimsOf(c.type)))}}; }

/// In [0, 1). The top bits, as many as the significand holds, scaled: every value is exact and below 1.
static mlir::Value uniform(FunctionGen &f, const Value &key, const Sizes &dims, ScalarKind kind) {
  const unsigned precision = llvm::APFloat::semanticsPrecision(cast<mlir::FloatType>(mlirType(kind, f.m.context)).getFloatSemantics());
  mlir::Value all = bits(f, key, dims);
  mlir::Value top = f.op("tl.shr", {all, f.integer(64 - precision)}, f.flag("unsigned"));
  mlir::Value number = f.convert(top, ScalarKind::I64, kind);
  return f.op("tl.mul", {number, f.constant(kind, std::ldexp(1.0, -int(precision)))});
}

Value uniform(FunctionGen &f, const IntrinsicCall &c) {
  return {c.type, {uniform(f, c.args[0], sizesOf(ast::dimsOf(c.type)), scalarOf(c.type))}};
}

/// Each leaf has the numbers that `normal` of the prelude gives under the key folded with the leaf's number.
Value normalLike(FunctionGen &f, const IntrinsicCall &c) {
  Value result{c.type, {}};
  for (auto [i, leaf] : llvm::enumerate(f.leavesOf(c.type))) {
    const Value key{c.args[0].type, block(f, c.args[0], f.integer(i))};
    auto part = [&](int64_t n) { return uniform(f, {key.type, block(f, key, f.integer(n))}, leaf.dims, leaf.scalar); };
    auto times = [&](double a, mlir::Value x) { return f.op("tl.mul", {f.constant(leaf.scalar, a), x}); };
    mlir::Value radius = f.op("tl.sqrt", times(-2, f.op("tl.log1p", times(-1, part(0)))));
    result.leaves.push_back(f.op("tl.mul", {radius, f.op("tl.cos", times(2 * llvm::numbers::pi, part(1)))}));
  }
  return result;
}
} // namespace tl::mlirgen::random
