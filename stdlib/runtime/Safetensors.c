/* Safetensors: eight bytes with the length of a JSON header, the header {"name": {"dtype", "shape", "data_offsets"}, ...}, the data.
 * Refused, as by the reference implementation: overlaps, holes, names that occur twice, sizes that do not match. */
#include "Runtime.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIX = 8, LONGEST_HEADER = 100 << 20, DEPTH = 64 };

typedef struct {
  InFile *file;
  const char *start, *at;
} Reader;

typedef struct {
  int64_t offset; /* of its name in the file */
  char *name;     /* in the header's text, unescaped in place */
  int kind;       /* -1: a dtype that tl does not have */
  char dtype[16];
  int32_t rank;
  int64_t sizes[TL_MAX_RANK], begin, end;
} Tensor;

typedef struct {
  Tensor *tensors;
  int64_t count, capacity;
} Table;

static const struct {
  const char *name;
  int kind, width;
} dtypes[] = {{"BOOL", TL_BOOL, 1}, {"I8", TL_I8, 1},   {"I16", TL_I16, 2}, {"I32", TL_I32, 4}, {"I64", TL_I64, 8},
              {"U8", TL_U8, 1},     {"U16", TL_U16, 2}, {"U32", TL_U32, 4}, {"U64", TL_U64, 8}, {"F16", TL_F16, 2},
              {"BF16", TL_BF16, 2}, {"F32", TL_F32, 4}, {"F64", TL_F64, 8}, {"F8_E4M3", -1, 1}, {"F8_E5M2", -1, 1}};

/*===- JSON, as much of it as a header may hold -------------------------------------------------------------------===*/

static int64_t offsetOf(const Reader *r) { return PREFIX + (r->at - r->start); }

_Noreturn static void expected(const Reader *r, const char *what) {
  char found[8] = "the end";
  if (*r->at)
    snprintf(found, sizeof found, "`%.1s`", r->at);
  rtMalformed(r->file, offsetOf(r), "expected %s in the header, found %s", what, found);
}

static void skipBlanks(Reader *r) {
  while (*r->at && strchr(" \t\r\n", *r->at))
    r->at++;
}

static bool take(Reader *r, char c) {
  skipBlanks(r);
  if (*r->at != c)
    return false;
  r->at++;
  return true;
}

static void require(Reader *r, char c) {
  char what[] = "`x`";
  what[1] = c;
  if (!take(r, c))
    expected(r, what);
}

static unsigned readHex(Reader *r) {
  unsigned value = 0;
  for (int i = 0; i < 4; i++, r->at++) {
    const char *digits = "0123456789abcdef", *digit = *r->at ? strchr(digits, *r->at | 0x20) : NULL;
    if (!digit)
      expected(r, "four hexadecimal digits");
    value = value * 16 + (unsigned)(digit - digits);
  }
  return value;
}

static char *putUtf8(char *to, unsigned c) {
  if (c < 0x80)
    *to++ = (char)c;
  else if (c < 0x800)
    *to++ = (char)(0xC0 | c >> 6), *to++ = (char)(0x80 | (c & 63));
  else if (c < 0x10000)
    *to++ = (char)(0xE0 | c >> 12), *to++ = (char)(0x80 | (c >> 6 & 63)), *to++ = (char)(0x80 | (c & 63));
  else
    *to++ = (char)(0xF0 | c >> 18), *to++ = (char)(0x80 | (c >> 12 & 63)), *to++ = (char)(0x80 | (c >> 6 & 63)),
    *to++ = (char)(0x80 | (c & 63));
  return to;
}

/* Unescapes in place: no escape is shorter than what it stands for. */
static char *readString(Reader *r) {
  require(r, '"');
  char *text = (char *)r->at, *to = text;
  while (*r->at != '"') {
    char c = *r->at++;
    if ((unsigned char)c < ' ')
      r->at--, expected(r, "the end of a string");
    if (c != '\\') {
      *to++ = c;
      continue;
    }
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    c = *r->at;
    const char *known = c ? strchr(from, c) : NULL;
    if (!known && c != 'u')
      expected(r, "an escape");
    r->at++;
    if (known) {
      *to++ = into[known - from];
      continue;
    }
    unsigned code = readHex(r);
    if (code >= 0xD800 && code < 0xDC00 && r->at[0] == '\\' && r->at[1] == 'u') {
      r->at += 2;
      code = 0x10000 + ((code - 0xD800) << 10) + ((readHex(r) - 0xDC00) & 0x3FF);
    }
    if (!code)
      expected(r, "a name without zero bytes");
    to = putUtf8(to, code);
  }
  r->at++;
  *to = 0;
  return text;
}

