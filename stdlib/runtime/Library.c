/* Calls of exported functions from C: arguments come in a frame of slots, results go back through it, and what a trap has to say is kept
 * for who asks. */
#include "Runtime.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The call that this thread is in. */
static _Thread_local struct {
  void (*fn)(void *);
  void **frame;
  bool printed;
} call;

/* Debian's libpng is compiled for executables, which have `stderr` among their own data: the linker gives it this instead (--wrap=stderr).
 */
extern FILE _IO_2_1_stderr_;
FILE *__wrap_stderr = &_IO_2_1_stderr_;

/* What the last failed call of each thread had to say; freed with the thread. */
static pthread_key_t lastError;

/* The program around prints through stdio, so we do: what both print comes out in order. */
static void toStdio(void *unused, int stream, const char *bytes, size_t length) {
  call.printed = true;
  if (fwrite(bytes, 1, length, stream == 1 ? stdout : stderr) == length || stream != 1)
    return;
  Buffer message = {0};
  rtAddFormat(&message, "cannot write to standard output: %s", strerror(errno));
  rtFail(TL_IO, RT_CANNOT_WRITE, &message, NULL);
}

static void prepare(void) {
  rtIsLibrary = true;
  pthread_key_create(&lastError, free);
  tl_redirect(toStdio, NULL);
}

static void prepareOnce(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, prepare);
}

static void keepError(const Buffer *messages) {
  size_t length = messages->length;
  while (length && messages->data[length - 1] == '\n')
    length--;
  char *text = malloc(length + 1);
  if (text) {
    if (length)
      memcpy(text, messages->data, length);
    text[length] = 0;
  }
  free(pthread_getspecific(lastError));
  pthread_setspecific(lastError, text);
}

const char *tl_library_error(void) {
  prepareOnce();
  const char *text = pthread_getspecific(lastError);
  return text ? text : "";
}

static void run(void *unused) { call.fn(NULL); }

int tl_library_call(int level, void (*fn)(void *), void *frame) {
  prepareOnce();
  Buffer messages = {0};
  int code = TL_USAGE;
  if (level && rtCpuLevel() < level) {
    rtAddFormat(&messages, "error: this library was built for x86-64-v%d, which this processor is not: build it with --cpu=x86-64", level);
  } else {
    call.fn = fn;
    call.frame = frame;
    call.printed = false;
    rtThread.messages = &messages;
    code = rtCall(run, NULL, /*interrupts=*/false);
    rtThread.messages = NULL;
    if (call.printed)
      fflush(stdout);
  }
  if (code)
    keepError(&messages);
  rtFree(&messages);
  return code;
}

/* ---- arguments ---- */

_Noreturn static void isNull(const char *name, const TlPlace *place) {
  Buffer message = {0};
  rtAddFormat(&message, "the pointer `%s` is null", name);
  rtFail(TL_TRAP, RT_NULL, &message, place);
}

/* What a slot points to, `offset` bytes on. */
static char *behind(int64_t slot, int64_t offset, const char *name, const TlPlace *place) {
  char *base = call.frame[slot];
  if (!base) { /* of a record: its own name, not the field's */
    char text[120];
    snprintf(text, sizeof text, "%.*s", offset < 0 ? 119 : (int)strcspn(name, "."), name);
    isNull(text, place);
  }
  return base + offset;
}

const void *tl_argument(int64_t slot, int64_t offset, const char *name, const TlPlace *place) {
  return offset < 0 ? (const void *)&call.frame[slot] : behind(slot, offset, name, place);
}

const void *tl_argument_array(int64_t slot, int64_t offset, const char *name, int64_t count, const TlPlace *place) {
  const void *data;
  memcpy(&data, tl_argument(slot, offset, name, place), sizeof data);
  if (!data && count)
    isNull(name, place);
  return data;
}

int64_t tl_argument_text(int64_t slot, int64_t offset, const char *name, const TlPlace *place) {
  const char *text = tl_argument_array(slot, offset, name, 1, place);
  return tl_string(text, (int64_t)strlen(text));
}

/* ---- results ---- */

/* Where the value, or the pointer to a fresh one, is to be written. */
static void *placeOf(const TlResult *result, int32_t rank, int64_t count, const TlPlace *place) {
  void *at = behind(result->slot, result->offset < 0 ? 0 : result->offset, result->name, place);
  if (!rank || result->fresh || result->offset < 0)
    return at;
  memcpy(&at, at, sizeof at); /* a record holds the pointer to the caller's array */
  if (!at && count)
    isNull(result->name, place);
  return at;
}

void tl_give(const TlValue *values, const TlResult *results, int64_t count, const TlPlace *place) {
  rtEnter();
  struct {
    void *to;
    const void *from;
    size_t bytes;
  } *moves = tl_alloc(count * (int64_t)sizeof *moves);
  for (int64_t i = 0; i < count; i++) {
    const TlValue *value = &values[i];
    int64_t elements = rtCount(value->rank, value->sizes);
    moves[i].from = value->data;
    moves[i].bytes = (size_t)elements * rtWidth(value->kind);
    if (value->kind == TL_STR) {
      int64_t length, handle;
      memcpy(&handle, value->data, sizeof handle);
      moves[i].from = tl_text(handle, &length);
      moves[i].bytes = (size_t)length;
    }
    if (!results[i].fresh && !elements) {
      moves[i].to = NULL; /* nobody needs a place for nothing */
      continue;
    }
    moves[i].to = placeOf(&results[i], value->rank, elements, place);
    if (!results[i].fresh)
      continue;
    char *own = tl_alloc((int64_t)moves[i].bytes + 1); /* a text ends with a zero */
    if (moves[i].bytes)
      memcpy(own, moves[i].from, moves[i].bytes);
    own[moves[i].bytes] = 0;
    moves[i].from = own;
  }
  /* Nothing fails from here on. */
  for (int64_t i = 0; i < count; i++)
    if (results[i].fresh) {
      tl_keep((void *)moves[i].from);
      memcpy(moves[i].to, &moves[i].from, sizeof moves[i].from);
    } else if (moves[i].to)
      memmove(moves[i].to, moves[i].from, moves[i].bytes);
  rtLeave();
}

void tl_library_free(void *result) { tl_release(result); }
