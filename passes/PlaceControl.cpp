// Place, control flow: functions and loops. See Note [Tokens].
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Placement.h"

using namespace mlir;
using namespace tl::place;

static bool isTensor(Value v) { return isa<TensorType>(v.getType()); }
static Type elementOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getElementType(); }

void Placer::translateBlock(Scope &s, Block &block) {
  for (Operation &op : block.without_terminator())
    translate(s, &op);
}

//===- Functions -----------------------------------------------------------===//

// A function gets its arrays as contiguous buffers that it only reads, and gives back buffers of its own, which the caller frees.
void Placer::run(func::FuncOp function) {
  auto converted = [&](Type type) -> Type { return isa<TensorType>(type) ? bufferType(type) : type; };
  FunctionType type = function.getFunctionType();
  auto newType =
      FunctionType::get(context, llvm::map_to_vector(type.getInputs(), converted), llvm::map_to_vector(type.getResults(), converted));
  if (function.isExternal())
    return function.setFunctionType(newType);
  Region region;
  Block *body = &region.emplaceBlock(), *old = &function.getBody().front();
  Scope s{Scope::Function, nullptr, function, &region, atEnd(context, body), {}, {}};
  for (BlockArgument arg : old->getArguments()) {
    Value memref = body->addArgument(converted(arg.getType()), arg.getLoc());
    if (isTensor(arg))
      put(arg, {memref, nullptr, true, dimsOf(s, arg.getLoc(), memref)});
    else
      values.map(arg, memref);
  }
  translateBlock(s, *old);
  translateReturn(s, old->getTerminator());
  function.getBody().takeBody(region);
  function.setFunctionType(newType);
}

void Placer::translateReturn(Scope &s, Operation *op) {
  SmallVector<Value> results;
  SmallVector<Token *> kept;
  for (Value operand : op->getOperands()) {
    if (!isTensor(operand)) {
      results.push_back(scalar(operand));
      continue;
    }
    kept.push_back(pick(s, op, operand, nullptr, kept));
    results.push_back(kept.back()->memref);
  }
  release(s, kept);
  func::ReturnOp::create(s.b, op->getLoc(), results);
  unlock();
}

void Placer::translateCall(Scope &s, Operation *op) {
  SmallVector<Value> operands;
  SmallVector<Type> types;
  for (Value operand : op->getOperands())
    operands.push_back(isTensor(operand) ? contiguous(s, op, operand) : scalar(operand));
  for (Value result : op->getResults())
    types.push_back(isTensor(result) ? bufferType(result.getType()) : result.getType());
  auto call = func::CallOp::create(s.b, op->getLoc(), cast<func::CallOp>(op).getCallee(), types, operands);
  for (auto [result, made] : llvm::zip(op->getResults(), call->getResults())) {
    if (isTensor(result))
      put(result, newToken(s, made, {elementOf(result), dimsOf(s, op->getLoc(), made)}));
    else
      values.map(result, made);
  }
}

//===- What a loop takes in and gives back ---------------------------------===//

Token *Placer::ownInit(Scope &s, Operation *loop, Value init) {
  auto isInit = [&](OpOperand &use) { return use.getOwner() == loop && use.get() == init; };
  Buffer buffer = buffers.lookup(init);
  bool once = llvm::count(loop->getOperands(), init) == 1;
  if (once && buffer.whole && overwritable(s, init, loop, isInit))
    return take(buffer.token);
  return copyOf(s, loop, init);
}

Entry Placer::enter(Scope &inner, Block *body, Value init, Value argument, bool fixed) {
  Scope &outer = *inner.parent;
  Location loc = inner.op->getLoc();
  Entry entry{};
  if (fixed) {
    entry.outer = ownInit(outer, inner.op, init);
    entry.outer->lent = true;
    entry.init = entry.outer->memref;
  } else {
    // A buffer that the loop owns: it is freed, or becomes a result, as the iterations go.
    Buffer from = buffers.lookup(init);
    SmallVector<Value> sizes = getValueOrCreateConstantIndexOp(outer.b, loc, from.sizes);
    entry.init = memref::AllocOp::create(outer.b, loc, bufferType(init.getType()), sizes);
    if (from.memref)
      copy(outer, loc, from.memref, entry.init);
  }
  Value memref = body->addArgument(entry.init.getType(), loc);
  Sizes sizes = fixed ? entry.outer->shape.sizes : dimsOf(inner, loc, memref);
  entry.inner = newToken(inner, memref, {elementOf(init), sizes});
  put(argument, entry.inner);
  return entry;
}

Entry Placer::enterSpare(Scope &inner, Block *body, Token *outer) {
  outer->lent = true;
  Value memref = body->addArgument(outer->memref.getType(), inner.op->getLoc());
  return {outer->memref, outer, newToken(inner, memref, outer->shape)};
}

