// Arithmetic on SSA values, so that a rule reads as a formula: `g * (1.0 - y * y)`.
#pragma once
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace tl {

/// A value to do arithmetic on: each operator builds (or folds) one elementwise op of the dialect. Null where there is no value.
struct Val {
  mlir::OpBuilder *b = nullptr;
  mlir::LocationAttr loc;
  mlir::Value v;

  Val() = default;
  Val(mlir::OpBuilder &b, mlir::Location loc, mlir::Value v) : b(&b), loc(loc), v(v) {}
  /// `other`, with this one's builder and place.
  Val like(mlir::Value other) const { return {*b, mlir::Location(loc), other}; }
  /// A scalar of this one's element type.
  Val constant(double c) const;
  explicit operator bool() const { return bool(v); }
};

/// An operand of a formula: a value, or a constant that takes the element type of the other operands.
struct Operand {
  Val v;
  double c = 0;
  Operand(Val v) : v(v) {}
  Operand(double c) : c(c) {}
};

Val operator-(Val x);
Val operator+(Val x, Val z);
Val operator-(Val x, Val z);
Val operator*(Val x, Val z);
Val operator/(Val x, Val z);
inline Val operator+(Val x, double c) { return x + x.constant(c); }
inline Val operator+(double c, Val x) { return x.constant(c) + x; }
inline Val operator-(Val x, double c) { return x - x.constant(c); }
inline Val operator-(double c, Val x) { return x.constant(c) - x; }
inline Val operator*(Val x, double c) { return x * x.constant(c); }
inline Val operator*(double c, Val x) { return x.constant(c) * x; }
inline Val operator/(Val x, double c) { return x / x.constant(c); }
inline Val operator/(double c, Val x) { return x.constant(c) / x; }

Val exp(Val x);
Val log(Val x);
Val sqrt(Val x);
Val sin(Val x);
Val cos(Val x);
Val sinh(Val x);
Val cosh(Val x);
Val sign(Val x);
Val digamma(Val x);
Val polygamma(Val x, int64_t order);
Val pow(Val x, Val z);
Val ipow(Val x, Val z);
Val floordiv(Val x, Val z);
Val min(Val x, Operand z);
Val max(Val x, Operand z);
Val less(Val x, Operand z);
Val equal(Val x, Operand z);
/// i1 operands.
Val both(Val x, Val z);
Val either(Val x, Val z);
Val invert(Val x);
/// a where `cond` (i1), else c.
Val select(Val cond, Operand a, Operand c);
/// `x` with the element type of `as`.
Val convert(Val x, Val as);
Val convert(Val x, mlir::Type element);

/// Reductions; over no axes the value itself.
Val sum(Val x, llvm::ArrayRef<int64_t> axes);
Val any(Val x, llvm::ArrayRef<int64_t> axes);
/// The sum over all axes: a scalar.
Val sumAll(Val x);
Val anyAll(Val x);
/// Axis d of `x` becomes axis axes[d] of an array of `sizes`; `x` itself where nothing is new.
Val broadcast(Val x, llvm::ArrayRef<mlir::Value> sizes, llvm::ArrayRef<int64_t> axes);
/// `x` in the shape of `as`; a scalar is repeated, else the ranks are the same already.
Val broadcastLike(Val x, mlir::Value as);
Val transpose(Val x, llvm::ArrayRef<int64_t> perm);
/// To `sizes`; a scalar where there are none, from a scalar too.
Val reshape(Val x, llvm::ArrayRef<mlir::Value> sizes);
/// The constant `c` in the shape and element type of `as`.
Val full(Val as, double c);
} // namespace tl
