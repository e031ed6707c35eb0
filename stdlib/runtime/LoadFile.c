/* load(path): opens the file and hands it to the reader of its format. No reader believes a header: every length is compared with
 * the size of the file before anything is allocated. */
#include "Runtime.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Noreturn void rtCannotRead(InFile *file, const char *why) {
  if (file->descriptor >= 0)
    close(file->descriptor);
  if (file->found)
    rtExit(TL_IO);
  Buffer message = {0};
  rtAddFormat(&message, "%s: cannot read: %s", file->path, why);
  rtFail(TL_IO, RT_CANNOT_READ, &message, file->place);
}

/* Fails with "PATH: WHERE: ...". */
_Noreturn static void malformed(InFile *file, const char *where, const char *format, va_list arguments) {
  if (file->descriptor >= 0)
    close(file->descriptor);
  if (file->found)
    rtExit(TL_IO);
  Buffer message = {0};
  char text[600];
  vsnprintf(text, sizeof text, format, arguments);
  for (char *c = text; *c; c++) /* what comes from the file may hold anything */
    if ((unsigned char)*c < ' ' || *c == 127)
      *c = '?';
  rtAddFormat(&message, "%s: %s: %s", file->path, where, text);
  rtFail(TL_IO, RT_MALFORMED, &message, file->place);
}

_Noreturn void rtMalformed(InFile *file, int64_t offset, const char *format, ...) {
  char where[40];
  snprintf(where, sizeof where, "at byte %lld", (long long)offset);
  va_list arguments;
  va_start(arguments, format);
  malformed(file, where, format, arguments);
}

_Noreturn void rtMalformedLine(InFile *file, int64_t line, int64_t column, const char *format, ...) {
  char where[80];
  snprintf(where, sizeof where, column ? "line %lld, column %lld" : "line %lld", (long long)line, (long long)column);
  va_list arguments;
  va_start(arguments, format);
  malformed(file, where, format, arguments);
}

void rtGet(InFile *file, int64_t offset, void *bytes, int64_t length) {
  char *at = bytes;
  if (offset > file->size || length > file->size - offset)
    rtMalformed(file, offset, "expected %lld more bytes, found %lld", (long long)length,
                (long long)(offset > file->size ? 0 : file->size - offset));
  if (file->memory) {
    memcpy(at, file->memory + offset, (size_t)length);
    return;
  }
  while (length) {
    ssize_t got = pread(file->descriptor, at, (size_t)(length < (1 << 30) ? length : 1 << 30), file->start + offset);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      rtCannotRead(file, strerror(errno));
    if (got == 0)
      rtMalformed(file, offset, "expected %lld more bytes, found the end of the file", (long long)length);
    at += got;
    offset += got;
    length -= got;
  }
}

void rtSwapBytes(void *data, int64_t count, size_t width) {
  char *bytes = data;
  for (int64_t i = 0; i < count; i++)
    for (size_t j = 0; j < width / 2; j++) {
      char *a = bytes + i * (int64_t)width + j, *b = bytes + (i + 1) * (int64_t)width - 1 - j, t = *a;
      *a = *b;
      *b = t;
    }
}

bool rtEndsWith(const char *text, const char *end) {
  size_t n = strlen(text), m = strlen(end);
  return n >= m && !strcmp(text + n - m, end);
}

const TlSession *rtSession;
void tl_session(const TlSession *session) { rtSession = session; }
bool rtInSession(const char *path) { return !strncmp(path, "session:", strlen("session:")); }

_Noreturn void rtFound(InFile *file) {
  close(file->descriptor);
  rtExit(TL_OK);
}

