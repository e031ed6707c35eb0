// The ops of tl on arrays -> linalg.generic, scf, tensor and arith on tensors. What stays: effects, tl.argsort (a call of the runtime for
// each row, made by Place) and `tl.sized` where an array enters, which tells Place its sizes.
#include "passes/LowerToLinalg.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "passes/Passes.h"

using namespace mlir;

namespace tl {
#define GEN_PASS_DEF_LOWERTOLINALG
#include "passes/Passes.h.inc"
} // namespace tl

namespace tl::lower {
Value empty(OpBuilder &b, Location loc, ArrayRef<Value> sizes, Type element) {
  return tensor::EmptyOp::create(b, loc, SmallVector<OpFoldResult>(sizes.begin(), sizes.end()), element);
}

Values generic(OpBuilder &b, Location loc, ValueRange ins, ArrayRef<AffineMap> inMaps, ValueRange outs, ArrayRef<AffineMap> outMaps,
               ArrayRef<utils::IteratorType> iterators, Body body) {
  SmallVector<AffineMap> maps(inMaps);
  maps.append(outMaps.begin(), outMaps.end());
  auto op = linalg::GenericOp::create(b, loc, outs.getTypes(), ins, outs, maps, iterators);
  // The body is built in place, not by a callback: what calls the runtime declares it in the module around it.
  OpBuilder::InsertionGuard guard(b);
  Block *block = b.createBlock(&op.getRegion());
  for (Value operand : op->getOperands())
    block->addArgument(elementOf(operand), loc);
  linalg::YieldOp::create(b, loc, body(b, loc, block->getArguments()));
  return Values(op->getResults());
}

static SmallVector<utils::IteratorType> parallel(unsigned loops) {
  return SmallVector<utils::IteratorType>(loops, utils::IteratorType::parallel);
}

Value tabulate(OpBuilder &b, Location loc, ArrayRef<Value> sizes, Type element, ValueRange ins, ArrayRef<AffineMap> maps, Body body) {
  AffineMap same = b.getMultiDimIdentityMap(sizes.size());
  SmallVector<AffineMap> inMaps(maps);
  if (maps.empty())
    inMaps.assign(ins.size(), same);
  return generic(b, loc, ins, inMaps, empty(b, loc, sizes, element), same, parallel(sizes.size()), body).front();
}

Value fill(OpBuilder &b, Location loc, ArrayRef<Value> sizes, Value value) {
  return tabulate(b, loc, sizes, value.getType(), {}, {}, [&](OpBuilder &, Location, ValueRange) { return Values{value}; });
}

Values indices(OpBuilder &b, Location loc, unsigned rank) {
  Values all;
  for (unsigned axis = 0; axis < rank; ++axis)
    all.push_back(linalg::IndexOp::create(b, loc, axis));
  return all;
}

AffineMap project(OpBuilder &b, unsigned loops, ArrayRef<int64_t> axes) {
  SmallVector<AffineExpr> places = llvm::map_to_vector(axes, [&](int64_t axis) { return b.getAffineDimExpr(axis); });
  return AffineMap::get(loops, 0, places, b.getContext());
}

Type accumulator(OpBuilder &b, Type element) { return element.isF16() || element.isBF16() ? b.getF32Type() : element; }

Value widen(OpBuilder &b, Location loc, Value x) {
  Type wide = accumulator(b, x.getType());
  return wide == x.getType() ? x : arith::ExtFOp::create(b, loc, wide, x);
}

Value narrow(OpBuilder &b, Location loc, Value x, Type element) {
  return x.getType() == element ? x : arith::TruncFOp::create(b, loc, element, x);
}

Value narrowAll(OpBuilder &b, Location loc, Value x, ArrayRef<Value> sizes, Type element) {
  if (!isTensor(x))
    return narrow(b, loc, x, element);
  if (elementOf(x) == element)
    return x;
  return tabulate(b, loc, sizes, element, x, {},
                  [&](OpBuilder &b, Location loc, ValueRange args) { return Values{narrow(b, loc, args[0], element)}; });
}

Values elementwise(Scalarizable op, OpBuilder &b) {
  Location loc = op.getLoc();
  Values arrays = llvm::to_vector(llvm::make_filter_range(op->getOperands(), isTensor));
  if (arrays.empty())
    return op.scalar(b, op->getOperands());
  Values sizes = sizesOf(b, op->getResult(0)), outs;
  for (Value result : op->getResults())
    outs.push_back(empty(b, loc, sizes, elementOf(result)));
  AffineMap same = b.getMultiDimIdentityMap(sizes.size());
  return generic(b, loc, arrays, SmallVector<AffineMap>(arrays.size(), same), outs, SmallVector<AffineMap>(outs.size(), same),
                 parallel(sizes.size()), [&](OpBuilder &b, Location, ValueRange elements) {
                   Values args;
                   for (Value operand : op->getOperands()) {
                     args.push_back(isTensor(operand) ? elements.front() : operand);
                     elements = elements.drop_front(isTensor(operand));
                   }
                   return op.scalar(b, args);
                 });
}

/// Nothing where the op stays.
static std::optional<Values> lowered(Operation *op, OpBuilder &b) {
  if (auto scalarizable = dyn_cast<Scalarizable>(op))
    return elementwise(scalarizable, b);
  if (auto contract = dyn_cast<ContractOp>(op))
    return Values{contraction(contract, b)};
  if (auto conv = dyn_cast<Conv2dOp>(op))
    return Values{convolution(conv, b)};
  if (auto stop = dyn_cast<StopGradientOp>(op))
    return Values{stop.getX()};
  if (auto size = dyn_cast<SizeOp>(op)) {
    if (hasKnownSizes(size.getX()))
      return Values{sizesOf(b, size.getX())[size.getAxis()]};
    return Values{tensor::DimOp::create(b, op->getLoc(), size.getX(), size.getAxis())};
  }
  if (std::optional<Values> values = movement(op, b))
    return values;
  return reduction(op, b);
}

namespace {
struct LowerToLinalg : tl::impl::LowerToLinalgBase<LowerToLinalg> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isa_and_nonnull<TlDialect>(op->getDialect()))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      if (isa<MapOp, VjpOp, JvpOp, Expandable>(op)) {
        op->emitOpError("is still there when it should be lowered: this is a bug in tlc");
        return signalPassFailure();
      }
      replace(op);
    }
    dropSizes();
  }

  /// The sizes of each result go on standing beside it, for the ops that have not been lowered yet.
  void replace(Operation *op) {
    OpBuilder b(op);
    std::optional<Values> values = lowered(op, b);
    if (!values)
      return;
    for (auto [result, value] : llvm::zip(op->getResults(), *values)) {
      if (value.getType() != result.getType()) // what came of a constant has sizes in its type
        value = tensor::CastOp::create(b, op->getLoc(), result.getType(), value);
      if (isTensor(result) && !hasKnownSizes(value))
        value = SizedOp::create(b, op->getLoc(), value, sizesOf(b, result));
      result.replaceAllUsesWith(value);
    }
    op->erase();
  }

  /// Sizes are left where a function, loop, branch, call or file brings the array, and where a tl op asks for them.
  void dropSizes() {
    SmallVector<SizedOp> all;
    getOperation().walk([&](SizedOp op) { all.push_back(op); });
    for (SizedOp op : all) {
      Operation *source = op.getX().getDefiningOp();
      if (source && source->getNumRegions() <= isa<linalg::LinalgOp>(source) && !isa<CallOpInterface, LoadOp, ArgumentOp>(source))
        op.getY().replaceUsesWithIf(op.getX(), [](OpOperand &use) { return !use.getOwner()->hasTrait<KnownSizes>(); });
      if (op->use_empty())
        op->erase();
    }
  }
};
} // namespace
} // namespace tl::lower
