// Place, the tokens: which buffers there are, who owns them, which are free.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "passes/Liveness.h"
#include "passes/Placement.h"

using namespace mlir;
using namespace tl::place;

Type Placer::storage(Type element) { return element.isInteger(1) ? IntegerType::get(context, 8) : element; }

MemRefType Placer::bufferType(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  return MemRefType::get(SmallVector<int64_t>(type.getRank(), ShapedType::kDynamic), storage(type.getElementType()));
}

Token *Placer::newToken(Scope &owner, Value memref, Shape shape) {
  tokens.push_back(std::make_unique<Token>(Token{memref, memref, std::move(shape), &owner, {}}));
  owner.tokens.push_back(tokens.back().get());
  return tokens.back().get();
}

Token *Placer::take(Token *token) {
  token->taken = true;
  token->occupants.clear();
  locked.push_back(token);
  return token;
}

void Placer::unlock() {
  for (Token *token : locked)
    token->taken = false;
  locked.clear();
}

Token *Placer::allocate(Scope &s, Location loc, const Shape &shape) {
  auto type = MemRefType::get(SmallVector<int64_t>(shape.sizes.size(), ShapedType::kDynamic), storage(shape.element));
  Value memref = memref::AllocOp::create(s.b, loc, type, getValueOrCreateConstantIndexOp(s.b, loc, shape.sizes));
  return newToken(s, memref, shape);
}

Token *Placer::allocatePart(Scope &s, Operation *at, const Shape &shape) {
  Shape room = shape;
  for (OpFoldResult &size : room.sizes) {
    if (visible(size, *s.parent))
      continue;
    auto least = cast<Value>(size).getDefiningOp<arith::MinUIOp>();
    if (!least)
      return nullptr;
    auto most = llvm::find_if(least->getOperands(), [&](Value v) { return visible(OpFoldResult(v), *s.parent); });
    if (most == least->operand_end())
      return nullptr;
    size = *most;
  }
  Token *whole = s.admit(acquire(*s.parent, s.op, room));
  whole->lent = true;
  SmallVector<OpFoldResult> strides(shape.sizes.size(), s.b.getIndexAttr(1));
  Location loc = at->getLoc();
  for (unsigned axis = strides.size(); axis-- > 1;)
    strides[axis - 1] = s.b.createOrFold<arith::MulIOp>(loc, getValueOrCreateConstantIndexOp(s.b, loc, strides[axis]),
                                                        getValueOrCreateConstantIndexOp(s.b, loc, shape.sizes[axis]));
  auto sizes = llvm::map_to_vector(shape.sizes, [&](OpFoldResult size) -> OpFoldResult {
    return getValueOrCreateConstantIndexOp(s.b, loc, size); // what the type says is dynamic must be a value
  });
  Value part = memref::ReinterpretCastOp::create(s.b, loc, cast<MemRefType>(whole->memref.getType()), whole->memref,
                                                 OpFoldResult(s.b.getIndexAttr(0)), sizes, strides);
  Token *token = newToken(s, part, shape);
  token->isPart = true;
  return token;
}

Token *Placer::acquire(Scope &s, Operation *at, const Shape &shape) {
  if (naive)
    return take(allocate(s, at->getLoc(), shape));
  Scope *scope = &s;
  for (;; scope = scope->parent) {
    for (Token *token : llvm::reverse(scope->tokens))
      if (token->shape == shape && isFree(token, at))
        return take(token);
    if (scope->kind != Scope::Branch)
      break;
  }
  // What a branch gives to the outside is made there; what it alone needs, it makes: there may be no room for what is never computed.
  if (s.kind == Scope::Branch && llvm::any_of(at->getUsers(), llvm::IsaPred<scf::YieldOp>) && visible(shape.sizes, *s.parent))
    return take(acquire(*s.parent, s.op, shape));
  if (scope == &s && scope->kind == Scope::Loop && !scope->isIndependent() && visible(shape.sizes, *scope->parent))
    return take(scope->admit(acquire(*scope->parent, scope->op, shape)));
  if (scope == &s && scope->kind == Scope::Loop && !scope->isIndependent() && scope->admit)
    if (Token *part = allocatePart(s, at, shape))
      return take(part);
  return take(allocate(s, at->getLoc(), shape));
}

bool Placer::isFree(Token *token, Operation *at) {
  return !token->taken && !token->lent && llvm::none_of(token->occupants, [&](Value v) { return liveAfter(v, at) || usedIn(v, at); });
}

