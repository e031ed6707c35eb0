/* The first instruction of an executable, and its main. tlc links programs with `-e tl_start` and needs no crt1.o of the system. */
#include "Runtime.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv);

#if defined(__x86_64__)
/* As the psABI says: argc at the top of the stack, argv above it, in rdx what to call at exit. */
__asm__(".text\n"
        ".globl tl_start\n"
        ".type tl_start, @function\n"
        "tl_start:\n"
        "  .cfi_startproc\n"
        "  .cfi_undefined rip\n"
        "  xorl %ebp, %ebp\n"
        "  movq %rdx, %r9\n"
        "  popq %rsi\n"
        "  movq %rsp, %rdx\n"
        "  andq $-16, %rsp\n"
        "  pushq %rax\n"
        "  pushq %rsp\n"
        "  xorl %r8d, %r8d\n"
        "  xorl %ecx, %ecx\n"
        "  movq main@GOTPCREL(%rip), %rdi\n"
        "  callq *__libc_start_main@GOTPCREL(%rip)\n"
        "  hlt\n"
        "  .cfi_endproc\n"
        ".size tl_start, .-tl_start\n");
#else
#error "tl_start is written for x86-64"
#endif

typedef struct {
  void (*fn)(void *);
  int code;
} Program;

static void *runProgram(void *context) {
  Program *program = context;
  program->code = tl_call(program->fn, NULL);
  return NULL;
}

int tl_main(int argc, char **argv, const TlFlag *flags, int64_t count, void (*fn)(void *)) {
  int parsed = tl_flags_parse(argc, argv, flags, count);
  rtFlush();
  if (parsed)
    return parsed < 0 ? TL_OK : parsed;
  Program program = {fn, TL_INTERNAL};
  pthread_attr_t attr;
  pthread_t thread;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, RT_STACK);
  pthread_attr_setguardsize(&attr, RT_GUARD);
  if (pthread_create(&thread, &attr, runProgram, &program))
    runProgram(&program);
  else
    pthread_join(thread, NULL);
  pthread_attr_destroy(&attr);
  return program.code;
}
