// exp, expm1, log, log1p, tanh of f32 and f64 -> polynomials in fused multiply-adds, which the vectorizer takes as they are.
//
// Note [Polynomials]. Each function is the same sequence of rounded operations wherever it runs: no -O, no processor, no library and no
// width of vectors can change a bit of it. Errors are below 2 ulp (3 for tanh; test/ops/accuracy-of-mathematics.py), for subnormal numbers
// and all the way to overflow. Coefficients are those of Taylor series, long enough that what is left out is lost in rounding, so that each
// stands for itself. There are no branches and no tables; integers are of the float's width, and become floats by way of their bits: no
// vector unit lacks that.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "passes/Passes.h"

using namespace mlir;

namespace tl {
#define GEN_PASS_DEF_EXPANDMATH
#include "passes/Passes.h.inc"

namespace {
/// What depends on the type.
struct Format {
  int64_t mantissa, bias; ///< bits of the mantissa, bias of the exponent
  double ln2Hi, ln2Lo;    ///< their sum is log(2) to twice the precision
  double magic;           ///< added to a whole number that is small beside it, it puts that into the low bits
  double least, most;     ///< exp is 0 below and infinite above
  double flat;            ///< |x| from which tanh is 1
  double tiny;            ///< |x| up to which expm1, log1p and tanh are x
  unsigned expTerms, logTerms;
};
// ln2Hi of log's sum has trailing zeros: a multiple of it by an exponent is exact. exp has that from its fused multiply-add.
const Format single = {23, 127, 0x1.62e4p-1, 0x1.7f7d1cp-20, 0x1.8p23, -104, 89, 10, 0x1p-26, 7, 4};
const Format twice = {52, 1023, 0x1.62e42fee00000p-1, 0x1.a39ef35793c76p-33, 0x1.8p52, -746, 710, 22, 0x1p-55, 13, 10};

/// Builds one function at one place.
class Function {
public:
  explicit Function(Operation *op)
      : b(op), loc(op->getLoc()), type(cast<FloatType>(op->getResult(0).getType())), bits(b.getIntegerType(type.getWidth())),
        format(type.isF32() ? single : twice) {}

  Value exp(Value x) {
    // In two steps: 2^n may be outside of what a float holds where exp(x) is inside. A subnormal result is rounded once, by the second.
    Value inside = select(greater(x, f(format.most)), f(format.most), x);
    auto [n, r] = reduced(select(greater(f(format.least), inside), f(format.least), inside));
    Value half = whole(mul(n, f(0.5)));
    Value y = add(f(1), expm1Near0(r));
    return mul(mul(y, powerOf2(half)), powerOf2(sub(n, half)));
  }

  Value expm1(Value x) {
    // 2 (2^(n-1) (exp(r) - 1) + 2^(n-1) - 1/2): what is added is exact, and 2^(n-1) is finite where the result is.
    Value least = f(-(format.mantissa + 4.0)), inside = select(greater(x, f(format.most)), f(format.most), x);
    auto [n, r] = reduced(select(greater(least, inside), least, inside));
    Value scale = powerOf2(sub(n, f(1)));
    Value y = fma(scale, expm1Near0(r), sub(scale, f(0.5)));
    return unlessTiny(x, add(y, y));
  }

  Value tanh(Value x) {
    // With e = exp(2 |x|) - 1 it is e / (e + 2).
    Value a = absolute(x), inside = select(greater(a, f(format.flat)), f(format.flat), a);
    auto [n, r] = reduced(add(inside, inside));
    Value scale = powerOf2(n), e = fma(scale, expm1Near0(r), sub(scale, f(1)));
    return unlessTiny(x, math::CopySignOp::create(b, loc, div(e, add(e, f(2))), x));
  }

  Value log(Value x) {
    // Subnormal numbers have no leading bit: times a power of 2 they do.
    Value small = greater(f(std::ldexp(1.0, 1 - int(format.bias))), x);
    Value scaled = select(small, mul(x, f(std::ldexp(1.0, int(format.mantissa) + 2))), x);
    return logAtEnds(x, logOf(scaled, select(small, f(-double(format.mantissa + 2)), f(0)), f(0)));
  }

