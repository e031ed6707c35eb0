// Elementwise ops: what all share (types, sizes, batching, both derivatives, scalar meaning), then verifiers and folds of single ops.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir_gen/dialect/Dialect.h"
#include "mlir_gen/dialect/Rules.h"

using namespace mlir;

namespace tl::elementwise {
static Value firstTensor(ValueRange operands) {
  auto it = llvm::find_if(operands, isTensor);
  return it == operands.end() ? Value() : *it;
}

LogicalResult inferType(MLIRContext *ctx, std::optional<Location> loc, ValueRange operands, int element, SmallVectorImpl<Type> &types) {
  unsigned rank = 0;
  for (Value operand : operands)
    if (unsigned r = rankOf(operand)) {
      if (rank && r != rank)
        return emitOptionalError(loc, "elementwise operands have different ranks, ", rank, " and ", r);
      rank = r;
    }
  types.push_back(tensorOf(element < 0 ? IntegerType::get(ctx, 1) : elementOf(operands[element]), rank));
  return success();
}

void sizes(Operation *op, OpBuilder &b, SmallVectorImpl<Value> &sizes) {
  if (Value x = firstTensor(op->getOperands()))
    sizes = sizesOf(b, x);
}

SmallVector<Batched> batch(Operation *op, BatchBuilder &batch, ArrayRef<Batched> operands) {
  BatchBuilder::Axes axes = BatchBuilder::unite(operands);
  SmallVector<Value> inner;
  for (const Batched &x : operands)
    if (BatchBuilder::innerRank(x))
      inner = batch.innerSizes(x);
  SmallVector<Value> aligned = llvm::map_to_vector(
      operands, [&](const Batched &x) { return !isTensor(x.v) && !isa<IndexType>(x.v.getType()) ? x.v : batch.align(x, axes, inner); });
  return llvm::map_to_vector(rebuild(batch.b, op, aligned)->getResults(), [&](Value y) { return Batched{y, axes}; });
}

/// Whether the contribution is zero wherever `g` is: nothing was multiplied by a value of the primal.
static bool keepsZeros(Val contribution, Val g) {
  if (contribution.v == g.v)
    return true;
  Operation *op = contribution.v.getDefiningOp();
  return isa_and_nonnull<NegOp, CastOp>(op) && op->getOperand(0) == g.v;
}

void vjp(Operation *op, Adjoints &adjoints, Value cotangent, Derivative derivative) {
  Val g = adjoints.val(op->getLoc(), cotangent);
  Val mask = g.like(adjoints.mask(op->getResult(0)));
  for (auto [i, x] : llvm::enumerate(op->getOperands())) {
    if (!adjoints.wants(x))
      continue;
    Val dx = derivative(i, g), taken = mask;
    if (!dx)
      continue;
    if (isa<SelectOp>(op)) {
      Val here = g.like(op->getOperand(0));
      if (i == 2)
        here = invert(here);
      taken = mask ? both(mask, here) : here;
    } else if (mask && !keepsZeros(dx, g)) {
      dx = guarded(dx, mask);
    }
    if (!isTensor(x) && isTensor(dx.v)) {
      dx = sumAll(dx);
      taken = taken ? anyAll(taken) : taken;
    }
    adjoints.add(x, dx, taken);
  }
}

SmallVector<Value> jvp(Operation *op, OpBuilder &b, ArrayRef<Value> dx, Derivative derivative) {
  Val dy;
  for (auto [i, g] : llvm::enumerate(dx))
    if (g)
      if (Val part = derivative(i, Val(b, op->getLoc(), g)))
        dy = dy ? dy + part : part;
  if (dy) // a cast's tangent has the type of the result
    dy = convert(broadcastLike(dy, op->getResult(0)), elementOf(op->getResult(0)));
  return {dy.v};
}

SmallVector<Value> scalar(Operation *op, OpBuilder &b, ValueRange args, Body body) {
  Location loc = op->getLoc();
  auto isHalf = [](Type type) { return type.isF16() || type.isBF16(); };
  SmallVector<Value> wide = llvm::map_to_vector(
      args, [&](Value arg) -> Value { return isHalf(arg.getType()) ? arith::ExtFOp::create(b, loc, b.getF32Type(), arg) : arg; });
  Value y = body(b, loc, op, wide);
  Type type = elementOf(op->getResult(0));
  return {isHalf(type) && y.getType() != type ? arith::TruncFOp::create(b, loc, type, y) : y};
}
} // namespace tl::elementwise

