// scf.while -> scf.for of as many steps as a first run counts, where it is to be differentiated.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Derivatives.h"
#include "passes/Transforms.h"

using namespace mlir;

namespace tl {
void recompute(OpBuilder &b, Block &body, IRMapping &copies) {
  for (Operation &op : body.without_terminator()) {
    if (isa<PrintOp, CheckOp, TrapOp, SaveOp>(op))
      continue;
    Operation *copy = b.clone(op, copies);
    SmallVector<Operation *> effects;
    copy->walk([&](Operation *inner) {
      if (isa<PrintOp, CheckOp, TrapOp, SaveOp>(inner))
        effects.push_back(inner);
    });
    for (Operation *effect : effects)
      effect->erase();
    copy->walk([](func::CallOp call) {
      if (func::FuncOp callee = calleeOf(call))
        call.setCallee(silent(callee).getName());
    });
  }
}

/// Variables of a loop keep their names in one that is made of it.
static void passNames(ValueRange from, SmallVector<BlockArgument> to) {
  for (auto [x, y] : llvm::zip(from, to))
    if (std::string name = nameOf(x); !name.empty())
      y.setLoc(NameLoc::get(StringAttr::get(y.getContext(), name), y.getLoc()));
}

/// A `while` as a `for` of as many steps as a first run counts. What is left of the condition's region after the last step is run once
/// more.
static void whileToFor(scf::WhileOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  Value zero = index(b, loc, 0), one = index(b, loc, 1);
  SmallVector<Value> inits(op.getInits());
  inits.push_back(zero);
  SmallVector<Type> types(op.getResultTypes());
  types.push_back(b.getIndexType());
  auto counted = scf::WhileOp::create(
      b, loc, types, inits,
      [&](OpBuilder &b, Location loc, ValueRange args) {
        IRMapping copies;
        copies.map(op.getBeforeArguments(), args.drop_back());
        recompute(b, *op.getBeforeBody(), copies);
        SmallVector<Value> passed = llvm::map_to_vector(op.getConditionOp().getArgs(), [&](Value v) { return copies.lookupOrDefault(v); });
        passed.push_back(args.back());
        scf::ConditionOp::create(b, loc, copies.lookupOrDefault(op.getConditionOp().getCondition()), passed);
      },
      [&](OpBuilder &b, Location loc, ValueRange args) {
        IRMapping copies;
        copies.map(op.getAfterArguments(), args.drop_back());
        recompute(b, *op.getAfterBody(), copies);
        SmallVector<Value> next = llvm::map_to_vector(op.getYieldedValues(), [&](Value v) { return copies.lookupOrDefault(v); });
        next.push_back(arith::AddIOp::create(b, loc, args.back(), one));
        scf::YieldOp::create(b, loc, next);
      });
  passNames(op.getBeforeArguments(), SmallVector<BlockArgument>(counted.getBeforeArguments()));
  counted.getBeforeArguments().back().setLoc(NameLoc::get(b.getStringAttr("steps"), loc));
  auto before = [&](OpBuilder &b, ValueRange args, IRMapping &copies) {
    copies.map(op.getBeforeArguments(), args);
    for (Operation &inner : op.getBeforeBody()->without_terminator())
      if (!isa<StepOp>(inner)) // the counted loop ends
        b.clone(inner, copies);
    return llvm::map_to_vector(op.getConditionOp().getArgs(), [&](Value v) { return copies.lookupOrDefault(v); });
  };
  auto loop = scf::ForOp::create(
      b, loc, zero, counted.getResults().back(), one, op.getInits(), [&](OpBuilder &b, Location loc, Value, ValueRange args) {
        IRMapping copies;
        copies.map(op.getAfterArguments(), before(b, args, copies));
        for (Operation &inner : op.getAfterBody()->without_terminator())
          b.clone(inner, copies);
        scf::YieldOp::create(b, loc, llvm::map_to_vector(op.getYieldedValues(), [&](Value v) { return copies.lookupOrDefault(v); }));
      });
  passNames(op.getBeforeArguments(), SmallVector<BlockArgument>(loop.getRegionIterArgs()));
  loop->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  IRMapping copies;
  op.replaceAllUsesWith(before(b, loop.getResults(), copies));
  op.erase();
}

void countWhiles(func::FuncOp function, Active &active) {
  Active start = active;
  findActive(function.getBody().front(), active);
  SmallVector<scf::WhileOp> whiles;
  function.walk<WalkOrder::PostOrder>([&](scf::WhileOp op) {
    if (llvm::any_of(op.getResults(), [&](Value y) { return active.contains(y); }))
      whiles.push_back(op);
  });
  llvm::for_each(whiles, whileToFor);
  active = start;
  findActive(function.getBody().front(), active);
}
} // namespace tl
