/* save(path, ...): written under a temporary name beside the file and renamed, so that there is the old file or the new one. */
#include "Runtime.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Noreturn void rtRefuse(OutFile *file, const char *format, ...) {
  if (file->descriptor >= 0)
    close(file->descriptor);
  if (file->temporary)
    unlink(file->temporary);
  free(file->temporary);
  free(file->target);
  Buffer message = {0};
  rtAddFormat(&message, "%s: ", file->path);
  char text[300];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  rtAddText(&message, text);
  rtFail(TL_IO, RT_CANNOT_WRITE, &message, file->place);
}

_Noreturn static void failWriting(OutFile *file, const char *doing, int error) { rtRefuse(file, "cannot %s: %s", doing, strerror(error)); }

static OutFile create(const char *path, const TlPlace *place) {
  OutFile file = {.path = path, .descriptor = -1, .place = place};
  struct stat info;
  bool exists = !stat(path, &info);
  if (exists && S_ISDIR(info.st_mode))
    failWriting(&file, "write", EISDIR);
  if (exists && !S_ISREG(info.st_mode)) { /* a pipe or a device has no name to rename to */
    file.descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (file.descriptor < 0)
      failWriting(&file, "open", errno);
    return file;
  }
  file.target = exists ? realpath(path, NULL) : NULL; /* through a link, to what it points to */
  if (!file.target)
    file.target = strdup(path);
  size_t length = strlen(file.target) + 32;
  file.temporary = rtMalloc(length);
  snprintf(file.temporary, length, "%s.%ld.part", file.target, (long)getpid());
  file.descriptor = open(file.temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, exists ? info.st_mode & 0777 : 0666);
  if (file.descriptor < 0) {
    int error = errno;
    free(file.temporary);
    file.temporary = NULL;
    failWriting(&file, "write", error);
  }
  return file;
}

void rtPut(OutFile *file, const void *bytes, size_t length) {
  for (const char *at = bytes; length;) {
    ssize_t written = write(file->descriptor, at, length < (1u << 30) ? length : 1u << 30);
    if (written < 0 && errno != EINTR)
      failWriting(file, "write", errno);
    if (written > 0) {
      at += written;
      length -= (size_t)written;
    }
  }
}

static void commit(OutFile *file) {
  int failed = close(file->descriptor);
  file->descriptor = -1;
  if (failed)
    failWriting(file, "write", errno);
  if (file->temporary && rename(file->temporary, file->target))
    failWriting(file, "write", errno);
  free(file->temporary);
  free(file->target);
}

void tl_save(int64_t path, const TlFormat *format, const char *const *names, const TlValue *values, int64_t count, const TlPlace *place) {
  rtEnter();
  int64_t length;
  const char *name = tl_text(path, &length);
  if (rtSession && rtInSession(name)) {
    rtSession->put(rtSession->context, name, names, values, count);
    rtLeave();
    return;
  }
  const char *known = format->known;
  if (format->choose)
    format = format->choose(name);
  if (!format || !format->save || strlen(name) != (size_t)length) {
    Buffer message = {0};
    rtAddFormat(&message, "%s: only %s files are written", name, known ? known : "others");
    rtFail(TL_IO, RT_CANNOT_WRITE, &message, place);
  }
  OutFile file = create(name, place);
  format->save(&file, names, values, count);
  commit(&file);
  rtLeave();
}