namespace tl {
void CastOp::build(OpBuilder &b, OperationState &state, Value x, Type element) { build(b, state, tensorOf(element, rankOf(x)), x, {}, {}); }

LogicalResult CastOp::verify() {
  if (rankOf(getX()) != rankOf(getY()))
    return emitOpError("changes the rank");
  if (isa<IndexType>(elementOf(getX())) || isa<IndexType>(elementOf(getY())))
    return emitOpError("is not for index: arith.index_cast is");
  return success();
}

LogicalResult CompareOp::verify() {
  if (!llvm::is_contained({"eq", "ne", "lt", "le", "gt", "ge"}, getPred()))
    return emitOpError() << "does not know the predicate " << getPred();
  return success();
}

LogicalResult SelectOp::verify() {
  if (elementOf(getZ()) != elementOf(getW()))
    return emitOpError("chooses between different element types");
  return success();
}

//===- folds: scalars are computed, and identities that are exact for every float are used -----------------------------------------===//

namespace {
/// The value of a scalar constant, of whatever type; an empty optional for other attributes.
template <typename T> std::optional<T> as(Attribute attribute);
template <> std::optional<APFloat> as(Attribute attribute) {
  auto a = dyn_cast_or_null<FloatAttr>(attribute);
  return a ? std::optional(a.getValue()) : std::nullopt;
}
template <> std::optional<APInt> as(Attribute attribute) {
  auto a = dyn_cast_or_null<IntegerAttr>(attribute);
  return a ? std::optional(a.getValue()) : std::nullopt;
}

/// f16 and bf16 are computed in f32, so folding in their own precision would not be the same: it is left to run time.
bool isWide(Type type) { return type.isF32() || type.isF64(); }

/// Folds a scalar op with `f` on floats or `i` on integers.
template <typename F, typename I> Attribute foldScalars(Type type, ArrayRef<Attribute> operands, F f, I i) {
  if (isWide(type)) {
    auto x = as<APFloat>(operands[0]), z = as<APFloat>(operands[1]);
    return x && z ? FloatAttr::get(type, f(*x, *z)) : FloatAttr();
  }
  if (isa<IntegerType, IndexType>(type)) {
    auto x = as<APInt>(operands[0]), z = as<APInt>(operands[1]);
    return x && z ? IntegerAttr::get(type, i(*x, *z)) : IntegerAttr();
  }
  return {};
}

/// Whether the constant is this number (-0.0 and 0.0 are two).
bool is(Attribute attribute, double value) {
  if (auto f = as<APFloat>(attribute)) {
    APFloat wanted(value);
    bool lost;
    wanted.convert(f->getSemantics(), APFloat::rmNearestTiesToEven, &lost);
    return f->bitwiseIsEqual(wanted);
  }
  auto i = as<APInt>(attribute);
  return i && i->getSExtValue() == int64_t(value);
}
bool isInteger(Value x) { return isa<IntegerType, IndexType>(elementOf(x)); }
/// `x` if it has the shape and type of the op's result.
OpFoldResult only(Operation *op, Value x) { return x.getType() == op->getResult(0).getType() ? OpFoldResult(x) : OpFoldResult(); }
} // namespace

OpFoldResult NegOp::fold(FoldAdaptor a) {
  if (auto inner = getX().getDefiningOp<NegOp>())
    return inner.getX();
  if (auto x = as<APFloat>(a.getX()))
    return isWide(getType()) ? FloatAttr::get(getType(), -*x) : FloatAttr();
  if (auto x = as<APInt>(a.getX()))
    return IntegerAttr::get(getType(), -*x);
  return {};
}

OpFoldResult NotOp::fold(FoldAdaptor a) {
  if (auto inner = getX().getDefiningOp<NotOp>())
    return inner.getX();
  auto x = as<APInt>(a.getX());
  return x ? IntegerAttr::get(getType(), ~*x) : IntegerAttr();
}

OpFoldResult AddOp::fold(FoldAdaptor a) {
  if (is(a.getZ(), isInteger(getZ()) ? 0.0 : -0.0)) // x + 0.0 would turn -0.0 into 0.0
    if (OpFoldResult x = only(*this, getX()))
      return x;
  return foldScalars(getType(), a.getOperands(), [](APFloat x, APFloat z) { return x + z; }, [](APInt x, APInt z) { return x + z; });
}

OpFoldResult SubOp::fold(FoldAdaptor a) {
  if (is(a.getZ(), 0.0))
    if (OpFoldResult x = only(*this, getX()))
      return x;
  return foldScalars(getType(), a.getOperands(), [](APFloat x, APFloat z) { return x - z; }, [](APInt x, APInt z) { return x - z; });
}

OpFoldResult MulOp::fold(FoldAdaptor a) {
  if (is(a.getZ(), 1.0))
    if (OpFoldResult x = only(*this, getX()))
      return x;
  if (is(a.getX(), 1.0))
    if (OpFoldResult z = only(*this, getZ()))
      return z;
  return foldScalars(getType(), a.getOperands(), [](APFloat x, APFloat z) { return x * z; }, [](APInt x, APInt z) { return x * z; });
}

OpFoldResult DivOp::fold(FoldAdaptor a) {
  if (is(a.getZ(), 1.0))
    if (OpFoldResult x = only(*this, getX()))
      return x;
  return foldScalars(getType(), a.getOperands(), [](APFloat x, APFloat z) { return x / z; }, [](APInt x, APInt) { return x; });
}

/// The floor of the quotient, 0 for a zero divisor.
static APInt floorQuotient(APInt x, APInt z, bool isUnsigned) {
  if (z.isZero())
    return z;
  if (isUnsigned)
    return x.udiv(z);
  APInt q = x.sdiv(z); // min / -1 wraps
  return x.srem(z) != 0 && x.isNegative() != z.isNegative() ? q - 1 : q;
}

OpFoldResult FloorDivOp::fold(FoldAdaptor a) {
  auto x = as<APInt>(a.getX()), z = as<APInt>(a.getZ());
  if (x && z)
    return IntegerAttr::get(getType(), floorQuotient(*x, *z, isUnsigned(*this)));
  return isInteger(getX()) && is(a.getZ(), 1.0) ? only(*this, getX()) : OpFoldResult();
}

OpFoldResult ModOp::fold(FoldAdaptor a) {
  auto x = as<APInt>(a.getX()), z = as<APInt>(a.getZ());
  if (!x || !z)
    return {};
  return IntegerAttr::get(getType(), z->isZero() ? *z : *x - *z * floorQuotient(*x, *z, isUnsigned(*this)));
}

OpFoldResult AndOp::fold(FoldAdaptor a) {
  if (getX() == getZ())
    return only(*this, getX());
  if (auto z = as<APInt>(a.getZ())) {
    if (z->isAllOnes())
      return only(*this, getX());
    if (auto x = as<APInt>(a.getX()))
      return IntegerAttr::get(getType(), *x & *z);
  }
  return {};
}

OpFoldResult OrOp::fold(FoldAdaptor a) {
  if (getX() == getZ())
    return only(*this, getX());
  if (auto z = as<APInt>(a.getZ())) {
    if (z->isZero())
      return only(*this, getX());
    if (auto x = as<APInt>(a.getX()))
      return IntegerAttr::get(getType(), *x | *z);
  }
  return {};
}

OpFoldResult CompareOp::fold(FoldAdaptor a) {
  std::optional<int> order; // -1, 0, 1; 2 for NaN
  if (auto x = as<APFloat>(a.getX()), z = as<APFloat>(a.getZ()); x && z) {
    switch (x->compare(*z)) {
    case APFloat::cmpLessThan:
      order = -1;
      break;
    case APFloat::cmpEqual:
      order = 0;
      break;
    case APFloat::cmpGreaterThan:
      order = 1;
      break;
    case APFloat::cmpUnordered:
      order = 2;
      break;
    }
  } else if (auto x = as<APInt>(a.getX()), z = as<APInt>(a.getZ()); x && z) {
    bool less = isUnsigned(*this) || x->getBitWidth() == 1 ? x->ult(*z) : x->slt(*z);
    order = *x == *z ? 0 : less ? -1 : 1;
  }
  if (!order || !getType().isInteger(1))
    return {};
  StringRef pred = getPred();
  bool result = pred == "eq"   ? *order == 0
                : pred == "ne" ? *order != 0
                : pred == "lt" ? *order == -1
                : pred == "le" ? *order == -1 || *order == 0
                : pred == "gt" ? *order == 1
                               : *order == 1 || *order == 0;
  return BoolAttr::get(getContext(), result);
}

OpFoldResult SelectOp::fold(FoldAdaptor a) {
  if (auto cond = as<APInt>(a.getX()))
    return only(*this, cond->isZero() ? getW() : getZ());
  return getZ() == getW() ? only(*this, getZ()) : OpFoldResult();
}

OpFoldResult IPowOp::fold(FoldAdaptor a) { return is(a.getZ(), 1.0) ? only(*this, getX()) : OpFoldResult(); }

OpFoldResult CastOp::fold(FoldAdaptor a) {
  Type type = getType();
  if (getX().getType() == type)
    return getX();
  if (!isWide(type))
    return {};
  if (auto x = as<APFloat>(a.getX())) {
    APFloat y = *x;
    bool lost;
    y.convert(cast<FloatType>(type).getFloatSemantics(), APFloat::rmNearestTiesToEven, &lost);
    return FloatAttr::get(type, y);
  }
  if (auto x = as<APInt>(a.getX())) {
    APFloat y(cast<FloatType>(type).getFloatSemantics());
    y.convertFromAPInt(*x, !getFromUnsigned() && x->getBitWidth() > 1, APFloat::rmNearestTiesToEven);
    return FloatAttr::get(type, y);
  }
  return {};
}

/// x ** 2 is x * x, as by squaring.
void IPowOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *) {
  patterns.add(+[](IPowOp op, PatternRewriter &rewriter) -> LogicalResult {
    APInt exponent;
    if (!matchPattern(op.getZ(), m_ConstantInt(&exponent)) || exponent != 2 || op.getX().getType() != op.getType())
      return failure();
    rewriter.replaceOpWithNewOp<MulOp>(op, op.getX(), op.getX());
    return success();
  });
}
} // namespace tl
