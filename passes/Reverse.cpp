// Reverse mode: a function's body, then the same ops backwards, each giving its operands what its results' cotangents say.
//
// No tape. The reverse of a `for` runs its steps backwards and recomputes each from the carried values with which it began; the forward
// loop keeps in arrays those of them that the recomputation needs. A branch recomputes its side. A `while` is run once to count its steps,
// then differentiated as a `for`. Recomputed ops leave out prints and checks: these ran.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Derivatives.h"
#include "passes/Masks.h"
#include "passes/Transforms.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;

namespace tl {
namespace {
/// Ops that are replaced, but stay until the end: their values are keys.
using Replaced = SmallVector<Operation *>;

/// Whether an op has no name yet, or that of a cotangent of something without one.
bool mayName(Operation *op) {
  auto named = dyn_cast<NameLoc>(op->getLoc());
  return !named || named.getName() == "d_";
}

/// A cotangent of a variable `h` is named `d_h`, if it was computed behind `primal`, the last op of the primal.
void nameAdjoint(Value g, Value x, Operation *primal) {
  std::string name = nameOf(x);
  Operation *op = g ? g.getDefiningOp() : nullptr;
  if (name.empty() || !op || !primal || op->getNumResults() != 1 || op->hasTrait<OpTrait::ConstantLike>() || !mayName(op) ||
      op->getBlock() != primal->getBlock() || !primal->isBeforeInBlock(op))
    return;
  auto named = dyn_cast<NameLoc>(op->getLoc());
  op->setLoc(NameLoc::get(StringAttr::get(op->getContext(), "d_" + name), named ? named.getChildLoc() : op->getLoc()));
}

/// An argument or a result of a call, with its sizes; if nobody uses it, nobody has stated them.
Value sized(OpBuilder &b, Value x) {
  Value known = withSizesOf(x);
  auto type = dyn_cast<RankedTensorType>(x.getType());
  if (!type || known != x)
    return known;
  SmallVector<Value> sizes;
  for (int64_t axis = 0; axis < type.getRank(); ++axis)
    sizes.push_back(SizeOp::create(b, x.getLoc(), x, axis));
  return SizedOp::create(b, x.getLoc(), x, sizes);
}

class Reverser {
public:
  Reverser(Replaced &replaced, bool masked, Refuse refuse) : replaced(replaced), masked(masked), refuse(refuse) {}

  /// Runs over `ops` backwards; what they give is built at the adjoints' builder.
  LogicalResult sweep(ArrayRef<Operation *> ops, Adjoints &adjoints, const Active &active) {
    for (Operation *op : llvm::reverse(ops)) {
      SmallVector<Value> g = llvm::map_to_vector(op->getResults(), [&](Value y) { return adjoints.get(y); });
      if (llvm::none_of(g, [](Value v) { return bool(v); }) || isa<StopGradientOp>(op))
        continue;
      if (!llvm::any_of(op->getResults(), [&](Value y) { return active.contains(y); }))
        continue;
      for (auto [y, cotangent] : llvm::zip(op->getResults(), g))
        nameAdjoint(cotangent, y, ops.back());
      Block *block = adjoints.b.getInsertionBlock();
      auto end = adjoints.b.getInsertionPoint();
      Operation *before = end == block->begin() ? nullptr : &*std::prev(end);
      if (failed(give(op, adjoints, g, active)))
        return failure();
      // What the rules build stands at the place of `op`, and is not what the program gave that name to.
      for (Operation *made = before ? before->getNextNode() : &block->front(); made && made != (end == block->end() ? nullptr : &*end);
           made = made->getNextNode())
        if (made->getNumResults() && !made->hasTrait<OpTrait::ConstantLike>()) {
          auto named = dyn_cast<NameLoc>(made->getLoc());
          made->setLoc(NameLoc::get(StringAttr::get(made->getContext(), "d_"), named ? named.getChildLoc() : made->getLoc()));
        }
    }
    return success();
  }

private:
  Replaced &replaced;
  bool masked; ///< the function gives masks of its arguments
  Refuse refuse;

