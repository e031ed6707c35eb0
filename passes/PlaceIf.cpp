// Place, branches: both sides of an `if` leave each buffer in the hands of the same token, under names that may differ. See Note [Tokens].
#include "passes/Liveness.h"
#include "passes/Placement.h"

using namespace mlir;
using namespace tl::place;

static bool isTensor(Value v) { return isa<TensorType>(v.getType()); }

/// One branch: its new block, what it did to the tokens around it, and the token of each tensor it yields.
struct Placer::Side {
  Side(Scope &outer, scf::IfOp op, Region &old)
      : region(op), old(old), scope{Scope::Branch, &outer, op, &region, atEnd(op->getContext(), &region.emplaceBlock()), {}, {}} {}
  Operation *yield() { return old.empty() ? nullptr : old.front().getTerminator(); }

  Region region;
  Region &old;
  Scope scope;
  Snapshot exit;
  SmallVector<Token *> results;
};

/// The token of each tensor that the side yields. With a shape, one that the surroundings own, taken only if nobody needs what it held
/// after the `if`; without, one of the branch's own.
void Placer::pickResults(Scope &s, Side &side, scf::IfOp op, ArrayRef<std::optional<Shape>> shapes) {
  restore(side.scope, side.exit);
  unsigned next = 0;
  for (Value value : side.yield()->getOperands()) {
    if (!isTensor(value))
      continue;
    const std::optional<Shape> &shape = shapes[next++];
    Buffer buffer = buffers.lookup(value);
    Token *token = buffer.token;
    bool usable = !naive && token && buffer.whole && !llvm::is_contained(side.results, token);
    if (usable && shape)
      usable = token->owner != &side.scope && reaches(s, token) && token->shape == *shape && !token->lent &&
               llvm::none_of(token->occupants, [&](Value v) { return liveAfter(v, op); });
    else if (usable)
      usable = token->owner == &side.scope;
    if (!usable) {
      token = shape ? acquire(s, side.yield(), *shape)
                    : take(allocate(side.scope, side.scope.op->getLoc(),
                                    {cast<RankedTensorType>(value.getType()).getElementType(), buffer.sizes}));
      if (buffer.memref)
        copy(side.scope, op.getLoc(), buffer.memref, token->memref);
    }
    side.results.push_back(token);
  }
  side.exit = save(side.scope);
  unlock();
}

/// Where the sides yield a value in different tokens of one shape, lets those change their names on one side.
void Placer::agree(Side &yes, Side &no, ArrayRef<std::optional<Shape>> shapes) {
  for (size_t i = 0; i < shapes.size(); ++i) {
    Token *target = yes.results[i], *actual = no.results[i];
    if (!shapes[i] || target == actual)
      continue;
    for (Token *token : {target, actual})
      no.exit.try_emplace(token, TokenState{token->born, {}});
    std::swap(no.exit[target], no.exit[actual]);
    for (Token *&other : no.results)
      if (other == target)
        other = actual;
    no.results[i] = target;
  }
}

void Placer::translateIf(Scope &s, scf::IfOp op) {
  Location loc = op.getLoc();
  Value condition = scalar(op.getCondition());
  Snapshot entry = save(s);
  Side yes(s, op, op.getThenRegion()), no(s, op, op.getElseRegion());
  Side *sides[] = {&yes, &no};
  for (Side *side : sides) {
    if (!side->old.empty())
      translateBlock(side->scope, side->old.front());
    side->exit = save(side->scope);
    restore(s, entry);
  }

  // A shape that both sides and the surroundings know, for each tensor result; else the result brings its sizes with it.
  auto tensors = llvm::to_vector_of<Value>(llvm::make_filter_range(op.getResults(), isTensor));
  SmallVector<std::optional<Shape>> shapes;
  for (Value result : tensors) {
    unsigned number = cast<OpResult>(result).getResultNumber();
    Sizes sizes = buffers.lookup(yes.yield()->getOperand(number)).sizes, other = buffers.lookup(no.yield()->getOperand(number)).sizes;
    bool known = !naive && sizes == other && visible(sizes, s);
    shapes.push_back(known ? std::optional(Shape{cast<RankedTensorType>(result.getType()).getElementType(), sizes}) : std::nullopt);
  }
  if (!tensors.empty()) {
    pickResults(s, yes, op, shapes);
    restore(s, entry);
    pickResults(s, no, op, shapes);
    restore(s, entry);
    agree(yes, no, shapes);
  }

  // Scalars, results of unknown sizes, then the tokens whose names differ.
  SmallVector<Value> yields[2];
  SmallVector<Token *> renamed;
  for (auto [out, side] : llvm::zip(yields, sides)) {
    SmallVector<Token *> kept;
    if (side->yield())
      for (Value value : side->yield()->getOperands())
        if (!isTensor(value))
          out.push_back(scalar(value));
    for (auto [i, token] : llvm::enumerate(side->results))
      if (!shapes[i]) {
        out.push_back(token->memref);
        kept.push_back(token);
      }
    release(side->scope, kept);
  }
  for (Token *token : reachable(s)) {
    auto name = [&](Side &side) { return side.exit.contains(token) ? side.exit[token].memref : token->born; };
    Value a = name(yes), b = name(no);
    for (Side *side : sides)
      for (Value occupant : side->exit.contains(token) ? side->exit[token].occupants : SmallVector<Value>())
        if (!llvm::is_contained(token->occupants, occupant))
          token->occupants.push_back(occupant);
    if (a == b) {
      token->memref = a;
      continue;
    }
    yields[0].push_back(a);
    yields[1].push_back(b);
    renamed.push_back(token);
  }

  auto branch = scf::IfOp::create(s.b, loc, TypeRange(ValueRange(yields[0])), condition, false, false);
  branch->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  scf::YieldOp::create(yes.scope.b, loc, yields[0]);
  branch.getThenRegion().takeBody(yes.region);
  if (!op.getElseRegion().empty() || !yields[1].empty()) {
    scf::YieldOp::create(no.scope.b, loc, yields[1]);
    branch.getElseRegion().takeBody(no.region);
  }

  unsigned next = 0;
  for (Value result : op.getResults())
    if (!isTensor(result))
      values.map(result, branch.getResult(next++));
  SmallVector<Token *> homes;
  for (auto [i, token] : llvm::enumerate(yes.results)) {
    if (shapes[i]) {
      homes.push_back(token);
    } else {
      Value memref = branch.getResult(next++);
      homes.push_back(newToken(s, memref, {token->shape.element, dimsOf(s, loc, memref)}));
    }
  }
  for (Token *token : renamed)
    token->memref = branch.getResult(next++);
  for (auto [result, home] : llvm::zip(tensors, homes))
    put(result, home);
}
