/* Failures as people see them: `error[CODE]: message`, the place, and the source line with the part in question underlined. */
#include "Runtime.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The line as ast/base/Render.cpp shows it: tabs become four blanks, here and in what the underline is moved by. */
static void addLine(Buffer *out, const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (text[i] == '\t')
      rtAddText(out, "    ");
    else
      rtAdd(out, text + i, 1);
}

static void addPlace(Buffer *out, const TlPlace *place) {
  char number[16];
  int digits = snprintf(number, sizeof number, "%d", place->line);
  rtAddFormat(out, "%*s--> %s:%d:%d\n", digits + 1, "", place->file, place->line, place->col);
  if (!place->text)
    return;
  size_t length = strlen(place->text), before = rtPrefix(place->text, length, place->col > 0 ? place->col - 1 : 0);
  rtAddFormat(out, "%*s |\n %s | ", digits + 1, "", number);
  addLine(out, place->text, length);
  rtAddFormat(out, "\n%*s | ", digits + 1, "");
  Buffer prefix = {0};
  addLine(&prefix, place->text, before);
  rtAddRepeated(out, ' ', rtCodePoints(prefix.data, prefix.length));
  rtFree(&prefix);
  int64_t room = rtCodePoints(place->text + before, length - before);
  int64_t width = place->width < room ? place->width : room;
  rtAddRepeated(out, '^', width < 1 ? 1 : width);
  rtAddText(out, "\n");
}

/* The part in question, on one line: "in stdlib/nn.tl:10:4: `x[i]`". */
static void addNote(Buffer *out, const TlPlace *place, const TlPlace *caller) {
  char number[16];
  int digits = snprintf(number, sizeof number, "%d", caller->line);
  rtAddFormat(out, "%*s = note: in %s:%d:%d", digits + 1, "", place->file, place->line, place->col);
  if (place->text) {
    size_t length = strlen(place->text), before = rtPrefix(place->text, length, place->col > 0 ? place->col - 1 : 0);
    rtAddText(out, ": `");
    rtAdd(out, place->text + before, rtPrefix(place->text + before, length - before, place->width));
    rtAddText(out, "`");
  }
  rtAddText(out, "\n");
}

static void report(const char *code, const char *message, size_t length, const TlPlace *place, const TlPlace *caller) {
  Buffer out = {0};
  if (code && *code)
    rtAddFormat(&out, "error[%s]: ", code);
  else
    rtAddText(&out, "error: ");
  rtAdd(&out, message, length);
  rtAddText(&out, "\n");
  if (caller || (place && place->file))
    addPlace(&out, caller ? caller : place);
  if (caller)
    addNote(&out, place, caller);
  rtWrite(2, out.data, out.length);
  rtFree(&out);
}

void rtReport(const char *code, const char *message, size_t length, const TlPlace *place) { report(code, message, length, place, NULL); }

_Noreturn void rtFail(int exitCode, const char *code, Buffer *message, const TlPlace *place) {
  rtReport(code, message->data, message->length, place);
  rtFree(message);
  rtExit(exitCode);
}

_Noreturn void tl_trap(int64_t message, const TlPlace *place, const TlPlace *caller) {
  rtEnter();
  int64_t length;
  const char *text = tl_text(message, &length);
  report(place ? place->code : NULL, text, (size_t)length, place, caller);
  rtExit(TL_TRAP);
}

_Noreturn void tl_fail(int code, const char *message, const TlPlace *place) {
  rtEnter();
  rtReport(place ? place->code : NULL, message, strlen(message), place);
  rtExit(code);
}
