// tl.map -> whole-array ops: each value of the body becomes an array over those axes of the map that it depends on, and over no other.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir_gen/dialect/Dialect.h"
#include "passes/Passes.h"
#include "passes/Transforms.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace tl {
#define GEN_PASS_DEF_LIFTMAPS
#include "passes/Passes.h.inc"

namespace {
using Axes = BatchBuilder::Axes;

/// The op of the dialect that means the same as an arith op on scalars, and whether it is unsigned; an empty name if there is none.
std::pair<StringRef, bool> sameAs(Operation *op) {
  StringRef name = op->getName().getStringRef();
  if (!name.consume_front("arith."))
    return {};
  auto tl = llvm::StringSwitch<StringRef>(name)
                .Cases({"addi", "addf"}, "tl.add")
                .Cases({"subi", "subf"}, "tl.sub")
                .Cases({"muli", "mulf"}, "tl.mul")
                .Case("divf", "tl.div")
                .Case("negf", "tl.neg")
                .Cases({"floordivsi", "divui"}, "tl.floordiv")
                .Case("remui", "tl.mod")
                .Cases({"minsi", "minui", "minimumf"}, "tl.min")
                .Cases({"maxsi", "maxui", "maximumf"}, "tl.max")
                .Case("andi", "tl.and")
                .Case("ori", "tl.or")
                .Case("xori", "tl.xor")
                .Case("select", "tl.select")
                .Cases({"cmpi", "cmpf"}, "tl.compare")
                .Cases({"index_cast", "index_castui", "extsi", "extui", "trunci", "sitofp", "uitofp", "extf", "truncf"}, "tl.cast")
                .Default("");
  return {tl, name.ends_with("ui") || name.starts_with("ui") || name == "index_castui"};
}

/// The predicate of a comparison in the dialect's words; empty if it has none.
StringRef predicateOf(Operation *op, bool &isUnsigned) {
  StringRef text = isa<arith::CmpIOp>(op) ? arith::stringifyCmpIPredicate(cast<arith::CmpIOp>(op).getPredicate())
                                          : arith::stringifyCmpFPredicate(cast<arith::CmpFOp>(op).getPredicate());
  if (isa<arith::CmpIOp>(op)) {
    isUnsigned = text.starts_with("u");
    return text.size() == 2 ? text : text.drop_front();
  }
  return text == "une" ? "ne" : text.starts_with("o") && text != "one" && text != "ord" ? text.drop_front() : "";
}

/// Lifts one body. Ops are built before the map; on failure the caller removes them.
class Lifter {
public:
  explicit Lifter(MapOp map, OpBuilder &b) : batch(b, SmallVector<Value>(map.getExtents())), b(b), map(map) {}

  LogicalResult run(SmallVectorImpl<Value> &results) {
    for (auto [axis, argument] : llvm::enumerate(map.indices()))
      values[argument] = {IotaOp::create(b, map.getLoc(), batch.extents[axis]), {unsigned(axis)}};
    if (failed(liftBlock(map.getBody().front())))
      return failure();
    Axes all = llvm::to_vector_of<unsigned, 2>(llvm::seq<unsigned>(0, batch.extents.size()));
    for (Value value : map.yielded())
      results.push_back(batch.align(get(value), all));
    return success();
  }

private:
  BatchBuilder batch;
  OpBuilder &b;
  MapOp map;
  llvm::DenseMap<Value, Batched> values;

  /// What a value of the body has become; one from outside is itself.
  Batched get(Value v) const {
    auto it = values.find(v);
    return it == values.end() ? Batched{v, {}} : it->second;
  }
  SmallVector<Batched> get(ValueRange vs) const {
    return llvm::map_to_vector(vs, [&](Value v) { return get(v); });
  }

  void set(ValueRange results, ArrayRef<Batched> lifted) {
    for (auto [result, value] : llvm::zip(results, lifted))
      values[result] = value;
  }

  LogicalResult liftBlock(Block &block) {
    for (Operation &op : block.without_terminator())
      if (failed(lift(&op)))
        return failure();
    return success();
  }

