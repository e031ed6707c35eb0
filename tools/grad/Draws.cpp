// The ops that `uniform`, `normal`, `bernoulli` and `random_bits` became -> calls of these, which is how a reader knows them.
//
// Note [Draws]. A draw is a `func.call` of a function that the module does not have, named as in the prelude. Its operands are the key (or
// keys: then each draws), for `bernoulli` the probability, and the sizes of what one key gives.
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir_gen/dialect/Dialect.h"
#include "tools/grad/Writer.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace tl;
using namespace tl::grad;
using llvm::dyn_cast;
using llvm::isa;
namespace func = mlir::func;

namespace {
struct Draw {
  Value key;
  SmallVector<Value> sizes; ///< of what one key gives
};

bool isInteger(Value v, int64_t wanted) {
  llvm::APInt number;
  return mlir::matchPattern(v, mlir::m_ConstantInt(&number)) && number.getSExtValue() == wanted;
}

/// Whether `v` is a constant: `wanted`, rounded to its type.
bool isNumber(Value v, double wanted) {
  llvm::APFloat number(0.0);
  if (!mlir::matchPattern(v, mlir::m_ConstantFloat(&number)))
    return false;
  llvm::APFloat rounded(wanted);
  bool loses = false;
  rounded.convert(number.getSemantics(), llvm::APFloat::rmNearestTiesToEven, &loses);
  return number.bitwiseIsEqual(rounded);
}

/// The operand beside the constant `wanted` in a product; null where that is none.
Value timesNumber(Value v, double wanted) {
  auto product = v.getDefiningOp<MulOp>();
  if (!product)
    return {};
  return isNumber(product.getZ(), wanted) ? product.getX() : isNumber(product.getX(), wanted) ? product.getZ() : Value();
}

/// Random bits for the elements of an array, in their order, or for one scalar.
std::optional<Draw> bitsOf(Value v) {
  auto shaped = v.getDefiningOp<ReshapeOp>();
  auto bits = (shaped ? shaped.getX() : v).getDefiningOp<RandomBitsOp>();
  if (!bits)
    return std::nullopt;
  Draw draw{bits.getKey(), {}};
  Value number = bits.getNumber();
  if (isInteger(number, 0))
    return shaped ? std::nullopt : std::optional(draw);
  const int64_t rank = rankOf(bits.getY());
  if (auto repeated = number.getDefiningOp<BroadcastOp>(); repeated && repeated.getAxes() == ArrayRef<int64_t>(rank - 1))
    number = repeated.getX();
  if (auto repeated = draw.key.getDefiningOp<BroadcastOp>();
      repeated && repeated.getAxes() == ArrayRef<int64_t>(axesUpTo(repeated.getAxes().size())))
    draw.key = repeated.getX();
  auto counted = number.getDefiningOp<IotaOp>();
  const size_t keys = rankOf(draw.key);
  if (!counted || int64_t(keys) + 1 != rank)
    return std::nullopt;
  draw.sizes = {counted.getSize()};
  if (shaped) {
    mlir::OpBuilder b(shaped);
    SmallVector<Value> all(shaped.getSizes());
    if (keys && ArrayRef(all).take_front(keys) != ArrayRef(SmallVector<Value>(tl::sizesOf(b, draw.key))))
      return std::nullopt;
    draw.sizes.assign(all.begin() + keys, all.end());
  }
  return draw;
}

/// The top bits, scaled: see `uniform` in mlir_gen/GenRandom.cpp.
std::optional<Draw> uniformOf(MulOp product) {
  auto type = dyn_cast<mlir::FloatType>(elementOf(product.getY()));
  if (!type)
    return std::nullopt;
  const int precision = llvm::APFloat::semanticsPrecision(type.getFloatSemantics());
  Value scaled = timesNumber(product.getY(), std::ldexp(1.0, -precision));
  auto converted = scaled ? scaled.getDefiningOp<CastOp>() : CastOp();
  auto top = converted ? converted.getX().getDefiningOp<ShrOp>() : ShrOp();
  return top && isInteger(top.getZ(), 64 - precision) ? bitsOf(top.getX()) : std::nullopt;
}

/// The draw that a value is.
std::optional<Draw> drawnBy(Value v, StringRef function) {
  if (auto sized = v.getDefiningOp<SizedOp>())
    v = sized.getX();
  auto call = v.getDefiningOp<func::CallOp>();
  if (!call || call.getCallee() != function)
    return std::nullopt;
  return Draw{call.getOperand(0), SmallVector<Value>(call.getOperands().drop_front())};
}

/// Box and Muller's transform of two uniform numbers: see `normal` in the prelude.
std::optional<Draw> normalOf(Value root, Value otherwise) {
  auto radius = root.getDefiningOp<SqrtOp>();
  auto turned = otherwise.getDefiningOp<CosOp>();
  Value scaled = radius ? timesNumber(radius.getX(), -2) : Value(),
        angle = turned ? timesNumber(turned.getX(), 2 * llvm::numbers::pi) : Value();
  auto logarithm = scaled ? scaled.getDefiningOp<Log1pOp>() : Log1pOp();
  if (!logarithm || !angle)
    return std::nullopt;
  auto negated = logarithm.getX().getDefiningOp<NegOp>();
  Value first = negated ? negated.getX() : timesNumber(logarithm.getX(), -1);
  std::optional<Draw> u = first ? drawnBy(first, "uniform") : std::nullopt, v = drawnBy(angle, "uniform");
  auto a = u ? u->key.getDefiningOp<SplitOp>() : SplitOp(), c = v ? v->key.getDefiningOp<SplitOp>() : SplitOp();
  if (!a || !c || a.getKey() != c.getKey() || !isInteger(a.getNumber(), 0) || !isInteger(c.getNumber(), 1) || u->sizes != v->sizes)
    return std::nullopt;
  return Draw{a.getKey(), u->sizes};
}

void replace(Operation *root, StringRef function, Value key, ValueRange more) {
  mlir::OpBuilder b(root);
  SmallVector<Value> operands{key}, sizes;
  llvm::append_range(operands, more);
  Value y = root->getResult(0);
  if (isTensor(y))
    llvm::append_range(sizes, tl::sizesOf(b, y));
  auto call = func::CallOp::create(b, root->getLoc(), function, root->getResultTypes(), operands);
  Value drawn = call.getResult(0);
  if (isTensor(y))
    drawn = SizedOp::create(b, root->getLoc(), drawn, sizes);
  y.replaceAllUsesWith(drawn);
  root->erase();
}
} // namespace

