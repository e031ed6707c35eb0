/* Arrays as NumPy 1.24 prints them with its default options: precision 8, 75 columns, "..." above 1000 elements with 3 kept at
 * each end of an axis. The rules are those of numpy/core/arrayprint.py. */
#include "Runtime.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PRECISION = 8, LINE_WIDTH = 75, THRESHOLD = 1000, EDGE = 3 };

/* How the elements of one array are shown: found by looking at all that will be seen. */
typedef struct {
  const TlValue *value;
  const Spec *spec;
  bool elided;
  int64_t count; /* of elements seen so far */
  size_t width;  /* of the widest element where all are padded on the left alike */
  /* floats */
  bool scientific, finite, nonFinite, nan, negativeInfinity;
  double smallest, largest; /* magnitudes of what is not 0 */
  int left, right;          /* columns before and after the point */
  int exponentDigits;
  /* layout */
  Buffer *out, line;
} Printer;

/*===- Elements ---------------------------------------------------------------------------------------------------===*/

/* Calls f for the position of each element that is shown. */
static void eachShown(Printer *p, void (*f)(Printer *, int64_t), int32_t axis, int64_t offset) {
  if (axis == p->value->rank) {
    f(p, offset);
    return;
  }
  int64_t size = p->value->sizes[axis];
  for (int64_t i = 0; i < size; i++) {
    if (p->elided && size > 2 * EDGE && i == EDGE)
      i = size - EDGE;
    eachShown(p, f, axis + 1, offset * size + i);
  }
}

/* x with at most PRECISION digits after the point: all that it has where they are fewer, else rounded. */
static Decimal limited(double x, int32_t kind, bool scientific) {
  Decimal d = rtShortest(x, kind);
  int places = scientific ? d.count - 1 : d.count - d.point;
  if (places <= PRECISION || !d.count)
    return d;
  int digits = scientific ? PRECISION + 1 : d.point + PRECISION;
  if (digits > 0)
    return rtSignificant(x, digits);
  /* Rounded at a place before its first digit: 0 or 1e-8. */
  Decimal zero = {.negative = d.negative, .point = 1};
  bool up = digits == 0 && (d.digits[0] > '5' || (d.digits[0] == '5' && fabs(x) > 0.5e-8));
  return up ? (Decimal){.negative = d.negative, .count = 1, .point = 1 - PRECISION, .digits = "1"} : zero;
}

static void measureRange(Printer *p, int64_t i) {
  double x = rtFloat(p->value->kind, p->value->data, i), magnitude = fabs(x);
  if (!isfinite(x)) {
    p->nonFinite = true;
    p->nan |= isnan(x);
    p->negativeInfinity |= x < 0;
    return;
  }
  p->finite = true;
  if (magnitude == 0)
    return;
  p->largest = magnitude > p->largest ? magnitude : p->largest;
  p->smallest = p->smallest == 0 || magnitude < p->smallest ? magnitude : p->smallest;
}

static int digitsOf(int n) {
  int count = 1;
  for (n = abs(n); n >= 10; n /= 10)
    count++;
  return count;
}

static void measureDigits(Printer *p, int64_t i) {
  double x = rtFloat(p->value->kind, p->value->data, i);
  if (!isfinite(x))
    return;
  Decimal d = limited(x, p->value->kind, p->scientific);
  int left = d.negative + 1, right = d.count - 1;
  if (p->scientific) {
    int exponent = d.count ? digitsOf(d.point - 1) : 1;
    p->exponentDigits = exponent > p->exponentDigits ? exponent : p->exponentDigits;
  } else {
    left = d.negative + (d.point > 0 ? d.point : 1);
    right = d.count ? d.count - d.point : 0;
  }
  p->left = left > p->left ? left : p->left;
  p->right = right > p->right ? right : p->right;
}

/* In the arithmetic of the array's own type, as NumPy does it. */
static double ratio(const Printer *p) {
  double q = p->largest / p->smallest;
  return p->value->kind == TL_F64                 ? q
         : p->value->kind == TL_F16 && q >= 65520 ? INFINITY
                                                  : (double)((float)p->largest / (float)p->smallest);
}

static void measureFloats(Printer *p) {
  eachShown(p, measureRange, 0, 0);
  p->scientific = p->largest > 0 && (p->largest >= 1e8 || p->smallest < 0.0001 || ratio(p) > 1000);
  p->exponentDigits = 2;
  eachShown(p, measureDigits, 0, 0);
  if (!p->nonFinite)
    return;
  int after = (p->scientific ? p->exponentDigits + 2 + p->right : p->right) + 1;
  int nan = 3 - after, inf = 3 + p->negativeInfinity - after;
  p->left = nan > p->left ? nan : p->left;
  p->left = inf > p->left ? inf : p->left;
}

static void measureOther(Printer *p, int64_t i) {
  Buffer text = {0};
  rtAddScalar(&text, p->value->kind, p->value->data, i, p->spec);
  size_t width = (size_t)rtCodePoints(text.data, text.length);
  p->width = width > p->width ? width : p->width;
  rtFree(&text);
}