  LogicalResult lift(Operation *op) {
    if (auto branch = dyn_cast<scf::IfOp>(op))
      return liftIf(branch);
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return liftFor(loop);
    SmallVector<Batched> operands = get(op->getOperands());
    if (auto call = dyn_cast<func::CallOp>(op)) { // that was to be kept
      func::FuncOp callee = calleeOf(call);
      bool isKept = callee && (callee->hasAttr("tl.checkpoint") || mayInline(call));
      if (isKept && llvm::none_of(operands, [](const Batched &x) { return x.batched(); }) && mayRunAnywhere(callee))
        return liftUnbatched(op, /*unproved=*/false);
      auto mapped =
          isKept && !batch.guard ? mapCall(call, batch, operands, [&](Value v) { return get(v); }) : FailureOr<SmallVector<Batched>>();
      if (failed(mapped))
        return failure();
      set(op->getResults(), *mapped);
      return success();
    }
    bool isBatched = llvm::any_of(operands, [](const Batched &x) { return x.batched(); });
    if (auto check = dyn_cast<CheckOp>(op)) {
      if (batch.guard)
        return failure();
      check.batch(batch, operands);
      return success();
    }
    if (op->getNumRegions() || !isMemoryEffectFree(op))
      return failure();
    bool risky = !isSpeculatable(op);
    if (!isBatched && !(batch.guard && risky))
      return liftUnbatched(op, risky && !op->hasAttr("here"));
    if (auto batchable = dyn_cast<Batchable>(op)) {
      SmallVector<Batched> lifted = batchable.batch(batch, operands);
      if (lifted.size() != op->getNumResults())
        return failure();
      set(op->getResults(), lifted);
      return success();
    }
    if (isa<tensor::CastOp>(op)) {
      set(op->getResults(), operands);
      return success();
    }
    if (auto literal = dyn_cast<tensor::FromElementsOp>(op))
      return liftLiteral(literal, operands);
    return isBatched ? liftArith(op, operands) : failure();
  }

  /// Whether a call may run though no index asks for it.
  static bool mayRunAnywhere(func::FuncOp callee) {
    auto walked = callee.getBody().walk([](Operation *op) {
      bool may = op->hasTrait<OpTrait::IsTerminator>() || (isMemoryEffectFree(op) && isSpeculatable(op));
      return may ? WalkResult::advance() : WalkResult::interrupt();
    });
    return !walked.wasInterrupted();
  }

  /// An op that depends on no index is computed once. One that could fail is computed only if there is an index at all: the check before it
  /// says so.
  LogicalResult liftUnbatched(Operation *op, bool unproved) {
    IRMapping copies;
    for (Value operand : op->getOperands())
      copies.map(operand, get(operand).v);
    if (!unproved) {
      Operation *copy = b.clone(*op, copies);
      for (auto [result, value] : llvm::zip(op->getResults(), copy->getResults()))
        values[result] = {value, {}};
      return success();
    }
    if (op->getNumResults() != 1)
      return failure();
    Location loc = op->getLoc();
    Value result = op->getResult(0);
    Operation *probe = b.clone(*op, copies); // its sizes depend on its operands only
    SmallVector<Value> sizes = sizesOf(b, probe->getResult(0));
    probe->erase();
    auto branch = scf::IfOp::create(
        b, loc, batch.anyIndex(), [&](OpBuilder &b, Location loc) { scf::YieldOp::create(b, loc, b.clone(*op, copies)->getResults()); },
        [&](OpBuilder &b, Location loc) {
          Val zero(b, loc, constant(b, loc, elementOf(result), 0));
          scf::YieldOp::create(b, loc, broadcast(zero, sizes, {}).v);
        });
    Value y = branch.getResult(0);
    values[result] = {isTensor(y) ? Value(SizedOp::create(b, loc, y, sizes)) : y, {}};
    return success();
  }

  /// [a, b, c] with elements that depend on indices.
  LogicalResult liftLiteral(tensor::FromElementsOp op, ArrayRef<Batched> operands) {
    if (op.getType().getRank() != 1)
      return failure();
    Axes axes = BatchBuilder::unite(operands);
    SmallVector<Value> sizes = batch.sizesOf(axes), parts;
    sizes.push_back(index(b, op.getLoc(), 1));
    for (const Batched &x : operands) {
      Val part(b, op.getLoc(), batch.align(x, axes));
      parts.push_back(broadcast(part, sizes, axesUpTo(rankOf(part.v))).v);
    }
    values[op] = {ConcatOp::create(b, op.getLoc(), parts, axes.size()), axes};
    return success();
  }