  /// Whether somebody may ask where `x` was taken: the op that made it, or who calls the function.
  bool isAsked(Value x) const {
    while (auto sized = x.getDefiningOp<SizedOp>())
      x = sized.getX();
    auto argument = dyn_cast<BlockArgument>(x);
    return masked || !argument || !isa<func::FuncOp>(argument.getOwner()->getParentOp());
  }

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
      return giveCall(call, adjoints);
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

  /// A call that was not inlined is of a function whose derivative is written by hand, or of one that calls itself: then its pullback
  /// recomputes the primal, and takes masks and gives them.
  LogicalResult giveCall(func::CallOp call, Adjoints &adjoints) {
    OpBuilder &b = adjoints.b;
    SmallVector<Value> results;
    llvm::copy_if(call.getResults(), std::back_inserter(results), [](Value y) { return isFloat(y); });
    SmallVector<Value> seeds = llvm::map_to_vector(results, [&](Value y) {
      Value cotangent = adjoints.get(y);
      return cotangent ? cotangent : zeroLike(b, sized(b, y));
    });
    if (func::FuncOp byHand = derivativeByHand(call, "tl.vjp")) {
      SmallVector<Value> args(call.getOperands());
      llvm::append_range(args, seeds);
      auto given = func::CallOp::create(b, call.getLoc(), byHand, args);
      unsigned next = 0;
      for (auto [i, x] : llvm::enumerate(call.getOperands()))
        if (isFloat(x))
          addByHand(call, adjoints, i, given.getResult(next++));
      return success();
    }
    SmallVector<int64_t> wrt;
    SmallVector<Type> types;
    for (auto [i, x] : llvm::enumerate(call.getOperands()))
      if (adjoints.wants(x)) {
        wrt.push_back(i);
        types.push_back(x.getType());
      }
    // Something was chosen behind the call, or is within.
    const bool withMasks = llvm::any_of(results, [&](Value y) { return bool(adjoints.mask(y)); }) ||
                           llvm::any_of(wrt, [&](int64_t i) { return isAsked(call.getOperand(i)) && !takesAlways(call, i); });
    if (withMasks) {
      for (Value y : results)
        seeds.push_back(wholeMask(b, adjoints, y, sized(b, y)));
      llvm::append_range(types, llvm::map_to_vector(types, maskType));
    }
    auto vjp = VjpOp::create(b, call.getLoc(), types, call.getCallee(), call.getOperands(), seeds, wrt, /*primals=*/false, withMasks,
                             /*again=*/true);
    for (auto [k, i] : llvm::enumerate(wrt)) {
      Value x = call.getOperand(i);
      auto given = [&](unsigned n) { return adjoints.val(call.getLoc(), sizedLike(b, vjp.getResult(n), x)); };
      adjoints.add(x, given(k), withMasks ? given(wrt.size() + k) : Val());
    }
    return success();
  }

  /// Adds what a derivative by hand gives operand `i`, where the result was taken: see Note [Masks]. Element for element along the axes
  /// that they share, else as a whole.
  static void addByHand(func::CallOp call, Adjoints &adjoints, unsigned i, Value given) {
    Value x = call.getOperand(i);
    Val dx = adjoints.val(call.getLoc(), sizedLike(adjoints.b, given, x)), mask;
    const SmallVector<int64_t> shared = sharedAxes(calleeOf(call), i);
    for (Value y : call.getResults()) {
      if (!adjoints.get(y))
        continue;
      Val taken = dx.like(adjoints.mask(y));
      if (!taken)
        return adjoints.add(x, dx);
      if (isTensor(taken.v))
        taken = any(taken, otherAxes(rankOf(taken.v), shared));
      if (isTensor(taken.v))
        taken = broadcast(taken, sizesOf(adjoints.b, x), axesUpTo(shared.size()));
      mask = mask ? either(mask, taken) : taken;
    }
    adjoints.add(x, guarded(dx, mask), mask);
  }

