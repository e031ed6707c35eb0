/* NumPy's .npz: a zip archive of .npy files, NAME.npy, stored or packed. Read through the directory at its end (APPNOTE.TXT 6.3.10, with
 * the 64-bit forms); written stored, as numpy.savez does. */
#include "Runtime.h"
#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { LOCAL = 30, CENTRAL = 46, END = 22, LOCATOR = 20, END64 = 56, LONGEST_COMMENT = 0xFFFF };
enum { STORED = 0, DEFLATED = 8, DOS_DATE = 0x21 /* 1 January 1980: the same bytes each time */ };

typedef struct {
  char name[256];
  int64_t offset, packed, size, at; /* of the local header, the data, the entry in the directory */
  int method, flags;
  uint32_t crc;
} ZipEntry;

static uint64_t little(const unsigned char *at, int bytes) {
  uint64_t n = 0;
  while (bytes--)
    n = n << 8 | at[bytes];
  return n;
}

/* ---- reading ---- */

/* Where the directory is and how many entries it has. */
static void findDirectory(InFile *file, int64_t *at, int64_t *size, int64_t *count) {
  unsigned char tail[END + LONGEST_COMMENT];
  if (file->size < END)
    rtMalformed(file, 0, "expected a zip archive of at least %d bytes, found %lld", END, (long long)file->size);
  int64_t length = file->size < (int64_t)sizeof tail ? file->size : (int64_t)sizeof tail, start = file->size - length, i = length - END;
  rtGet(file, start, tail, length);
  while (i >= 0 && little(tail + i, 4) != 0x06054B50)
    i--;
  if (i < 0)
    rtMalformed(file, start, "expected the directory at the end of a zip archive, found none");
  const unsigned char *end = tail + i;
  *count = (int64_t)little(end + 10, 2);
  *size = (int64_t)little(end + 12, 4);
  *at = (int64_t)little(end + 16, 4);
  int64_t limit = start + i;
  if (limit >= LOCATOR) {
    unsigned char locator[LOCATOR], wide[END64];
    rtGet(file, limit - LOCATOR, locator, LOCATOR);
    if (little(locator, 4) == 0x07064B50) {
      limit = (int64_t)little(locator + 8, 8);
      if (limit < 0 || limit > file->size - END64)
        rtMalformed(file, file->size - END, "expected the place of the directory in the file, found %lld", (long long)limit);
      rtGet(file, limit, wide, END64);
      *count = (int64_t)little(wide + 32, 8);
      *size = (int64_t)little(wide + 40, 8);
      *at = (int64_t)little(wide + 48, 8);
    }
  }
  if (*at < 0 || *size < 0 || *at > limit || *size > limit - *at)
    rtMalformed(file, limit, "expected a directory that lies in the file, found %lld bytes at %lld", (long long)*size, (long long)*at);
}

/* Sizes that do not fit 32 bits stand in the extra field 1, in this order. */
static void widen(InFile *file, ZipEntry *entry, const unsigned char *extra, int64_t length) {
  int64_t *const wide[] = {&entry->size, &entry->packed, &entry->offset};
  for (int64_t i = 0; i + 4 <= length;) {
    int64_t id = (int64_t)little(extra + i, 2), bytes = (int64_t)little(extra + i + 2, 2), at = i + 4;
    i = at + bytes;
    if (id != 1 || i > length)
      continue;
    for (int k = 0; k < 3; k++)
      if (*wide[k] == 0xFFFFFFFF) {
        if (at + 8 > i)
          rtMalformed(file, entry->at, "expected the sizes of `%s`, found some of them", entry->name);
        *wide[k] = (int64_t)little(extra + at, 8);
        at += 8;
      }
  }
}

