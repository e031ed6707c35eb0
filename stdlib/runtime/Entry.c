/* tl_call: the one way into compiled code. It owns what the code allocates and the jump buffer that a trap takes; signals that
 * mean a fault of the program (stack overflow, division) end there too, as does Ctrl-C. */
#include "Runtime.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if RT_ASAN
void __asan_handle_no_return(void);
#endif

_Thread_local Thread rtThread;
volatile int32_t tl_interrupt_flag;
bool rtIsLibrary;

const int rtFaults[RT_FAULTS] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
enum { STACK_RESERVE = 256 << 10 };

/* What the outermost entry of a thread replaced, to be put back at its end. */
typedef struct {
  bool interrupts;
  struct sigaction interrupt;
  stack_t stack;
  void *stackMemory;
} Signals;

/* The handlers of faults are those of the process: ours while an entry runs on any thread, and whose they were before. */
static struct {
  pthread_mutex_t mutex;
  int entries;
  struct sigaction others[RT_FAULTS];
} faults = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* The thread that SIGINT is meant for: the kernel hands the signal to any. */
static pthread_t entryThread;
static atomic_int entryRunning;

/* The ends of this thread's stack, found once: reading them is slow for the first thread. */
static _Thread_local char *stackLow, *stackHigh;

static void findStack(void) {
  pthread_attr_t attr;
  void *low;
  size_t size;
  if (stackLow || pthread_getattr_np(pthread_self(), &attr))
    return;
  if (!pthread_attr_getstack(&attr, &low, &size)) {
    stackLow = low;
    stackHigh = stackLow + size;
    rtThread.stackLimit = stackLow + STACK_RESERVE;
  }
  pthread_attr_destroy(&attr);
}

/* The first thread's guard is a gap of 1 MB that the kernel keeps; other threads have pages. */
static bool inGuard(const char *address) { return stackLow && address >= stackLow - (1 << 20) && address < stackLow + (64 << 10); }

_Noreturn static void jump(int code) {
  rtThread.entry->code = code;
#if RT_ASAN
  __asan_handle_no_return();
#endif
  siglongjmp(rtThread.entry->out, 1);
}

_Noreturn void rtExit(int code) {
  if (rtThread.entry)
    jump(code);
  rtFlush();
  exit(code);
}

/* A call that makes the innermost recursion: its place stands in the frame behind a mark (LowerEffects). NULL if there is none near the top
 * of the stack. */
__attribute__((no_sanitize_address)) static const TlPlace *recursionAt(const char *top) {
  const char *from = top < stackLow + (64 << 10) ? stackLow + (64 << 10) : top, *to = stackHigh;
  if (to - from > (1 << 20))
    to = from + (1 << 20);
  for (const int64_t *word = (const int64_t *)(((uintptr_t)from + 7) & ~(uintptr_t)7); (const char *)(word + 2) <= to; word++)
    if (*word == TL_CALL_MARK)
      return (const TlPlace *)word[1];
  return NULL;
}

_Noreturn void rtStackOverflow(void) {
  rtThread.fault = RT_FAULT_STACK;
  rtThread.faultCall = recursionAt(__builtin_frame_address(0));
  jump(TL_TRAP);
}

/* A fault that is not ours goes to who was there before; where nobody was, the instruction runs again and ends the process. */
static void passOn(int signal, siginfo_t *info, void *context) {
  struct sigaction other = {.sa_handler = SIG_DFL};
  for (int i = 0; i < RT_FAULTS && !rtThread.entry; i++)
    if (rtFaults[i] == signal)
      other = faults.others[i];
  if (other.sa_flags & SA_SIGINFO)
    other.sa_sigaction(signal, info, context);
  else if (other.sa_handler != SIG_DFL && other.sa_handler != SIG_IGN)
    other.sa_handler(signal);
  else
    sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
}

static void onFault(int signal, siginfo_t *info, void *context) {
  if (!rtThread.entry || rtThread.fault) { /* not ours, or a fault while a fault is handled */
    passOn(signal, info, context);
    return;
  }
  rtThread.faultAddress = info->si_addr;
  rtThread.fault = signal == SIGFPE                              ? RT_FAULT_ARITHMETIC
                   : signal == SIGILL                            ? RT_FAULT_INSTRUCTION
                   : signal == SIGSEGV && inGuard(info->si_addr) ? RT_FAULT_STACK
                                                                 : RT_FAULT_ADDRESS;
  if (rtThread.fault == RT_FAULT_STACK)
    rtThread.faultCall = recursionAt(info->si_addr);
  jump(rtThread.fault == RT_FAULT_STACK || rtThread.fault == RT_FAULT_ARITHMETIC ? TL_TRAP : TL_INTERNAL);
}

