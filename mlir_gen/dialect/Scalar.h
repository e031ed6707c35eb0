// Elementwise ops on one element, with arith and math ops whose result no optimisation changes: no fast-math flag, no poison, no trap.
#pragma once
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace tl::scalar {
namespace arith = mlir::arith;
namespace math = mlir::math;
using mlir::Location;
using mlir::OpBuilder;
using mlir::Operation;
using mlir::Value;

/// F on floats, I on integers and index.
template <typename F, typename I> Value pick(OpBuilder &b, Location loc, Value x, Value z) {
  if (llvm::isa<mlir::FloatType>(x.getType()))
    return F::create(b, loc, x, z);
  return I::create(b, loc, x, z);
}

Value reciprocalSqrt(OpBuilder &b, Location loc, Value x);
Value sigmoidOf(OpBuilder &b, Location loc, Value x);
Value negate(OpBuilder &b, Location loc, Value x);
Value absolute(OpBuilder &b, Location loc, Operation *op, Value x);
Value signOf(OpBuilder &b, Location loc, Operation *op, Value x);
Value complement(OpBuilder &b, Location loc, Value x);
Value floorDivide(OpBuilder &b, Location loc, Operation *op, Value x, Value z);
Value floorModulo(OpBuilder &b, Location loc, Operation *op, Value x, Value z);
Value minimum(OpBuilder &b, Location loc, Operation *op, Value x, Value z);
Value maximum(OpBuilder &b, Location loc, Operation *op, Value x, Value z);
Value integerPower(OpBuilder &b, Location loc, Value x, Value exponent);
Value shiftLeft(OpBuilder &b, Location loc, Value x, Value z);
Value shiftRight(OpBuilder &b, Location loc, Operation *op, Value x, Value z);
Value compare(OpBuilder &b, Location loc, Operation *op, Value x, Value z);
Value castScalar(OpBuilder &b, Location loc, Operation *op, Value x);
/// 64 random bits of a key and a number, both i64.
Value threefry(OpBuilder &b, Location loc, Value key, Value number);
Value polygammaCall(OpBuilder &b, Location loc, Operation *op, Value x);

/// A call of the f64 function `name` of the C library or of tl_runtime on `x` (f32 goes through f64), `first` before it. Declares it in the
/// module, so it must not run in a pass on functions.
Value runtimeCall(OpBuilder &b, Location loc, llvm::StringRef name, Value x, mlir::ValueRange first = {});
} // namespace tl::scalar