void rtRequireType(InFile *file, int32_t kind, int32_t rank, const int64_t *sizes) {
  if (file->found) {
    rtAddType(&file->found->text, kind, rank, sizes);
    rtFound(file);
  }
  bool fits = kind == file->kind && rank == file->rank;
  for (int32_t i = 0; fits && i < rank; i++)
    fits = file->expected[i] < 0 || file->expected[i] == sizes[i];
  if (fits)
    return;
  if (file->descriptor >= 0)
    close(file->descriptor);
  Buffer message = {0};
  rtAddText(&message, file->path);
  if (*file->name)
    rtAddFormat(&message, ": `%s`", file->name);
  rtAddText(&message, ": expected ");
  rtAddType(&message, file->kind, file->rank, file->expected);
  rtAddText(&message, ", found ");
  rtAddType(&message, kind, rank, sizes);
  if (kind != file->kind) {
    static const char *const numpy[] = {"bool",   "int8",   "int16",   "int32",    "int64",   "uint8",  "uint16",
                                        "uint32", "uint64", "float16", "bfloat16", "float32", "float64"};
    rtAddFormat(&message, ": load it as %s and convert, or save it with `.astype(\"%s\")`", rtKindName(kind), numpy[file->kind]);
  }
  rtFail(TL_IO, RT_OTHER_TYPE, &message, file->place);
}

int64_t rtBytes(int32_t rank, const int64_t *sizes, size_t width, int64_t limit) {
  int64_t bytes = (int64_t)width;
  for (int32_t i = 0; i < rank; i++)
    if (sizes[i] == 0)
      return 0;
  for (int32_t i = 0; i < rank; i++)
    if (__builtin_mul_overflow(bytes, sizes[i], &bytes) || bytes > limit)
      return -1;
  return bytes;
}

/* A value of the session: copied, for compiled code may change what it loaded in place. */
static void loadFromSession(InFile *file, TlArray *out) {
  const TlValue *value = rtSession->get(rtSession->context, file->path, file->name);
  if (!value)
    rtCannotRead(file, "there is no such value");
  rtRequireType(file, value->kind, value->rank, value->sizes);
  int64_t bytes = rtCount(value->rank, value->sizes) * (int64_t)rtWidth(value->kind);
  out->data = tl_alloc(bytes);
  memcpy(out->data, value->data, (size_t)bytes);
  if (value->rank)
    memcpy(out->sizes, value->sizes, sizeof(int64_t) * (size_t)value->rank);
}

static void readFile(InFile *file, const TlFormat *format, TlArray *out) {
  file->descriptor = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file->descriptor < 0)
    rtCannotRead(file, strerror(errno));
  struct stat info;
  if (fstat(file->descriptor, &info))
    rtCannotRead(file, strerror(errno));
  if (!S_ISREG(info.st_mode))
    rtCannotRead(file, S_ISDIR(info.st_mode) ? "it is a folder" : "it is not a regular file");
  file->size = info.st_size;
  format->load(file, out);
  close(file->descriptor);
}

void tl_load(int64_t path, const TlFormat *format, const char *name, int32_t kind, int32_t rank, const int64_t *expected, TlArray *out,
             const TlPlace *place) {
  rtEnter();
  InFile file = {
      .path = tl_text(path, NULL), .name = name, .descriptor = -1, .place = place, .kind = kind, .rank = rank, .expected = expected};
  if (rtSession && rtInSession(file.path)) {
    loadFromSession(&file, out);
    rtLeave();
    return;
  }
  if (format->choose) {
    const char *known = format->known;
    if (!(format = format->choose(file.path))) {
      Buffer message = {0};
      rtAddFormat(&message, "%s: cannot read: only %s files are known", file.path, known);
      rtFail(TL_IO, RT_CANNOT_READ, &message, place);
    }
  }
  readFile(&file, format, out);
  rtLeave();
}

/*===- tl_describe ------------------------------------------------------------------------------------------------===*/

typedef struct {
  InFile file;
  const TlFormat *format;
} Description;

static void describe(void *context) {
  Description *description = context;
  TlArray none;
  readFile(&description->file, description->format, &none);
}

int32_t tl_describe(const char *path, char *text, int64_t capacity) {
  Found found = {0};
  Description description = {{.path = path, .name = "", .descriptor = -1, .kind = TL_F64, .rank = 2, .found = &found},
                             tl_format_any()->choose(path)};
  int32_t known = description.format != NULL;
  do {
    found.more = false;
    known = known && tl_call(describe, &description) == TL_OK && found.text.length;
    found.entry++;
  } while (known && found.more);
  if (known)
    snprintf(text, (size_t)capacity, "%.*s%s", (int)capacity - 4, found.text.data, found.text.length > (uint64_t)capacity - 4 ? "..." : "");
  rtFree(&found.text);
  return known;
}
