// A function of arguments and cotangents -> two: what does not need the cotangents, which also gives what the rest needs of it, and the
// rest. So the primal of a call that stays a call is not run again by its pullback.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Derivatives.h"

using namespace mlir;

namespace tl {
/// How many values the first part hands on. A chain of definitions each of which calls the one before twice would else hand on twice as
/// many with every definition.
constexpr size_t keptAtMost = 64;

namespace {
/// What one op uses, its regions too.
llvm::SetVector<Value> usesOf(Operation *op) {
  llvm::SetVector<Value> used(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), used);
  return used;
}

/// Arithmetic of sizes, constants, the sizes of an argument: made again rather than handed on.
bool isCheap(Operation *op) {
  if (auto sized = dyn_cast<SizedOp>(op))
    return isa<BlockArgument>(sized.getX());
  if (op->hasTrait<OpTrait::ConstantLike>())
    return true;
  return isa<arith::ArithDialect>(op->getDialect()) && isPure(op) &&
         llvm::all_of(op->getResultTypes(), [](Type type) { return type.isIntOrIndex(); });
}
} // namespace

LogicalResult splitPullback(func::FuncOp whole, unsigned primals, unsigned seeds, SplitPullback &split) {
  Block &body = whole.getBody().front();
  const unsigned count = body.getNumArguments() - seeds;
  SmallVector<Value> results(body.getTerminator()->getOperands());
  llvm::DenseSet<Value> late(body.args_begin() + count, body.args_end());
  llvm::SetVector<Value> needed;
  for (Operation &op : body.without_terminator()) {
    llvm::SetVector<Value> used = usesOf(&op);
    if (llvm::none_of(used, [&](Value v) { return late.contains(v); }))
      continue;
    needed.insert_range(used);
    late.insert(op.result_begin(), op.result_end());
  }
  needed.insert_range(ArrayRef(results).drop_front(primals));
  llvm::SetVector<Operation *> again;
  llvm::SetVector<Value> given; // kept values and their sizes
  for (size_t i = 0; i < needed.size(); ++i) {
    Value v = needed[i];
    if (late.contains(v) || isa<BlockArgument>(v))
      continue;
    Operation *op = v.getDefiningOp();
    if (isCheap(op)) {
      again.insert(op);
      needed.insert_range(op->getOperands());
      continue;
    }
    if (!hasKnownSizes(v) || split.kept.size() == keptAtMost)
      return failure();
    OpBuilder before(op);
    split.kept.push_back({v, sizesOf(before, v)});
    given.insert(v);
    needed.insert_range(split.kept.back().sizes);
  }
  for (const SplitPullback::Kept &kept : split.kept)
    for (Value size : kept.sizes)
      if (!isa<BlockArgument>(size) && !size.getDefiningOp()->hasTrait<OpTrait::ConstantLike>())
        given.insert(size);
  split.given = given.takeVector();

  auto declare = [&](StringRef suffix, ArrayRef<Type> args, TypeRange types) {
    OpBuilder b(whole);
    auto function = func::FuncOp::create(b, whole.getLoc(), (whole.getName() + suffix).str(), b.getFunctionType(args, types));
    function.setPrivate();
    function.addEntryBlock();
    return function;
  };
  SmallVector<Value> first(ArrayRef(results).take_front(primals));
  llvm::append_range(first, split.given);
  SmallVector<Type> args(whole.getArgumentTypes().take_front(count));
  split.forward = declare(".forward", args, ValueRange(first).getTypes());
  for (const SplitPullback::Kept &kept : split.kept)
    args.push_back(kept.value.getType());
  llvm::append_range(args, whole.getArgumentTypes().drop_front(count));
  split.backward = declare(".backward", args, ValueRange(results).drop_front(primals).getTypes());

  IRMapping forward, backward;
  auto isLate = [&](Operation &op) { return llvm::any_of(usesOf(&op), [&](Value v) { return late.contains(v); }); };
  forward.map(body.getArguments().take_front(count), split.forward.getArguments());
  ValueRange operands = split.backward.getArguments();
  backward.map(body.getArguments().take_front(count), operands.take_front(count));
  backward.map(body.getArguments().drop_front(count), operands.take_back(seeds));
  llvm::DenseMap<Value, std::pair<Value, ArrayRef<Value>>> handed;
  for (auto [kept, value] : llvm::zip(split.kept, operands.slice(count, split.kept.size())))
    handed[kept.value] = {value, kept.sizes};
  OpBuilder b1 = OpBuilder::atBlockEnd(&split.forward.getBody().front()), b2 = OpBuilder::atBlockEnd(&split.backward.getBody().front());
  for (Operation &op : body.without_terminator()) {
    if (isLate(op)) {
      b2.clone(op, backward);
      continue;
    }
    b1.clone(op, forward);
    if (again.contains(&op))
      b2.clone(op, backward);
    for (Value y : op.getResults())
      if (auto it = handed.find(y); it != handed.end()) {
        auto [value, sizes] = it->second;
        SmallVector<Value> own = llvm::map_to_vector(sizes, [&](Value size) { return backward.lookup(size); });
        backward.map(y, isTensor(value) ? Value(SizedOp::create(b2, whole.getLoc(), value, own)) : value);
      }
  }
  func::ReturnOp::create(b1, whole.getLoc(), llvm::map_to_vector(first, [&](Value v) { return forward.lookup(v); }));
  func::ReturnOp::create(b2, whole.getLoc(),
                         llvm::map_to_vector(ArrayRef(results).drop_front(primals), [&](Value v) { return backward.lookup(v); }));
  return success();
}
} // namespace tl
