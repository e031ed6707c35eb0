// Reverse mode: a function's body, then the same ops backwards, each giving its operands what its results' cotangents say.
//
// No tape. The reverse of a `for` runs its steps backwards and recomputes each from the carried values with which it began; the forward
// loop keeps in arrays those of them that the recomputation needs. A branch recomputes its side. A `while` is run once to count its steps,
// then differentiated as a `for`. Recomputed ops leave out prints and checks: these ran.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "passes/Derivatives.h"

using namespace mlir;

namespace tl {
namespace {
/// Ops that are replaced, but stay until the end: their values are keys.
using Replaced = SmallVector<Operation *>;

class Reverser {
public:
  Reverser(Replaced &replaced, Refuse refuse) : replaced(replaced), refuse(refuse) {}

  /// Runs over `ops` backwards; what they give is built at the adjoints' builder.
  LogicalResult sweep(ArrayRef<Operation *> ops, Adjoints &adjoints, const Active &active) {
    for (Operation *op : llvm::reverse(ops)) {
      SmallVector<Value> g = llvm::map_to_vector(op->getResults(), [&](Value y) { return adjoints.get(y); });
      if (llvm::none_of(g, [](Value v) { return bool(v); }) || isa<StopGradientOp>(op))
        continue;
      if (!llvm::any_of(op->getResults(), [&](Value y) { return active.contains(y); }))
        continue;
      if (failed(give(op, adjoints, g, active)))
        return failure();
    }
    return success();
  }

private:
  Replaced &replaced;
  Refuse refuse;

  /// Erases ops of a block that nothing uses, last first.
  void dropDead(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op) && !llvm::is_contained(replaced, &op))
        op.erase();
  }

  LogicalResult give(Operation *op, Adjoints &adjoints, ArrayRef<Value> g, const Active &active) {
    if (auto differentiable = dyn_cast<Differentiable>(op))
      return differentiable.vjp(adjoints, g), success();
    if (auto call = dyn_cast<func::CallOp>(op))
      return giveCall(call, adjoints, g);
    if (auto branch = dyn_cast<scf::IfOp>(op))
      return giveIf(branch, adjoints, g, active);
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return giveFor(loop, adjoints, g, active);
    if (auto view = dyn_cast<tensor::CastOp>(op))
      return adjoints.add(view.getSource(), adjoints.val(op->getLoc(), g[0])), success();
    if (auto literal = dyn_cast<tensor::FromElementsOp>(op); literal && literal.getType().getRank() == 1) {
      for (auto [i, x] : llvm::enumerate(literal.getElements()))
        if (adjoints.wants(x))
          adjoints.add(x, adjoints.val(op->getLoc(), SliceOp::element(adjoints.b, op->getLoc(), g[0], index(adjoints.b, op->getLoc(), i))));
      return success();
    }
    return refuse(op);
  }

  /// A result of a call with its sizes; if nobody uses it, nobody has stated them.
  static Value sized(OpBuilder &b, Value y) {
    Value known = withSizesOf(y);
    auto type = dyn_cast<RankedTensorType>(y.getType());
    if (!type || known != y)
      return known;
    SmallVector<Value> sizes;
    for (int64_t axis = 0; axis < type.getRank(); ++axis)
      sizes.push_back(SizeOp::create(b, y.getLoc(), y, axis));
    return SizedOp::create(b, y.getLoc(), y, sizes);
  }