  /// Index arithmetic becomes arithmetic on arrays of i64.
  LogicalResult liftArith(Operation *op, ArrayRef<Batched> operands) {
    auto [name, isUnsigned] = sameAs(op);
    if (name.empty() || op->getNumResults() != 1)
      return failure();
    Location loc = op->getLoc();
    Axes axes = BatchBuilder::unite(operands);
    SmallVector<Value> aligned =
        llvm::map_to_vector(operands, [&](const Batched &x) { return x.batched() ? batch.align(x, axes) : toI64(x.v); });
    SmallVector<NamedAttribute> attributes;
    SmallVector<Type> types;
    if (name == "tl.compare") {
      StringRef predicate = predicateOf(op, isUnsigned);
      if (predicate.empty())
        return failure();
      attributes.push_back(b.getNamedAttr("pred", b.getStringAttr(predicate)));
    }
    if (name == "tl.cast") {
      Type element = op->getResult(0).getType();
      types.push_back(tensorOf(isa<IndexType>(element) ? b.getI64Type() : element, axes.size()));
      if (aligned[0].getType() == types[0]) {
        values[op->getResult(0)] = {aligned[0], axes};
        return success();
      }
      if (isUnsigned || isa<arith::ExtUIOp>(op))
        attributes.push_back(b.getNamedAttr("from_unsigned", b.getUnitAttr()));
    } else if (isUnsigned) {
      attributes.push_back(b.getNamedAttr("unsigned", b.getUnitAttr()));
    }
    values[op->getResult(0)] = {build(b, loc, name, aligned, attributes, types)->getResult(0), axes};
    return success();
  }

  Value toI64(Value x) { return isa<IndexType>(x.getType()) ? b.createOrFold<arith::IndexCastOp>(x.getLoc(), b.getI64Type(), x) : x; }

  /// Lifts `block` into a new one that is in no region yet; `finish` builds its terminator.
  FailureOr<Block *> liftApart(Block &block, Block *into) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(into);
    if (failed(liftBlock(block)))
      return failure();
    return into;
  }

  LogicalResult liftIf(scf::IfOp op) {
    Batched cond = get(op.getCondition());
    if (cond.batched())
      return liftChoice(op, cond);
    // Taken or not for all indices: it stays a branch. The regions stand in a temporary op until the result types are known.
    auto branch = scf::IfOp::create(b, op.getLoc(), TypeRange(), cond.v, /*withElseRegion=*/true);
    SmallVector<SmallVector<Batched>> yields;
    for (auto [from, to] : llvm::zip(op->getRegions(), branch->getRegions())) {
      to.front().clear();
      if (!from.empty()) {
        if (failed(liftApart(from.front(), &to.front())))
          return failure();
        yields.push_back(get(from.front().getTerminator()->getOperands()));
      } else {
        yields.push_back({});
      }
    }
    SmallVector<Axes> axes;
    for (unsigned i = 0; i < op.getNumResults(); ++i)
      axes.push_back(BatchBuilder::unite({yields[0][i], yields[1][i]}));
    for (auto [to, values] : llvm::zip(branch->getRegions(), yields)) {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToEnd(&to.front());
      SmallVector<Value> aligned;
      for (auto [value, axis] : llvm::zip(values, axes))
        aligned.push_back(axis.empty() ? value.v : batch.align(value, axis));
      scf::YieldOp::create(b, op.getLoc(), aligned);
    }
    auto typed = scf::IfOp::create(b, op.getLoc(), branch.thenBlock()->getTerminator()->getOperandTypes(), cond.v, /*withElseRegion=*/true);
    typed.getThenRegion().takeBody(branch.getThenRegion());
    typed.getElseRegion().takeBody(branch.getElseRegion());
    branch.erase();
    for (auto [result, value, axis] : llvm::zip(op.getResults(), typed.getResults(), axes))
      values[result] = entered(value, axis);
    return success();
  }

  /// What leaves a branch or a loop. Arrays of the body are given their sizes by the body's own `sized`; scalars that have become arrays
  /// here.
  Batched entered(Value value, const Axes &axes) {
    if (!axes.empty() && rankOf(value) == axes.size())
      value = SizedOp::create(b, value.getLoc(), value, batch.sizesOf(axes));
    return {value, axes};
  }

  /// A branch that depends on the indices: both sides are computed, with accesses that read zero outside, and one is chosen.
  LogicalResult liftChoice(scf::IfOp op, const Batched &cond) {
    if (op.getElseRegion().empty())
      return failure();
    bool before = std::exchange(batch.guard, true);
    LogicalResult both = success(succeeded(liftBlock(*op.thenBlock())) && succeeded(liftBlock(*op.elseBlock())));
    batch.guard = before;
    if (failed(both))
      return failure();
    for (auto [result, x, z] : llvm::zip(op.getResults(), op.thenYield().getOperands(), op.elseYield().getOperands())) {
      Batched a = get(x), c = get(z);
      if (isTensor(x) && (!hasKnownSizes(a.v) || !hasKnownSizes(c.v)))
        return failure();
      Axes axes = BatchBuilder::unite({cond, a, c});
      SmallVector<Value> inner = batch.innerSizes(a);
      auto align = [&](const Batched &v) { return isTensor(v.v) ? batch.align(v, axes, inner) : toI64(v.v); };
      values[result] = {SelectOp::create(b, op.getLoc(), batch.align(cond, axes, inner), align(a), align(c)), axes};
    }
    return success();
  }

