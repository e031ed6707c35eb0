// Adjoints and batch axes: what an op's own rules work with.
#include "mlir_gen/dialect/Transform.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir_gen/dialect/Dialect.h"

using namespace mlir;

namespace tl {
Val guarded(Val x, Val mask) { return mask ? select(mask, x, 0.0) : x; }

void Adjoints::add(Value x, Val g, Val mask) {
  if (!wants(x) || !g)
    return;
  auto [slot, first] = slots.try_emplace(x);
  if (first) {
    slot->second = {g.v, mask.v};
    return;
  }
  Slot &s = slot->second;
  s.g = (g.like(s.g) + g).v;
  s.mask = s.mask && mask ? either(mask.like(s.mask), mask).v : Value();
}

void Adjoints::replaceMasks(ValueRange from, ValueRange to) {
  for (auto &[x, slot] : slots)
    if (auto it = llvm::find(from, slot.mask); it != from.end())
      slot.mask = to[it - from.begin()];
}

BatchBuilder::Axes BatchBuilder::unite(ArrayRef<Batched> operands) {
  Axes axes;
  for (const Batched &x : operands)
    axes.append(x.axes);
  llvm::sort(axes);
  axes.erase(llvm::unique(axes), axes.end());
  return axes;
}

unsigned BatchBuilder::innerRank(const Batched &x) { return rankOf(x.v) - x.axes.size(); }

SmallVector<Value> BatchBuilder::innerSizes(const Batched &x) {
  SmallVector<Value> sizes = tl::sizesOf(b, x.v);
  sizes.erase(sizes.begin(), sizes.begin() + x.axes.size());
  return sizes;
}

SmallVector<Value> BatchBuilder::sizesOf(ArrayRef<unsigned> axes) const {
  return llvm::map_to_vector(axes, [&](unsigned axis) { return extents[axis]; });
}

Value BatchBuilder::align(const Batched &x, ArrayRef<unsigned> axes, ArrayRef<Value> inner) {
  Location loc = x.v.getLoc();
  Value v = x.v;
  if (isa<IndexType>(v.getType()))
    v = b.createOrFold<arith::IndexCastOp>(loc, b.getI64Type(), v);
  unsigned rank = innerRank(x);
  SmallVector<int64_t> places = llvm::map_to_vector(x.axes, [&](unsigned axis) { return place(axis, axes); });
  SmallVector<Value> sizes = sizesOf(axes);
  for (unsigned d = 0; d < rank; ++d)
    places.push_back(axes.size() + d);
  // Its own sizes, not those of `inner`: equal at run time, but the result is then sized by its operand.
  llvm::append_range(sizes, rank ? innerSizes(x) : SmallVector<Value>(inner));
  return broadcast(Val(b, loc, v), sizes, places).v;
}
Value BatchBuilder::anyIndex() {
  Value any;
  for (Value extent : extents) {
    Location loc = extent.getLoc();
    Value some = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::sgt, extent, index(b, loc, 0));
    any = any ? b.createOrFold<arith::AndIOp>(loc, any, some) : some;
  }
  return any;
}
} // namespace tl
