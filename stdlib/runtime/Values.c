/* Elements of arrays of any type, one at a time. */
#include "Runtime.h"
#include <math.h>
#include <string.h>

static const struct {
  const char *name;
  uint8_t width;
  bool isFloat, isUnsigned;
} kinds[] = {
    [TL_BOOL] = {"bool", 1, false, true}, [TL_I8] = {"i8", 1, false, false},    [TL_I16] = {"i16", 2, false, false},
    [TL_I32] = {"i32", 4, false, false},  [TL_I64] = {"i64", 8, false, false},  [TL_U8] = {"u8", 1, false, true},
    [TL_U16] = {"u16", 2, false, true},   [TL_U32] = {"u32", 4, false, true},   [TL_U64] = {"u64", 8, false, true},
    [TL_F16] = {"f16", 2, true, false},   [TL_BF16] = {"bf16", 2, true, false}, [TL_F32] = {"f32", 4, true, false},
    [TL_F64] = {"f64", 8, true, false},   [TL_STR] = {"str", 8, false, false},
};

bool rtIsFloat(int32_t kind) { return kinds[kind].isFloat; }
bool rtIsUnsigned(int32_t kind) { return kinds[kind].isUnsigned; }
size_t rtWidth(int32_t kind) { return kinds[kind].width; }
const char *rtKindName(int32_t kind) { return kinds[kind].name; }

int rtKindByName(const char *name) {
  if (!strcmp(name, "int"))
    return TL_I64;
  if (!strcmp(name, "float"))
    return TL_F32;
  for (int i = 0; i <= TL_STR; i++)
    if (!strcmp(name, kinds[i].name))
      return i;
  return -1;
}

double rtHalf(uint16_t bits) {
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double magnitude = exponent == 31  ? (fraction ? NAN : INFINITY)
                     : exponent == 0 ? ldexp(fraction, -24)
                                     : ldexp(1024 + fraction, exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

#define READ(type)                                                                                                                         \
  type x;                                                                                                                                  \
  memcpy(&x, (const char *)data + i * (int64_t)sizeof x, sizeof x)

double rtFloat(int32_t kind, const void *data, int64_t i) {
  switch (kind) {
  case TL_F16: {
    READ(uint16_t);
    return rtHalf(x);
  }
  case TL_BF16: {
    READ(uint16_t);
    uint32_t wide = (uint32_t)x << 16;
    float f;
    memcpy(&f, &wide, sizeof f);
    return f;
  }
  case TL_F32: {
    READ(float);
    return x;
  }
  case TL_F64: {
    READ(double);
    return x;
  }
  case TL_U64: {
    READ(uint64_t);
    return (double)x;
  }
  default:
    return (double)rtInt(kind, data, i);
  }
}

int64_t rtInt(int32_t kind, const void *data, int64_t i) {
  switch (kind) {
  case TL_BOOL: {
    READ(uint8_t);
    return x != 0;
  }
  case TL_I8: {
    READ(int8_t);
    return x;
  }
  case TL_I16: {
    READ(int16_t);
    return x;
  }
  case TL_I32: {
    READ(int32_t);
    return x;
  }
  case TL_U8: {
    READ(uint8_t);
    return x;
  }
  case TL_U16: {
    READ(uint16_t);
    return x;
  }
  case TL_U32: {
    READ(uint32_t);
    return x;
  }
  default: {
    READ(int64_t);
    return x;
  }
  }
}

int64_t rtCount(int32_t rank, const int64_t *sizes) {
  int64_t count = 1;
  for (int32_t i = 0; i < rank; i++)
    count *= sizes[i];
  return count;
}

void rtAddType(Buffer *buffer, int32_t kind, int32_t rank, const int64_t *sizes) {
  rtAddText(buffer, kinds[kind].name);
  for (int32_t i = 0; i < rank; i++) {
    rtAddText(buffer, i ? ", " : "[");
    if (sizes[i] < 0)
      rtAddText(buffer, "_");
    else
      rtAddFormat(buffer, "%lld", (long long)sizes[i]);
  }
  if (rank)
    rtAddText(buffer, "]");
}

void tl_observe(const TlValue *values, int64_t count) {
  (void)values;
  (void)count;
}
