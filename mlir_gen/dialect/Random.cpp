// Threefry 2x32 with 20 rounds: types, sizes, batching, and the rounds on scalars.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir_gen/dialect/Dialect.h"
#include "mlir_gen/dialect/Rules.h"

using namespace mlir;

namespace tl {
LogicalResult ThreefryOp::inferReturnTypes(MLIRContext *ctx, std::optional<Location> loc, ValueRange operands, DictionaryAttr,
                                           OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  if (failed(elementwise::inferType(ctx, loc, operands, 0, types)))
    return failure();
  types.push_back(types.front());
  return success();
}

void ThreefryOp::resultSizes(OpBuilder &b, unsigned, SmallVectorImpl<Value> &sizes) { elementwise::sizes(*this, b, sizes); }

SmallVector<Batched> ThreefryOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  return elementwise::batch(*this, batch, operands);
}

/// Figure 2 and table 4 of Salmon et al.: a key is injected after every fourth round.
SmallVector<Value> ThreefryOp::scalar(OpBuilder &b, ValueRange args) {
  Location loc = getLoc();
  auto word = [&](int64_t c) -> Value { return constantInt(b, loc, b.getI32Type(), c); };
  auto add = [&](Value x, Value z) -> Value { return arith::AddIOp::create(b, loc, x, z); };
  auto xorWith = [&](Value x, Value z) -> Value { return arith::XOrIOp::create(b, loc, x, z); };
  auto rotate = [&](Value x, int bits) -> Value {
    return arith::OrIOp::create(b, loc, arith::ShLIOp::create(b, loc, x, word(bits)), arith::ShRUIOp::create(b, loc, x, word(32 - bits)));
  };
  const int rotations[] = {13, 15, 26, 6, 17, 29, 16, 24};
  Value keys[] = {args[0], args[1], xorWith(word(0x1BD11BDA), xorWith(args[0], args[1]))};
  Value x = add(args[2], keys[0]), z = add(args[3], keys[1]);
  for (int round = 0; round < 20; ++round) {
    x = add(x, z);
    z = xorWith(rotate(z, rotations[round % 8]), x);
    if (round % 4 == 3) {
      int injection = round / 4 + 1;
      x = add(x, keys[injection % 3]);
      z = add(add(z, keys[(injection + 1) % 3]), word(injection));
    }
  }
  return {x, z};
}
} // namespace tl
