/* NumPy's .npy, versions 1 to 3 (numpy/lib/format.py): a magic, the length of a header, the header as a Python dict, the data. */
#include "Runtime.h"
#include <stdio.h>
#include <string.h>

enum { LONGEST_HEADER = 1 << 16, PREFIX = 10 };

/* A place in the header's text. */
typedef struct {
  InFile *file;
  const char *start, *at;
  int64_t offset; /* of `start` in the file */
} Reader;

typedef struct {
  int kind;
  bool bigEndian, fortran;
  int32_t rank;
  int64_t sizes[TL_MAX_RANK];
} Header;

_Noreturn static void expected(const Reader *r, const char *what) {
  char found[12];
  if (*r->at)
    snprintf(found, sizeof found, "`%.1s`", r->at);
  else
    strcpy(found, "its end");
  rtMalformed(r->file, r->offset + (r->at - r->start), "expected %s in the header, found %s", what, found);
}

static void skipBlanks(Reader *r) {
  while (*r->at == ' ' || *r->at == '\n')
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

/* 'text', without escapes: no key or dtype has any. */
static void readString(Reader *r, char *text, size_t capacity) {
  skipBlanks(r);
  char quote = *r->at;
  if (quote != '\'' && quote != '"')
    expected(r, "a string");
  r->at++;
  size_t length = 0;
  for (; *r->at && *r->at != quote; r->at++)
    if (length + 1 < capacity)
      text[length++] = *r->at;
  text[length] = 0;
  require(r, quote);
}

static void readDtype(Reader *r, Header *header) {
  static const struct {
    const char *name;
    int kind;
  } types[] = {{"b1", TL_BOOL}, {"i1", TL_I8},  {"i2", TL_I16}, {"i4", TL_I32}, {"i8", TL_I64}, {"u1", TL_U8},
               {"u2", TL_U16},  {"u4", TL_U32}, {"u8", TL_U64}, {"f2", TL_F16}, {"f4", TL_F32}, {"f8", TL_F64}};
  int64_t offset = r->offset + (r->at - r->start);
  char text[24];
  skipBlanks(r);
  if (*r->at == '[')
    rtMalformed(r->file, offset, "expected numbers of one type, found a structured dtype");
  readString(r, text, sizeof text);
  header->kind = -1;
  if (*text && strchr("<>|=", *text))
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
      if (!strcmp(text + 1, types[i].name))
        header->kind = types[i].kind;
  if (header->kind < 0)
    rtMalformed(r->file, offset, "expected a dtype of bool, integers or floats, found `%s`%s", text,
                strchr(text, 'O')   ? " (Python objects are never read)"
                : strchr(text, 'c') ? " (complex)"
                                    : "");
  header->bigEndian = *text == '>';
}

static void readShape(Reader *r, Header *header) {
  require(r, '(');
  while (!take(r, ')')) {
    int64_t size = 0;
    skipBlanks(r);
    if (*r->at < '0' || *r->at > '9')
      expected(r, "a size");
    for (; *r->at >= '0' && *r->at <= '9'; r->at++)
      if (__builtin_mul_overflow(size, 10, &size) || __builtin_add_overflow(size, *r->at - '0', &size))
        rtMalformed(r->file, r->offset + (r->at - r->start), "expected a size below 2^63, found a longer number");
    if (*r->at == 'L') /* written by Python 2 */
      r->at++;
    if (header->rank == TL_MAX_RANK)
      rtMalformed(r->file, r->offset + (r->at - r->start), "expected at most %d sizes, found more", TL_MAX_RANK);
    header->sizes[header->rank++] = size;
    if (!take(r, ',') && *r->at != ')')
      expected(r, "`,` or `)`");
  }
}

static void readHeader(Reader *r, Header *header) {
  int seen = 0;
  require(r, '{');
  while (!take(r, '}')) {
    char key[24];
    int64_t offset = r->offset + (r->at - r->start);
    readString(r, key, sizeof key);
    require(r, ':');
    int bit = !strcmp(key, "descr") ? 1 : !strcmp(key, "fortran_order") ? 2 : !strcmp(key, "shape") ? 4 : 0;
    if (!bit || seen & bit)
      rtMalformed(r->file, offset, "expected `descr`, `fortran_order` and `shape` once each, found `%s`", key);
    seen |= bit;
    skipBlanks(r);
    if (bit == 1)
      readDtype(r, header);
    else if (bit == 4)
      readShape(r, header);
    else if (!strncmp(r->at, "True", 4))
      header->fortran = true, r->at += 4;
    else if (!strncmp(r->at, "False", 5))
      r->at += 5;
    else
      expected(r, "`True` or `False`");
    if (!take(r, ',') && *r->at != '}')
      expected(r, "`,` or `}`");
  }
  if (seen != 7)
    expected(r, "`descr`, `fortran_order` and `shape`");
  skipBlanks(r);
  if (*r->at)
    expected(r, "nothing more");
}

/* Column-major `from` into row-major `to`. */
static void transpose(const char *from, char *to, const Header *header, size_t width) {
  int64_t strides[TL_MAX_RANK], index[TL_MAX_RANK] = {0}, stride = (int64_t)width;
  for (int32_t d = 0; d < header->rank; d++) {
    strides[d] = stride;
    stride *= header->sizes[d];
  }
  int64_t count = rtCount(header->rank, header->sizes), source = 0;
  for (int64_t i = 0; i < count; i++) {
    memcpy(to + i * (int64_t)width, from + source, width);
    for (int32_t d = header->rank - 1; d >= 0; d--) {
      source += strides[d];
      if (++index[d] < header->sizes[d])
        break;
      source -= strides[d] * header->sizes[d];
      index[d] = 0;
    }
  }
}

/* True and False may be stored as any byte; compiled code relies on 0 and 1. */
static void normalize(uint8_t *data, int64_t count) {
  for (int64_t i = 0; i < count; i++)
    data[i] = data[i] != 0;
}

void rtLoadNpy(InFile *file, TlArray *out) {
  unsigned char prefix[12];
  if (file->size < PREFIX)
    rtMalformed(file, 0, "expected a .npy file of at least 10 bytes, found %lld", (long long)file->size);
  rtGet(file, 0, prefix, PREFIX);
  if (memcmp(prefix, "\x93NUMPY", 6))
    rtMalformed(file, 0, "expected the magic of a .npy file, found other bytes");
  if (prefix[6] < 1 || prefix[6] > 3)
    rtMalformed(file, 6, "expected version 1, 2 or 3, found %d", prefix[6]);
  int64_t length = prefix[8] | prefix[9] << 8, start = PREFIX;
  if (prefix[6] > 1) {
    start = 12;
    if (file->size < start)
      rtMalformed(file, 8, "expected the length of the header, found the end of the file");
    rtGet(file, 8, prefix + 8, 4);
    length = (int64_t)prefix[8] | (int64_t)prefix[9] << 8 | (int64_t)prefix[10] << 16 | (int64_t)prefix[11] << 24;
  }
  int64_t room = file->size - start < LONGEST_HEADER ? file->size - start : LONGEST_HEADER;
  if (length > room)
    rtMalformed(file, 8, "expected a header of at most %lld bytes, found a length of %lld", (long long)room, (long long)length);

  char *text = tl_alloc(length + 1);
  rtGet(file, start, text, length);
  text[length] = 0;
  Reader reader = {file, text, text, start};
  Header header = {0};
  readHeader(&reader, &header);
  tl_free(text);

  size_t width = rtWidth(header.kind);
  int64_t data = start + length, left = file->size - data;
  int64_t bytes = rtBytes(header.rank, header.sizes, width, INT64_MAX);
  if (bytes != left) {
    char said[24] = "more than 2^63";
    if (bytes >= 0)
      snprintf(said, sizeof said, "%lld", (long long)bytes);
    rtMalformed(file, data, "expected %s bytes of data for the shape in the header, found %lld", said, (long long)left);
  }
  rtRequireType(file, header.kind, header.rank, header.sizes);

  out->data = tl_alloc(bytes);
  rtGet(file, data, out->data, bytes);
  int64_t count = bytes / (int64_t)width;
  if (header.bigEndian)
    rtSwapBytes(out->data, count, width);
  if (header.kind == TL_BOOL)
    normalize(out->data, count);
  if (header.fortran && header.rank > 1) {
    void *rows = tl_alloc(bytes);
    transpose(out->data, rows, &header, width);
    tl_free(out->data);
    out->data = rows;
  }
  memcpy(out->sizes, header.sizes, sizeof header.sizes);
}

void rtAddNpyHeader(Buffer *header, const TlValue *value) {
  static const char *const types[] = {"|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f2", "", "<f4", "<f8"};
  Buffer text = {0};
  rtAddFormat(&text, "{'descr': '%s', 'fortran_order': False, 'shape': (", types[value->kind]);
  for (int32_t i = 0; i < value->rank; i++)
    rtAddFormat(&text, i ? ", %lld" : "%lld", (long long)value->sizes[i]);
  rtAddText(&text, value->rank == 1 ? ",), }" : "), }");
  /* The data begins at a multiple of 64. */
  rtAddRepeated(&text, ' ', (int64_t)(63 - (PREFIX + text.length) % 64));
  rtAddText(&text, "\n");
  const unsigned char prefix[PREFIX] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)text.length, (unsigned char)(text.length >> 8)};
  rtAdd(header, (const char *)prefix, PREFIX);
  rtAdd(header, text.data, text.length);
  rtFree(&text);
}

static void save(OutFile *file, const char *const *names, const TlValue *values, int64_t count) {
  if (count != 1)
    rtRefuse(file, "a .npy file holds one array, not %lld: save as .npz or .safetensors", (long long)count);
  if (values->kind == TL_BF16)
    rtRefuse(file, "a .npy file cannot hold bf16: save as .safetensors");
  Buffer header = {0};
  rtAddNpyHeader(&header, values);
  rtPut(file, header.data, header.length);
  rtFree(&header);
  rtPut(file, values->data, (size_t)rtCount(values->rank, values->sizes) * rtWidth(values->kind));
}

const TlFormat *tl_format_npy(void) {
  static const TlFormat format = {{".npy"}, rtLoadNpy, save, NULL, NULL};
  return &format;
}