  /// A call that was not inlined is of a function whose derivative is written by hand, or of one that calls itself: then its pullback
  /// recomputes the primal.
  LogicalResult giveCall(func::CallOp call, Adjoints &adjoints, ArrayRef<Value> g) {
    OpBuilder &b = adjoints.b;
    SmallVector<Value> seeds;
    for (auto [y, cotangent] : llvm::zip(call.getResults(), g))
      if (isFloat(y))
        seeds.push_back(cotangent ? cotangent : zeroLike(b, sized(b, y)));
    if (func::FuncOp byHand = derivativeByHand(call, "tl.vjp")) {
      SmallVector<Value> args(call.getOperands());
      llvm::append_range(args, seeds);
      auto given = func::CallOp::create(b, call.getLoc(), byHand, args);
      unsigned next = 0;
      for (Value x : call.getOperands())
        if (isFloat(x)) {
          Val dx = adjoints.val(call.getLoc(), sizedLike(b, given.getResult(next++), x));
          Value mask = call.getNumResults() == 1 ? adjoints.mask(call.getResult(0)) : Value();
          bool fits = mask && (!isTensor(mask) || (isTensor(x) && sizesOf(b, mask) == sizesOf(b, x)));
          adjoints.add(x, fits ? guarded(dx, dx.like(mask)) : dx, fits ? dx.like(mask) : Val());
        }
      return success();
    }
    SmallVector<int64_t> wrt;
    SmallVector<Type> types;
    for (auto [i, x] : llvm::enumerate(call.getOperands()))
      if (adjoints.wants(x)) {
        wrt.push_back(i);
        types.push_back(x.getType());
      }
    auto vjp = VjpOp::create(b, call.getLoc(), types, call.getCallee(), call.getOperands(), seeds, wrt, /*primals=*/false);
    for (auto [i, dx] : llvm::zip(wrt, vjp.getResults()))
      adjoints.add(call.getOperand(i), adjoints.val(call.getLoc(), sizedLike(b, dx, call.getOperand(i))));
    return success();
  }

  LogicalResult giveIf(scf::IfOp op, Adjoints &adjoints, ArrayRef<Value> g, const Active &active) {
    OpBuilder &b = adjoints.b;
    Location loc = op.getLoc();
    SmallVector<Value> captures = activeCaptures(op, active);
    // A side may also yield what is captured nowhere else: getUsedValuesDefinedAbove counts terminators, so that it is there.
    SmallVector<Type> types = llvm::map_to_vector(captures, [](Value v) { return v.getType(); });
    auto back = scf::IfOp::create(b, loc, types, op.getCondition(), /*withElseRegion=*/true);
    for (auto [from, to] : llvm::zip(op->getRegions(), back->getRegions())) {
      to.front().clear();
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToEnd(&to.front());
      IRMapping copies;
      Block &side = from.front();
      recompute(b, side, copies);
      Active inner = active;
      findActive(to.front(), inner);
      SmallVector<Operation *> ops = llvm::map_to_vector(to.front(), [](Operation &op) { return &op; });
      Adjoints here(b, inner);
      for (Value capture : captures)
        if (Value before = adjoints.get(capture))
          here.add(capture, here.val(loc, before));
      for (auto [y, cotangent] : llvm::zip(side.getTerminator()->getOperands(), g))
        if (cotangent)
          here.add(copies.lookupOrDefault(y), here.val(loc, cotangent));
      if (failed(sweep(ops, here, inner)))
        return failure();
      scf::YieldOp::create(b, loc, llvm::map_to_vector(captures, [&](Value v) { return here.get(v) ? here.get(v) : zeroLike(b, v); }));
      dropDead(to.front());
    }
    for (auto [capture, dx] : llvm::zip(captures, back.getResults()))
      adjoints.replace(capture, adjoints.val(loc, sizedLike(b, dx, capture)), maskOf(op, adjoints, capture));
    return success();
  }

  /// Where the branch used what it captures, see Note [Masks] in Transform.h: where one side only used it, its cotangent came through a
  /// choice.
  static Val maskOf(scf::IfOp op, Adjoints &adjoints, Value capture) {
    auto uses = [&](Region &side) {
      return llvm::any_of(capture.getUsers(), [&](Operation *user) { return side.isAncestor(user->getParentRegion()); });
    };
    bool inThen = uses(op.getThenRegion()), inElse = uses(op.getElseRegion());
    Val before = adjoints.val(op.getLoc(), adjoints.mask(capture));
    if ((inThen && inElse) || (adjoints.get(capture) && !before))
      return {};
    Val taken = before.like(op.getCondition());
    if (inElse)
      taken = invert(taken);
    return before ? either(before, taken) : taken;
  }

  /// How many steps the loop makes.
  static Value tripCount(OpBuilder &b, scf::ForOp op) {
    Location loc = op.getLoc();
    Value length = b.createOrFold<arith::SubIOp>(loc, op.getUpperBound(), op.getLowerBound());
    Value steps = b.createOrFold<arith::CeilDivSIOp>(loc, length, op.getStep());
    return b.createOrFold<arith::MaxSIOp>(loc, steps, index(b, loc, 0));
  }

