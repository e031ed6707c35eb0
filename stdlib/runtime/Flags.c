/* The command line of main: `--name value`, `--name=value`, and what every program has: `--threads N` (unless main has a flag of that name)
 * and
 * `--help`. Every value is read when the program starts, so that a mistake is told before anything runs. */
#include "Runtime.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const TlFlag threadsFlag = {"threads", "int", "",
                                   "How many threads compute: one for each processor unless said; the results are the same"};

typedef struct {
  const TlFlag *flag;
  int kind; /* TL_...; a file is a string */
  bool given;
  const char *text; /* given, else the default; null only while parsing */
  int64_t integer;
  double number;
} Value;

static struct {
  Value *values;
  int64_t count;
  const char *program;
} commandLine;

/*===- Messages ---------------------------------------------------------------------------------------------------===*/

static int usage(Buffer *message, const char *help) {
  Buffer out = {0};
  rtAddFormat(&out, "error: %s\n", message->data);
  if (help)
    rtAddFormat(&out, "  = help: %s\n", help);
  rtWrite(2, out.data, out.length);
  rtFree(&out);
  rtFree(message);
  return TL_USAGE;
}

/* Insertions, deletions, replacements and swaps of neighbours that make a from b, where names are short. */
static int distance(const char *a, const char *b) {
  enum { LONGEST = 40 };
  int table[LONGEST + 2][LONGEST + 2];
  int n = (int)strlen(a), m = (int)strlen(b);
  if (n > LONGEST || m > LONGEST)
    return LONGEST;
  for (int i = 0; i <= n; i++)
    for (int j = 0; j <= m; j++) {
      int best = i + j;
      if (i && j) {
        best = table[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
        best = table[i - 1][j] + 1 < best ? table[i - 1][j] + 1 : best;
        best = table[i][j - 1] + 1 < best ? table[i][j - 1] + 1 : best;
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && table[i - 2][j - 2] + 1 < best)
          best = table[i - 2][j - 2] + 1;
      }
      table[i][j] = best;
    }
  return table[n][m];
}

static int unknown(const char *name) {
  const char *nearest = NULL;
  int best = (int)strlen(name) / 3 + 1;
  for (int64_t i = 0; i < commandLine.count; i++) {
    int d = distance(name, commandLine.values[i].flag->name);
    if (d <= best) {
      best = d;
      nearest = commandLine.values[i].flag->name;
    }
  }
  Buffer message = {0}, help = {0};
  rtAddFormat(&message, "unknown flag `--%s`", name);
  if (nearest)
    rtAddFormat(&help, "did you mean `--%s`?", nearest);
  else
    rtAddText(&help, "`--help` lists the flags");
  int code = usage(&message, help.data);
  rtFree(&help);
  return code;
}

/* "an i64", "a path". */
static const char *wanted(const Value *value) {
  static char text[24];
  const char *kind = value->flag->kind;
  if (!strcmp(kind, "file"))
    return "a path";
  snprintf(text, sizeof text, "%s %s", strchr("aeiouf", kind[0]) && kind[0] != 'u' ? "an" : "a", kind);
  return text;
}

static int malformed(const Value *value, const char *text, const char *why) {
  Buffer message = {0};
  rtAddFormat(&message, "flag `--%s`: `%s` is not %s%s", value->flag->name, text, wanted(value), why);
  return usage(&message, NULL);
}

/*===- Values -----------------------------------------------------------------------------------------------------===*/

static int readInteger(Value *value) {
  static const int bits[] = {[TL_I8] = 8, [TL_I16] = 16, [TL_I32] = 32, [TL_I64] = 64,
                             [TL_U8] = 8, [TL_U16] = 16, [TL_U32] = 32, [TL_U64] = 64};
  const char *text = value->text, *digits = text + (*text == '-' || *text == '+');
  bool negative = *text == '-';
  int base = digits[0] == '0' && digits[1] == 'x' ? 16 : 10;
  char *end;
  errno = 0;
  unsigned long long magnitude = strtoull(digits, &end, base);
  if (*digits < '0' || *digits > '9' || *end)
    return malformed(value, text, "");
  int width = bits[value->kind];
  bool isUnsigned = rtIsUnsigned(value->kind);
  uint64_t largest = isUnsigned ? UINT64_MAX >> (64 - width) : (UINT64_MAX >> (65 - width)) + negative;
  if (errno == ERANGE || magnitude > largest || (isUnsigned && negative && magnitude))
    return malformed(value, text, ": it is out of range");
  value->integer = (int64_t)(negative ? 0 - magnitude : magnitude);
  value->number = (double)value->integer;
  return 0;
}