  Value log1p(Value x) {
    // log(u) + c / u, where u + c is 1 + x exactly. Where x is infinite c is not a number, but logAtEnds answers.
    Value u = add(x, f(1));
    Value c = select(greater(f(1), x), sub(x, sub(u, f(1))), sub(f(1), sub(u, x)));
    return unlessTiny(x, logAtEnds(u, logOf(u, f(0), div(c, u))));
  }

private:
  Value f(double c) {
    APFloat value(c);
    bool lost;
    value.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven, &lost);
    return arith::ConstantOp::create(b, loc, FloatAttr::get(type, value));
  }
  Value i(int64_t c) { return arith::ConstantOp::create(b, loc, b.getIntegerAttr(bits, c)); }
  Value add(Value x, Value z) { return arith::AddFOp::create(b, loc, x, z); }
  Value sub(Value x, Value z) { return arith::SubFOp::create(b, loc, x, z); }
  Value mul(Value x, Value z) { return arith::MulFOp::create(b, loc, x, z); }
  Value div(Value x, Value z) { return arith::DivFOp::create(b, loc, x, z); }
  Value fma(Value x, Value z, Value w) { return math::FmaOp::create(b, loc, x, z, w); }
  Value negate(Value x) { return arith::NegFOp::create(b, loc, x); }
  Value absolute(Value x) { return math::AbsFOp::create(b, loc, x); }
  Value select(Value c, Value x, Value z) { return arith::SelectOp::create(b, loc, c, x, z); }
  /// False where one is NaN.
  Value greater(Value x, Value z) { return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x, z); }
  Value equal(Value x, Value z) { return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x, z); }
  Value asBits(Value x) { return arith::BitcastOp::create(b, loc, bits, x); }
  Value asFloat(Value x) { return arith::BitcastOp::create(b, loc, type, x); }

  /// The nearest whole number.
  Value whole(Value x) { return sub(add(x, f(format.magic)), f(format.magic)); }
  /// 2^n for a whole number n, while the result is normal.
  Value powerOf2(Value n) {
    Value low = arith::AddIOp::create(b, loc, asBits(add(n, f(format.magic))), i(format.bias));
    return asFloat(arith::ShLIOp::create(b, loc, low, i(format.mantissa)));
  }

  /// n and r with x = n log(2) + r, |r| <= log(2) / 2.
  std::pair<Value, Value> reduced(Value x) {
    Value n = sub(fma(x, f(1.4426950408889634), f(format.magic)), f(format.magic)), minus = negate(n);
    return {n, fma(minus, f(format.ln2Lo), fma(minus, f(format.ln2Hi), x))};
  }

  /// exp(r) - 1 for |r| <= log(2) / 2: r + r^2 (1/2! + r/3! + ...).
  Value expm1Near0(Value r) {
    double factorial = 1;
    for (unsigned k = 2; k <= format.expTerms; ++k)
      factorial *= k;
    Value sum = f(1 / factorial);
    for (unsigned k = format.expTerms; k > 2; --k) {
      factorial /= k;
      sum = fma(sum, r, f(1 / factorial));
    }
    return fma(mul(r, r), sum, r);
  }

  /// log(x) + more log(2) + rest for a normal x > 0. With x = 2^e (1 + m), 1/sqrt(2) <= 1 + m < sqrt(2), and s = m / (2 + m),
  /// log(1 + m) = 2 atanh(s) = m - (m^2/2 - s (m^2/2 + 2 s^2/3 + 2 s^4/5 + ...)).
  Value logOf(Value x, Value more, Value rest) {
    int64_t one = format.bias << format.mantissa,
            root = (one - (int64_t(1) << format.mantissa)) | (type.isF32() ? 0x3504f3 : 0x6a09e667f3bcd);
    Value moved = arith::AddIOp::create(b, loc, asBits(x), i(one - root));
    Value fraction = arith::AndIOp::create(b, loc, moved, i((int64_t(1) << format.mantissa) - 1));
    Value m = sub(asFloat(arith::AddIOp::create(b, loc, fraction, i(root))), f(1));
    // The exponent's bits below the leading bit of a large number, which is taken away again.
    double large = std::ldexp(1.0, int(format.mantissa));
    Value exponent = arith::OrIOp::create(b, loc, arith::ShRUIOp::create(b, loc, moved, i(format.mantissa)),
                                          i((format.bias + format.mantissa) << format.mantissa));
    Value e = add(sub(asFloat(exponent), f(large + double(format.bias))), more);
    Value s = div(m, add(m, f(2))), z = mul(s, s), square = mul(mul(f(0.5), m), m), sum = f(2.0 / (2 * format.logTerms + 1));
    for (unsigned k = format.logTerms - 1; k > 0; --k)
      sum = fma(sum, z, f(2.0 / (2 * k + 1)));
    Value small = add(fma(e, f(format.ln2Lo), rest), mul(s, fma(sum, z, square)));
    return fma(e, f(format.ln2Hi), sub(m, sub(square, small)));
  }

  /// `y`, or what log says at 0, below, at infinity and NaN.
  Value logAtEnds(Value x, Value y) {
    const llvm::fltSemantics &semantics = type.getFloatSemantics();
    auto constant = [&](const APFloat &value) -> Value { return arith::ConstantOp::create(b, loc, FloatAttr::get(type, value)); };
    Value inf = constant(APFloat::getInf(semantics)), zero = f(0);
    Value outside = select(equal(x, zero), constant(APFloat::getInf(semantics, true)), constant(APFloat::getNaN(semantics)));
    return select(greater(x, zero), select(equal(x, inf), inf, y), outside);
  }

  Value unlessTiny(Value x, Value y) { return select(greater(absolute(x), f(format.tiny)), y, select(equal(x, x), x, y)); }

  OpBuilder b;
  Location loc;
  FloatType type;
  IntegerType bits;
  const Format &format;
};

struct ExpandMath : impl::ExpandMathBase<ExpandMath> {
  void runOnOperation() override {
    getOperation()->walk([](Operation *op) {
      if (!isa<math::ExpOp, math::ExpM1Op, math::LogOp, math::Log1pOp, math::TanhOp>(op))
        return;
      if (!op->getResult(0).getType().isF32() && !op->getResult(0).getType().isF64())
        return;
      Function function(op);
      Value x = op->getOperand(0);
      Value y = isa<math::ExpOp>(op)     ? function.exp(x)
                : isa<math::ExpM1Op>(op) ? function.expm1(x)
                : isa<math::LogOp>(op)   ? function.log(x)
                : isa<math::Log1pOp>(op) ? function.log1p(x)
                                         : function.tanh(x);
      op->replaceAllUsesWith(ValueRange(y));
      op->erase();
    });
  }
};
} // namespace
} // namespace tl
