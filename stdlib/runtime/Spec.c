/* Python's format specs: [[fill]align][sign][#][0][width][grouping][.precision][type], for integers, floats, bool and text. */
#include "Runtime.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*===- Reading a spec ---------------------------------------------------------------------------------------------===*/

static bool isAlign(char c) { return c && strchr("<>=^", c); }

static int64_t number(const char **text) {
  int64_t value = 0;
  for (; **text >= '0' && **text <= '9'; ++*text)
    value = value * 10 + (**text - '0');
  return value;
}

Spec rtReadSpec(const char *text) {
  Spec spec = {.precision = -1};
  size_t fill = rtPrefix(text, strlen(text), 1);
  if (*text && fill < sizeof spec.fill && isAlign(text[fill])) {
    memcpy(spec.fill, text, fill);
    spec.align = text[fill];
    text += fill + 1;
  } else if (isAlign(*text))
    spec.align = *text++;
  if (*text == '+' || *text == '-' || *text == ' ')
    spec.sign = *text++;
  if (*text == '#')
    spec.alternate = true, text++;
  if (*text == '0')
    spec.zero = true, text++;
  spec.width = number(&text);
  if (*text == ',' || *text == '_')
    spec.group = *text++;
  if (*text == '.')
    text++, spec.precision = number(&text);
  spec.type = *text;
  return spec;
}

/*===- Laying out -------------------------------------------------------------------------------------------------===*/

/* A number in its parts: "-" "0x" "1234" ".5e+10". */
typedef struct {
  char sign;
  const char *prefix;
  Buffer whole, rest;
  bool digits; /* `whole` are digits, which may be grouped and filled with zeros */
} Parts;

static void addGrouped(Buffer *out, const Buffer *digits, char group, int every, int64_t width) {
  int64_t zeros = 0, length = (int64_t)digits->length;
  if (!group)
    zeros = width - length;
  else /* a leading separator is no digit: Python widens by one zero more rather than begin with it */
    while (length + zeros + (length + zeros - 1) / every < width)
      zeros++;
  if (zeros < 0)
    zeros = 0;
  for (int64_t i = 0, all = zeros + length; i < all; i++) {
    if (group && i && (all - i) % every == 0)
      rtAdd(out, &group, 1);
    rtAdd(out, i < zeros ? "0" : digits->data + (i - zeros), 1);
  }
}

static void pad(Buffer *out, const Spec *spec, char align, const char *head, const Buffer *body) {
  int64_t length = rtCodePoints(head, strlen(head)) + rtCodePoints(body->data ? body->data : "", body->length);
  int64_t all = spec->width - length > 0 ? spec->width - length : 0;
  int64_t before = align == '<' ? 0 : align == '^' ? all / 2 : all;
  const char *fill = *spec->fill ? spec->fill : spec->zero ? "0" : " ";
  if (align == '=')
    rtAddText(out, head);
  for (int64_t i = 0; i < before; i++)
    rtAddText(out, fill);
  if (align != '=')
    rtAddText(out, head);
  rtAdd(out, body->data ? body->data : "", body->length);
  for (int64_t i = before; i < all; i++)
    rtAddText(out, fill);
}

static void layOut(Buffer *out, const Spec *spec, Parts *parts) {
  char head[4] = {0}, *end = head;
  if (parts->sign)
    *end++ = parts->sign;
  strcpy(end, parts->prefix);
  bool zeros = spec->zero && !spec->align && !*spec->fill;
  int64_t width = 0;
  if (zeros || (spec->align == '=' && !strcmp(spec->fill, "0")) || (spec->align == '=' && spec->zero && !*spec->fill))
    width = spec->width - (int64_t)strlen(head) - (int64_t)parts->rest.length;
  int every = spec->type && strchr("bxXo", spec->type) ? 4 : 3;
  Buffer body = {0};
  if (parts->digits)
    addGrouped(&body, &parts->whole, spec->group, every, width);
  else
    rtAdd(&body, parts->whole.data, parts->whole.length);
  rtAdd(&body, parts->rest.data ? parts->rest.data : "", parts->rest.length);
  pad(out, spec, spec->align ? spec->align : spec->zero ? '=' : '>', head, &body);
  rtFree(&body);
  rtFree(&parts->whole);
  rtFree(&parts->rest);
}

/*===- Integers ---------------------------------------------------------------------------------------------------===*/