static int64_t readNumber(Reader *r) {
  int64_t value = 0;
  skipBlanks(r);
  if (*r->at < '0' || *r->at > '9')
    expected(r, "a number that is not negative");
  for (; *r->at >= '0' && *r->at <= '9'; r->at++)
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *r->at - '0', &value))
      expected(r, "a number below 2^63");
  return value;
}

/* The reader holds strings only under this key. */
static void skipMetadata(Reader *r) {
  require(r, '{');
  if (take(r, '}'))
    return;
  do {
    readString(r);
    require(r, ':');
    readString(r);
  } while (take(r, ','));
  require(r, '}');
}

/*===- The table of tensors ---------------------------------------------------------------------------------------===*/

static void readShape(Reader *r, Tensor *tensor) {
  require(r, '[');
  if (take(r, ']'))
    return;
  do {
    if (tensor->rank == TL_MAX_RANK)
      expected(r, "at most 32 sizes");
    tensor->sizes[tensor->rank++] = readNumber(r);
  } while (take(r, ','));
  require(r, ']');
}

static void readOffsets(Reader *r, Tensor *tensor) {
  require(r, '[');
  tensor->begin = readNumber(r);
  require(r, ',');
  tensor->end = readNumber(r);
  require(r, ']');
}

static void readTensor(Reader *r, Tensor *tensor) {
  int seen = 0, width = 0;
  require(r, '{');
  do {
    skipBlanks(r);
    int64_t offset = offsetOf(r);
    const char *key = readString(r);
    int bit = !strcmp(key, "dtype") ? 1 : !strcmp(key, "shape") ? 2 : !strcmp(key, "data_offsets") ? 4 : 0;
    if (!bit || seen & bit)
      rtMalformed(r->file, offset, "expected `dtype`, `shape` and `data_offsets` once each, found `%s`", key);
    seen |= bit;
    require(r, ':');
    if (bit == 2)
      readShape(r, tensor);
    else if (bit == 4)
      readOffsets(r, tensor);
    else
      snprintf(tensor->dtype, sizeof tensor->dtype, "%s", readString(r));
  } while (take(r, ','));
  require(r, '}');
  if (seen != 7)
    rtMalformed(r->file, tensor->offset, "expected `dtype`, `shape` and `data_offsets` for `%s`, found only some of them", tensor->name);
  tensor->kind = -1;
  for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
    if (!strcmp(tensor->dtype, dtypes[i].name)) {
      tensor->kind = dtypes[i].kind;
      width = dtypes[i].width;
    }
  if (!width)
    rtMalformed(r->file, tensor->offset, "expected a dtype of safetensors for `%s`, found `%s`", tensor->name, tensor->dtype);
  int64_t bytes = rtBytes(tensor->rank, tensor->sizes, (size_t)width, INT64_MAX);
  if (tensor->end < tensor->begin || bytes != tensor->end - tensor->begin)
    rtMalformed(r->file, tensor->offset, "expected %lld bytes for the shape of `%s`, found data_offsets [%lld, %lld]", (long long)bytes,
                tensor->name, (long long)tensor->begin, (long long)tensor->end);
}

static Tensor *add(Table *table) {
  if (table->count == table->capacity) { /* entries are not believed either: each took some forty bytes of the file */
    int64_t capacity = table->capacity ? table->capacity * 2 : 16;
    Tensor *tensors = tl_alloc(capacity * (int64_t)sizeof(Tensor));
    if (table->count)
      memcpy(tensors, table->tensors, sizeof(Tensor) * (size_t)table->count);
    tl_free(table->tensors);
    table->tensors = tensors;
    table->capacity = capacity;
  }
  Tensor *tensor = &table->tensors[table->count++];
  *tensor = (Tensor){0};
  return tensor;
}

