// Threefry 2x32 with 20 rounds, on scalars.
#include "mlir_gen/dialect/Dialect.h"
#include "mlir_gen/dialect/Scalar.h"

namespace tl::scalar {
/// Figure 2 and table 4 of Salmon et al.: a key is injected after every fourth round. The words are the halves of 64 bits, the high first.
Value threefry(OpBuilder &b, Location loc, Value key, Value number) {
  auto word = [&](int64_t c) -> Value { return constantInt(b, loc, b.getI32Type(), c); };
  auto wide = [&](int64_t c) -> Value { return constantInt(b, loc, b.getI64Type(), c); };
  auto low = [&](Value x) -> Value { return arith::TruncIOp::create(b, loc, b.getI32Type(), x); };
  auto high = [&](Value x) -> Value { return low(arith::ShRUIOp::create(b, loc, x, wide(32))); };
  auto extended = [&](Value x) -> Value { return arith::ExtUIOp::create(b, loc, b.getI64Type(), x); };
  auto add = [&](Value x, Value z) -> Value { return arith::AddIOp::create(b, loc, x, z); };
  auto xorWith = [&](Value x, Value z) -> Value { return arith::XOrIOp::create(b, loc, x, z); };
  auto rotate = [&](Value x, int bits) -> Value {
    return arith::OrIOp::create(b, loc, arith::ShLIOp::create(b, loc, x, word(bits)), arith::ShRUIOp::create(b, loc, x, word(32 - bits)));
  };
  const int rotations[] = {13, 15, 26, 6, 17, 29, 16, 24};
  Value k0 = high(key), k1 = low(key);
  Value keys[] = {k0, k1, xorWith(word(0x1BD11BDA), xorWith(k0, k1))};
  Value x = add(high(number), keys[0]), z = add(low(number), keys[1]);
  for (int round = 0; round < 20; ++round) {
    x = add(x, z);
    z = xorWith(rotate(z, rotations[round % 8]), x);
    if (round % 4 == 3) {
      int injection = round / 4 + 1;
      x = add(x, keys[injection % 3]);
      z = add(add(z, keys[(injection + 1) % 3]), word(injection));
    }
  }
  return arith::OrIOp::create(b, loc, arith::ShLIOp::create(b, loc, extended(x), wide(32)), extended(z));
}
} // namespace tl::scalar
