/* Chunks of a kernel on several threads: one pool for the process, started when first needed. The chunks are the kernel's own (their number
 * depends on sizes alone), and whoever is free takes the next, so the result has the same bits on any number of threads, and so has a
 * failure.
 *
 * The caller works too, and waits only for workers that hold a chunk. A worker that wakes up late finds the job closed and leaves again. */
#include "Runtime.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum { MOST_THREADS = 256, SPINS = 2000 };

static struct {
  /* The job under way; the plain fields are written while it is closed and nobody is `inside`. */
  void (*fn)(void *, int64_t);
  void *context;
  int64_t count;
  atomic_int_fast64_t next;
  atomic_int_fast64_t job; /* its number, odd while it is open */
  atomic_int inside;
  /* The lowest chunk that failed, its exit code and message; no such chunk: INT64_MAX. */
  atomic_int_fast64_t failed;
  int code;
  Buffer messages;
  /* What the workers have allocated. */
  atomic_int_fast64_t allocations, bytes;
  /* Workers that gave up spinning. */
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  atomic_int asleep;
  int wanted, started; /* threads, the caller's among them; 0: not chosen yet */
  pid_t process;       /* whose threads they are: a child of fork has none */
} pool = {.mutex = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

/* Held by the thread whose job runs; another one that comes meanwhile works alone. */
static atomic_flag taken = ATOMIC_FLAG_INIT;
static _Thread_local int64_t forks;

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/* What a chunk that trapped, or met a fault, has to say: the lowest such chunk counts, which is the first in order. */
static void recordFailure(int64_t chunk, int code, Buffer *messages) {
  pthread_mutex_lock(&pool.mutex);
  if (chunk < atomic_load(&pool.failed)) {
    Buffer old = pool.messages;
    pool.messages = *messages;
    *messages = old;
    pool.code = code;
    atomic_store(&pool.failed, chunk);
  }
  pthread_mutex_unlock(&pool.mutex);
}

/* Takes chunks until there are none, or Ctrl-C or a failure makes the rest pointless. They run in an entry of their own: what they allocate
 * goes with it, and a trap ends here. */
static void work(void) {
  Entry entry = {.outer = rtThread.entry, .busy = rtThread.busy};
  Buffer messages = {0}, *outer = rtThread.messages;
  volatile int64_t chunk = 0;
  rtThread.busy = entry.busy + 1; /* Ctrl-C sets the flag and no more */
  rtThread.messages = &messages;
  if (!sigsetjmp(entry.out, 0)) {
    rtThread.entry = &entry;
    while (!tl_interrupt_flag && (chunk = atomic_fetch_add(&pool.next, 1)) < pool.count && chunk < atomic_load(&pool.failed))
      pool.fn(pool.context, chunk);
  } else {
    rtThread.busy = entry.busy + 1;
    rtReportFault();
    recordFailure(chunk, entry.code, &messages);
  }
  rtThread.messages = outer;
  rtFree(&messages);
  rtFreeText(&entry);
  rtMemoryEnd(&entry);
  rtThread.entry = entry.outer;
  rtThread.busy = entry.busy;
}

/* The open job, if it is another than `last`; else 0. */
static int64_t openJob(int64_t last) {
  int64_t job = atomic_load(&pool.job);
  return job % 2 && job != last ? job : 0;
}

static void sleepUntilWork(int64_t last) {
  for (int i = 0; i < SPINS; i++) {
    if (openJob(last))
      return;
    relax();
  }
  pthread_mutex_lock(&pool.mutex);
  atomic_fetch_add(&pool.asleep, 1);
  while (!openJob(last))
    pthread_cond_wait(&pool.wake, &pool.mutex);
  atomic_fetch_sub(&pool.asleep, 1);
  pthread_mutex_unlock(&pool.mutex);
}

static void *worker(void *unused) {
  char alternate[RT_ALTERNATE_STACK];
  rtPrepareThread(alternate);
  for (int64_t last = 0;;) {
    sleepUntilWork(last);
    atomic_fetch_add(&pool.inside, 1);
    int64_t job = openJob(last); /* 0 if it was closed meanwhile: the fields may be written at any time */
    if (job) {
      rtMemoryBegin();
      work();
      atomic_fetch_add(&pool.allocations, tl_memory().allocations);
      atomic_fetch_add(&pool.bytes, tl_memory().bytes);
      last = job;
    }
    atomic_fetch_sub(&pool.inside, 1);
  }
  return unused;
}

static int processors(void) {
  cpu_set_t set;
  int n = sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
  return n < MOST_THREADS ? n : MOST_THREADS;
}

static void start(void) {
  if (pool.process != getpid()) {
    pool.process = getpid();
    pool.started = 1;
    atomic_store(&pool.asleep, 0);
    atomic_store(&pool.inside, 0);
  }
  sigset_t all, old;
  sigfillset(&all);
  for (int i = 0; i < RT_FAULTS; i++)
    sigdelset(&all, rtFaults[i]);
  pthread_sigmask(SIG_SETMASK, &all, &old); /* others are for the thread that runs the entry */
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, RT_STACK); /* recursion is as deep on every thread */
  pthread_attr_setguardsize(&attr, RT_GUARD);
  for (; pool.started < pool.wanted; pool.started++) {
    pthread_t thread;
    if (pthread_create(&thread, &attr, worker, NULL)) {
      pool.wanted = pool.started; /* the system gives no more */
      break;
    }
    pthread_detach(thread);
  }
  pthread_attr_destroy(&attr);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* The job is over: what became of it. */
static void finish(void) {
  rtMemoryAdd(atomic_exchange(&pool.allocations, 0), atomic_exchange(&pool.bytes, 0));
  bool failed = atomic_load(&pool.failed) != INT64_MAX && !tl_interrupt_flag;
  Buffer messages = pool.messages;
  int code = pool.code;
  pool.messages = (Buffer){0};
  atomic_flag_clear(&taken);
  if (failed && messages.length)
    rtWrite(2, messages.data, messages.length);
  rtFree(&messages);
  rtLeave();
  if (failed)
    rtExit(code);
}

void tl_parallel(void (*fn)(void *, int64_t), void *context, int64_t count) {
  if (count < 2) { /* most kernels are small */
    if (count == 1)
      fn(context, 0);
    return;
  }
  if (!pool.wanted)
    pool.wanted = processors();
  if (pool.wanted < 2 || atomic_flag_test_and_set(&taken)) {
    for (int64_t chunk = 0; chunk < count; chunk++)
      fn(context, chunk);
    return;
  }
  rtEnter(); /* a Ctrl-C must not leave while workers are in our buffers */
  if (pool.started < pool.wanted || pool.process != getpid())
    start();
  pool.fn = fn;
  pool.context = context;
  pool.count = count;
  atomic_store(&pool.next, 0);
  atomic_store(&pool.failed, INT64_MAX);
  atomic_fetch_add(&pool.job, 1);
  if (atomic_load(&pool.asleep)) {
    pthread_mutex_lock(&pool.mutex);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.mutex);
  }
  work();
  atomic_fetch_add(&pool.job, 1);
  for (int i = 0; atomic_load(&pool.inside); i++)
    i < SPINS ? relax() : (void)sched_yield();
  forks++;
  finish();
}

void tl_set_threads(int64_t threads) { pool.wanted = threads < 1 ? 0 : threads < MOST_THREADS ? (int)threads : MOST_THREADS; }

int64_t tl_forks(void) { return forks; }

void rtForksBegin(void) { forks = 0; }
