// Forward mode: each op is followed by the op of its tangents; loops and branches carry tangents beside values (a `while` as the `for` that
// it becomes).
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Derivatives.h"

using namespace mlir;

namespace tl {
namespace {
class Forwarder {
public:
  Forwarder(OpBuilder &b, const Active &active, Refuse refuse) : b(b), active(active), refuse(refuse) {}

  void set(Value x, Value dx) { tangents[x] = dx; }
  Value get(Value x) const { return tangents.lookup(x); }

  LogicalResult run(Block &block) {
    for (Operation *op : llvm::map_to_vector(block.without_terminator(), [](Operation &op) { return &op; }))
      if (failed(push(op)))
        return failure();
    return success();
  }

private:
  OpBuilder &b;
  const Active &active;
  Refuse refuse;
  llvm::DenseMap<Value, Value> tangents;

  Value getOrZero(Value x, Value like) {
    Value dx = get(x);
    return dx ? dx : zeroLike(b, like);
  }

  LogicalResult push(Operation *op) {
    // A `while` that is left only counts steps: see CountWhiles.cpp.
    if (isa<scf::WhileOp>(op) || llvm::none_of(op->getResults(), [&](Value y) { return active.contains(y); }))
      return success();
    b.setInsertionPointAfter(op);
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return pushFor(loop);
    if (auto branch = dyn_cast<scf::IfOp>(op))
      return pushIf(branch);
    SmallVector<Value> dx = llvm::map_to_vector(op->getOperands(), [&](Value x) { return get(x); });
    if (llvm::none_of(dx, [](Value v) { return bool(v); }))
      return success();
    if (auto differentiable = dyn_cast<Differentiable>(op)) {
      for (auto [y, dy] : llvm::zip(op->getResults(), differentiable.jvp(b, dx)))
        set(y, dy);
      return success();
    }
    if (auto call = dyn_cast<func::CallOp>(op))
      return pushCall(call);
    if (isa<tensor::CastOp>(op))
      return set(op->getResult(0), dx[0]), success();
    if (auto literal = dyn_cast<tensor::FromElementsOp>(op)) {
      SmallVector<Value> parts = llvm::map_to_vector(literal.getElements(), [&](Value x) { return getOrZero(x, x); });
      Value array = tensor::FromElementsOp::create(b, op->getLoc(), literal.getType(), parts);
      set(literal, tensor::CastOp::create(b, op->getLoc(), tensorOf(elementOf(literal), literal.getType().getRank()), array));
      return success();
    }
    return refuse(op);
  }

  /// Of a function whose derivative is written by hand, or that calls itself: any other call was inlined.
  LogicalResult pushCall(func::CallOp call) {
    if (func::FuncOp byHand = derivativeByHand(call, "tl.jvp")) {
      SmallVector<Value> args(call.getOperands());
      for (Value x : call.getOperands())
        if (isFloat(x))
          args.push_back(getOrZero(x, x));
      auto changes = func::CallOp::create(b, call.getLoc(), byHand, args);
      unsigned next = 0;
      for (Value y : call.getResults())
        if (isFloat(y))
          set(y, changes.getResult(next++));
      return success();
    }
    SmallVector<int64_t> wrt;
    SmallVector<Value> given;
    SmallVector<Type> types(call.getResultTypes());
    for (auto [i, x] : llvm::enumerate(call.getOperands()))
      if (Value dx = get(x)) {
        wrt.push_back(i);
        given.push_back(dx);
      }
    for (Type type : call.getResultTypes())
      if (isFloat(type))
        types.push_back(type);
    auto jvp = JvpOp::create(b, call.getLoc(), types, call.getCallee(), call.getOperands(), given, wrt);
    unsigned next = call.getNumResults();
    for (auto [y, both] : llvm::zip(call.getResults(), jvp.getResults().take_front(next))) {
      y.replaceAllUsesWith(both);
      if (isFloat(y)) // both the values and the tangents are the new call's
        set(both, jvp.getResult(next++));
    }
    call.erase();
    return success();
  }