static int readFloat(Value *value) {
  char *end;
  const char *text = value->text;
  value->number = rtParse(text, value->kind, &end);
  bool blank = *text == ' ' || *text == '\t' || *text == '\n';
  if (!*text || blank || *end)
    return malformed(value, text, "");
  if (isinf(value->number) && !strpbrk(text, "iI"))
    return malformed(value, text, ": it is out of range");
  return 0;
}

static int readBool(Value *value) {
  const char *text = value->text;
  bool yes = !strcmp(text, "true") || !strcmp(text, "True") || !strcmp(text, "1");
  if (!yes && strcmp(text, "false") && strcmp(text, "False") && strcmp(text, "0"))
    return malformed(value, text, ": write `true` or `false`");
  value->integer = yes;
  return 0;
}

static int readValue(Value *value) {
  switch (value->kind) {
  case TL_STR:
    return 0;
  case TL_BOOL:
    return readBool(value);
  case TL_F16:
  case TL_BF16:
  case TL_F32:
  case TL_F64:
    return readFloat(value);
  default:
    return readInteger(value);
  }
}

/*===- Help -------------------------------------------------------------------------------------------------------===*/

static void addHead(Buffer *line, const TlFlag *flag) {
  rtAddFormat(line, "  --%s", flag->name);
  if (!strcmp(flag->kind, "file"))
    rtAddText(line, " FILE");
  else if (!strcmp(flag->kind, "bool"))
    rtAddText(line, "[=true|false]");
  else
    rtAddFormat(line, " %s", flag->kind);
}

static void addHelp(Buffer *out, const Buffer *head, size_t column, const TlFlag *flag) {
  rtAdd(out, head->data, head->length);
  rtAddRepeated(out, ' ', (int64_t)(column - head->length));
  for (const char *doc = flag->doc; doc && *doc;) { /* further lines of the documentation stand below the first */
    size_t length = strcspn(doc, "\n");
    rtAdd(out, doc, length);
    doc += length;
    if (*doc++) {
      rtAddText(out, "\n");
      rtAddRepeated(out, ' ', (int64_t)column);
    } else
      break;
  }
  const char *blank = flag->doc && *flag->doc ? " " : "";
  if (!flag->fallback)
    rtAddFormat(out, "%s(required)", blank);
  else if (*flag->fallback)
    rtAddFormat(out, "%s(default %s)", blank, flag->fallback);
  rtAddText(out, "\n");
}

static int help(void) {
  Buffer out = {0};
  int64_t count = commandLine.count;
  rtAddFormat(&out, "Usage: %s [flags]\n", commandLine.program);
  size_t column = strlen("  --help  ");
  Buffer *heads = rtMalloc(sizeof(Buffer) * (size_t)(count + 1));
  for (int64_t i = 0; i <= count; i++) {
    heads[i] = (Buffer){0};
    if (i < count)
      addHead(&heads[i], commandLine.values[i].flag);
    else
      rtAddText(&heads[i], "  --help");
    column = heads[i].length + 2 > column ? heads[i].length + 2 : column;
  }
  rtAddText(&out, "\nFlags:\n");
  for (int64_t i = 0; i < count; i++)
    addHelp(&out, &heads[i], column, commandLine.values[i].flag);
  rtAdd(&out, heads[count].data, heads[count].length);
  rtAddRepeated(&out, ' ', (int64_t)(column - heads[count].length));
  rtAddText(&out, "Print this and exit\n");
  for (int64_t i = 0; i <= count; i++)
    rtFree(&heads[i]);
  free(heads);
  rtWrite(1, out.data, out.length);
  rtFree(&out);
  return -1;
}

/*===- The command line -------------------------------------------------------------------------------------------===*/

static Value *find(const char *name, size_t length) {
  for (int64_t i = 0; i < commandLine.count; i++)
    if (strlen(commandLine.values[i].flag->name) == length && !memcmp(commandLine.values[i].flag->name, name, length))
      return &commandLine.values[i];
  return NULL;
}

