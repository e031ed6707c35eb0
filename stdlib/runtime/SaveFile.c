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

/* Removes what was written, then fails. */
_Noreturn static void failWriting(OutFile *file, const char *doing, int error) {
  if (file->descriptor >= 0)
    close(file->descriptor);
  if (file->temporary)
    unlink(file->temporary);
  Buffer message = {0};
  rtAddFormat(&message, "%s: cannot %s: %s", file->path, doing, strerror(error));
  free(file->temporary);
  free(file->target);
  rtFail(TL_IO, RT_CANNOT_WRITE, &message, file->place);
}

OutFile rtCreate(const char *path, const TlPlace *place) {
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

void rtCommit(OutFile *file) {
  int failed = close(file->descriptor);
  file->descriptor = -1;
  if (failed)
    failWriting(file, "write", errno);
  if (file->temporary && rename(file->temporary, file->target))
    failWriting(file, "write", errno);
  free(file->temporary);
  free(file->target);
}

static bool endsWith(const char *text, const char *end) {
  size_t n = strlen(text), m = strlen(end);
  return n >= m && !strcmp(text + n - m, end);
}

void tl_save(int64_t path, const char *const *names, const TlValue *values, int64_t count, const TlPlace *place) {
  rtEnter();
  int64_t length;
  const char *name = tl_text(path, &length);
  if (rtSession && rtInSession(name)) {
    rtSession->put(rtSession->context, name, names, values, count);
    rtLeave();
    return;
  }
  bool npy = endsWith(name, ".npy");
  Buffer message = {0};
  if (strlen(name) != (size_t)length || (!npy && !endsWith(name, ".safetensors"))) {
    rtAddFormat(&message, "%s: only .npy and .safetensors files are written", name);
    rtFail(TL_IO, RT_CANNOT_WRITE, &message, place);
  }
  if (npy && (count != 1 || values[0].kind == TL_BF16)) {
    rtAddFormat(&message, count != 1 ? "%s: a .npy file holds one array, not %lld: save as .safetensors" : "%s: a .npy file cannot hold bf16: save as .safetensors",
                name, (long long)count);
    rtFail(TL_IO, RT_CANNOT_WRITE, &message, place);
  }
  OutFile file = rtCreate(name, place);
  if (npy)
    rtSaveNpy(&file, values);
  else
    rtSaveSafetensors(&file, names, values, count);
  rtCommit(&file);
  rtLeave();
}