  LogicalResult giveFor(scf::ForOp op, Adjoints &adjoints, ArrayRef<Value> g, const Active &active) {
    OpBuilder &b = adjoints.b;
    Location loc = op.getLoc();
    SmallVector<Value> captures = activeCaptures(op, active);
    SmallVector<unsigned> carried; // numbers of what has a cotangent
    SmallVector<Value> inits;
    for (unsigned i = 0; i < op.getNumResults(); ++i)
      if (active.contains(op.getRegionIterArg(i))) {
        carried.push_back(i);
        inits.push_back(g[i] ? g[i] : zeroLike(b, op.getInitArgs()[i]));
      }
    for (Value capture : captures) {
      Value before = adjoints.get(capture);
      inits.push_back(before ? before : zeroLike(b, capture));
    }
    OpBuilder early(op);
    Value trips = tripCount(early, op);
    SmallVector<Value> stacks = emptyStacks(early, op, trips);
    Value zero = index(b, loc, 0), one = index(b, loc, 1);
    auto back = scf::ForOp::create(b, loc, zero, trips, one, inits);
    if (!back.getBody()->empty())
      back.getBody()->getTerminator()->erase();
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(back.getBody());
      Value last = arith::SubIOp::create(b, loc, trips, one), step = arith::SubIOp::create(b, loc, last, back.getInductionVar());
      Value scaled = b.createOrFold<arith::MulIOp>(loc, step, op.getStep());
      IRMapping copies;
      copies.map(op.getInductionVar(), b.createOrFold<arith::AddIOp>(loc, scaled, op.getLowerBound()));
      Active inner = active;
      for (auto [i, argument] : llvm::enumerate(op.getRegionIterArgs())) {
        Value state = popped(b, stacks[i], step, op.getInitArgs()[i], argument.getType());
        copies.map(argument, state);
        if (active.contains(argument))
          inner.insert(state);
      }
      Operation *beforeBody = &back.getBody()->back();
      recompute(b, *op.getBody(), copies);
      findActive(*back.getBody(), inner);
      SmallVector<Operation *> ops;
      for (Operation *next = beforeBody->getNextNode(); next; next = next->getNextNode())
        ops.push_back(next);
      Adjoints here(b, inner);
      for (auto [capture, sum] : llvm::zip(captures, back.getRegionIterArgs().drop_front(carried.size())))
        here.add(capture, here.val(loc, sizedLike(b, sum, capture)));
      for (auto [i, cotangent] : llvm::zip(carried, back.getRegionIterArgs()))
        here.add(copies.lookupOrDefault(op.getYieldedValues()[i]), here.val(loc, sizedLike(b, cotangent, op.getInitArgs()[i])));
      if (failed(sweep(ops, here, inner)))
        return failure();
      SmallVector<Value> next;
      for (unsigned i : carried) {
        Value dx = here.get(copies.lookup(op.getRegionIterArg(i)));
        next.push_back(dx ? dx : zeroLike(b, op.getInitArgs()[i]));
      }
      for (Value capture : captures)
        next.push_back(here.get(capture));
      scf::YieldOp::create(b, loc, next);
      dropDead(*back.getBody());
    }
    for (auto [i, capture] : llvm::enumerate(captures))
      adjoints.replace(capture, adjoints.val(loc, sizedLike(b, back.getResult(carried.size() + i), capture)), {});
    for (auto [i, dx] : llvm::zip(carried, back.getResults()))
      adjoints.add(op.getInitArgs()[i], adjoints.val(loc, sizedLike(b, dx, op.getInitArgs()[i])));
    keepStates(early, op, stacks);
    return success();
  }

  /// An array for each carried value, to keep it at the beginning of each step. An index is kept as i64.
  static SmallVector<Value> emptyStacks(OpBuilder &b, scf::ForOp op, Value trips) {
    return llvm::map_to_vector(op.getInitArgs(), [&](Value init) -> Value {
      SmallVector<Value> sizes{trips};
      llvm::append_range(sizes, sizesOf(b, init));
      Type element = elementOf(init);
      return EmptyOp::create(b, op.getLoc(), sizes, isa<IndexType>(element) ? b.getI64Type() : element);
    });
  }

  static void place(OpBuilder &b, Location loc, Value step, ArrayRef<Value> inner, SmallVectorImpl<Value> &offsets,
                    SmallVectorImpl<Value> &sizes) {
    offsets.assign(inner.size() + 1, index(b, loc, 0));
    offsets[0] = step;
    sizes.assign({index(b, loc, 1)});
    llvm::append_range(sizes, inner);
  }

  static Value popped(OpBuilder &b, Value stack, Value step, Value init, Type type) {
    Location loc = stack.getLoc();
    SmallVector<Value> offsets, sizes;
    place(b, loc, step, sizesOf(b, init), offsets, sizes);
    Value state = SliceOp::create(b, loc, stack, offsets, sizes, SmallVector<int64_t>(sizes.size(), 1), axesUpTo(1), false, /*here=*/true);
    return isa<IndexType>(type) ? Value(arith::IndexCastOp::create(b, loc, type, state)) : state;
  }

  /// Replaces the loop by one that also writes the states; those that nothing reads are left out.
  void keepStates(OpBuilder &b, scf::ForOp op, MutableArrayRef<Value> stacks) {
    Location loc = op.getLoc();
    SmallVector<unsigned> kept;
    SmallVector<Value> inits(op.getInitArgs());
    for (auto [i, stack] : llvm::enumerate(stacks)) {
      if (stack.use_empty())
        continue;
      kept.push_back(i);
      inits.push_back(stack);
    }
    if (kept.empty())
      return;
    b.setInsertionPoint(op);
    unsigned count = op.getNumResults();
    auto loop = scf::ForOp::create(b, loc, op.getLowerBound(), op.getUpperBound(), op.getStep(), inits);
    if (!loop.getBody()->empty())
      loop.getBody()->getTerminator()->erase();
    b.setInsertionPointToStart(loop.getBody());
    IRMapping copies;
    copies.map(op.getInductionVar(), loop.getInductionVar());
    copies.map(op.getRegionIterArgs(), loop.getRegionIterArgs().take_front(count));
    Value from = arith::SubIOp::create(b, loc, loop.getInductionVar(), op.getLowerBound());
    Value step = b.createOrFold<arith::DivSIOp>(loc, from, op.getStep());
    SmallVector<Value> written;
    for (auto [i, array] : llvm::zip(kept, loop.getRegionIterArgs().drop_front(count))) {
      Value init = op.getInitArgs()[i], state = loop.getRegionIterArg(i);
      SmallVector<Value> offsets, sizes, all = sizesOf(b, stacks[i]);
      place(b, loc, step, sizesOf(b, init), offsets, sizes);
      state =
          isa<IndexType>(state.getType()) ? Value(arith::IndexCastOp::create(b, loc, b.getI64Type(), state)) : sizedLike(b, state, init);
      Value stack = SizedOp::create(b, loc, array, all);
      written.push_back(
          UpdateOp::create(b, loc, stack, offsets, sizes, state, SmallVector<int64_t>(sizes.size(), 1), axesUpTo(1), false, /*here=*/true));
    }
    for (Operation &inner : op.getBody()->without_terminator())
      b.clone(inner, copies);
    SmallVector<Value> next = llvm::map_to_vector(op.getYieldedValues(), [&](Value y) { return copies.lookupOrDefault(y); });
    llvm::append_range(next, written);
    scf::YieldOp::create(b, loc, next);
    b.setInsertionPointAfter(loop);
    op.replaceAllUsesWith(loop.getResults().take_front(count));
    for (auto [i, array] : llvm::zip(kept, loop.getResults().drop_front(count))) {
      Value stack = SizedOp::create(b, loc, array, sizesOf(b, stacks[i]));
      stacks[i].replaceUsesWithIf(stack, [&](OpOperand &use) { return isa<SliceOp>(use.getOwner()); });
    }
    replaced.push_back(op);
  }
};
} // namespace

