// Elementwise ops on one element, with arith and math ops.
#include "mlir_gen/dialect/Scalar.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir_gen/dialect/Dialect.h"

using namespace mlir;

namespace tl::scalar {
using arith::CmpFPredicate;
using arith::CmpIPredicate;

namespace {
bool onFloats(Value x) { return isa<FloatType>(x.getType()); }
/// false < true, whatever the op says.
bool noSign(Operation *op, Value x) { return isUnsigned(op) || x.getType().isInteger(1); }

/// What the bodies below are written with.
struct Body {
  OpBuilder &b;
  Location loc;
  Value number(Value like, double c) { return tl::constant(b, loc, like.getType(), c); }
  Value choose(Value cond, Value x, Value z) { return arith::SelectOp::create(b, loc, cond, x, z); }
  Value cmp(CmpIPredicate pred, Value x, Value z) { return arith::CmpIOp::create(b, loc, pred, x, z); }
  Value cmp(CmpFPredicate pred, Value x, Value z) { return arith::CmpFOp::create(b, loc, pred, x, z); }
  Value both(Value x, Value z) { return arith::AndIOp::create(b, loc, x, z); }
  Value either(Value x, Value z) { return arith::OrIOp::create(b, loc, x, z); }
  Value differ(Value x, Value z) { return arith::XOrIOp::create(b, loc, x, z); }

  /// Whether the remainder is not 0 and has another sign than the divisor: the floor is then one less than the truncated quotient.
  Value isOff(Value r, Value z) {
    Value zero = number(r, 0);
    if (onFloats(r))
      return both(cmp(CmpFPredicate::UNE, r, zero), differ(cmp(CmpFPredicate::OLT, r, zero), cmp(CmpFPredicate::OLT, z, zero)));
    return both(cmp(CmpIPredicate::ne, r, zero), differ(cmp(CmpIPredicate::slt, r, zero), cmp(CmpIPredicate::slt, z, zero)));
  }
  /// A divisor that does not trap: 1 instead of 0, and instead of -1 where signed (min / -1 overflows).
  Value safeDivisor(Value z, bool isUnsigned) {
    Value bad = cmp(CmpIPredicate::eq, z, number(z, 0));
    if (!isUnsigned)
      bad = either(bad, cmp(CmpIPredicate::eq, z, tl::constantInt(b, loc, z.getType(), -1)));
    return choose(bad, number(z, 1), z);
  }
};
} // namespace

Value reciprocalSqrt(OpBuilder &b, Location loc, Value x) {
  return arith::DivFOp::create(b, loc, tl::constant(b, loc, x.getType(), 1), math::SqrtOp::create(b, loc, x));
}

/// Of -|x|, so that nothing overflows and small results keep their digits.
Value sigmoidOf(OpBuilder &b, Location loc, Value x) {
  Value zero = tl::constant(b, loc, x.getType(), 0), one = tl::constant(b, loc, x.getType(), 1);
  Value e = math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, math::AbsFOp::create(b, loc, x)));
  Value above = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGE, x, zero);
  return arith::DivFOp::create(b, loc, arith::SelectOp::create(b, loc, above, one, e), arith::AddFOp::create(b, loc, one, e));
}

Value negate(OpBuilder &b, Location loc, Value x) {
  if (onFloats(x))
    return arith::NegFOp::create(b, loc, x);
  return arith::SubIOp::create(b, loc, tl::constantInt(b, loc, x.getType(), 0), x);
}

Value absolute(OpBuilder &b, Location loc, Operation *op, Value x) {
  if (onFloats(x))
    return math::AbsFOp::create(b, loc, x);
  if (noSign(op, x))
    return x;
  Body body{b, loc};
  return body.choose(body.cmp(CmpIPredicate::slt, x, body.number(x, 0)), negate(b, loc, x), x);
}

Value signOf(OpBuilder &b, Location loc, Operation *op, Value x) {
  Body body{b, loc};
  Value zero = body.number(x, 0), one = body.number(x, 1);
  if (onFloats(x)) // zeros keep their sign, NaN stays
    return body.choose(body.cmp(CmpFPredicate::UEQ, x, zero), x, math::CopySignOp::create(b, loc, one, x));
  Value positive = body.choose(body.cmp(noSign(op, x) ? CmpIPredicate::ugt : CmpIPredicate::sgt, x, zero), one, zero);
  if (noSign(op, x))
    return positive;
  return body.choose(body.cmp(CmpIPredicate::slt, x, zero), tl::constantInt(b, loc, x.getType(), -1), positive);
}