static void readTable(Reader *r, Table *table) {
  require(r, '{');
  bool metadata = false;
  if (!take(r, '}')) {
    do {
      skipBlanks(r);
      int64_t offset = offsetOf(r);
      char *name = readString(r);
      require(r, ':');
      if (!strcmp(name, "__metadata__") && !metadata) {
        metadata = true;
        skipMetadata(r);
        continue;
      }
      Tensor *tensor = add(table);
      tensor->name = name;
      tensor->offset = offset;
      readTensor(r, tensor);
    } while (take(r, ','));
    require(r, '}');
  }
  skipBlanks(r);
  if (*r->at)
    expected(r, "nothing more");
}

static int byBegin(const void *a, const void *b) {
  const Tensor *x = a, *y = b;
  if (x->begin != y->begin)
    return x->begin < y->begin ? -1 : 1;
  return (x->end > y->end) - (x->end < y->end);
}

static int byName(const void *a, const void *b) { return strcmp(((const Tensor *)a)->name, ((const Tensor *)b)->name); }

static void checkTable(InFile *file, Table *table, int64_t dataSize) {
  if (!table->count) {
    if (dataSize)
      rtMalformed(file, file->size - dataSize, "expected no data behind an empty header, found %lld bytes", (long long)dataSize);
    return;
  }
  qsort(table->tensors, (size_t)table->count, sizeof(Tensor), byBegin);
  int64_t at = 0;
  for (int64_t i = 0; i < table->count; i++) {
    const Tensor *tensor = &table->tensors[i];
    if (tensor->begin != at)
      rtMalformed(file, tensor->offset, "expected the data of `%s` at %lld, found data_offsets [%lld, %lld]", tensor->name, (long long)at,
                  (long long)tensor->begin, (long long)tensor->end);
    at = tensor->end;
  }
  if (at != dataSize)
    rtMalformed(file, file->size - dataSize, "expected %lld bytes of data, found %lld", (long long)at, (long long)dataSize);
  qsort(table->tensors, (size_t)table->count, sizeof(Tensor), byName);
  for (int64_t i = 1; i < table->count; i++)
    if (!byName(&table->tensors[i - 1], &table->tensors[i]))
      rtMalformed(file, table->tensors[i].offset, "expected each name once, found `%s` twice", table->tensors[i].name);
}

static const Tensor *choose(InFile *file, const Table *table) {
  if (file->found && table->count > 1) {
    for (int64_t i = 0; i < table->count; i++) {
      rtAddFormat(&file->found->text, "%s%s: ", i ? ", " : "", table->tensors[i].name);
      rtAddType(&file->found->text, table->tensors[i].kind < 0 ? TL_U8 : table->tensors[i].kind, table->tensors[i].rank,
                table->tensors[i].sizes);
    }
    rtFound(file);
  }
  if (!*file->name) {
    if (table->count != 1)
      rtMalformed(file, PREFIX, "expected one array, found %lld: load a record with their names as fields", (long long)table->count);
    return table->tensors;
  }
  for (int64_t i = 0; i < table->count; i++)
    if (!strcmp(table->tensors[i].name, file->name))
      return &table->tensors[i];
  Buffer names = {0};
  for (int64_t i = 0; i < table->count && i < 8; i++)
    rtAddFormat(&names, "%s`%s`", i ? ", " : "", table->tensors[i].name);
  char text[300];
  snprintf(text, sizeof text, "%s%s", names.data ? names.data : "none", table->count > 8 ? ", ..." : "");
  rtFree(&names);
  rtMalformed(file, PREFIX, "expected an array `%s`, found %s", file->name, text);
}