/// A loop marked `@checkpoint` -> a loop over segments of about as many steps as there are segments: the reverse keeps a state for each
/// segment, and those within one while it goes through that.
static void splitIntoSegments(scf::ForOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  Value zero = index(b, loc, 0), one = index(b, loc, 1);
  Value length = b.createOrFold<arith::SubIOp>(loc, op.getUpperBound(), op.getLowerBound());
  Value trips = arith::MaxSIOp::create(b, loc, b.createOrFold<arith::CeilDivSIOp>(loc, length, op.getStep()), zero);
  Val count(b, loc, arith::IndexCastOp::create(b, loc, b.getI64Type(), trips));
  Val root = convert(sqrt(convert(count, b.getF64Type())), b.getI64Type()); // however it is rounded
  Value segment = arith::AddIOp::create(b, loc, arith::IndexCastOp::create(b, loc, b.getIndexType(), root.v), one);
  auto sized = [&](OpBuilder &b, ValueRange values) {
    SmallVector<Value> all;
    for (auto [value, init] : llvm::zip(values, op.getInitArgs()))
      all.push_back(sizedLike(b, value, init));
    return all;
  };
  auto outer =
      scf::ForOp::create(b, loc, zero, trips, segment, op.getInitArgs(), [&](OpBuilder &b, Location loc, Value first, ValueRange states) {
        Value end = arith::MinSIOp::create(b, loc, arith::AddIOp::create(b, loc, first, segment), trips);
        auto inner =
            scf::ForOp::create(b, loc, first, end, one, sized(b, states), [&](OpBuilder &b, Location loc, Value step, ValueRange args) {
              IRMapping copies;
              Value scaled = b.createOrFold<arith::MulIOp>(loc, step, op.getStep());
              copies.map(op.getInductionVar(), b.createOrFold<arith::AddIOp>(loc, scaled, op.getLowerBound()));
              copies.map(op.getRegionIterArgs(), args);
              for (Operation &inside : op.getBody()->without_terminator())
                b.clone(inside, copies);
              scf::YieldOp::create(b, loc, llvm::map_to_vector(op.getYieldedValues(), [&](Value y) { return copies.lookupOrDefault(y); }));
            });
        scf::YieldOp::create(b, loc, sized(b, inner.getResults()));
      });
  op.replaceAllUsesWith(outer.getResults());
  op.erase();
}