/* The entry at *at of a directory that ends at `end`. */
static ZipEntry readEntry(InFile *file, int64_t *at, int64_t end) {
  unsigned char header[CENTRAL], extra[512];
  ZipEntry entry = {.at = *at};
  if (end - *at < CENTRAL)
    rtMalformed(file, *at, "expected one more entry in the directory, found its end");
  rtGet(file, *at, header, CENTRAL);
  if (little(header, 4) != 0x02014B50)
    rtMalformed(file, *at, "expected an entry of the directory, found other bytes");
  int64_t name = (int64_t)little(header + 28, 2), more = (int64_t)little(header + 30, 2), comment = (int64_t)little(header + 32, 2);
  if (name + more + comment > end - *at - CENTRAL)
    rtMalformed(file, *at, "expected an entry that ends in the directory, found a longer one");
  int64_t kept = name < (int64_t)sizeof entry.name - 1 ? name : (int64_t)sizeof entry.name - 1;
  rtGet(file, *at + CENTRAL, entry.name, kept);
  if (rtEndsWith(entry.name, ".npy"))
    entry.name[kept - 4] = 0;
  entry.flags = (int)little(header + 8, 2);
  entry.method = (int)little(header + 10, 2);
  entry.crc = (uint32_t)little(header + 16, 4);
  entry.packed = (int64_t)little(header + 20, 4);
  entry.size = (int64_t)little(header + 24, 4);
  entry.offset = (int64_t)little(header + 42, 4);
  if (more <= (int64_t)sizeof extra) {
    rtGet(file, *at + CENTRAL + name, extra, more);
    widen(file, &entry, extra, more);
  }
  *at += CENTRAL + name + more + comment;
  return entry;
}

static ZipEntry choose(InFile *file) {
  int64_t at, size, count;
  findDirectory(file, &at, &size, &count);
  const int64_t begin = at, end = at + size;
  if (!*file->name && count != 1 && !file->found)
    rtMalformed(file, begin, "expected one array, found %lld: load a record with their names as fields", (long long)count);
  char names[300] = "none";
  int length = 0;
  for (int64_t i = 0; i < count; i++) {
    ZipEntry entry = readEntry(file, &at, end);
    if (file->found && i < file->found->entry)
      continue;
    if (file->found && count > 1) {
      rtAddFormat(&file->found->text, "%s%s: ", i ? ", " : "", entry.name);
      file->found->more = i + 1 < count;
    }
    if (!*file->name || !strcmp(entry.name, file->name))
      return entry;
    if (length < 200)
      length += snprintf(names + length, sizeof names - (size_t)length, "%s`%.60s`", i ? ", " : "", entry.name);
  }
  rtMalformed(file, begin, "expected an array `%s`, found %s", file->name, names);
}

static uint32_t checksum(InFile *file) {
  unsigned char block[1 << 16];
  uLong crc = crc32(0, NULL, 0);
  for (int64_t at = 0; at < file->size; at += (int64_t)sizeof block) {
    int64_t n = file->size - at < (int64_t)sizeof block ? file->size - at : (int64_t)sizeof block;
    rtGet(file, at, block, n);
    crc = crc32(crc, block, (uInt)n);
  }
  return (uint32_t)crc;
}

static void load(InFile *file, TlArray *out) {
  ZipEntry entry = choose(file);
  unsigned char local[LOCAL];
  if (entry.flags & 1)
    rtMalformed(file, entry.at, "expected an entry that is not encrypted, found `%s` encrypted", entry.name);
  if (entry.method != STORED && entry.method != DEFLATED)
    rtMalformed(file, entry.at, "expected `%s` stored or deflated, found method %d", entry.name, entry.method);
  if (entry.offset < 0 || entry.offset > file->size - LOCAL)
    rtMalformed(file, entry.at, "expected the place of `%s` in the file, found %lld", entry.name, (long long)entry.offset);
  rtGet(file, entry.offset, local, LOCAL);
  if (little(local, 4) != 0x04034B50)
    rtMalformed(file, entry.offset, "expected the header of `%s`, found other bytes", entry.name);
  int64_t data = entry.offset + LOCAL + (int64_t)little(local + 26, 2) + (int64_t)little(local + 28, 2);
  if (entry.packed < 0 || entry.size < 0 || data > file->size || entry.packed > file->size - data ||
      (entry.method == STORED && entry.size != entry.packed))
    rtMalformed(file, entry.at, "expected the data of `%s` in the file, found %lld bytes at %lld", entry.name, (long long)entry.packed,
                (long long)data);
  Buffer path = {0};
  rtAddFormat(&path, "%s(%s.npy)", file->path, entry.name);
  InFile inner = *file;
  inner.path = tl_text(rtString(&path), NULL);
  inner.name = "";
  inner.size = entry.size;
  if (entry.method == STORED && file->memory)
    inner.memory = file->memory + data;
  else if (entry.method == STORED)
    inner.start = file->start + data;
  else
    inner.memory = rtInflate(file, data, entry.packed, entry.size, -MAX_WBITS, &inner.size);
  uint32_t found = checksum(&inner);
  if (found != entry.crc)
    rtMalformed(file, entry.at, "expected the checksum %08x for `%s`, found %08x", entry.crc, entry.name, found);
  rtLoadNpy(&inner, out);
  if (entry.method == DEFLATED)
    tl_free((void *)inner.memory);
}

