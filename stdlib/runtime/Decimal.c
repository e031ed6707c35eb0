/* Floats as decimal digits: the shortest that read back (David Gay's mode 0, NumPy's "unique"), or a given number of them,
 * correctly rounded. Built on printf and strtod of the C library, which are exact. */
#include "Runtime.h"
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* x rounded to a format of `bits` significant bits whose smallest positive number is 2^lowest. */
static double roundTo(double x, int bits, int lowest) {
  int exponent;
  frexp(x, &exponent);
  int quantum = exponent - bits > lowest ? exponent - bits : lowest;
  return ldexp(nearbyint(ldexp(x, -quantum)), quantum);
}

static double readBack(const char *text, int32_t kind) {
  switch (kind) {
  case TL_F16:
    return roundTo(strtod(text, NULL), 11, -24);
  case TL_BF16:
    return roundTo(strtod(text, NULL), 8, -133);
  case TL_F32:
    return strtof(text, NULL);
  default:
    return strtod(text, NULL);
  }
}

/* Reads "d.ddde+XX". */
static Decimal parse(const char *text, bool negative) {
  Decimal d = {.negative = negative};
  for (; *text != 'e'; text++)
    if (*text != '.')
      d.digits[d.count++] = *text;
  d.point = atoi(text + 1) + 1;
  while (d.count && d.digits[d.count - 1] == '0')
    d.count--;
  if (!d.count)
    d.point = 1;
  return d;
}

static void write(const Decimal *d, char *text) { sprintf(text, "%.*se%d", d->count, d->digits, d->point - d->count); }

/* One more in the last of `count` digits. */
static Decimal increment(Decimal d, int count) {
  while (d.count < count)
    d.digits[d.count++] = '0';
  int i = count - 1;
  for (; i >= 0 && d.digits[i] == '9'; i--)
    ;
  if (i < 0) {
    d.digits[0] = '1';
    d.count = 1;
    d.point++;
    return d;
  }
  d.digits[i]++;
  d.count = i + 1;
  return d;
}

Decimal rtShortest(double x, int32_t kind) {
  bool negative = signbit(x);
  x = fabs(x);
  char text[48];
  /* Integers below the point where neighbours are further than 1 apart are their own shortest form. */
  if (x < (kind == TL_F64 ? 0x1p53 : kind == TL_F32 ? 0x1p24 : 0) && x == floor(x)) {
    char e[48];
    int length = sprintf(text, "%.0f", x);
    sprintf(e, "%se0", text);
    Decimal d = parse(e, negative);
    d.point = x == 0 ? 1 : length;
    return d;
  }
  int exponent;
  bool powerOfTwo = frexp(x, &exponent) == 0.5;
  /* Every decimal of `first` digits survives the way there and back, except among the subnormal numbers. */
  int first = kind == TL_F64 && x >= DBL_MIN ? 15 : kind == TL_F32 && x >= FLT_MIN ? 6 : 1;
  int last = kind == TL_F64 ? 17 : kind == TL_F32 ? 9 : 5;
  for (int digits = first;; digits++) {
    sprintf(text, "%.*e", digits - 1, x);
    Decimal d = parse(text, negative);
    if (digits == last || readBack(text, kind) == x)
      return d;
    if (powerOfTwo) { /* the gap below is half as wide: the second nearest decimal, above, may read back */
      Decimal above = increment(d, digits);
      write(&above, text);
      if (readBack(text, kind) == x)
        return above;
    }
  }
}

Decimal rtSignificant(double x, int digits) {
  char text[48];
  sprintf(text, "%.*e", digits - 1, fabs(x));
  return parse(text, signbit(x));
}

void rtAddPositional(Buffer *buffer, const Decimal *d, int minPlaces) {
  if (d->negative)
    rtAddText(buffer, "-");
  int whole = d->count < d->point ? d->count : d->point;
  if (d->point <= 0)
    rtAddText(buffer, "0");
  else {
    rtAdd(buffer, d->digits, (size_t)whole);
    rtAddRepeated(buffer, '0', d->point - whole);
  }
  rtAddText(buffer, ".");
  int places = 0;
  if (d->point < 0 && d->count) {
    rtAddRepeated(buffer, '0', -d->point);
    places = -d->point;
  }
  if (d->count > d->point && d->count) {
    int from = d->point > 0 ? d->point : 0;
    rtAdd(buffer, d->digits + from, (size_t)(d->count - from));
    places += d->count - from;
  }
  rtAddRepeated(buffer, '0', minPlaces - places);
}

void rtAddScientific(Buffer *buffer, const Decimal *d, int places, int exponentDigits, bool point) {
  if (d->negative)
    rtAddText(buffer, "-");
  rtAdd(buffer, d->count ? d->digits : "0", 1);
  int given = d->count > 1 ? d->count - 1 : 0;
  if (point || given || places)
    rtAddText(buffer, ".");
  rtAdd(buffer, d->digits + 1, (size_t)given);
  rtAddRepeated(buffer, '0', places - given);
  int exponent = d->count ? d->point - 1 : 0;
  rtAddFormat(buffer, "e%c%0*d", exponent < 0 ? '-' : '+', exponentDigits, abs(exponent));
}

/* f16 and bf16 go through a double. It is rounded to odd (cut off, its last bit set where something was lost), so that it lies on the
 * same side of every boundary as the text and the second rounding is as if it were the only one. */
double rtParse(const char *text, int32_t kind, char **end) {
  if (kind == TL_F32)
    return (double)strtof(text, end);
  if (kind == TL_F64)
    return strtod(text, end);
  const int mode = fegetround();
  fesetround(FE_TOWARDZERO);
  double x = strtod(text, end);
  fesetround(signbit(x) ? FE_DOWNWARD : FE_UPWARD);
  double outer = strtod(text, NULL);
  fesetround(mode);
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits |= x != outer && isfinite(x);
  memcpy(&x, &bits, sizeof bits);
  double rounded = kind == TL_F16 ? (double)(_Float16)x : (double)(__bf16)x;
  return isinf(rounded) ? rounded : x;
}

void rtAddFloat(Buffer *buffer, double x, int32_t kind) {
  if (!isfinite(x)) {
    rtAddText(buffer, isnan(x) ? "nan" : x < 0 ? "-inf" : "inf");
    return;
  }
  Decimal d = rtShortest(x, kind);
  if (x == 0 || (fabs(x) >= 1e-4 && fabs(x) < 1e16))
    rtAddPositional(buffer, &d, 1);
  else
    rtAddScientific(buffer, &d, 0, 2, false);
}