LogicalResult reverse(func::FuncOp function, ArrayRef<int64_t> wrt, bool primals, Refuse refuse) {
  Block &body = function.getBody().front();
  auto end = cast<func::ReturnOp>(body.getTerminator());
  Active active;
  for (int64_t i : wrt)
    active.insert(body.getArgument(i));
  countWhiles(function, active);
  SmallVector<scf::ForOp> marked;
  function.walk<WalkOrder::PostOrder>([&](scf::ForOp loop) {
    if (loop->hasAttr("tl.checkpoint") && loop.getNumResults())
      marked.push_back(loop);
  });
  llvm::for_each(marked, splitIntoSegments);
  if (!marked.empty()) {
    active.clear();
    for (int64_t i : wrt)
      active.insert(body.getArgument(i));
    findActive(body, active);
  }
  OpBuilder b(end);
  Adjoints adjoints(b, active);
  SmallVector<Operation *> ops;
  for (Operation &op : body.without_terminator())
    ops.push_back(&op);
  for (Value y : end.getOperands()) {
    if (!isFloat(y))
      continue;
    Value seed = body.addArgument(y.getType(), end.getLoc());
    if (active.contains(y))
      adjoints.add(y, adjoints.val(end.getLoc(), hasKnownSizes(y) ? sizedLike(b, seed, y) : seed));
  }
  Replaced replaced;
  if (failed(Reverser(replaced, refuse).sweep(ops, adjoints, active)))
    return failure();
  SmallVector<Value> results;
  if (primals)
    llvm::append_range(results, end.getOperands());
  for (int64_t i : wrt) {
    Value x = body.getArgument(i), dx = adjoints.get(x);
    for (Operation *user : x.getUsers()) // an array's sizes are stated by the `sized` of the argument
      if (!dx && isa<SizedOp>(user))
        dx = zeroLike(b, user->getResult(0));
    if (!dx && isTensor(x)) { // nothing read the argument, and so nothing says its sizes
      SmallVector<Value> sizes;
      for (int64_t axis = 0; axis < int64_t(rankOf(x)); ++axis)
        sizes.push_back(SizeOp::create(b, end.getLoc(), x, axis));
      x = SizedOp::create(b, end.getLoc(), x, sizes);
    }
    results.push_back(dx ? dx : zeroLike(b, x));
  }
  end->setOperands(results);
  for (Operation *op : llvm::reverse(replaced))
    op->erase();
  return success();
}
} // namespace tl
