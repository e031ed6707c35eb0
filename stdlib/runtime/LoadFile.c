/* load(path): opens the file and hands it to the reader of its kind. No reader believes a header: every length is compared with
 * the size of the file before anything is allocated. */
#include "Runtime.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Noreturn static void failReading(InFile *file, const char *why) {
  if (file->descriptor >= 0)
    close(file->descriptor);
  Buffer message = {0};
  rtAddFormat(&message, "%s: cannot read: %s", file->path, why);
  rtFail(TL_IO, RT_CANNOT_READ, &message, file->place);
}

_Noreturn void rtMalformed(InFile *file, int64_t offset, const char *format, ...) {
  close(file->descriptor);
  Buffer message = {0};
  char text[600];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  for (char *c = text; *c; c++) /* what comes from the file may hold anything */
    if ((unsigned char)*c < ' ' || *c == 127)
      *c = '?';
  rtAddFormat(&message, "%s: at byte %lld: %s", file->path, (long long)offset, text);
  rtFail(TL_IO, RT_MALFORMED, &message, file->place);
}

void rtGet(InFile *file, int64_t offset, void *bytes, int64_t length) {
  char *at = bytes;
  while (length) {
    ssize_t got = pread(file->descriptor, at, (size_t)(length < (1 << 30) ? length : 1 << 30), offset);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      failReading(file, strerror(errno));
    if (got == 0)
      rtMalformed(file, offset, "expected %lld more bytes, found the end of the file", (long long)length);
    at += got;
    offset += got;
    length -= got;
  }
}

const TlSession *rtSession;
void tl_session(const TlSession *session) { rtSession = session; }
bool rtInSession(const char *path) { return !strncmp(path, "session:", strlen("session:")); }

void rtRequireType(InFile *file, int32_t kind, int32_t rank, const int64_t *sizes) {
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
    static const char *const numpy[] = {"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "bfloat16", "float32", "float64"};
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
    failReading(file, "there is no such value");
  rtRequireType(file, value->kind, value->rank, value->sizes);
  int64_t bytes = rtCount(value->rank, value->sizes) * (int64_t)rtWidth(value->kind);
  out->data = tl_alloc(bytes);
  memcpy(out->data, value->data, (size_t)bytes);
  if (value->rank)
    memcpy(out->sizes, value->sizes, sizeof(int64_t) * (size_t)value->rank);
}

static bool endsWith(const char *text, const char *end) {
  size_t n = strlen(text), m = strlen(end);
  return n >= m && !strcmp(text + n - m, end);
}

void tl_load(int64_t path, const char *name, int32_t kind, int32_t rank, const int64_t *expected, TlArray *out, const TlPlace *place) {
  rtEnter();
  InFile file = {.path = tl_text(path, NULL), .name = name, .descriptor = -1, .place = place, .kind = kind, .rank = rank, .expected = expected};
  if (rtSession && rtInSession(file.path)) {
    loadFromSession(&file, out);
    rtLeave();
    return;
  }
  bool npy = endsWith(file.path, ".npy");
  if (!npy && !endsWith(file.path, ".safetensors"))
    failReading(&file, "only .npy and .safetensors files are known");
  file.descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file.descriptor < 0)
    failReading(&file, strerror(errno));
  struct stat info;
  if (fstat(file.descriptor, &info))
    failReading(&file, strerror(errno));
  if (!S_ISREG(info.st_mode))
    failReading(&file, S_ISDIR(info.st_mode) ? "it is a folder" : "it is not a regular file");
  file.size = info.st_size;
  if (npy)
    rtLoadNpy(&file, out);
  else
    rtLoadSafetensors(&file, out);
  close(file.descriptor);
  rtLeave();
}
