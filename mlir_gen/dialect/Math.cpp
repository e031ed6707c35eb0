// Val's arithmetic: each operator builds (or folds) one op of the dialect.
#include "mlir_gen/dialect/Math.h"
#include "mlir_gen/dialect/Dialect.h"

using namespace mlir;

namespace tl {
namespace {
template <typename Op, typename... Args> Val op(Val x, Args &&...args) {
  return x.like(make<Op>(*x.b, x.loc, x.v, std::forward<Args>(args)...));
}
/// The term as a value, constants with the element type of `as`.
Val resolve(Operand t, Val as) { return t.v ? t.v : as.constant(t.c); }
} // namespace

Val Val::constant(double c) const { return like(tl::constant(*b, loc, elementOf(v), c)); }

Val operator-(Val x) { return op<NegOp>(x); }
Val operator+(Val x, Val z) { return op<AddOp>(x, z.v); }
Val operator-(Val x, Val z) { return op<SubOp>(x, z.v); }
Val operator*(Val x, Val z) { return op<MulOp>(x, z.v); }
Val operator/(Val x, Val z) { return op<DivOp>(x, z.v); }

Val exp(Val x) { return op<ExpOp>(x); }
Val log(Val x) { return op<LogOp>(x); }
Val sqrt(Val x) { return op<SqrtOp>(x); }
Val sin(Val x) { return op<SinOp>(x); }
Val cos(Val x) { return op<CosOp>(x); }
Val sinh(Val x) { return op<SinhOp>(x); }
Val cosh(Val x) { return op<CoshOp>(x); }
Val sign(Val x) { return op<SignOp>(x); }
Val digamma(Val x) { return op<DigammaOp>(x); }
Val polygamma(Val x, int64_t order) { return op<PolygammaOp>(x, order); }
Val pow(Val x, Val z) { return op<PowOp>(x, z.v); }
Val ipow(Val x, Val z) { return op<IPowOp>(x, z.v); }
Val floordiv(Val x, Val z) { return op<FloorDivOp>(x, z.v); }
Val min(Val x, Operand z) { return op<MinOp>(x, resolve(z, x).v); }
Val max(Val x, Operand z) { return op<MaxOp>(x, resolve(z, x).v); }
Val less(Val x, Operand z) { return op<CompareOp>(x, resolve(z, x).v, "lt"); }
Val equal(Val x, Operand z) { return op<CompareOp>(x, resolve(z, x).v, "eq"); }
Val both(Val x, Val z) { return op<AndOp>(x, z.v); }
Val either(Val x, Val z) { return op<OrOp>(x, z.v); }
Val invert(Val x) { return op<NotOp>(x); }

Val select(Val cond, Operand a, Operand c) {
  Val as = a.v ? a.v : c.v;
  return op<SelectOp>(cond, resolve(a, as).v, resolve(c, as).v);
}

Val convert(Val x, Type element) { return elementOf(x.v) == element ? x : op<CastOp>(x, element); }
Val convert(Val x, Val as) { return convert(x, elementOf(as.v)); }

Val sum(Val x, ArrayRef<int64_t> axes) { return axes.empty() ? x : op<ReduceSumOp>(x, axes); }
Val any(Val x, ArrayRef<int64_t> axes) { return axes.empty() ? x : op<ReduceAnyOp>(x, axes); }
Val sumAll(Val x) { return sum(x, axesUpTo(rankOf(x.v))); }
Val anyAll(Val x) { return any(x, axesUpTo(rankOf(x.v))); }

Val broadcast(Val x, ArrayRef<Value> sizes, ArrayRef<int64_t> axes) {
  return sizes.size() == axes.size() ? x : op<BroadcastOp>(x, ValueRange(sizes), axes);
}
Val broadcastLike(Val x, Value as) { return rankOf(x.v) == rankOf(as) ? x : broadcast(x, sizesOf(*x.b, as), {}); }
Val transpose(Val x, ArrayRef<int64_t> perm) { return llvm::is_sorted(perm) ? x : op<TransposeOp>(x, perm); }

Val reshape(Val x, ArrayRef<Value> sizes) {
  if (!isTensor(x.v))
    return broadcast(x, sizes, {});
  if (!sizes.empty())
    return op<ReshapeOp>(x, ValueRange(sizes));
  unsigned rank = rankOf(x.v);
  SmallVector<Value> zeros(rank, index(*x.b, x.loc, 0)), ones(rank, index(*x.b, x.loc, 1));
  return op<SliceOp>(x, ValueRange(zeros), ValueRange(ones), SmallVector<int64_t>(rank, 1), axesUpTo(rank), /*always=*/true,
                     /*here=*/false);
}

Val full(Val as, double c) { return broadcastLike(as.constant(c), as.v); }
} // namespace tl