  LogicalResult pushFor(scf::ForOp op) {
    b.setInsertionPoint(op);
    Location loc = op.getLoc();
    SmallVector<unsigned> carried;
    SmallVector<Value> inits(op.getInitArgs());
    for (auto [i, argument] : llvm::enumerate(op.getRegionIterArgs()))
      if (active.contains(argument)) {
        carried.push_back(i);
        inits.push_back(getOrZero(op.getInitArgs()[i], op.getInitArgs()[i]));
      }
    auto loop = scf::ForOp::create(b, loc, op.getLowerBound(), op.getUpperBound(), op.getStep(), inits);
    loop->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    unsigned count = op.getNumResults();
    if (!loop.getBody()->empty())
      loop.getBody()->getTerminator()->erase();
    // The body itself moves: its values keep their names in `active`.
    op.getInductionVar().replaceAllUsesWith(loop.getInductionVar());
    loop.getBody()->getOperations().splice(loop.getBody()->end(), op.getBody()->getOperations());
    for (auto [i, dx] : llvm::zip(carried, loop.getRegionIterArgs().drop_front(count))) {
      b.setInsertionPointToStart(loop.getBody());
      Value state = loop.getRegionIterArg(i);
      set(state, sizedLike(b, dx, op.getInitArgs()[i]));
    }
    for (auto [old, argument] : llvm::zip(op.getRegionIterArgs(), loop.getRegionIterArgs()))
      old.replaceAllUsesWith(argument);
    if (failed(run(*loop.getBody())))
      return failure();
    Operation *end = loop.getBody()->getTerminator();
    b.setInsertionPoint(end);
    SmallVector<Value> next(end->getOperands());
    for (unsigned i : carried)
      next.push_back(getOrZero(end->getOperand(i), op.getInitArgs()[i]));
    end->setOperands(next);
    b.setInsertionPointAfter(loop);
    for (auto [i, dx] : llvm::zip(carried, loop.getResults().drop_front(count)))
      set(loop.getResult(i), sizedLike(b, dx, op.getInitArgs()[i]));
    op.replaceAllUsesWith(loop.getResults().take_front(count));
    old.push_back(op);
    return success();
  }

  LogicalResult pushIf(scf::IfOp op) {
    Location loc = op.getLoc();
    SmallVector<unsigned> carried;
    SmallVector<Type> types(op.getResultTypes());
    for (auto [i, y] : llvm::enumerate(op.getResults()))
      if (active.contains(y)) {
        carried.push_back(i);
        types.push_back(y.getType());
      }
    for (Region &region : op->getRegions()) {
      if (failed(run(region.front())))
        return failure();
      Operation *end = region.front().getTerminator();
      b.setInsertionPoint(end);
      SmallVector<Value> next(end->getOperands());
      for (unsigned i : carried)
        next.push_back(getOrZero(end->getOperand(i), end->getOperand(i)));
      end->setOperands(next);
    }
    b.setInsertionPoint(op);
    auto branch = scf::IfOp::create(b, loc, types, op.getCondition(), /*withElseRegion=*/true);
    branch.getThenRegion().takeBody(op.getThenRegion());
    branch.getElseRegion().takeBody(op.getElseRegion());
    b.setInsertionPointAfter(branch);
    unsigned next = op.getNumResults();
    for (unsigned i : carried) {
      Value dy = branch.getResult(next++);
      for (Operation *user : op.getResult(i).getUsers())
        if (auto sized = dyn_cast<SizedOp>(user); sized && !hasKnownSizes(dy)) {
          b.setInsertionPointAfter(sized); // where the sizes are there
          dy = SizedOp::create(b, loc, dy, sized.getSizes());
        }
      set(branch.getResult(i), dy);
    }
    op.replaceAllUsesWith(branch.getResults().take_front(op.getNumResults()));
    old.push_back(op);
    return success();
  }

public:
  /// Ops that were replaced; erased at the end, for their values are keys.
  SmallVector<Operation *> old;
};
} // namespace

LogicalResult forward(func::FuncOp function, ArrayRef<int64_t> wrt, Refuse refuse) {
  Block &body = function.getBody().front();
  Active active;
  for (int64_t i : wrt)
    active.insert(body.getArgument(i));
  countWhiles(function, active);
  OpBuilder b(function->getContext());
  Forwarder forwarder(b, active, refuse);
  for (int64_t i : wrt)
    forwarder.set(body.getArgument(i), body.addArgument(body.getArgument(i).getType(), function.getLoc()));
  if (failed(forwarder.run(body)))
    return failure();
  Operation *end = body.getTerminator();
  b.setInsertionPoint(end);
  SmallVector<Value> results(end->getOperands());
  for (Value y : end->getOperands())
    if (isFloat(y)) {
      Value dy = forwarder.get(y);
      results.push_back(dy ? dy : zeroLike(b, y));
    }
  end->setOperands(results);
  for (Operation *op : llvm::reverse(forwarder.old))
    op->erase();
  return success();
}
} // namespace tl
