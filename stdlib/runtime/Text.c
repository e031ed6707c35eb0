/* Growing text, and the strings of the language: a handle points to a length and the bytes, which live as long as their entry. */
#include "Runtime.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  int64_t length;
  char bytes[]; /* followed by a zero that `length` does not count */
} String;

/* Strings are small and many: they are laid into chunks. */
struct Chunk {
  Chunk *next;
  size_t used, capacity;
  _Alignas(8) char bytes[];
};
enum { CHUNK = 64 << 10 };

/*===- Buffers ----------------------------------------------------------------------------------------------------===*/

static void reserve(Buffer *buffer, size_t more) {
  size_t needed = buffer->length + more + 1;
  if (needed <= buffer->capacity)
    return;
  size_t capacity = buffer->capacity * 2 < 128 ? 128 : buffer->capacity * 2;
  buffer->capacity = capacity < needed ? needed : capacity;
  buffer->data = rtRealloc(buffer->data, buffer->capacity);
}

void rtAdd(Buffer *buffer, const char *bytes, size_t length) {
  reserve(buffer, length);
  if (length)
    memcpy(buffer->data + buffer->length, bytes, length);
  buffer->length += length;
  buffer->data[buffer->length] = 0;
}

void rtAddText(Buffer *buffer, const char *text) { rtAdd(buffer, text, strlen(text)); }

void rtAddRepeated(Buffer *buffer, char c, int64_t times) {
  if (times <= 0)
    return;
  reserve(buffer, (size_t)times);
  memset(buffer->data + buffer->length, c, (size_t)times);
  buffer->length += (size_t)times;
  buffer->data[buffer->length] = 0;
}

void rtAddFormat(Buffer *buffer, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length > 0) {
    reserve(buffer, (size_t)length);
    vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, again);
    buffer->length += (size_t)length;
  }
  va_end(again);
}

void rtFree(Buffer *buffer) {
  free(buffer->data);
  *buffer = (Buffer){0};
}

/*===- Code points ------------------------------------------------------------------------------------------------===*/

static bool startsCodePoint(char c) { return ((unsigned char)c & 0xC0) != 0x80; }

int64_t rtCodePoints(const char *bytes, size_t length) {
  int64_t count = 0;
  for (size_t i = 0; i < length; i++)
    count += startsCodePoint(bytes[i]);
  return count;
}

size_t rtPrefix(const char *bytes, size_t length, int64_t count) {
  size_t i = 0;
  for (; i < length; i++)
    if (startsCodePoint(bytes[i]) && count-- == 0)
      break;
  return i;
}

/*===- Strings ----------------------------------------------------------------------------------------------------===*/

int64_t tl_string(const char *bytes, int64_t length) {
  rtEnter();
  Entry *entry = rtThread.entry;
  size_t needed = (sizeof(String) + (size_t)length + 1 + 7) & ~(size_t)7;
  Chunk *chunk = entry ? entry->text : NULL;
  if (!chunk || chunk->capacity - chunk->used < needed) {
    size_t capacity = needed > CHUNK ? needed : CHUNK;
    Chunk *fresh = rtMalloc(sizeof(Chunk) + capacity);
    *fresh = (Chunk){.capacity = capacity};
    if (entry && chunk && capacity > CHUNK) { /* a long string must not hide the room left in the current chunk */
      fresh->next = chunk->next;
      chunk->next = fresh;
    } else if (entry) {
      fresh->next = chunk;
      entry->text = fresh;
    }
    chunk = fresh;
  }
  String *string = (String *)(chunk->bytes + chunk->used);
  chunk->used += needed;
  string->length = length;
  if (length)
    memcpy(string->bytes, bytes, (size_t)length);
  string->bytes[length] = 0;
  rtLeave();
  return (int64_t)(intptr_t)string;
}

const char *tl_text(int64_t handle, int64_t *length) {
  String *string = (String *)(intptr_t)handle;
  if (length)
    *length = string->length;
  return string->bytes;
}

int64_t rtString(Buffer *buffer) {
  int64_t string = tl_string(buffer->data, (int64_t)buffer->length);
  rtFree(buffer);
  return string;
}

void rtFreeText(Entry *entry) {
  for (Chunk *chunk = entry->text, *next; chunk; chunk = next) {
    next = chunk->next;
    free(chunk);
  }
  entry->text = NULL;
}

/*===- Interpolation ----------------------------------------------------------------------------------------------===*/

static void addValue(Buffer *out, const TlValue *value, const char *text) {
  Spec spec = rtReadSpec(text);
  if (value->rank == 0)
    rtAddScalar(out, value->kind, value->data, 0, *text ? &spec : NULL);
  else
    rtAddArray(out, value, *text ? &spec : NULL);
}

int64_t tl_format(const char *const *parts, const TlValue *values, int64_t count) {
  rtEnter();
  Buffer out = {0};
  rtAddText(&out, parts[0]);
  for (int64_t i = 0; i < count; i++) {
    addValue(&out, &values[i], parts[2 * i + 1]);
    rtAddText(&out, parts[2 * i + 2]);
  }
  int64_t string = rtString(&out);
  rtLeave();
  return string;
}