static void addInteger(Buffer *out, int32_t kind, int64_t value, const Spec *spec) {
  bool negative = !rtIsUnsigned(kind) && value < 0;
  uint64_t magnitude = negative ? -(uint64_t)value : (uint64_t)value;
  char type = spec->type && spec->type != 's' ? spec->type : 'd';
  unsigned base = type == 'b' ? 2 : type == 'o' ? 8 : type == 'd' ? 10 : 16;
  char digits[65], *at = digits + 64;
  *at = 0;
  do
    *--at = (type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[magnitude % base];
  while (magnitude /= base);
  Parts parts = {.sign = negative ? '-' : spec->sign == '-' ? 0 : spec->sign, .prefix = "", .digits = true};
  if (spec->alternate && type != 'd')
    parts.prefix = type == 'b' ? "0b" : type == 'o' ? "0o" : type == 'x' ? "0x" : "0X";
  rtAddText(&parts.whole, at);
  layOut(out, spec, &parts);
}

/*===- Floats -----------------------------------------------------------------------------------------------------===*/

/* `#g`: all significant digits stay. (C's own loses zeros in glibc where rounding gives a power of ten.) From `most` digits before the
 * point on it has an exponent. */
static void addSignificant(Buffer *text, double x, int digits, int most, bool upper) {
  int point = x == 0 ? 1 : rtSignificant(x, digits < 25 ? digits : 25).point;
  if (point <= -4 || point > most)
    rtAddFormat(text, upper ? "%#.*E" : "%#.*e", digits - 1, x);
  else
    rtAddFormat(text, "%#.*f", digits - point, x);
}

/* No type but a precision: like g, with at least one digit after the point, and the exponent one digit earlier. */
static void addGeneral(Buffer *text, double x, int64_t precision) {
  int digits = precision < 1 ? 1 : precision > 30 ? 30 : (int)precision;
  Decimal d = rtSignificant(x, digits);
  if (d.point <= -4 || d.point > digits - 1)
    rtAddScientific(text, &d, 0, 2, false);
  else
    rtAddPositional(text, &d, 1);
}

static void addFloat(Buffer *out, int32_t kind, double x, const Spec *spec) {
  double magnitude = fabs(x);
  bool upper = spec->type && strchr("EFG", spec->type);
  Buffer text = {0};
  int precision = spec->precision < 0 ? 6 : (int)spec->precision;
  if (!isfinite(x))
    rtAddText(&text, isnan(x) ? (upper ? "NAN" : "nan") : upper ? "INF" : "inf");
  else if (!spec->type || spec->type == 's') {
    if (spec->precision >= 0 && spec->alternate)
      addSignificant(&text, magnitude, precision < 1 ? 1 : precision, precision < 1 ? 0 : precision - 1, false);
    else if (spec->precision >= 0)
      addGeneral(&text, magnitude, spec->precision);
    else
      rtAddFloat(&text, magnitude, kind);
    char *exponent = spec->alternate && !strchr(text.data, '.') ? strchr(text.data, 'e') : NULL;
    if (exponent) { /* 1e+16 gets its point */
      char tail[8];
      strcpy(tail, exponent);
      text.length = (size_t)(exponent - text.data);
      rtAddText(&text, ".");
      rtAddText(&text, tail);
    }
  } else if (spec->alternate && (spec->type == 'g' || spec->type == 'G'))
    addSignificant(&text, magnitude, precision < 1 ? 1 : precision, precision < 1 ? 1 : precision, upper);
  else if (spec->type == '%')
    rtAddFormat(&text, spec->alternate ? "%#.*f" : "%.*f", precision, magnitude * 100);
  else {
    char format[] = "%#.*g", plain[] = "%.*g";
    format[4] = plain[3] = spec->type;
    /* The format is one of six that end in e, f or g. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
    rtAddFormat(&text, spec->alternate ? format : plain, precision, magnitude);
#pragma GCC diagnostic pop
  }
  if (spec->type == '%')
    rtAddText(&text, "%");
  bool negative = signbit(x) && !isnan(x);
  Parts parts = {.sign = negative ? '-' : spec->sign == '-' ? 0 : spec->sign, .prefix = "", .digits = true};
  size_t whole = isfinite(x) ? strspn(text.data, "0123456789") : 0;
  if (!isfinite(x)) { /* zeros go in front of it too, as in Python */
    whole = text.length;
    Spec ungrouped = *spec;
    ungrouped.group = 0;
    rtAdd(&parts.whole, text.data, whole);
    layOut(out, &ungrouped, &parts);
    rtFree(&text);
    return;
  }
  rtAdd(&parts.whole, text.data, whole);
  rtAdd(&parts.rest, text.data + whole, text.length - whole);
  layOut(out, spec, &parts);
  rtFree(&text);
}

/*===- Any value --------------------------------------------------------------------------------------------------===*/

static void addText(Buffer *out, const char *bytes, size_t length, const Spec *spec, char align) {
  if (spec && spec->precision >= 0)
    length = rtPrefix(bytes, length, spec->precision);
  if (!spec) {
    rtAdd(out, bytes, length);
    return;
  }
  Buffer body = {0};
  rtAdd(&body, bytes, length);
  pad(out, spec, spec->align ? spec->align : align, "", &body);
  rtFree(&body);
}

void rtAddScalar(Buffer *out, int32_t kind, const void *data, int64_t i, const Spec *spec) {
  if (kind == TL_STR) {
    int64_t handle = rtInt(TL_I64, data, i), length;
    const char *bytes = tl_text(handle, &length);
    addText(out, bytes, (size_t)length, spec, '<');
  } else if (kind == TL_BOOL && (!spec || !spec->type || spec->type == 's')) {
    const char *text = rtInt(kind, data, i) ? "True" : "False";
    addText(out, text, strlen(text), spec, '>');
  } else if (rtIsFloat(kind) || (spec && spec->type && strchr("eEfFgG%", spec->type))) {
    double x = rtFloat(kind, data, i);
    if (spec)
      addFloat(out, kind, x, spec);
    else
      rtAddFloat(out, x, kind);
  } else if (spec)
    addInteger(out, kind, rtInt(kind, data, i), spec);
  else if (rtIsUnsigned(kind))
    rtAddFormat(out, "%llu", (unsigned long long)rtInt(kind, data, i));
  else
    rtAddFormat(out, "%lld", (long long)rtInt(kind, data, i));
}