static void addFloat(const Printer *p, Buffer *word, int64_t i) {
  double x = rtFloat(p->value->kind, p->value->data, i);
  int right = p->scientific ? p->right + p->exponentDigits + 2 : p->right;
  size_t width = (size_t)(p->left + 1 + right);
  Buffer text = {0};
  if (!isfinite(x)) {
    rtAddFloat(&text, x, p->value->kind);
  } else if (p->scientific) {
    Decimal d = limited(x, p->value->kind, true);
    if (d.count - 1 < p->right) /* NumPy fills up with the digits of the exact value, not with zeros */
      d = rtSignificant(x, p->right + 1);
    rtAddScientific(&text, &d, p->right, p->exponentDigits, true);
  } else {
    Decimal d = limited(x, p->value->kind, false);
    if (d.count && d.count < d.point)
      d = rtSignificant(x, d.point); /* likewise up to the point */
    rtAddPositional(&text, &d, 0);
    int places = d.count ? (d.count > d.point ? d.count - d.point : 0) : 0;
    rtAddRepeated(&text, ' ', p->right - places);
  }
  rtAddRepeated(word, ' ', (int64_t)width - (int64_t)text.length);
  rtAdd(word, text.data, text.length);
  rtFree(&text);
}

static void addElement(const Printer *p, Buffer *word, int64_t i) {
  if (rtIsFloat(p->value->kind) && !p->spec) {
    addFloat(p, word, i);
    return;
  }
  Buffer text = {0};
  rtAddScalar(&text, p->value->kind, p->value->data, i, p->spec);
  rtAddRepeated(word, ' ', (int64_t)p->width - rtCodePoints(text.data, text.length));
  rtAdd(word, text.data, text.length);
  rtFree(&text);
}

/*===- Rows and brackets ------------------------------------------------------------------------------------------===*/

static void trimRight(Buffer *line) {
  while (line->length && line->data[line->length - 1] == ' ')
    line->length--;
}

/* Adds a word to the row, on a new line where it would not fit. */
static void extend(Printer *p, const Buffer *word, int64_t width, int64_t indent) {
  bool wraps = rtCodePoints(p->line.data, p->line.length) + rtCodePoints(word->data, word->length) > width;
  if (wraps && (int64_t)p->line.length > indent) {
    trimRight(&p->line);
    rtAdd(p->out, p->line.data, p->line.length);
    rtAddText(p->out, "\n");
    p->line.length = 0;
    rtAddRepeated(&p->line, ' ', indent);
  }
  rtAdd(&p->line, word->data, word->length);
}

static void addRow(Printer *p, int64_t offset, int64_t size, int64_t indent, int64_t width) {
  bool elided = p->elided && size > 2 * EDGE;
  size_t start = p->out->length;
  p->line.length = 0;
  rtAddRepeated(&p->line, ' ', indent);
  Buffer word = {0};
  for (int64_t i = 0; i < size; i++) {
    word.length = 0;
    if (elided && i == EDGE) {
      rtAddText(&word, "...");
      i = size - EDGE - 1;
    } else
      addElement(p, &word, offset + i);
    extend(p, &word, width - 1, indent);
    if (i + 1 < size)
      rtAddText(&p->line, " ");
  }
  rtFree(&word);
  rtAdd(p->out, p->line.data, p->line.length);
  /* The first line stands behind the brackets already written. */
  memmove(p->out->data + start, p->out->data + start + indent, p->out->length - start - (size_t)indent);
  p->out->length -= (size_t)indent;
  p->out->data[p->out->length] = 0;
}

static void addNested(Printer *p, int32_t axis, int64_t offset, int64_t indent, int64_t width) {
  int64_t size = p->value->sizes[axis];
  int32_t below = p->value->rank - axis - 1;
  rtAddText(p->out, "[");
  if (below == 0)
    addRow(p, offset * size, size, indent, width);
  for (int64_t i = 0; below && i < size; i++) {
    if (i)
      rtAddRepeated(p->out, ' ', indent);
    if (p->elided && size > 2 * EDGE && i == EDGE) {
      rtAddText(p->out, "...");
      i = size - EDGE - 1;
    } else
      addNested(p, axis + 1, offset * size + i, indent + 1, width - 1);
    if (i + 1 < size)
      rtAddRepeated(p->out, '\n', below);
  }
  rtAddText(p->out, "]");
}

void rtAddArray(Buffer *out, const TlValue *value, const Spec *spec) {
  int64_t count = rtCount(value->rank, value->sizes);
  if (count == 0) {
    rtAddText(out, "[]");
    return;
  }
  Printer p = {.value = value, .spec = spec, .elided = count > THRESHOLD, .out = out};
  if (rtIsFloat(value->kind) && !spec)
    measureFloats(&p);
  else
    eachShown(&p, measureOther, 0, 0);
  if (value->kind == TL_BOOL && !spec && p.width < 5)
    p.width = 5;
  addNested(&p, 0, 0, 1, LINE_WIDTH);
  rtFree(&p.line);
}