Token *Placer::pick(Scope &s, Operation *yield, Value value, const Shape *shape, ArrayRef<Token *> used) {
  Buffer buffer = buffers.lookup(value);
  if (!naive && buffer.whole && buffer.token && !buffer.token->isPart && buffer.token->owner == &s &&
      !llvm::is_contained(used, buffer.token) && (!shape || buffer.token->shape == *shape))
    return buffer.token;
  Token *token = shape ? acquire(s, yield, *shape) : take(allocate(s, yield->getLoc(), {elementOf(value), buffer.sizes}));
  if (buffer.memref)
    copy(s, yield->getLoc(), buffer.memref, token->memref);
  return token;
}

Token *Placer::pickSpare(Scope &s, const Entry &entry, ArrayRef<Token *> used) {
  if (entry.inner->owner == &s && !llvm::is_contained(used, entry.inner))
    return entry.inner;
  for (Token *token : s.tokens)
    if (token->shape == entry.inner->shape && !llvm::is_contained(used, token))
      return token;
  return allocate(s, s.op->getLoc(), entry.outer->shape);
}

/// The tokens for all entries at the end of an iteration; frees the rest.
SmallVector<Token *> Placer::leaveLoop(Scope &s, Operation *yield, ArrayRef<Value> tensors, std::vector<Entry> &entries) {
  SmallVector<Token *> kept;
  for (auto [i, value] : llvm::enumerate(tensors)) {
    Shape shape = entries[i].inner->shape;
    kept.push_back(pick(s, yield, value, entries[i].outer ? &shape : nullptr, kept));
  }
  // Spares that stay where they are come first, so that as few as possible change places.
  kept.resize(entries.size());
  for (size_t i = tensors.size(); i < entries.size(); ++i)
    if (entries[i].inner->owner == &s && !llvm::is_contained(kept, entries[i].inner))
      kept[i] = entries[i].inner;
  for (size_t i = tensors.size(); i < entries.size(); ++i)
    if (!kept[i])
      kept[i] = pickSpare(s, entries[i], kept);
  release(s, kept);
  unlock();
  return kept;
}

//===- for -----------------------------------------------------------------===//

void Placer::translateFor(Scope &s, scf::ForOp op) {
  Location loc = op.getLoc();
  Region region;
  Block *body = &region.emplaceBlock();
  Scope in{Scope::Loop, &s, op, &region, atEnd(context, body), {}, {}};
  values.map(op.getInductionVar(), body->addArgument(op.getInductionVar().getType(), loc));
  SmallVector<Value> inits, tensors, yielded;
  std::vector<Entry> entries;
  for (auto [arg, init] : llvm::zip(op.getRegionIterArgs(), op.getInitArgs()))
    if (!isTensor(init)) {
      inits.push_back(scalar(init));
      values.map(arg, body->addArgument(init.getType(), loc));
    }
  for (auto [arg, init, result] : llvm::zip(op.getRegionIterArgs(), op.getInitArgs(), op.getYieldedValues()))
    if (isTensor(init)) {
      entries.push_back(enter(in, body, init, arg, keepsSizes(arg)));
      tensors.push_back(result);
    }
  unlock();
  in.admit = [&](Token *outer) {
    entries.push_back(enterSpare(in, body, outer));
    return entries.back().inner;
  };
  translateBlock(in, *op.getBody());

  Operation *yield = op.getBody()->getTerminator();
  for (Value value : yield->getOperands())
    if (!isTensor(value))
      yielded.push_back(scalar(value));
  for (Token *token : leaveLoop(in, yield, tensors, entries))
    yielded.push_back(token->memref);
  scf::YieldOp::create(in.b, loc, yielded);

  unsigned scalars = inits.size();
  for (Entry &entry : entries)
    inits.push_back(entry.init);
  auto loop = scf::ForOp::create(s.b, loc, scalar(op.getLowerBound()), scalar(op.getUpperBound()), scalar(op.getStep()), inits, nullptr,
                                 op.getUnsignedCmp());
  loop->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  loop.getRegion().takeBody(region);
  unsigned nextScalar = 0, nextEntry = 0;
  for (Value result : op.getResults())
    if (!isTensor(result))
      values.map(result, loop.getResult(nextScalar++));
  for (Entry &entry : entries) {
    Value memref = loop.getResult(scalars + nextEntry++);
    if (!entry.outer)
      entry.outer = newToken(s, memref, {entry.inner->shape.element, dimsOf(s, loc, memref)});
    entry.outer->memref = memref;
    entry.outer->lent = false;
    entry.outer->occupants.clear();
  }
  nextEntry = 0;
  for (Value result : op.getResults())
    if (isTensor(result))
      put(result, entries[nextEntry++].outer);
}

//===- while ---------------------------------------------------------------===//