  /// The axes that what the loop carries depends on, once more values depend on no more.
  SmallVector<Axes> carriedAxes(scf::ForOp op) {
    SmallVector<Axes> carried = llvm::map_to_vector(op.getInitArgs(), [&](Value v) { return get(v).axes; });
    llvm::DenseMap<Value, Axes> known;
    auto axesOf = [&](Value v) { return known.count(v) ? known[v] : get(v).axes; };
    for (bool changed = true; changed;) {
      changed = false;
      for (auto [argument, axes] : llvm::zip(op.getRegionIterArgs(), carried))
        known[argument] = axes;
      // Everything nested in an op counts as its operand: more than need be, never less.
      for (Operation &inner : op.getBody()->without_terminator()) {
        SmallVector<Batched> all;
        inner.walk([&](Operation *nested) {
          for (Value operand : nested->getOperands())
            all.push_back({operand, axesOf(operand)});
        });
        for (Value result : inner.getResults())
          known[result] = BatchBuilder::unite(all);
      }
      for (auto [yielded, axes] : llvm::zip(op.getBody()->getTerminator()->getOperands(), carried)) {
        Axes wider = BatchBuilder::unite({{yielded, axesOf(yielded)}, {yielded, axes}});
        changed |= wider != axes;
        axes = wider;
      }
    }
    return carried;
  }

  /// A loop of as many steps for all indices carries arrays over the indices.
  LogicalResult liftFor(scf::ForOp op) {
    if (get(op.getLowerBound()).batched() || get(op.getUpperBound()).batched() || get(op.getStep()).batched())
      return failure();
    SmallVector<Axes> carried = carriedAxes(op);
    auto aligned = [&](ValueRange vs) {
      SmallVector<Value> all;
      for (auto [v, axes] : llvm::zip(vs, carried))
        all.push_back(axes.empty() ? get(v).v : batch.align(get(v), axes));
      return all;
    };
    for (Value init : op.getInitArgs())
      if (!hasKnownSizes(get(init).v))
        return failure();
    auto loop = scf::ForOp::create(b, op.getLoc(), get(op.getLowerBound()).v, get(op.getUpperBound()).v, get(op.getStep()).v,
                                   aligned(op.getInitArgs()));
    loop->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    if (!loop.getBody()->empty())
      loop.getBody()->getTerminator()->erase();
    values[op.getInductionVar()] = {loop.getInductionVar(), {}};
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToEnd(loop.getBody());
      for (auto [argument, value, axes] : llvm::zip(op.getRegionIterArgs(), loop.getRegionIterArgs(), carried))
        values[argument] = entered(value, axes);
      if (failed(liftBlock(*op.getBody())))
        return failure();
      scf::YieldOp::create(b, op.getLoc(), aligned(op.getBody()->getTerminator()->getOperands()));
    }
    for (auto [result, value, axes] : llvm::zip(op.getResults(), loop.getResults(), carried))
      values[result] = entered(value, axes);
    return success();
  }
};
} // namespace

LogicalResult liftMap(MapOp map) {
  OpBuilder b(map);
  Operation *before = map->getPrevNode();
  SmallVector<Value> results;
  if (succeeded(Lifter(map, b).run(results))) {
    map.replaceAllUsesWith(results);
    map.erase();
    return success();
  }
  while (map->getPrevNode() != before)
    map->getPrevNode()->erase();
  return failure();
}

LogicalResult liftMaps(func::FuncOp function, StringRef keep) {
  SmallVector<MapOp> maps;
  function.walk([&](MapOp map) { maps.push_back(map); });
  for (MapOp map : maps)
    inlineCalls(map, keep);
  maps.clear();
  function.walk<WalkOrder::PostOrder>([&](MapOp map) { maps.push_back(map); });
  for (MapOp map : maps)
    if (failed(liftMap(map)) && failed(mapToLoops(map)))
      return failure();
  return success();
}

namespace {
struct LiftMaps : impl::LiftMapsBase<LiftMaps> {
  void runOnOperation() override {
    llvm::DenseSet<Operation *> done;
    for (size_t before = ~size_t(0); before != done.size();) { // a mapped call is one of a function that is made here, with a map in it
      before = done.size();
      for (auto function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
        if (done.insert(function).second && failed(liftMaps(function)))
          return signalPassFailure();
    }
  }
};
} // namespace
} // namespace tl
