/* The C ABI between compiled programs and the runtime library: executables link it, the JIT loads it from tlc itself.
 * Plain C11, libc and libm only. Arrays passed here are contiguous and row-major. Everything that fails in the user's
 * terms ends in tl_trap or tl_fail, which leave through the jump buffer of the enclosing tl_call. */
#ifndef TL_RUNTIME_H
#define TL_RUNTIME_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/* Scalar types, numbered as TL_SCALARS in ast/Type.h; STR is an i64 handle. */
enum { TL_BOOL, TL_I8, TL_I16, TL_I32, TL_I64, TL_U8, TL_U16, TL_U32, TL_U64, TL_F16, TL_BF16, TL_F32, TL_F64, TL_STR };
enum { TL_MAX_RANK = 32 };

/* A scalar (rank 0) or an array; `data` points at the first element. */
typedef struct {
  int32_t kind, rank;
  const void *data;
  const int64_t *sizes;
} TlValue;

/* Where in the source something happens: "mlp.tl", line and column from 1, the text of the line, the width of the marked part. */
typedef struct {
  const char *file, *text;
  int32_t line, col, width;
  const char *code;
} TlPlace;
/* What stands in the frame of a function that calls itself, before the address of the TlPlace of such a call. */
#define TL_CALL_MARK 0x746c63616c6c2140

/* Exit codes. */
enum { TL_OK = 0, TL_USAGE = 2, TL_IO = 3, TL_INTERNAL = 70, TL_TRAP = 101, TL_INTERRUPTED = 130 };

/* ---- entry ---- */
/* Runs fn(context) with a fresh arena and jump buffer; gives the exit code. A message has been written to the error stream. Nested calls
 * are allowed. */
int tl_call(void (*fn)(void *), void *context);
/* The entry of an executable: reads the command line by `flags`, then tl_call. */
typedef struct {
  const char *name, *kind, *fallback, *doc;
} TlFlag; /* kind: "int", "f32", "str", "file", "bool", ...; fallback: text of the default or NULL if required */
int tl_main(int argc, char **argv, const TlFlag *flags, int64_t count, void (*fn)(void *));
/* Ends the process with a message where it lacks the instructions of x86-64-v`level`: called first in an executable's main. */
void tl_require_cpu(int level);
/* Sets the command line for tl_flag*, as tl_main does: 0, or TL_USAGE with a message written, or -1 after --help. */
int tl_flags_parse(int argc, char **argv, const TlFlag *flags, int64_t count);
int8_t tl_flag_given(const char *name);
int64_t tl_flag_int(const char *name); /* any integer type and bool */
double tl_flag_float(const char *name);
int64_t tl_flag_str(const char *name); /* a string handle */
/* Set by SIGINT; compiled loops poll it and call tl_interrupted, which leaves with TL_INTERRUPTED. */
extern volatile int32_t tl_interrupt_flag;
_Noreturn void tl_interrupted(void);

/* ---- exported functions: calls from C ---- */
/* Runs fn with the arguments of a C function: `frame` has a slot of eight bytes for each. `level`: that of x86-64 that the code asks for,
 * or 0. Gives the exit code; nothing has been written to the error stream: tl_library_error has the message. Any number of threads may be
 * in it. */
int tl_library_call(int level, void (*fn)(void *), void *frame);
/* What the last call of this thread that failed had to say; "" where none did. */
const char *tl_library_error(void);
/* Frees a result that tl_give allocated. */
void tl_library_free(void *result);
/* The address of an argument: the slot itself, or `offset` bytes into the record that it points to (offset >= 0). `name` is for the message
 * where that is a null pointer. */
const void *tl_argument(int64_t slot, int64_t offset, const char *name, const TlPlace *place);
/* The array whose pointer is there; it may be null only where it has no elements. */
const void *tl_argument_array(int64_t slot, int64_t offset, const char *name, int64_t count, const TlPlace *place);
/* The string whose pointer is there. */
int64_t tl_argument_text(int64_t slot, int64_t offset, const char *name, const TlPlace *place);
/* Where a result goes. `fresh`: into memory of its own, whose address the caller is told. */
typedef struct {
  int64_t slot, offset, fresh;
  const char *name;
} TlResult;
/* Hands all results to the caller, or, where one has no place, none. */
void tl_give(const TlValue *values, const TlResult *results, int64_t count, const TlPlace *place);

/* Does nothing with values that are to be computed all the same. */
void tl_observe(const TlValue *values, int64_t count);