Value complement(OpBuilder &b, Location loc, Value x) {
  Value ones = x.getType().isInteger(1) ? tl::constantInt(b, loc, x.getType(), 1) : tl::constantInt(b, loc, x.getType(), -1);
  return arith::XOrIOp::create(b, loc, x, ones);
}

/// On floats as NumPy: exact remainder first, so that 1.0 // 0.1 is 9 as 1.0 % 0.1 says.
static Value floorDivideFloats(OpBuilder &b, Location loc, Value x, Value z) {
  Body body{b, loc};
  Value zero = body.number(x, 0), one = body.number(x, 1), r = arith::RemFOp::create(b, loc, x, z),
        plain = arith::DivFOp::create(b, loc, x, z);
  Value q = arith::DivFOp::create(b, loc, arith::SubFOp::create(b, loc, x, r), z);
  q = body.choose(body.isOff(r, z), arith::SubFOp::create(b, loc, q, one), q);
  Value down = math::FloorOp::create(b, loc, q);
  Value tooLow = body.cmp(CmpFPredicate::OGT, arith::SubFOp::create(b, loc, q, down), body.number(x, 0.5));
  down = body.choose(tooLow, arith::AddFOp::create(b, loc, down, one), down);
  Value signedZero = math::CopySignOp::create(b, loc, zero, plain);
  Value result = body.choose(body.cmp(CmpFPredicate::OEQ, q, zero), signedZero, down);
  return body.choose(body.cmp(CmpFPredicate::OEQ, z, zero), plain, result);
}

Value floorDivide(OpBuilder &b, Location loc, Operation *op, Value x, Value z) {
  if (onFloats(x))
    return floorDivideFloats(b, loc, x, z);
  Body body{b, loc};
  Value zero = body.number(x, 0), isZero = body.cmp(CmpIPredicate::eq, z, zero), divisor = body.safeDivisor(z, noSign(op, x));
  if (noSign(op, x))
    return body.choose(isZero, zero, arith::DivUIOp::create(b, loc, x, divisor));
  Value q = arith::DivSIOp::create(b, loc, x, divisor), r = arith::RemSIOp::create(b, loc, x, divisor);
  q = body.choose(body.isOff(r, divisor), arith::SubIOp::create(b, loc, q, body.number(x, 1)), q);
  Value isMinusOne = body.cmp(CmpIPredicate::eq, z, tl::constantInt(b, loc, z.getType(), -1));
  return body.choose(isZero, zero, body.choose(isMinusOne, negate(b, loc, x), q));
}

Value floorModulo(OpBuilder &b, Location loc, Operation *op, Value x, Value z) {
  Body body{b, loc};
  Value zero = body.number(x, 0);
  if (onFloats(x)) {
    Value r = arith::RemFOp::create(b, loc, x, z);
    Value moved = body.choose(body.isOff(r, z), arith::AddFOp::create(b, loc, r, z), r);
    return body.choose(body.cmp(CmpFPredicate::OEQ, r, zero), math::CopySignOp::create(b, loc, zero, z), moved);
  }
  Value isZero = body.cmp(CmpIPredicate::eq, z, zero), divisor = body.safeDivisor(z, noSign(op, x));
  if (noSign(op, x))
    return body.choose(isZero, zero, arith::RemUIOp::create(b, loc, x, divisor));
  Value r = arith::RemSIOp::create(b, loc, x, divisor);
  return body.choose(isZero, zero, body.choose(body.isOff(r, divisor), arith::AddIOp::create(b, loc, r, divisor), r));
}

Value minimum(OpBuilder &b, Location loc, Operation *op, Value x, Value z) {
  return noSign(op, x) ? pick<arith::MinimumFOp, arith::MinUIOp>(b, loc, x, z) : pick<arith::MinimumFOp, arith::MinSIOp>(b, loc, x, z);
}

Value maximum(OpBuilder &b, Location loc, Operation *op, Value x, Value z) {
  return noSign(op, x) ? pick<arith::MaximumFOp, arith::MaxUIOp>(b, loc, x, z) : pick<arith::MaximumFOp, arith::MaxSIOp>(b, loc, x, z);
}

