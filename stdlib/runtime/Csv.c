/* CSV (RFC 4180): numbers between commas, a row a line, perhaps with a first line of names. Text has no types, so numbers are read as
 * those that the program asks for. Read are all columns as [rows, columns], one column as [rows], or by its name that of a record's field.
 */
#include "Runtime.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A place in the text, which ends with a zero. */
typedef struct {
  InFile *file;
  const char *at, *end;
  int64_t line;
} Reader;

/* Without the blanks and quotation marks around it. */
typedef struct {
  const char *text;
  int64_t length;
  bool last; /* of its line */
} Field;

static bool isBlank(char c) { return c == ' ' || c == '\t'; }

/* The next field of the line; the reader stands behind its comma, or at the end of the line. */
static Field readField(Reader *r) {
  Field field = {0};
  while (isBlank(*r->at))
    r->at++;
  if (*r->at == '"') {
    field.text = ++r->at;
    while (r->at < r->end && !(*r->at == '"' && r->at[1] != '"'))
      r->at += *r->at == '"' ? 2 : 1;
    if (r->at >= r->end)
      rtMalformedLine(r->file, r->line, 0, "expected the end of a quotation, found the end of the file");
    field.length = r->at++ - field.text;
    while (isBlank(*r->at))
      r->at++;
  } else {
    field.text = r->at;
    while (r->at < r->end && *r->at != ',' && *r->at != '\n' && *r->at != '\r')
      r->at++;
    field.length = r->at - field.text;
    while (field.length && isBlank(field.text[field.length - 1]))
      field.length--;
  }
  field.last = *r->at != ',';
  if (!field.last)
    r->at++;
  else if (r->at < r->end && *r->at != '\n' && *r->at != '\r')
    rtMalformedLine(r->file, r->line, 0, "expected a comma behind a quotation, found `%.1s`", r->at);
  return field;
}

/* To the next line that holds anything; false at the end of the text. */
static bool nextLine(Reader *r) {
  for (; r->at < r->end; r->at++) {
    if (*r->at == '\n')
      r->line++;
    else if (*r->at != '\r' && !isBlank(*r->at))
      return true;
  }
  return false;
}

static bool isNamed(Field field, const char *name) {
  return (int64_t)strlen(name) == field.length && !memcmp(field.text, name, (size_t)field.length);
}

static const char *const words[] = {"0", "1", "false", "true", "False", "True", "FALSE", "TRUE"};

/* Whether the field is of the kind of what may stand there: a word for a bool, else a float, which nan, inf and integers are too. */
static bool isNumber(Field field, int32_t kind) {
  char *end;
  for (int i = 0; kind == TL_BOOL && i < 8; i++)
    if (isNamed(field, words[i]))
      return true;
  if (!field.length)
    return false;
  strtod(field.text, &end);
  return end == field.text + field.length;
}

/*===- Numbers ----------------------------------------------------------------------------------------------------===*/

_Noreturn static void expected(Reader *r, int64_t column, Field field, const char *more) {
  int shown = field.length < 40 ? (int)field.length : 40;
  if (!field.length)
    rtMalformedLine(r->file, r->line, column, "expected %s, found nothing", rtKindName(r->file->kind));
  rtMalformedLine(r->file, r->line, column, "expected %s, found `%.*s`%s", rtKindName(r->file->kind), shown, field.text, more);
}

static void readBool(Reader *r, int64_t column, Field field, uint8_t *to) {
  for (int i = 0; i < 8; i++)
    if (isNamed(field, words[i])) {
      *to = (uint8_t)(i & 1);
      return;
    }
  expected(r, column, field, "");
}

static void readInteger(Reader *r, int64_t column, Field field, void *to) {
  const int32_t kind = r->file->kind;
  const size_t width = rtWidth(kind);
  const char *digits = field.text + (*field.text == '-' || *field.text == '+');
  char *end;
  if (field.length && isdigit((unsigned char)*digits)) {
    errno = 0;
    bool negative = *field.text == '-';
    uint64_t n = strtoull(digits, &end, 10);
    uint64_t most = rtIsUnsigned(kind) ? (negative ? 0 : UINT64_MAX >> (64 - 8 * width)) : (UINT64_MAX >> (65 - 8 * width)) + negative;
    if (end == field.text + field.length) {
      if (errno || n > most)
        expected(r, column, field, ", which is out of range");
      n = negative ? 0 - n : n;
      memcpy(to, &n, width); /* the low bytes stand first */
      return;
    }
  }
  expected(r, column, field, isNumber(field, r->file->kind) ? ": load it as f64 and convert" : "");
}

static void readFloat(Reader *r, int64_t column, Field field, void *to) {
  char *end;
  if (!isNumber(field, r->file->kind))
    expected(r, column, field, "");
  double x = rtParse(field.text, r->file->kind, &end);
  if (isinf(x) && !strpbrk(field.text, "iI"))
    expected(r, column, field, ", which is out of range");
  switch (r->file->kind) {
  case TL_F64:
    memcpy(to, &x, sizeof x);
    break;
  case TL_F32: {
    float f = (float)x;
    memcpy(to, &f, sizeof f);
    break;
  }
  case TL_F16: {
    _Float16 h = (_Float16)x;
    memcpy(to, &h, sizeof h);
    break;
  }
  default: {
    __bf16 b = (__bf16)x;
    memcpy(to, &b, sizeof b);
  }
  }
}

