/* Conversions to and from f16 and bf16 under the names that LLVM's code generator calls where the processor has no instruction:
 * otherwise they would come from libgcc, which executables do without. Rounded to nearest, ties to even, in one step. */
#include "Runtime.h"
#include <string.h>

/* x in a format of `fraction` bits behind an exponent of `exponent` bits. */
static uint16_t narrow(double x, int exponent, int fraction) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  const uint16_t sign = (uint16_t)(bits >> 63 << 15), infinity = (uint16_t)(((1 << exponent) - 1) << fraction);
  const int bias = (1 << (exponent - 1)) - 1;
  uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);
  int power = (int)(bits >> 52 & 0x7FF);
  if (power == 0x7FF) /* a NaN stays one and becomes quiet */
    return sign | infinity | (mantissa ? (uint16_t)(1 << (fraction - 1) | mantissa >> (52 - fraction)) : 0);
  int target = power - 1023 + bias, shift = 52 - fraction;
  if (target <= 0) { /* subnormal: the leading 1 is written out */
    if (target < -fraction)
      return sign;
    mantissa |= UINT64_C(1) << 52;
    shift += 1 - target;
    target = 0;
  }
  uint64_t rest = mantissa & ((UINT64_C(1) << shift) - 1), half = UINT64_C(1) << (shift - 1);
  uint32_t result = ((uint32_t)target << fraction) + (uint32_t)(mantissa >> shift);
  result += rest > half || (rest == half && result & 1); /* a carry goes into the exponent, as it should */
  return sign | (result >= infinity ? infinity : (uint16_t)result);
}

static _Float16 asHalf(uint16_t bits) {
  _Float16 h;
  memcpy(&h, &bits, sizeof h);
  return h;
}

_Float16 __truncdfhf2(double x) { return asHalf(narrow(x, 5, 10)); }
_Float16 __truncsfhf2(float x) { return asHalf(narrow(x, 5, 10)); }
float __extendhfsf2(_Float16 h) {
  uint16_t bits;
  memcpy(&bits, &h, sizeof bits);
  return (float)rtHalf(bits);
}

static __bf16 asBrain(uint16_t bits) {
  __bf16 b;
  memcpy(&b, &bits, sizeof b);
  return b;
}

__bf16 __truncdfbf2(double x) { return asBrain(narrow(x, 8, 7)); }
__bf16 __truncsfbf2(float x) { return asBrain(narrow(x, 8, 7)); }