static Value multiply(OpBuilder &b, Location loc, Value x, Value z) { return pick<arith::MulFOp, arith::MulIOp>(b, loc, x, z); }

/// The power for exponents that the compiler knows: the same products as the loop's.
static Value constantPower(OpBuilder &b, Location loc, Value x, uint64_t n) {
  Value result;
  for (Value base = x; n; n >>= 1) {
    if (n & 1)
      result = result ? multiply(b, loc, result, base) : base;
    if (n > 1)
      base = multiply(b, loc, base, base);
  }
  return result ? result : tl::constant(b, loc, x.getType(), 1);
}

static Value loopPower(OpBuilder &b, Location loc, Value x, Value n) {
  Value one = tl::constantInt(b, loc, n.getType(), 1), zero = tl::constantInt(b, loc, n.getType(), 0);
  auto loop = scf::WhileOp::create(
      b, loc, TypeRange{x.getType(), x.getType(), n.getType()}, ValueRange{tl::constant(b, loc, x.getType(), 1), x, n},
      [&](OpBuilder &b, Location loc, ValueRange args) {
        scf::ConditionOp::create(b, loc, arith::CmpIOp::create(b, loc, CmpIPredicate::ne, args[2], zero), args);
      },
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value odd = arith::CmpIOp::create(b, loc, CmpIPredicate::ne, arith::AndIOp::create(b, loc, args[2], one), zero);
        Value result = arith::SelectOp::create(b, loc, odd, multiply(b, loc, args[0], args[1]), args[0]);
        Value rest = arith::ShRUIOp::create(b, loc, args[2], one);
        scf::YieldOp::create(b, loc, ValueRange{result, multiply(b, loc, args[1], args[1]), rest});
      });
  return loop.getResult(0);
}

Value integerPower(OpBuilder &b, Location loc, Value x, Value exponent) {
  Body body{b, loc};
  Value one = body.number(x, 1);
  APInt known;
  if (matchPattern(exponent, m_ConstantInt(&known)) && known.getSExtValue() > INT64_MIN) {
    int64_t n = known.getSExtValue();
    Value power = constantPower(b, loc, x, std::abs(n));
    return n < 0 && onFloats(x) ? arith::DivFOp::create(b, loc, one, power) : power;
  }
  Value isNegative = body.cmp(CmpIPredicate::slt, exponent, body.number(exponent, 0));
  Value power = loopPower(b, loc, x, body.choose(isNegative, negate(b, loc, exponent), exponent));
  return onFloats(x) ? body.choose(isNegative, arith::DivFOp::create(b, loc, one, power), power) : power;
}

/// A shift by the width or more (a negative one too, read as unsigned) is poison: it is replaced and its result chosen away.
Value shiftLeft(OpBuilder &b, Location loc, Value x, Value z) {
  Body body{b, loc};
  Value zero = body.number(x, 0);
  Value far = body.cmp(CmpIPredicate::uge, z, tl::constantInt(b, loc, z.getType(), x.getType().getIntOrFloatBitWidth()));
  return body.choose(far, zero, arith::ShLIOp::create(b, loc, x, body.choose(far, zero, z)));
}

Value shiftRight(OpBuilder &b, Location loc, Operation *op, Value x, Value z) {
  Body body{b, loc};
  int64_t width = x.getType().getIntOrFloatBitWidth();
  Value zero = body.number(x, 0), far = body.cmp(CmpIPredicate::uge, z, tl::constantInt(b, loc, z.getType(), width));
  if (noSign(op, x))
    return body.choose(far, zero, arith::ShRUIOp::create(b, loc, x, body.choose(far, zero, z)));
  return arith::ShRSIOp::create(b, loc, x, body.choose(far, tl::constantInt(b, loc, z.getType(), width - 1), z));
}

Value compare(OpBuilder &b, Location loc, Operation *op, Value x, Value z) {
  StringRef pred = cast<CompareOp>(op).getPred();
  auto among = [&](auto eq, auto ne, auto lt, auto le, auto gt, auto ge) {
    return pred == "eq" ? eq : pred == "ne" ? ne : pred == "lt" ? lt : pred == "le" ? le : pred == "gt" ? gt : ge;
  };
  using F = CmpFPredicate;
  using I = CmpIPredicate;
  Body body{b, loc};
  if (onFloats(x))
    return body.cmp(among(F::OEQ, F::UNE, F::OLT, F::OLE, F::OGT, F::OGE), x, z);
  return body.cmp(noSign(op, x) ? among(I::eq, I::ne, I::ult, I::ule, I::ugt, I::uge) : among(I::eq, I::ne, I::slt, I::sle, I::sgt, I::sge),
                  x, z);
}