static void readNumber(Reader *r, int64_t column, Field field, void *to) {
  if (r->file->kind == TL_BOOL)
    readBool(r, column, field, to);
  else if (rtIsFloat(r->file->kind))
    readFloat(r, column, field, to);
  else
    readInteger(r, column, field, to);
}

/*===- The table --------------------------------------------------------------------------------------------------===*/

/* Whether it begins as a number does: with a digit, behind a sign and a point if there are any. */
static bool beginsAsNumber(Field field) {
  int64_t at = field.length > 0 && (*field.text == '-' || *field.text == '+');
  at += field.length > at && field.text[at] == '.';
  return field.length > at && isdigit((unsigned char)field.text[at]);
}

/* The number of columns of the first line, whether they are names, and which of them the file's `name` is. A line with a number in it
   is none of names: what else stands there is a mistake that must be shown. */
static bool readHeader(Reader *r, int64_t *columns, int64_t *wanted) {
  bool named = false, counted = false;
  Field field = {0};
  *columns = 0;
  *wanted = -1;
  if (!nextLine(r))
    return false;
  while (!field.last) {
    field = readField(r);
    named |= field.length && !isNumber(field, r->file->kind);
    counted |= beginsAsNumber(field);
    if (isNamed(field, r->file->name))
      *wanted = *columns;
    ++*columns;
  }
  return named && !counted;
}

/* Counts the rows and sees to it that all have as many fields. */
static int64_t countRows(Reader r, int64_t columns) {
  int64_t rows = 0;
  for (; nextLine(&r); rows++) {
    int64_t found = 0;
    for (Field field = {0}; !field.last; found++)
      field = readField(&r);
    if (found != columns)
      rtMalformedLine(r.file, r.line, 0, "expected %lld numbers, as in the first line, found %lld", (long long)columns, (long long)found);
  }
  return rows;
}

static void load(InFile *file, TlArray *out) {
  char *text = tl_alloc(file->size + 1);
  rtGet(file, 0, text, file->size);
  text[file->size] = 0;
  Reader r = {file, text, text + file->size, 1}, first;
  if (file->size >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3))
    r.at += 3;
  first = r;
  int64_t columns, wanted;
  bool named = readHeader(&r, &columns, &wanted);
  if (*file->name && (!named || wanted < 0))
    rtMalformedLine(file, first.line, 0,
                    named ? "expected a column `%s`, found other names" : "expected names of columns, among them `%s`, found numbers",
                    file->name);
  if (!named)
    r = first;
  int64_t rows = countRows(r, columns);

  const bool one = file->rank == 1 && (wanted >= 0 || columns == 1);
  int64_t sizes[2] = {rows, columns};
  if (!columns && !file->found && file->rank == 2 && file->expected[1] >= 0) /* no line at all: no rows of any width */
    sizes[1] = file->expected[1];
  rtRequireType(file, file->kind, one ? 1 : 2, sizes);

  const size_t width = rtWidth(file->kind);
  char *to = tl_alloc(rows * (one ? 1 : columns) * (int64_t)width);
  out->data = to;
  while (nextLine(&r))
    for (int64_t column = 0; column < columns; column++) {
      Field field = readField(&r);
      if (*file->name && column != wanted)
        continue;
      readNumber(&r, column + 1, field, to);
      to += width;
    }
  memcpy(out->sizes, sizes, sizeof sizes);
  tl_free(text);
}

/*===- Writing ----------------------------------------------------------------------------------------------------===*/

static void addNumber(Buffer *line, const TlValue *value, int64_t i) {
  if (rtIsFloat(value->kind))
    rtAddFloat(line, rtFloat(value->kind, value->data, i), value->kind);
  else if (value->kind == TL_U64)
    rtAddFormat(line, "%llu", (unsigned long long)rtInt(value->kind, value->data, i));
  else
    rtAddFormat(line, "%lld", (long long)rtInt(value->kind, value->data, i));
}

static void save(OutFile *file, const char *const *names, const TlValue *values, int64_t count) {
  const bool record = count != 1 || *names[0];
  const int64_t rows = values->rank ? values->sizes[0] : 1, columns = values->rank == 2 ? values->sizes[1] : 1;
  Buffer text = {0};
  for (int64_t i = 0; i < count; i++) {
    if (record && values[i].rank != 1)
      rtRefuse(file, "a .csv file holds a record of arrays of rank 1, and `%s` has rank %d: save as .npz", names[i], values[i].rank);
    if (!record && values[i].rank > 2)
      rtRefuse(file, "a .csv file holds rows of numbers, not an array of rank %d: save as .npy", values[i].rank);
    if (record && values[i].sizes[0] != rows)
      rtRefuse(file, "a .csv file holds columns of one length; `%s` has %lld and `%s` %lld", names[0], (long long)rows, names[i],
               (long long)values[i].sizes[0]);
    if (record)
      rtAddFormat(&text, "%s%s", i ? "," : "", names[i]);
  }
  if (record)
    rtAddText(&text, "\n");
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t i = 0; i < (record ? count : columns); i++) {
      rtAddText(&text, i ? "," : "");
      addNumber(&text, &values[record ? i : 0], record ? row : row * columns + i);
    }
    rtAddText(&text, "\n");
    if (text.length > 1 << 16) {
      rtPut(file, text.data, text.length);
      text.length = 0;
    }
  }
  if (text.length)
    rtPut(file, text.data, text.length);
  rtFree(&text);
}

const TlFormat *tl_format_csv(void) {
  static const TlFormat format = {{".csv"}, load, save, NULL, NULL};
  return &format;
}