void tl::grad::findDraws(func::FuncOp function) {
  SmallVector<Operation *> all;
  function.walk([&](Operation *op) {
    if (isa<MulOp, CompareOp>(op))
      all.push_back(op);
    else if (auto empty = dyn_cast<EmptyOp>(op); empty && !op->hasOneUse()) // one for keys is another than one for integers: `keysAmong`
      for (mlir::OpOperand &use : llvm::make_early_inc_range(op->getUses())) {
        mlir::OpBuilder b(op);
        use.set(b.clone(*op)->getResult(0));
      }
  });
  for (Operation *op : all) {
    if (auto compared = dyn_cast<CompareOp>(op)) {
      std::optional<Draw> u = compared.getPred() == "lt" ? drawnBy(compared.getX(), "uniform") : std::nullopt;
      Value p = compared.getZ();
      if (auto repeated = p.getDefiningOp<BroadcastOp>(); repeated && !isTensor(repeated.getX()))
        p = repeated.getX();
      if (u && !isTensor(p) && p.getType().isF32()) {
        u->sizes.insert(u->sizes.begin(), p);
        replace(op, "bernoulli", u->key, u->sizes);
      }
      continue;
    }
    auto product = llvm::cast<MulOp>(op);
    if (std::optional<Draw> u = uniformOf(product)) {
      replace(op, "uniform", u->key, u->sizes);
      continue;
    }
    std::optional<Draw> z = normalOf(product.getX(), product.getZ());
    if (!z)
      z = normalOf(product.getZ(), product.getX());
    if (z)
      replace(op, "normal", z->key, z->sizes);
  }
  auto eraseDead = [&] {
    for (bool changed = true; changed;) {
      changed = false;
      function.walk([&](Operation *op) {
        auto call = dyn_cast<func::CallOp>(op);
        if (!mlir::isOpTriviallyDead(op) && !(call && op->use_empty() && isDraw(call)))
          return;
        op->erase();
        changed = true;
      });
    }
  };
  eraseDead();
  all.clear();
  function.walk([&](Operation *op) {
    if (isa<RandomBitsOp, ReshapeOp>(op))
      all.push_back(op);
  });
  for (Operation *op : llvm::reverse(all)) // what is reshaped first
    if (std::optional<Draw> bits = bitsOf(op->getResult(0)); bits && !op->use_empty())
      replace(op, "random_bits", bits->key, bits->sizes);
  eraseDead();
}

bool tl::grad::isDraw(func::CallOp call) {
  return !mlir::SymbolTable::lookupNearestSymbolFrom(call, call.getCalleeAttr()) &&
         llvm::is_contained({"uniform", "normal", "bernoulli", "random_bits"}, call.getCallee());
}