  LogicalResult giveIf(scf::IfOp op, Adjoints &adjoints, ArrayRef<Value> g, const Active &active) {
    OpBuilder &b = adjoints.b;
    Location loc = op.getLoc();
    SmallVector<Value> captures = activeCaptures(op, active);
    // A side may also yield what is captured nowhere else: getUsedValuesDefinedAbove counts terminators, so that it is there.
    auto sides = scf::IfOp::create(b, loc, TypeRange(), op.getCondition(), /*withElseRegion=*/true);
    SmallVector<Val> masks[2];
    SmallVector<Value> given[2];
    for (unsigned i = 0; i < 2; ++i) {
      Region &from = op->getRegion(i), &to = sides->getRegion(i);
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
          here.add(capture, here.val(loc, before), here.val(loc, adjoints.mask(capture)));
      for (auto [y, result, cotangent] : llvm::zip(side.getTerminator()->getOperands(), op.getResults(), g))
        if (cotangent)
          here.add(copies.lookupOrDefault(y), here.val(loc, cotangent), here.val(loc, adjoints.mask(result)));
      if (failed(sweep(ops, here, inner)))
        return failure();
      for (Value capture : captures) {
        given[i].push_back(here.get(capture) ? here.get(capture) : zeroLike(b, capture));
        masks[i].push_back(here.get(capture) ? here.val(loc, here.mask(capture)) : constantMask(b, loc, false));
      }
    }
    // A choice between sides is one for what came through them: see Note [Masks].
    SmallVector<unsigned> masked;
    for (unsigned k = 0; k < captures.size(); ++k)
      if (masks[0][k] || masks[1][k])
        masked.push_back(k);
    for (unsigned i = 0; i < 2; ++i) {
      OpBuilder inside = OpBuilder::atBlockEnd(&sides->getRegion(i).front());
      for (unsigned k : masked) {
        Val mask = masks[i][k] ? Val(inside, loc, masks[i][k].v) : constantMask(inside, loc, true);
        bool isArray = llvm::any_of(masks, [&](ArrayRef<Val> side) { return side[k] && isTensor(side[k].v); });
        given[i].push_back(isArray ? broadcastLike(mask, captures[k]).v : mask.v);
      }
      scf::YieldOp::create(inside, loc, given[i]);
    }
    auto back = scf::IfOp::create(b, loc, ValueRange(given[0]).getTypes(), op.getCondition(), /*withElseRegion=*/true);
    for (unsigned i = 0; i < 2; ++i) {
      back->getRegion(i).takeBody(sides->getRegion(i));
      dropDead(back->getRegion(i).front());
    }
    sides.erase();
    for (auto [capture, dx] : llvm::zip(captures, back.getResults()))
      adjoints.replace(capture, adjoints.val(loc, sizedLike(b, dx, capture)), {});
    for (auto [k, mask] : llvm::zip(masked, back.getResults().drop_front(captures.size())))
      adjoints.replace(captures[k], adjoints.val(loc, adjoints.get(captures[k])),
                       adjoints.val(loc, isTensor(mask) ? sizedLike(b, mask, captures[k]) : mask));
    return success();
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
    const unsigned count = inits.size();
    SmallVector<Value> starts, outside, of; // of each cotangent: a value of its shape, whose it is behind the loop, and in a step
    for (unsigned i : carried) {
      starts.push_back(op.getInitArgs()[i]);
      outside.push_back(op.getResult(i));
      of.push_back(op.getRegionIterArg(i));
    }
    for (SmallVector<Value> *each : {&starts, &outside, &of})
      llvm::append_range(*each, captures);
    // Where results are chosen, behind the loop or in it, masks go through it beside the cotangents: see Note [Masks].
    SmallVector<Taken> taken(count, Taken::Unknown);
    llvm::BitVector mayLearn(count); // what is taken behind the loop, as far as is known, may not be taken before it
    if (llvm::any_of(outside, [&](Value y) { return bool(adjoints.mask(y)); }) || chooses(op))
      for (unsigned k = 0; k < count; ++k)
        if (k < carried.size() || isAsked(outside[k])) {
          taken[k] = takenOf(adjoints, outside[k]);
          mayLearn[k] = k < carried.size() && adjoints.wants(starts[k]) && isAsked(starts[k]);
        }
    auto maskAt = [&](ValueRange values, unsigned k) {
      if (taken[k] == Taken::Unknown)
        return Val();
      Value mask = values[count + llvm::count_if(ArrayRef(taken).take_front(k), [](Taken t) { return t != Taken::Unknown; })];
      return Val(b, loc, isTensor(mask) ? sizedLike(b, mask, starts[k]) : mask);
    };
    auto addMasks = [&](SmallVectorImpl<Value> &values, const Adjoints &from, ArrayRef<Value> xs) {
      for (auto [t, x, like] : llvm::zip(taken, xs, starts))
        if (t != Taken::Unknown)
          values.push_back(t == Taken::AsAWhole ? maskOf(b, from, x).v : wholeMask(b, from, x, like));
    };
    OpBuilder early(op);
    Value trips = tripCount(early, op);
    SmallVector<Kept> kept = keptStates(early, op, trips);
    Value zero = index(b, loc, 0), one = index(b, loc, 1);
    scf::ForOp back;
    while (!back) {
      const size_t before = replaced.size();
      SmallVector<Value> all(inits);
      addMasks(all, adjoints, outside);
      back = scf::ForOp::create(b, loc, zero, trips, one, all);
      for (auto [argument, x] : llvm::zip(back.getRegionIterArgs(), of))
        if (std::string name = nameOf(x); !name.empty())
          argument.setLoc(NameLoc::get(b.getStringAttr("d_" + name), loc));
      if (!back.getBody()->empty())
        back.getBody()->getTerminator()->erase();
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(back.getBody());
      Value last = arith::SubIOp::create(b, loc, trips, one), step = arith::SubIOp::create(b, loc, last, back.getInductionVar());
      Value scaled = b.createOrFold<arith::MulIOp>(loc, step, op.getStep());
      IRMapping copies;
      copies.map(op.getInductionVar(), b.createOrFold<arith::AddIOp>(loc, scaled, op.getLowerBound()));
      Active inner = active;
      for (auto [i, argument] : llvm::enumerate(op.getRegionIterArgs())) {
        Value state = popped(b, kept[i], step);
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
      ValueRange sums = back.getRegionIterArgs();
      SmallVector<Value> within = llvm::map_to_vector(of, [&](Value x) { return copies.lookupOrDefault(x); });
      for (unsigned k = carried.size(); k < count; ++k)
        here.add(within[k], here.val(loc, sizedLike(b, sums[k], starts[k])), maskAt(sums, k));
      for (auto [k, i] : llvm::enumerate(carried))
        here.add(copies.lookupOrDefault(op.getYieldedValues()[i]), here.val(loc, sizedLike(b, sums[k], starts[k])), maskAt(sums, k));
      if (failed(sweep(ops, here, inner)))
        return failure();
      bool known = true; // what was taken to be known of the masks
      for (auto [k, x] : llvm::enumerate(within))
        if (Taken now = takenOf(here, x); taken[k] < now || (taken[k] == Taken::Unknown && now < taken[k] && mayLearn[k])) {
          mayLearn.reset(k);
          taken[k] = now;
          known = false;
        }
      if (!known) {
        replaced.truncate(before);
        back.erase();
        back = {};
        continue;
      }
      SmallVector<Value> next;
      for (auto [k, x] : llvm::enumerate(within)) {
        Value dx = here.get(x);
        if (k < carried.size())
          nameAdjoint(dx, of[k], ops.empty() ? nullptr : ops.back());
        next.push_back(dx ? dx : zeroLike(b, starts[k]));
      }
      addMasks(next, here, within);
      scf::YieldOp::create(b, loc, next);
      dropDead(*back.getBody());
      keepSlices(early, op, *back.getBody(), copies, trips, step, kept);
    }
    ValueRange sums = back.getResults();
    auto sum = [&](unsigned k) { return adjoints.val(loc, sizedLike(b, sums[k], starts[k])); };
    for (unsigned k = carried.size(); k < count; ++k)
      adjoints.replace(captures[k - carried.size()], sum(k), maskAt(sums, k));
    for (unsigned k = 0; k < carried.size(); ++k)
      adjoints.add(starts[k], sum(k), maskAt(sums, k));
    keep(early, op, kept, adjoints);
    return success();
  }

  /// What the forward loop keeps of each step, for the reverse to read.
  struct Kept {
    Value value; ///< in the loop: a carried value, at the beginning of the step, or a slice
    SmallVector<Value> sizes;
    Value stack; ///< [steps, sizes]; an index is kept as i64

    Kept(OpBuilder &b, Value value, SmallVector<Value> sizes, Value trips, Location loc) : value(value), sizes(std::move(sizes)) {
      SmallVector<Value> all{trips};
      llvm::append_range(all, this->sizes);
      std::string name = nameOf(value);
      stack = EmptyOp::create(b, name.empty() ? loc : Location(NameLoc::get(b.getStringAttr(name + "s"), loc)), all,
                              isa<IndexType>(value.getType()) ? b.getI64Type() : elementOf(value));
    }
  };
  static SmallVector<Kept> keptStates(OpBuilder &b, scf::ForOp op, Value trips) {
    SmallVector<Kept> kept;
    for (auto [argument, init] : llvm::zip(op.getRegionIterArgs(), op.getInitArgs()))
      kept.emplace_back(b, argument, sizesOf(b, init), trips, op.getLoc());
    return kept;
  }

  static void place(OpBuilder &b, Location loc, Value step, ArrayRef<Value> inner, SmallVectorImpl<Value> &offsets,
                    SmallVectorImpl<Value> &sizes) {
    offsets.assign(inner.size() + 1, index(b, loc, 0));
    offsets[0] = step;
    sizes.assign({index(b, loc, 1)});
    llvm::append_range(sizes, inner);
  }

  static Value popped(OpBuilder &b, const Kept &kept, Value step) {
    Location loc = kept.stack.getLoc();
    SmallVector<Value> offsets, sizes;
    place(b, loc, step, kept.sizes, offsets, sizes);
    Value x = SliceOp::create(b, loc, kept.stack, offsets, sizes, SmallVector<int64_t>(sizes.size(), 1), axesUpTo(1), false, /*here=*/true);
    Type type = kept.value.getType();
    return isa<IndexType>(type) ? Value(arith::IndexCastOp::create(b, loc, type, x)) : x;
  }

  /// Where a step back reads an array that the loop carries in slices alone (`x[i] = x[i] * x[i]`, `u[t + 1] = f(u[t])`), these are kept:
  /// the array for each step would be too much.
  void keepSlices(OpBuilder &early, scf::ForOp op, Block &back, IRMapping &copies, Value trips, Value step, SmallVectorImpl<Kept> &kept) {
    auto usesOf = [](Operation *op) {
      llvm::SetVector<Value> used(op->operand_begin(), op->operand_end());
      getUsedValuesDefinedAbove(op->getRegions(), used);
      return used;
    };
    // Adds what is needed for what is there, and for that what needs it, as far as `goOn` says.
    auto reach = [&](llvm::SetVector<Operation *> &found, llvm::function_ref<bool(Operation *)> goOn) {
      for (size_t i = 0; i < found.size(); ++i)
        if (goOn(found[i]))
          for (Value v : usesOf(found[i]))
            if (Operation *at = v.getDefiningOp(); at && at->getBlock() == &back)
              found.insert(at);
    };
    // The slices that could be kept: of the size of something outside of the loop. Copies that were dead are gone, but not their names.
    llvm::DenseMap<Value, SliceOp> copied;
    for (auto slice : op.getBody()->getOps<SliceOp>())
      if (Value copy = copies.lookupOrNull(slice.getResult()))
        copied[copy] = slice;
    llvm::SetVector<Operation *> slices;
    llvm::DenseMap<Operation *, SliceOp> original;
    for (auto slice : llvm::to_vector(back.getOps<SliceOp>())) {
      auto it = copied.find(slice.getResult());
      if (it == copied.end() || llvm::is_contained(replaced, slice))
        continue;
      OpBuilder b(slice);
      if (llvm::all_of(sizesOf(b, slice.getResult()), [&](Value size) { return size.getParentBlock() != &back; })) {
        slices.insert(slice);
        original[slice] = it->second;
      }
    }
    llvm::DenseSet<Operation *> states;
    for (const Kept &k : kept)
      if (!k.sizes.empty())
        states.insert(k.stack.user_begin(), k.stack.user_end());
    for (;;) {
      llvm::SetVector<Operation *> live;
      for (Operation &inner : back)
        if (!llvm::is_contained(replaced, &inner) && (inner.hasTrait<OpTrait::IsTerminator>() || !wouldOpBeTriviallyDead(&inner)))
          live.insert(&inner);
      reach(live, [&](Operation *at) { return !slices.contains(at); });
      // A slice of what is kept anyway is read from there.
      size_t before = slices.size();
      slices.remove_if([&](Operation *slice) {
        llvm::SetVector<Operation *> sources;
        sources.insert(slice);
        reach(sources, [](Operation *) { return true; });
        return !live.contains(slice) || llvm::none_of(sources, [&](Operation *at) { return states.contains(at) && !live.contains(at); });
      });
      if (slices.size() == before)
        break;
    }
    for (Operation *slice : slices) {
      OpBuilder b(slice);
      kept.emplace_back(early, original[slice].getResult(), sizesOf(b, slice->getResult(0)), trips, slice->getLoc());
      Value x = popped(b, kept.back(), step);
      slice->getResult(0).replaceAllUsesWith(x);
    }
    if (!slices.empty())
      dropDead(back);
  }

  /// Replaces the loop by one that also writes what is to be kept; what nothing reads is left out.
  void keep(OpBuilder &b, scf::ForOp op, MutableArrayRef<Kept> all, Adjoints &adjoints) {
    Location loc = op.getLoc();
    SmallVector<Kept *> kept;
    SmallVector<Value> inits(op.getInitArgs());
    for (Kept &k : all)
      if (!k.stack.use_empty()) {
        kept.push_back(&k);
        inits.push_back(k.stack);
      }
    if (kept.empty())
      return;
    b.setInsertionPoint(op);
    unsigned count = op.getNumResults();
    auto loop = scf::ForOp::create(b, loc, op.getLowerBound(), op.getUpperBound(), op.getStep(), inits);
    if (!loop.getBody()->empty())
      loop.getBody()->getTerminator()->erase();
    b.setInsertionPointToStart(loop.getBody());
    for (auto [from, to] : llvm::zip(op.getBody()->getArguments(), loop.getBody()->getArguments()))
      to.setLoc(from.getLoc());
    IRMapping copies;
    copies.map(op.getInductionVar(), loop.getInductionVar());
    copies.map(op.getRegionIterArgs(), loop.getRegionIterArgs().take_front(count));
    Value from = arith::SubIOp::create(b, loc, loop.getInductionVar(), op.getLowerBound());
    Value step = b.createOrFold<arith::DivSIOp>(loc, from, op.getStep());
    SmallVector<Value> written(kept.size());
    auto write = [&](ValueRange values) {
      for (Value value : values)
        for (auto [i, k] : llvm::enumerate(kept)) {
          if (k->value != value)
            continue;
          Value x = copies.lookup(value);
          SmallVector<Value> offsets, sizes;
          place(b, loc, step, k->sizes, offsets, sizes);
          if (isa<IndexType>(x.getType()))
            x = arith::IndexCastOp::create(b, loc, b.getI64Type(), x);
          else if (!hasKnownSizes(x))
            x = SizedOp::create(b, loc, x, k->sizes);
          Value stack = SizedOp::create(b, loc, loop.getRegionIterArg(count + i), sizesOf(b, k->stack));
          written[i] = UpdateOp::create(b, loc, stack, offsets, sizes, x, SmallVector<int64_t>(sizes.size(), 1), axesUpTo(1), false,
                                        /*here=*/true);
        }
    };
    write(op.getRegionIterArgs());
    for (Operation &inner : op.getBody()->without_terminator()) {
      b.clone(inner, copies);
      write(inner.getResults());
    }
    SmallVector<Value> next = llvm::map_to_vector(op.getYieldedValues(), [&](Value y) { return copies.lookupOrDefault(y); });
    llvm::append_range(next, written);
    scf::YieldOp::create(b, loc, next);
    b.setInsertionPointAfter(loop);
    op.replaceAllUsesWith(loop.getResults().take_front(count));
    adjoints.replaceMasks(op.getResults(), loop.getResults().take_front(count));
    for (auto [k, array] : llvm::zip(kept, loop.getResults().drop_front(count))) {
      Value stack = SizedOp::create(b, loc, array, sizesOf(b, k->stack));
      k->stack.replaceUsesWithIf(stack, [&](OpOperand &use) { return isa<SliceOp>(use.getOwner()); });
    }
    replaced.push_back(op);
  }
};
} // namespace

LogicalResult reverse(func::FuncOp function, ArrayRef<int64_t> wrt, bool primals, bool masked, Refuse refuse) {
  Block &body = function.getBody().front();
  auto end = cast<func::ReturnOp>(body.getTerminator());
  Active active;
  for (int64_t i : wrt)
    active.insert(body.getArgument(i));
  countWhiles(function, active);
  if (splitIntoSegments(function)) {
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
  const SmallVector<Value> ys = llvm::filter_to_vector(end.getOperands(), [](Value y) { return isFloat(y); });
  auto given = [&](Value y, Type type) {
    Value x = body.addArgument(type, end.getLoc());
    return adjoints.val(end.getLoc(), hasKnownSizes(y) ? sizedLike(b, x, y) : x);
  };
  const SmallVector<Val> seeds = llvm::map_to_vector(ys, [&](Value y) { return given(y, y.getType()); });
  SmallVector<Val> masks(ys.size());
  if (masked)
    masks = llvm::map_to_vector(ys, [&](Value y) { return given(y, maskType(y.getType())); });
  for (auto [y, seed, mask] : llvm::zip_equal(ys, seeds, masks))
    adjoints.add(y, seed, mask);
  Replaced replaced;
  if (failed(Reverser(replaced, masked, refuse).sweep(ops, adjoints, active)))
    return failure();
  SmallVector<Value> results;
  if (primals)
    llvm::append_range(results, end.getOperands());
  SmallVector<Value> taken;
  for (int64_t i : wrt) {
    Value x = body.getArgument(i), dx = adjoints.get(x);
    nameAdjoint(dx, x, ops.empty() ? nullptr : ops.back());
    results.push_back(dx ? dx : zeroLike(b, sized(b, x)));
    if (masked)
      taken.push_back(wholeMask(b, adjoints, x, sized(b, x)));
  }
  llvm::append_range(results, taken);
  end->setOperands(results);
  for (Operation *op : llvm::reverse(replaced))
    op->erase();
  return success();
}
} // namespace tl