/// Truncates toward zero and saturates; NaN gives 0. The conversion itself only sees what fits.
static Value floatToInt(OpBuilder &b, Location loc, Value x, Type to, bool isUnsigned) {
  Body body{b, loc};
  unsigned width = to.getIntOrFloatBitWidth();
  APInt least = isUnsigned ? APInt::getZero(width) : APInt::getSignedMinValue(width);
  APInt largest = isUnsigned ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width);
  Value low = body.number(x, isUnsigned ? 0 : -std::ldexp(1.0, width - 1)),
        end = body.number(x, std::ldexp(1.0, isUnsigned ? width : width - 1));
  Value isLow = body.cmp(CmpFPredicate::OLT, x, low), isHigh = body.cmp(CmpFPredicate::OGE, x, end);
  Value fits = body.both(body.cmp(CmpFPredicate::OGE, x, low), body.cmp(CmpFPredicate::OLT, x, end));
  Value safe = body.choose(fits, x, body.number(x, 0));
  Value y = isUnsigned ? Value(arith::FPToUIOp::create(b, loc, to, safe)) : Value(arith::FPToSIOp::create(b, loc, to, safe));
  y = body.choose(isHigh, arith::ConstantOp::create(b, loc, IntegerAttr::get(to, largest)), y);
  return body.choose(isLow, arith::ConstantOp::create(b, loc, IntegerAttr::get(to, least)), y);
}

Value castScalar(OpBuilder &b, Location loc, Operation *op, Value x) {
  auto castOp = cast<CastOp>(op);
  Type from = x.getType(), to = elementOf(castOp.getY());
  if (to.isF16() || to.isBF16())
    to = b.getF32Type(); // what stands around a scalar body makes it narrow
  if (from == to)
    return x;
  Body body{b, loc};
  bool fromUnsigned = castOp.getFromUnsigned() || from.isInteger(1);
  unsigned wide = from.getIntOrFloatBitWidth(), wanted = to.getIntOrFloatBitWidth();
  if (to.isInteger(1))
    return onFloats(x) ? body.cmp(CmpFPredicate::UNE, x, body.number(x, 0)) : body.cmp(CmpIPredicate::ne, x, body.number(x, 0));
  if (onFloats(x)) {
    if (!isa<FloatType>(to))
      return floatToInt(b, loc, x, to, bool(castOp.getToUnsigned()));
    return wide < wanted ? Value(arith::ExtFOp::create(b, loc, to, x)) : Value(arith::TruncFOp::create(b, loc, to, x));
  }
  if (isa<FloatType>(to))
    return fromUnsigned ? Value(arith::UIToFPOp::create(b, loc, to, x)) : Value(arith::SIToFPOp::create(b, loc, to, x));
  if (wide > wanted)
    return arith::TruncIOp::create(b, loc, to, x);
  return fromUnsigned ? Value(arith::ExtUIOp::create(b, loc, to, x)) : Value(arith::ExtSIOp::create(b, loc, to, x));
}

Value runtimeCall(OpBuilder &b, Location loc, StringRef name, Value x, ValueRange first) {
  Type narrow = x.getType(), f64 = b.getF64Type();
  SmallVector<Value> args(first);
  args.push_back(narrow == f64 ? x : arith::ExtFOp::create(b, loc, f64, x));
  auto module = b.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  if (!module.lookupSymbol(name)) {
    OpBuilder atEnd = OpBuilder::atBlockEnd(module.getBody());
    auto function = func::FuncOp::create(atEnd, loc, name, b.getFunctionType(ValueRange(args).getTypes(), f64));
    function.setPrivate();
  }
  Value y = func::CallOp::create(b, loc, name, f64, args).getResult(0);
  return narrow == f64 ? y : arith::TruncFOp::create(b, loc, narrow, y);
}

Value polygammaCall(OpBuilder &b, Location loc, Operation *op, Value x) {
  return runtimeCall(b, loc, "tl_polygamma", x, Value(tl::constantInt(b, loc, b.getI64Type(), cast<PolygammaOp>(op).getOrder())));
}
} // namespace tl::scalar