bool Placer::reaches(Scope &s, Token *token) {
  for (Scope *scope = &s;; scope = scope->parent) {
    if (token->owner == scope)
      return true;
    if (scope->kind != Scope::Branch)
      return false;
  }
}

SmallVector<Token *> Placer::reachable(Scope &s) {
  SmallVector<Token *> all;
  for (Scope *scope = &s;; scope = scope->parent) {
    all.append(scope->tokens.begin(), scope->tokens.end());
    if (scope->kind != Scope::Branch)
      return all;
  }
}

bool Placer::visible(OpFoldResult size, Scope &s) {
  auto value = dyn_cast<Value>(size);
  if (!value)
    return true;
  for (Scope *scope = &s; scope; scope = scope->parent)
    if (value.getParentRegion() == scope->region)
      return true;
  return false;
}

bool Placer::visible(const Sizes &sizes, Scope &s) {
  return llvm::all_of(sizes, [&](OpFoldResult size) { return visible(size, s); });
}

bool Placer::overwritable(Scope &s, Value value, Operation *at, function_ref<bool(OpOperand &)> harmless) {
  Token *token = buffers.lookup(value).token;
  if (naive || !token || token->taken || token->lent || !reaches(s, token))
    return false;
  for (Value occupant : token->occupants) {
    if (liveAfter(occupant, at))
      return false;
    for (OpOperand &use : occupant.getUses())
      if (at->isAncestor(use.getOwner()) && !harmless(use))
        return false;
  }
  return true;
}

Token *Placer::copyOf(Scope &s, Operation *at, Value value) {
  Buffer from = buffers.lookup(value);
  Token *token = acquire(s, at, {cast<RankedTensorType>(value.getType()).getElementType(), from.sizes});
  if (from.memref)
    copy(s, at->getLoc(), from.memref, token->memref);
  return token;
}

/// Contiguous memory is copied as such, views element by element.
void Placer::copy(Scope &s, Location loc, Value from, Value to) {
  auto isFlat = [](Value v) { return cast<MemRefType>(v.getType()).getLayout().isIdentity(); };
  if (isFlat(from) && isFlat(to)) {
    memref::CopyOp::create(s.b, loc, from, to);
    return;
  }
  unsigned rank = cast<MemRefType>(from.getType()).getRank();
  SmallVector<AffineMap> maps(2, s.b.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  linalg::GenericOp::create(s.b, loc, TypeRange(), from, to, maps, loops,
                            [](OpBuilder &b, Location loc, ValueRange args) { linalg::YieldOp::create(b, loc, args[0]); });
}

/// Frees what the scope owns, except what leaves it.
void Placer::release(Scope &s, ArrayRef<Token *> kept) {
  for (Token *token : s.tokens)
    if (!token->isPart && !llvm::is_contained(kept, token))
      memref::DeallocOp::create(s.b, s.op->getLoc(), token->memref);
}

Snapshot Placer::save(Scope &s) {
  Snapshot snapshot;
  for (Token *token : reachable(s))
    snapshot[token] = {token->memref, token->occupants};
  return snapshot;
}

void Placer::restore(Scope &s, const Snapshot &snapshot) {
  for (Token *token : reachable(s)) {
    auto it = snapshot.find(token);
    token->memref = it == snapshot.end() ? token->born : it->second.memref;
    token->occupants = it == snapshot.end() ? SmallVector<Value>() : it->second.occupants;
  }
}

Sizes Placer::dimsOf(Scope &s, Location loc, Value memref) {
  Sizes sizes;
  for (int64_t axis = 0, rank = cast<MemRefType>(memref.getType()).getRank(); axis < rank; ++axis)
    sizes.push_back(memref::DimOp::create(s.b, loc, memref, axis).getResult());
  return sizes;
}

Sizes Placer::mapped(ArrayRef<OpFoldResult> sizes) {
  Sizes result;
  for (OpFoldResult size : sizes)
    result.push_back(isa<Attribute>(size) ? size : getAsOpFoldResult(scalar(cast<Value>(size))));
  return result;
}

void Placer::put(Value tensor, Token *token) { put(tensor, {token->memref, token, true, token->shape.sizes}); }

void Placer::put(Value tensor, Buffer buffer) {
  if (buffer.token)
    buffer.token->occupants.push_back(tensor);
  buffers[tensor] = std::move(buffer);
}