/* The first Ctrl-C ends the entry: at once where compiled code runs, else when the runtime function under way has ended.
 * The second one, if the first had no effect, ends the process. */
static void onInterrupt(int signal) {
  if (atomic_load(&entryRunning) && !pthread_equal(pthread_self(), entryThread)) {
    pthread_kill(entryThread, signal);
    return;
  }
  if (tl_interrupt_flag)
    _exit(TL_INTERRUPTED);
  tl_interrupt_flag = 1;
  if (rtThread.entry && !rtThread.busy)
    jump(TL_INTERRUPTED);
}

_Noreturn void tl_interrupted(void) { rtExit(TL_INTERRUPTED); }

void rtPrepareThread(char alternate[RT_ALTERNATE_STACK]) {
  findStack();
  stack_t stack = {.ss_sp = alternate, .ss_size = RT_ALTERNATE_STACK};
  sigaltstack(&stack, NULL);
}

static void beginFaults(void) {
  struct sigaction fault = {.sa_sigaction = onFault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  pthread_mutex_lock(&faults.mutex);
  if (!faults.entries++)
    for (int i = 0; i < RT_FAULTS; i++)
      sigaction(rtFaults[i], &fault, &faults.others[i]);
  pthread_mutex_unlock(&faults.mutex);
}

static void endFaults(void) {
  pthread_mutex_lock(&faults.mutex);
  if (!--faults.entries)
    for (int i = 0; i < RT_FAULTS; i++)
      sigaction(rtFaults[i], &faults.others[i], NULL);
  pthread_mutex_unlock(&faults.mutex);
}

static void beginSignals(Signals *old) {
  findStack();
  old->stackMemory = malloc(RT_ALTERNATE_STACK);
  stack_t stack = {.ss_sp = old->stackMemory, .ss_size = RT_ALTERNATE_STACK};
  if (old->stackMemory)
    sigaltstack(&stack, &old->stack);
  beginFaults();
  if (!old->interrupts)
    return;
  tl_interrupt_flag = 0;
  entryThread = pthread_self();
  atomic_store(&entryRunning, 1);
  struct sigaction interrupt = {.sa_handler = onInterrupt, .sa_flags = SA_ONSTACK | SA_NODEFER};
  sigaction(SIGINT, &interrupt, &old->interrupt);
  if (old->interrupt.sa_handler == SIG_IGN) /* started in the background by a shell: Ctrl-C is not for us */
    sigaction(SIGINT, &old->interrupt, NULL);
}

static void endSignals(Signals *old) {
  if (old->interrupts) {
    sigaction(SIGINT, &old->interrupt, NULL);
    atomic_store(&entryRunning, 0);
    tl_interrupt_flag = 0;
  }
  endFaults();
  if (old->stackMemory)
    sigaltstack(&old->stack, NULL);
  free(old->stackMemory);
}

void rtReportFault(void) {
  static const char overflow[] = "the stack overflowed: calls nest too deeply";
  static const char arithmetic[] = "an arithmetic operation that the processor rejects";
  char text[240];
  int fault = rtThread.fault;
  if (fault == RT_NO_FAULT)
    return;
  rtThread.fault = RT_NO_FAULT;
  if (fault == RT_FAULT_STACK)
    rtReport(RT_STACK_OVERFLOW, overflow, sizeof overflow - 1, rtThread.faultCall);
  else if (fault == RT_FAULT_ARITHMETIC)
    rtReport(RT_ARITHMETIC, arithmetic, sizeof arithmetic - 1, NULL);
  else {
    int length = snprintf(text, sizeof text, "internal error: the compiled program crashed (%s at address %p); this is a bug in tlc%s\n",
                          fault == RT_FAULT_INSTRUCTION ? "unknown instruction" : "bad memory access", rtThread.faultAddress,
                          rtIsLibrary ? ", or a pointer was passed that has fewer elements behind it than its sizes say" : "");
    rtWrite(2, text, (size_t)length);
  }
}

int tl_call(void (*fn)(void *), void *context) { return rtCall(fn, context, true); }

int rtCall(void (*fn)(void *), void *context, bool interrupts) {
  Entry entry = {.outer = rtThread.entry, .busy = rtThread.busy};
  Signals signals = {.interrupts = interrupts};
  if (!entry.outer) {
    rtMemoryBegin();
    rtForksBegin();
    beginSignals(&signals);
  }
  if (!sigsetjmp(entry.out, 0)) {
    rtThread.entry = &entry;
    fn(context);
  }
  rtThread.busy = entry.busy + 1; /* the end of an entry is not interrupted */
  rtReportFault();
  rtFreeText(&entry);
  rtMemoryEnd(&entry);
  rtThread.entry = entry.outer;
  rtThread.busy = entry.busy;
  if (!entry.outer) {
    rtFlush();
    endSignals(&signals);
  }
  return entry.code;
}