/* ---- threads ---- */
/* fn(context, i) for every i below count, on the threads that there are; fn must not print, load or
 * save. Returns when all are done; where some trapped, leaves with what the lowest of these said. */
void tl_parallel(void (*fn)(void *, int64_t), void *context, int64_t count);
/* How many threads tl_parallel uses, the caller's included; before the first use. 0, as at the start: one for each processor. */
void tl_set_threads(int64_t threads);
/* How many kernels ran on several threads since the start of the outermost entry, for --time and the tests. */
int64_t tl_forks(void);

/* ---- memory ---- */
/* The one hook: every buffer of a compiled program comes from here, 64-byte aligned, counted, freed at the end of the entry at the latest.
 */
void *tl_alloc(int64_t bytes);
void *tl_alloc_at(int64_t bytes, const TlPlace *place); /* place: the line that there is no memory for, or NULL */
void tl_free(void *p);
/* Counters since the start of the outermost entry, for --time and the tests. */
typedef struct {
  int64_t allocations, bytes, live, peak;
} TlMemory;
TlMemory tl_memory(void);
/* A value that outlives its entry (the REPL's): moved out of the arena, released with tl_release. */
void tl_keep(void *p);
void tl_release(void *p);

/* ---- text ---- */
int64_t tl_string(const char *bytes, int64_t length);
/* parts: text0, spec0, text1, spec1, ..., textN (NUL-terminated, 2 * count + 1 of them); specs as in Python's format, "" is the default. */
int64_t tl_format(const char *const *parts, const TlValue *values, int64_t count);
void tl_print(int64_t string); /* and a newline, to standard output, buffered, flushed at exit, trap and before input */
void tl_flush(void);           /* writes out what tl_print has buffered */
const char *tl_text(int64_t string, int64_t *length);

/* ---- failure ---- */
/* Exit 101: error[CODE]: message, place, source line. What fails in the library is shown where the program called it: `caller`, else NULL.
 */
_Noreturn void tl_trap(int64_t message, const TlPlace *place, const TlPlace *caller);
_Noreturn void tl_fail(int code, const char *message, const TlPlace *place); /* another exit code */

/* ---- files ---- */
typedef struct {
  void *data;
  int64_t sizes[TL_MAX_RANK];
} TlArray;
/* What a file is read and written as. A program names the format of a literal file name and is linked with no other's code;
 * tl_format_any chooses by the end of the name when it runs. */
typedef struct TlFormat TlFormat;
const TlFormat *tl_format_any(void);
const TlFormat *tl_format_npy(void);
const TlFormat *tl_format_npz(void);
const TlFormat *tl_format_safetensors(void);
const TlFormat *tl_format_csv(void);
const TlFormat *tl_format_png(void);
/* Reads an array of exactly this kind and rank (`name` chooses the entry, "" the only one). expected[d] < 0: any size. Data comes from
 * tl_alloc. */
void tl_load(int64_t path, const TlFormat *format, const char *name, int32_t kind, int32_t rank, const int64_t *expected, TlArray *out,
             const TlPlace *place);
/* What a file holds, for messages of the compiler: 1 and "f32[10, 3]", or "a: f32[10, 3], b: i64", as a text with a zero; 0 where it cannot
 * be said. */
int32_t tl_describe(const char *path, char *text, int64_t capacity);
void tl_save(int64_t path, const TlFormat *format, const char *const *names, const TlValue *values, int64_t count, const TlPlace *place);
/* The values of an interactive session: load and save of a path that begins with "session:" come here. `get` gives null for what there is
 * not. */
typedef struct {
  void *context;
  const TlValue *(*get)(void *context, const char *path, const char *leaf);
  void (*put)(void *context, const char *path, const char *const *leaves, const TlValue *values, int64_t count);
} TlSession;
void tl_session(const TlSession *session); /* NULL: there is none */

/* ---- numbers ---- */
/* Sorting and special functions that libm lacks; the rest is expanded in the compiled code. */
void tl_argsort(const void *data, int32_t kind, int64_t n, int64_t stride, int64_t *order); /* stable, NaN last; stride in elements */
double tl_digamma(double x);
double tl_polygamma(int64_t n, double x); /* the n-th derivative of digamma */

/* Where output and messages go: NULL for the process's own streams; the REPL and the tests may collect them. */
void tl_redirect(void (*write)(void *context, int stream, const char *bytes, size_t length), void *context);
#ifdef __cplusplus
}
#endif
#endif