/* ---- writing ---- */

static void put(Buffer *to, uint64_t n, int bytes) {
  for (; bytes--; n >>= 8) {
    char byte = (char)n;
    rtAdd(to, &byte, 1);
  }
}

/* What the local header and the directory both say of an entry. */
static void addEntry(Buffer *to, uint32_t crc, uint64_t size, const char *name) {
  put(to, 20, 2);    /* version needed */
  put(to, 0x800, 2); /* the name is UTF-8 */
  put(to, STORED, 2);
  put(to, 0, 2);
  put(to, DOS_DATE, 2);
  put(to, crc, 4);
  put(to, size, 4);
  put(to, size, 4);
  put(to, strlen(name) + strlen(".npy"), 2);
  put(to, 0, 2);
}

static void save(OutFile *file, const char *const *names, const TlValue *values, int64_t count) {
  Buffer directory = {0};
  uint64_t at = 0;
  for (int64_t i = 0; i < count; i++) {
    const char *name = *names[i] ? names[i] : "arr_0"; /* as numpy.savez names it */
    if (values[i].kind == TL_BF16)
      rtRefuse(file, "a .npz file cannot hold bf16, which `%s` is: save as .safetensors", name);
    Buffer npy = {0}, header = {0};
    rtAddNpyHeader(&npy, &values[i]);
    const uint64_t bytes = (uint64_t)rtCount(values[i].rank, values[i].sizes) * rtWidth(values[i].kind), size = npy.length + bytes;
    if (at + size + LOCAL + strlen(name) > 0xFFFFFFF0u || count > 0xFFFE)
      rtRefuse(file, "a .npz file that tl writes holds up to 4 GB and 65534 arrays: save as .safetensors");
    uLong crc = crc32_z(crc32_z(0, (const unsigned char *)npy.data, npy.length), values[i].data, bytes);
    put(&header, 0x04034B50, 4);
    addEntry(&header, (uint32_t)crc, size, name);
    put(&directory, 0x02014B50, 4);
    put(&directory, 20, 2); /* version made by */
    addEntry(&directory, (uint32_t)crc, size, name);
    put(&directory, 0, 10); /* no comment, first disk, no attributes */
    put(&directory, at, 4);
    rtAddFormat(&header, "%s.npy", name);
    rtAddFormat(&directory, "%s.npy", name);
    rtPut(file, header.data, header.length);
    rtPut(file, npy.data, npy.length);
    rtPut(file, values[i].data, bytes);
    at += header.length + size;
    rtFree(&npy);
    rtFree(&header);
  }
  uint64_t length = directory.length;
  put(&directory, 0x06054B50, 4);
  put(&directory, 0, 4);
  put(&directory, (uint64_t)count, 2);
  put(&directory, (uint64_t)count, 2);
  put(&directory, length, 4);
  put(&directory, at, 4);
  put(&directory, 0, 2);
  rtPut(file, directory.data, directory.length);
  rtFree(&directory);
}

const TlFormat *tl_format_npz(void) {
  static const TlFormat format = {{".npz"}, load, save, NULL, NULL};
  return &format;
}
