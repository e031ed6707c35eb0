/* What the runtime's own files share; nothing of it is seen by compiled programs. */
#ifndef TL_RUNTIME_PRIVATE_H
#define TL_RUNTIME_PRIVATE_H
#include "tl_runtime.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#if defined(__SANITIZE_ADDRESS__)
#define RT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RT_ASAN 1
#endif
#endif
#ifndef RT_ASAN
#define RT_ASAN 0
#endif

/* The codes of what can fail here; each has a page in ast/base/explain. */
#define RT_OUT_OF_MEMORY "E0901"
#define RT_STACK_OVERFLOW "E0902"
#define RT_ARITHMETIC "E0903"
#define RT_CANNOT_READ "E0911"
#define RT_MALFORMED "E0912"
#define RT_OTHER_TYPE "E0913"
#define RT_CANNOT_WRITE "E0914"
#define RT_NULL "E0921"

/* Growing text (Text.c). */
typedef struct {
  char *data;
  size_t length, capacity;
} Buffer;

/* ---- Entry.c: what a running entry owns ---- */
typedef struct Block Block;
typedef struct Chunk Chunk;

typedef struct Entry {
  struct Entry *outer;
  sigjmp_buf out;
  int code;      /* what tl_call gives once `out` was taken */
  int busy;      /* rtThread.busy when the entry began */
  Block *blocks; /* its arrays */
  Chunk *text;   /* its strings */
} Entry;

/* Compiled code recurses on a stack of its own: as deep in an executable as under `tlc run`, whatever ulimit says. */
enum { RT_STACK = 64 << 20, RT_GUARD = 1 << 20 };

/* The signals that mean a fault of the program. */
enum { RT_FAULTS = 4 };
extern const int rtFaults[RT_FAULTS];

/* A fault that the signal handler saw; the message is written once the stack is sound again. */
enum { RT_NO_FAULT, RT_FAULT_STACK, RT_FAULT_ARITHMETIC, RT_FAULT_ADDRESS, RT_FAULT_INSTRUCTION };

typedef struct {
  Entry *entry;
  volatile int busy; /* above 0 in functions that must not be left by a signal */
  char *stackLimit;  /* below it there is too little stack for the runtime's functions */
  int fault;
  void *faultAddress;
  const TlPlace *faultCall; /* of a stack overflow: a call that makes the recursion */
  Buffer *messages;         /* where error messages wait for their turn; null: written at once */
} Thread;
extern _Thread_local Thread rtThread;
extern bool rtIsLibrary; /* entered by tl_library_call: arguments are the word of a program in C */

/* Ends the entry as a fault on the guard page does. Left out of libc's allocator by a signal, its locks would never be free again. */
_Noreturn void rtStackOverflow(void);
/* Brackets a function that changes the runtime's state: a SIGINT inside it takes effect at the end, and it has the stack it needs. */
static inline void rtEnter(void) {
  if ((char *)__builtin_frame_address(0) < rtThread.stackLimit && rtThread.entry)
    rtStackOverflow();
  rtThread.busy++;
}
static inline void rtLeave(void) {
  if (--rtThread.busy == 0 && tl_interrupt_flag && rtThread.entry)
    tl_interrupted();
}
/* tl_call; with `interrupts`, Ctrl-C ends the outermost entry. Without, it stays what it is to the program around. */
int rtCall(void (*fn)(void *), void *context, bool interrupts);
/* Leaves the innermost entry with an exit code, or the process where there is none. */
_Noreturn void rtExit(int code);
enum { RT_ALTERNATE_STACK = 64 << 10 };
/* A thread that is to run compiled code: its stack can overflow without harm. The faults are handled on `alternate`. */
void rtPrepareThread(char alternate[RT_ALTERNATE_STACK]);
/* After a jump: the message of the fault that caused it, if one did. */
void rtReportFault(void);

/* ---- Cpu.c ---- */
int rtCpuLevel(void); /* N where this is an x86-64-vN */

/* ---- Parallel.c ---- */
void rtForksBegin(void); /* the outermost entry begins: the counter to 0 */

/* ---- Memory.c ---- */
void rtMemoryBegin(void);                             /* the outermost entry begins: counters to 0 */
void rtMemoryAdd(int64_t allocations, int64_t bytes); /* counts what other threads have allocated */
void rtMemoryEnd(Entry *entry);                       /* frees what the entry owns; with the outermost one the cache too */
_Noreturn void rtOutOfMemory(int64_t bytes);
/* malloc and realloc that never give null. */
void *rtMalloc(size_t bytes);
void *rtRealloc(void *p, size_t bytes);