// `before` computes the condition and passes values on to `after`, or out of the loop. The tokens that carry no value which is passed on
// go along as spares, so that each part of the loop has as many of each shape as it was given.
void Placer::translateWhile(Scope &s, scf::WhileOp op) {
  Location loc = op.getLoc();
  Region beforeRegion, afterRegion;
  Block *before = &beforeRegion.emplaceBlock(), *after = &afterRegion.emplaceBlock();
  Scope test{Scope::Loop, &s, op, &beforeRegion, atEnd(context, before), {}, {}};
  Scope body{Scope::Loop, &s, op, &afterRegion, atEnd(context, after), {}, {}};
  std::vector<Entry> entries;
  SmallVector<Value> inits, passed, yielded, carried;

  for (auto [arg, init] : llvm::zip(op.getBeforeArguments(), op.getInits()))
    if (!isTensor(init)) {
      inits.push_back(scalar(init));
      values.map(arg, before->addArgument(init.getType(), loc));
    }
  for (auto [arg, init, result] : llvm::zip(op.getBeforeArguments(), op.getInits(), op.getYieldOp().getResults()))
    if (isTensor(init)) {
      entries.push_back(enter(test, before, init, arg, keepsSizes(arg)));
      carried.push_back(result);
    }
  unlock();
  test.admit = [&](Token *outer) {
    entries.push_back(enterSpare(test, before, outer));
    return entries.back().inner;
  };
  translateBlock(test, *op.getBeforeBody());

  // The condition: scalars, tensors, then spares.
  auto condition = op.getConditionOp();
  Value goOn = scalar(condition.getCondition());
  for (auto [value, arg] : llvm::zip(condition.getArgs(), op.getAfterArguments()))
    if (!isTensor(value)) {
      passed.push_back(scalar(value));
      values.map(arg, after->addArgument(value.getType(), loc));
    }
  unsigned scalarResults = passed.size();
  SmallVector<Token *> kept;
  for (Value value : condition.getArgs())
    if (isTensor(value)) {
      Shape shape{elementOf(value), buffers.lookup(value).sizes};
      kept.push_back(pick(test, condition, value, visible(shape.sizes, s) ? &shape : nullptr, kept));
    }
  unsigned tensors = kept.size();
  // Each entry of known shape comes out of the condition in one of the tokens: that of a value, or else a spare.
  SmallVector<int64_t> entryOf(tensors, -1);
  SmallVector<size_t> spares;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!entries[i].outer)
      continue;
    auto fits = [&](unsigned k) { return entryOf[k] < 0 && kept[k]->shape == entries[i].inner->shape; };
    auto places = llvm::seq(0u, tensors);
    auto place = llvm::find_if(places, [&](unsigned k) { return fits(k) && kept[k] == entries[i].inner; });
    if (place == places.end())
      place = llvm::find_if(places, fits);
    if (place == places.end())
      spares.push_back(i);
    else
      entryOf[*place] = i;
  }
  for (size_t i : spares) {
    kept.push_back(pickSpare(test, entries[i], kept));
    entryOf.push_back(i);
  }
  release(test, kept);
  unlock();
  for (auto [k, token] : llvm::enumerate(kept)) {
    passed.push_back(token->memref);
    Value memref = after->addArgument(token->memref.getType(), loc);
    Sizes sizes = visible(token->shape.sizes, s) ? token->shape.sizes : dimsOf(body, loc, memref);
    Token *inside = newToken(body, memref, {token->shape.element, sizes});
    if (k >= tensors)
      entries[entryOf[k]].inner = inside;
  }
  unsigned next = 0;
  for (BlockArgument arg : op.getAfterArguments())
    if (isTensor(arg))
      put(arg, body.tokens[next++]);
  body.admit = [&](Token *outer) {
    Value early = before->addArgument(outer->memref.getType(), loc);
    Entry entry = enterSpare(body, after, outer);
    passed.push_back(early);
    entryOf.push_back(entries.size());
    entries.push_back(entry);
    return entry.inner;
  };
  translateBlock(body, *op.getAfterBody());

  Operation *yield = op.getYieldOp();
  for (Value value : yield->getOperands())
    if (!isTensor(value))
      yielded.push_back(scalar(value));
  for (Token *token : leaveLoop(body, yield, carried, entries))
    yielded.push_back(token->memref);
  scf::YieldOp::create(body.b, loc, yielded);
  scf::ConditionOp::create(test.b, loc, goOn, passed);

  for (Entry &entry : entries)
    inits.push_back(entry.init);
  auto loop = scf::WhileOp::create(s.b, loc, TypeRange(ValueRange(passed)), inits, nullptr, nullptr);
  loop->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  loop.getBefore().takeBody(beforeRegion);
  loop.getAfter().takeBody(afterRegion);

  unsigned nextScalar = 0;
  for (Value result : op.getResults())
    if (!isTensor(result))
      values.map(result, loop.getResult(nextScalar++));
  SmallVector<Token *> results;
  for (auto [k, i] : llvm::enumerate(entryOf)) {
    Value memref = loop.getResult(scalarResults + k);
    Token *token = i < 0 ? nullptr : entries[i].outer;
    if (token) {
      token->memref = memref;
      token->lent = false;
      token->occupants.clear();
    } else {
      Type element = body.tokens[k]->shape.element;
      token = newToken(s, memref, {element, dimsOf(s, loc, memref)});
    }
    results.push_back(token);
  }
  next = 0;
  for (Value result : op.getResults())
    if (isTensor(result))
      put(result, results[next++]);
}