/* One argument, with the one behind it where that is its value: how many were used, or 0 after a message. */
static int readArgument(char **argv, int left, const Value **last) {
  const char *argument = argv[0];
  Buffer message = {0}, help = {0};
  if (strncmp(argument, "--", 2) || !argument[2]) {
    rtAddFormat(&message, "unexpected argument `%s`", argument);
    if (!strcmp(argument, "--"))
      rtAddText(&help, "leave it out: flags stand right behind the program's name");
    else if (*last)
      rtAddFormat(&help, "`--%s` alone means true; else write `--%s=true` or `--%s=false`", (*last)->flag->name, (*last)->flag->name,
                  (*last)->flag->name);
    else
      rtAddText(&help, "values are given as `--name value`");
    usage(&message, help.data);
    rtFree(&help);
    return 0;
  }
  *last = NULL;
  const char *name = argument + 2;
  size_t length = strcspn(name, "=");
  Value *value = find(name, length);
  if (!value) {
    rtAdd(&message, name, length);
    unknown(message.data);
    rtFree(&message);
    return 0;
  }
  value->given = true;
  if (name[length] == '=') {
    value->text = name + length + 1;
    return 1;
  }
  if (value->kind == TL_BOOL) {
    value->text = "true";
    *last = value;
    return 1;
  }
  if (left < 2) {
    rtAddFormat(&message, "flag `--%s` needs %s", value->flag->name, wanted(value));
    usage(&message, NULL);
    return 0;
  }
  value->text = argv[1];
  return 2;
}

static int readDefaults(void) {
  for (int64_t i = 0; i < commandLine.count; i++) {
    Value *value = &commandLine.values[i];
    if (!value->given && !value->flag->fallback) {
      Buffer message = {0};
      rtAddFormat(&message, "missing flag `--%s`, %s", value->flag->name, wanted(value));
      return usage(&message, "`--help` lists the flags");
    }
    if (!value->given)
      value->text = value->flag->fallback;
    /* A default may be any expression: compiled code computes it where tl_flag_given says no. */
    int code = value->given ? readValue(value) : 0;
    if (code)
      return code;
  }
  return 0;
}

int tl_flags_parse(int argc, char **argv, const TlFlag *flags, int64_t count) {
  free(commandLine.values);
  commandLine.values = rtMalloc(sizeof(Value) * (size_t)(count + 1));
  commandLine.count = count;
  const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
  commandLine.program = argc < 1 ? "program" : slash ? slash + 1 : argv[0];
  for (int64_t i = 0; i < count; i++) {
    int kind = strcmp(flags[i].kind, "file") ? rtKindByName(flags[i].kind) : TL_STR;
    commandLine.values[i] = (Value){.flag = &flags[i], .kind = kind < 0 ? TL_STR : kind};
  }
  Value *threads = NULL;
  if (!find(threadsFlag.name, strlen(threadsFlag.name))) {
    threads = &commandLine.values[commandLine.count++];
    *threads = (Value){.flag = &threadsFlag, .kind = TL_I64};
  }
  for (int i = 1; i < argc; i++)
    if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
      return help();
  const Value *last = NULL; /* the argument before, where it is a bool without a value */
  for (int i = 1, used; i < argc; i += used)
    if (!(used = readArgument(argv + i, argc - i, &last)))
      return TL_USAGE;
  int code = readDefaults();
  if (code || !threads || !threads->given)
    return code;
  if (threads->integer < 1) {
    Buffer message = {0};
    rtAddFormat(&message, "flag `--threads`: there is at least 1, not %s", threads->text);
    return usage(&message, NULL);
  }
  tl_set_threads(threads->integer);
  return 0;
}

static Value *require(const char *name) {
  Value *value = find(name, strlen(name));
  if (!value) {
    static const char message[] = "internal error: a flag that main does not have; this is a bug in tlc\n";
    rtWrite(2, message, sizeof message - 1);
    rtExit(TL_INTERNAL);
  }
  return value;
}

int8_t tl_flag_given(const char *name) { return require(name)->given; }
int64_t tl_flag_int(const char *name) {
  Value *value = require(name);
  if (!value->given && value->text)
    readValue(value);
  return value->integer;
}
double tl_flag_float(const char *name) {
  Value *value = require(name);
  if (!value->given && value->text)
    readValue(value);
  return value->number;
}
int64_t tl_flag_str(const char *name) {
  const char *text = require(name)->text;
  return tl_string(text ? text : "", (int64_t)strlen(text ? text : ""));
}
