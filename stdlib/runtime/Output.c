/* Where text goes: standard output through a buffer, standard error at once, or both to whoever asked for them. */
#include "Runtime.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
  void (*write)(void *, int, const char *, size_t);
  void *context;
  char buffer[64 << 10];
  size_t used;
  int terminal;         /* -1 no, 1 yes, 0 not known yet */
  struct timespec last; /* when the buffer was last written */
  bool failed;
} output;

void tl_redirect(void (*write)(void *, int, const char *, size_t), void *context) {
  rtFlush();
  output.write = write;
  output.context = context;
}

/* A full disk or a closed stream ends the program; it is said once. */
static void writeAll(int descriptor, const char *bytes, size_t length) {
  while (length && !(descriptor == 1 && output.failed)) {
    ssize_t written = write(descriptor, bytes, length);
    if (written >= 0) {
      bytes += written;
      length -= (size_t)written;
      continue;
    }
    if (errno == EINTR)
      continue;
    if (descriptor != 1)
      return;
    output.failed = true;
    output.used = 0;
    Buffer message = {0};
    rtAddFormat(&message, "cannot write to standard output: %s", strerror(errno));
    rtFail(TL_IO, RT_CANNOT_WRITE, &message, NULL);
  }
}

void rtFlush(void) {
  size_t used = output.used;
  output.used = 0;
  if (!used)
    return;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &output.last);
  writeAll(1, output.buffer, used);
}

void rtWrite(int stream, const char *bytes, size_t length) {
  if (stream == 2 && rtThread.messages) {
    rtAdd(rtThread.messages, bytes, length);
    return;
  }
  if (output.write) {
    output.write(output.context, stream, bytes, length);
    return;
  }
  if (stream == 2) {
    rtFlush();
    writeAll(2, bytes, length);
    return;
  }
  if (output.used + length > sizeof output.buffer)
    rtFlush();
  if (length > sizeof output.buffer) {
    writeAll(1, bytes, length);
    return;
  }
  memcpy(output.buffer + output.used, bytes, length);
  output.used += length;
}

void tl_flush(void) { rtFlush(); }

/* On a terminal each line is seen at once; in a pipe at least ten times a second, for those who watch a training run. */
static bool isDue(void) {
  if (!output.terminal)
    output.terminal = isatty(1) ? 1 : -1;
  if (output.terminal > 0)
    return true;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return (now.tv_sec - output.last.tv_sec) * 1000 + (now.tv_nsec - output.last.tv_nsec) / 1000000 > 100;
}

void tl_print(int64_t string) {
  rtEnter();
  int64_t length;
  const char *bytes = tl_text(string, &length);
  Buffer line = {0}; /* in one piece: other threads may print too */
  rtAdd(&line, bytes, (size_t)length);
  rtAdd(&line, "\n", 1);
  rtWrite(1, line.data, line.length);
  rtFree(&line);
  if (!output.write && isDue())
    rtFlush();
  rtLeave();
}