static void load(InFile *file, TlArray *out) {
  unsigned char prefix[PREFIX];
  if (file->size < PREFIX)
    rtMalformed(file, 0, "expected a .safetensors file of at least 8 bytes, found %lld", (long long)file->size);
  rtGet(file, 0, prefix, PREFIX);
  uint64_t length = 0;
  for (int i = 7; i >= 0; i--)
    length = length << 8 | prefix[i];
  int64_t room = file->size - PREFIX < LONGEST_HEADER ? file->size - PREFIX : LONGEST_HEADER;
  if (length > (uint64_t)room)
    rtMalformed(file, 0, "expected a header of at most %lld bytes, found a length of %llu", (long long)room, (unsigned long long)length);
  char *text = tl_alloc((int64_t)length + 1);
  rtGet(file, PREFIX, text, (int64_t)length);
  text[length] = 0;
  Reader reader = {file, text, text};
  Table table = {0};
  readTable(&reader, &table);
  checkTable(file, &table, file->size - PREFIX - (int64_t)length);
  const Tensor *tensor = choose(file, &table);
  if (tensor->kind < 0)
    rtMalformed(file, tensor->offset, "expected a dtype that tl has, found `%s`", tensor->dtype);
  rtRequireType(file, tensor->kind, tensor->rank, tensor->sizes);
  int64_t bytes = tensor->end - tensor->begin;
  out->data = tl_alloc(bytes);
  rtGet(file, PREFIX + (int64_t)length + tensor->begin, out->data, bytes);
  if (tensor->kind == TL_BOOL)
    for (int64_t i = 0; i < bytes; i++)
      ((uint8_t *)out->data)[i] = ((uint8_t *)out->data)[i] != 0;
  memcpy(out->sizes, tensor->sizes, sizeof tensor->sizes);
  tl_free(table.tensors);
  tl_free(text);
}

/*===- Writing ----------------------------------------------------------------------------------------------------===*/

static void addJson(Buffer *out, const char *text) {
  rtAddText(out, "\"");
  for (; *text; text++) {
    if ((unsigned char)*text < ' ')
      rtAddFormat(out, "\\u%04x", (unsigned char)*text);
    else {
      if (*text == '"' || *text == '\\')
        rtAddText(out, "\\");
      rtAdd(out, text, 1);
    }
  }
  rtAddText(out, "\"");
}

static void addEntry(Buffer *header, const char *name, const TlValue *value, int64_t begin, int64_t end) {
  const char *dtype = "";
  for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
    if (dtypes[i].kind == value->kind)
      dtype = dtypes[i].name;
  rtAddText(header, header->length > 1 ? "," : "");
  addJson(header, name);
  rtAddFormat(header, ":{\"dtype\":\"%s\",\"shape\":[", dtype);
  for (int32_t i = 0; i < value->rank; i++)
    rtAddFormat(header, i ? ",%lld" : "%lld", (long long)value->sizes[i]);
  rtAddFormat(header, "],\"data_offsets\":[%lld,%lld]}", (long long)begin, (long long)end);
}

static void save(OutFile *file, const char *const *names, const TlValue *values, int64_t count) {
  Buffer header = {0};
  rtAddText(&header, "{");
  int64_t at = 0;
  /* Wide elements first, so that all data is aligned. */
  for (size_t width = 8; width; width /= 2)
    for (int64_t i = 0; i < count; i++)
      if (rtWidth(values[i].kind) == width) {
        int64_t end = at + rtCount(values[i].rank, values[i].sizes) * (int64_t)width;
        addEntry(&header, *names[i] ? names[i] : "value", &values[i], at, end);
        at = end;
      }
  rtAddText(&header, "}");
  rtAddRepeated(&header, ' ', (int64_t)(7 - (header.length + 7) % 8));
  unsigned char prefix[PREFIX];
  for (int i = 0; i < PREFIX; i++)
    prefix[i] = (unsigned char)((uint64_t)header.length >> (8 * i));
  rtPut(file, prefix, PREFIX);
  rtPut(file, header.data, header.length);
  rtFree(&header);
  for (size_t width = 8; width; width /= 2)
    for (int64_t i = 0; i < count; i++)
      if (rtWidth(values[i].kind) == width)
        rtPut(file, values[i].data, (size_t)rtCount(values[i].rank, values[i].sizes) * width);
}

const TlFormat *tl_format_safetensors(void) {
  static const TlFormat format = {{".safetensors"}, load, save, NULL, NULL};
  return &format;
}