/* ---- Text.c: growing text, and strings in the entry's arena ---- */
void rtAdd(Buffer *buffer, const char *bytes, size_t length);
void rtAddText(Buffer *buffer, const char *text);
void rtAddRepeated(Buffer *buffer, char c, int64_t times);
void rtAddFormat(Buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rtFree(Buffer *buffer);
/* The text as a string handle; the buffer is freed. */
int64_t rtString(Buffer *buffer);
void rtFreeText(Entry *entry);
/* Number of code points, and the bytes of the first `count` of them. */
int64_t rtCodePoints(const char *bytes, size_t length);
size_t rtPrefix(const char *bytes, size_t length, int64_t count);

/* ---- Values.c: elements of any type ---- */
bool rtIsFloat(int32_t kind);
bool rtIsUnsigned(int32_t kind);
size_t rtWidth(int32_t kind); /* bytes of an element */
const char *rtKindName(int32_t kind);
int rtKindByName(const char *name); /* -1: none */
double rtFloat(int32_t kind, const void *data, int64_t i);
int64_t rtInt(int32_t kind, const void *data, int64_t i); /* u64 as its bits */
double rtHalf(uint16_t bits);
int64_t rtCount(int32_t rank, const int64_t *sizes);
/* "f32[_, 64]": sizes below 0 are `_`. */
void rtAddType(Buffer *buffer, int32_t kind, int32_t rank, const int64_t *sizes);

/* ---- Decimal.c: floats as decimal digits ---- */
/* 0.d1d2d3... x 10^point, without trailing zeros; 0 has no digits. */
typedef struct {
  bool negative;
  int count, point;
  char digits[32];
} Decimal;
/* The shortest digits that read back as x, which is a finite value of the float type `kind`. */
Decimal rtShortest(double x, int32_t kind);
/* x rounded (half to even) to `digits` significant digits, at most 17, or to `places` after the point. */
Decimal rtSignificant(double x, int digits);
void rtAddPositional(Buffer *buffer, const Decimal *d, int minPlaces); /* "12.", "0.05": at least minPlaces after the point */
void rtAddScientific(Buffer *buffer, const Decimal *d, int places, int exponentDigits, bool point);
/* The number at the beginning of the text, such that converting it to the float type `kind` rounds once; `end` as strtod's. */
double rtParse(const char *text, int32_t kind, char **end);
/* str() of a float as NumPy gives it. */
void rtAddFloat(Buffer *buffer, double x, int32_t kind);

/* ---- Spec.c: Python's format specs ---- */
typedef struct {
  char fill[5], align, sign, group, type; /* 0: not given */
  bool alternate, zero;
  int64_t width, precision; /* precision -1: not given */
} Spec;
/* The compiler lets only specs through that fit their values (frontend/FormatSpec). */
Spec rtReadSpec(const char *text);
void rtAddScalar(Buffer *buffer, int32_t kind, const void *data, int64_t i, const Spec *spec);

/* ---- PrintArray.c ---- */
/* An array as NumPy prints it; with a spec each element is formatted by it, columns aligned. */
void rtAddArray(Buffer *buffer, const TlValue *value, const Spec *spec);

/* ---- Output.c: the two streams ---- */
void rtWrite(int stream, const char *bytes, size_t length); /* 1 is buffered, 2 is not and flushes 1 first */
void rtFlush(void);

/* ---- Trap.c ---- */
/* error[CODE]: message, and the place where it is known. */
void rtReport(const char *code, const char *message, size_t length, const TlPlace *place);
/* Reports and leaves; frees the buffer. */
_Noreturn void rtFail(int exitCode, const char *code, Buffer *message, const TlPlace *place);

/* ---- SaveFile.c: writing to a temporary name ---- */
typedef struct {
  const char *path; /* as the user wrote it */
  char *target, *temporary;
  int descriptor;
  const TlPlace *place;
} OutFile;
void rtPut(OutFile *file, const void *bytes, size_t length);
/* Removes what was written and fails with "PATH: ...". */
_Noreturn void rtRefuse(OutFile *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- LoadFile.c ---- */
/* What is in a file, as a text. Of an archive it is told entry by entry, in a call each. */
typedef struct {
  Buffer text;
  int64_t entry; /* the one to tell */
  bool more;     /* is there one behind it? */
} Found;
typedef struct {
  const char *path, *name; /* name: of the entry wanted, "" the only one */
  int descriptor;
  int64_t start, size; /* the part of the file that is read, in bytes */
  const char *memory;  /* where that part is, if it was unpacked */
  const TlPlace *place;
  /* what is expected */
  int32_t kind, rank;
  const int64_t *expected;
  Found *found; /* not null where nothing is expected: what is in the file is written here, and the entry left */
} InFile;
extern const TlSession *rtSession; /* null unless the process is interactive */
bool rtInSession(const char *path);
bool rtEndsWith(const char *text, const char *end);
/* Reads exactly [offset, offset + length), or fails with a message. */
void rtGet(InFile *file, int64_t offset, void *bytes, int64_t length);
_Noreturn void rtCannotRead(InFile *file, const char *why);
/* Fails with "PATH: at byte OFFSET: expected ..., found ...". */
_Noreturn void rtMalformed(InFile *file, int64_t offset, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same for text: "PATH: line LINE, column COLUMN: ..."; column 0 is none. */
_Noreturn void rtMalformedLine(InFile *file, int64_t line, int64_t column, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Leaves with what was written to file->found. */
_Noreturn void rtFound(InFile *file);
/* Fails unless what is in the file has the type and sizes that the program expects. */
void rtRequireType(InFile *file, int32_t kind, int32_t rank, const int64_t *sizes);
/* Product of sizes times width where it fits and stays below `limit`; else -1. */
int64_t rtBytes(int32_t rank, const int64_t *sizes, size_t width, int64_t limit);
/* Bytes of each element reversed, where the file's order is the other one. */
void rtSwapBytes(void *data, int64_t count, size_t width);

/* ---- Formats.c, and a file for each format ---- */
struct TlFormat {
  const char *ends[4]; /* of the names of such files; null behind the last */
  void (*load)(InFile *file, TlArray *out);
  void (*save)(OutFile *file, const char *const *names, const TlValue *values, int64_t count); /* null: such files are only read */
  /* Of the one that stands for all: the format of a name, or null; and what there is, for the message then. */
  const TlFormat *(*choose)(const char *path);
  const char *known;
};
void rtLoadNpy(InFile *file, TlArray *out);
/* The header of a .npy file. */
void rtAddNpyHeader(Buffer *header, const TlValue *value);

/* ---- Inflate.c: on zlib ---- */
/* `packed` bytes at `offset`, unpacked into memory from tl_alloc. claimed: how many bytes that gives, -1 where the file does not say.
 * bits: zlib's windowBits. */
char *rtInflate(InFile *file, int64_t offset, int64_t packed, int64_t claimed, int bits, int64_t *length);
#endif
