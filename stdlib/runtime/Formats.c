/* The format of a file by the end of its name, where that is known only when the program runs. Whoever calls tl_format_any is linked with
 * all formats. A name that ends with .gz is that of a packed file of another format. */
#include "Runtime.h"
#include <stdio.h>
#include <string.h>

static void loadIdx(InFile *file, TlArray *out);
static void saveIdx(OutFile *file, const char *const *names, const TlValue *values, int64_t count);
static void loadPacked(InFile *file, TlArray *out);

static const TlFormat idx = {{".idx", "-ubyte", ".ubyte"}, loadIdx, saveIdx, NULL, NULL}, packed = {{".gz"}, loadPacked, NULL, NULL, NULL};

static bool has(const TlFormat *format, const char *path) {
  for (const char *const *end = format->ends; *end; end++)
    if (rtEndsWith(path, *end))
      return true;
  return false;
}

static const TlFormat *choose(const char *path) {
  const TlFormat *const all[] = {tl_format_npy(), tl_format_npz(), tl_format_safetensors(), tl_format_csv(), tl_format_png(), &idx,
                                 &packed};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (has(all[i], path))
      return all[i];
  return NULL;
}

const TlFormat *tl_format_any(void) {
  static const TlFormat any = {{NULL}, NULL, NULL, choose, ".npy, .npz, .safetensors, .csv, .png and IDX (.idx, -ubyte)"};
  return &any;
}

/*===- name.gz ----------------------------------------------------------------------------------------------------===*/

static void loadPacked(InFile *file, TlArray *out) {
  char name[4096];
  snprintf(name, sizeof name, "%.*s", (int)(strlen(file->path) - strlen(".gz")), file->path);
  const TlFormat *format = choose(name);
  if (!format || format == &packed)
    rtCannotRead(file, "the name in front of .gz does not say of what format it is");
  enum { GZIP = 16 + 15 };
  InFile inner = *file;
  inner.memory = rtInflate(file, 0, file->size, -1, GZIP, &inner.size);
  format->load(&inner, out);
  tl_free((void *)inner.memory);
}

/*===- IDX, the format of the MNIST files: 0, 0, a type, the rank, sizes of four bytes, all with the highest byte first ------------===*/

static const int idxKinds[] = {[0x08] = TL_U8, [0x09] = TL_I8, [0x0B] = TL_I16, [0x0C] = TL_I32, [0x0D] = TL_F32, [0x0E] = TL_F64};

static int idxType(int32_t kind) {
  for (int type = 0x08; type <= 0x0E; type++)
    if (type != 0x0A && idxKinds[type] == kind)
      return type;
  return 0;
}

static uint32_t bigEndian(const unsigned char *at) { return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]; }

static void loadIdx(InFile *file, TlArray *out) {
  unsigned char prefix[4], size[4];
  rtGet(file, 0, prefix, sizeof prefix);
  int type = prefix[2], rank = prefix[3];
  if (prefix[0] || prefix[1])
    rtMalformed(file, 0, "expected two zero bytes, which an IDX file begins with, found %d and %d", prefix[0], prefix[1]);
  if (type < 0x08 || type > 0x0E || type == 0x0A)
    rtMalformed(file, 2, "expected a type of IDX (8, 9, 11, 12, 13 or 14), found %d", type);
  if (rank > TL_MAX_RANK)
    rtMalformed(file, 3, "expected at most %d sizes, found %d", TL_MAX_RANK, rank);
  int64_t sizes[TL_MAX_RANK], start = 4 + 4 * (int64_t)rank;
  for (int i = 0; i < rank; i++) {
    rtGet(file, 4 + 4 * i, size, sizeof size);
    sizes[i] = bigEndian(size);
  }
  int kind = idxKinds[type];
  size_t width = rtWidth(kind);
  int64_t bytes = rtBytes(rank, sizes, width, INT64_MAX);
  if (bytes < 0)
    rtMalformed(file, 4, "expected sizes whose product is below 2^63, found larger ones");
  if (bytes != file->size - start)
    rtMalformed(file, start, "expected %lld bytes of data for the sizes in the header, found %lld", (long long)bytes,
                (long long)(file->size - start));
  rtRequireType(file, kind, rank, sizes);
  out->data = tl_alloc(bytes);
  rtGet(file, start, out->data, bytes);
  rtSwapBytes(out->data, bytes / (int64_t)width, width);
  memcpy(out->sizes, sizes, sizeof *sizes * (size_t)rank);
}

static void saveIdx(OutFile *file, const char *const *names, const TlValue *values, int64_t count) {
  if (count != 1)
    rtRefuse(file, "an IDX file holds one array, not %lld: save as .npz or .safetensors", (long long)count);
  int type = idxType(values->kind);
  if (!type)
    rtRefuse(file, "an IDX file holds u8, i8, i16, i32, f32 or f64, not %s: convert, or save as .npy", rtKindName(values->kind));
  Buffer header = {0};
  const char prefix[4] = {0, 0, (char)type, (char)values->rank};
  rtAdd(&header, prefix, sizeof prefix);
  for (int32_t i = 0; i < values->rank; i++) {
    int64_t n = values->sizes[i];
    if (n > UINT32_MAX)
      rtRefuse(file, "an IDX file holds sizes below 2^32, not %lld: save as .npy", (long long)n);
    const char size[4] = {(char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n};
    rtAdd(&header, size, sizeof size);
  }
  rtPut(file, header.data, header.length);
  rtFree(&header);
  size_t width = rtWidth(values->kind);
  int64_t elements = rtCount(values->rank, values->sizes);
  char block[1 << 13];
  for (int64_t at = 0, step = (int64_t)(sizeof block / width); at < elements; at += step) {
    int64_t n = elements - at < step ? elements - at : step;
    memcpy(block, (const char *)values->data + at * (int64_t)width, (size_t)n * width);
    rtSwapBytes(block, n, width);
    rtPut(file, block, (size_t)n * width);
  }
}
