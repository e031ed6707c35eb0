/* The one hook for arrays: 64-byte aligned blocks, owned by the entry that runs, counted, and kept for the next request of about
 * their size when freed, so that a loop which allocates and frees in every step costs neither system calls nor page faults. */
#include "Runtime.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, CLASSES = 400, SMALL = 1024 };

/* Stands in the 64 bytes in front of the data. */
struct Block {
  Block *next, *previous; /* of the same entry, or (next only) of the same free list */
  int64_t bytes;          /* asked for */
  int32_t sizeClass;
  enum { IN_ENTRY = 0x7e41, KEPT, CACHED } state;
  Entry *owner;
};
_Static_assert(sizeof(Block) <= ALIGNMENT, "the header fits in front of the data");

static _Thread_local struct {
  TlMemory counters;
  Block *cache[CLASSES];
  int64_t cached; /* bytes in `cache` */
} memory;

/* Up to 1 KB in steps of 64 bytes, then eight steps between powers of two: at most an eighth is wasted. */
static int32_t sizeClass(int64_t total, int64_t *rounded) {
  if (total <= SMALL) {
    int32_t step = (int32_t)((total + ALIGNMENT - 1) / ALIGNMENT);
    *rounded = (int64_t)step * ALIGNMENT;
    return step;
  }
  int power = 63 - __builtin_clzll((unsigned long long)(total - 1));
  int64_t steps = (total - 1) >> (power - 3);
  *rounded = (steps + 1) << (power - 3);
  return SMALL / ALIGNMENT + 1 + (power - 10) * 8 + (int32_t)(steps - 8);
}

static void dropCache(void) {
  for (int i = 0; i < CLASSES; i++)
    for (Block *block = memory.cache[i], *next; block; block = next) {
      next = block->next;
      free(block);
    }
  memset(memory.cache, 0, sizeof memory.cache);
  memory.cached = 0;
}

static _Noreturn void outOfMemory(int64_t bytes, const TlPlace *place) {
  Buffer text = {0};
  if (bytes < 0)
    rtAddFormat(&text, "out of memory: an array's size in bytes does not fit 64 bits");
  else
    rtAddFormat(&text, "out of memory: an array of %lld bytes beside %lld in use", (long long)bytes, (long long)memory.counters.live);
  rtFail(TL_TRAP, RT_OUT_OF_MEMORY, &text, place);
}

_Noreturn void rtOutOfMemory(int64_t bytes) { outOfMemory(bytes, NULL); }

void *rtMalloc(size_t bytes) { return rtRealloc(NULL, bytes); }

void *rtRealloc(void *p, size_t bytes) {
  void *q = realloc(p, bytes ? bytes : 1);
  if (!q) {
    static const char message[] = "out of memory";
    rtReport(RT_OUT_OF_MEMORY, message, sizeof message - 1, NULL);
    rtExit(TL_TRAP);
  }
  return q;
}

static Block *blockOf(void *p) { return (Block *)((char *)p - ALIGNMENT); }

static void link(Block *block, Entry *entry) {
  block->state = IN_ENTRY;
  block->owner = entry;
  block->previous = NULL;
  block->next = entry ? entry->blocks : NULL;
  if (!entry)
    return;
  if (block->next)
    block->next->previous = block;
  entry->blocks = block;
}

static void unlink(Block *block) {
  if (block->next)
    block->next->previous = block->previous;
  if (block->previous)
    block->previous->next = block->next;
  else if (block->owner)
    block->owner->blocks = block->next;
}

/* Gives a block back: to the cache while that holds no more than was ever in use at once. */
static void giveBack(Block *block) {
  int64_t size;
  sizeClass(block->bytes + ALIGNMENT, &size);
  memory.counters.live -= block->bytes;
  int64_t limit = memory.counters.peak > (64 << 20) ? memory.counters.peak : 64 << 20;
  if (RT_ASAN || memory.cached + size > limit) { /* the sanitizer finds uses after free only in what is freed */
    block->state = CACHED;
    free(block);
    return;
  }
  block->state = CACHED;
  block->next = memory.cache[block->sizeClass];
  memory.cache[block->sizeClass] = block;
  memory.cached += size;
}

void *tl_alloc_at(int64_t bytes, const TlPlace *place) {
  rtEnter();
  if (bytes < 0 || bytes > INT64_C(1) << 47)
    outOfMemory(bytes, place);
  int64_t size;
  int32_t class = sizeClass(bytes + ALIGNMENT, &size);
  Block *block = memory.cache[class];
  if (block) {
    memory.cache[class] = block->next;
    memory.cached -= size;
  } else {
    block = aligned_alloc(ALIGNMENT, (size_t)(RT_ASAN ? (bytes + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : size));
    if (!block) {
      dropCache();
      block = aligned_alloc(ALIGNMENT, (size_t)size);
    }
    if (!block)
      outOfMemory(bytes, place);
  }
  block->bytes = bytes;
  block->sizeClass = class;
  link(block, rtThread.entry);
  TlMemory *counters = &memory.counters;
  counters->allocations++;
  counters->bytes += bytes;
  counters->live += bytes;
  if (counters->live > counters->peak)
    counters->peak = counters->live;
  rtLeave();
  return (char *)block + ALIGNMENT;
}

void *tl_alloc(int64_t bytes) { return tl_alloc_at(bytes, NULL); }

static Block *require(void *p, int state, const char *what) {
  Block *block = blockOf(p);
  if ((int)block->state != state) {
    char text[120];
    int length = snprintf(text, sizeof text, "internal error: %s what is not allocated; this is a bug in tlc\n", what);
    rtWrite(2, text, (size_t)length);
    rtExit(TL_INTERNAL);
  }
  return block;
}

void tl_free(void *p) {
  if (!p)
    return;
  rtEnter();
  Block *block = require(p, IN_ENTRY, "freeing");
  unlink(block);
  giveBack(block);
  rtLeave();
}

void tl_keep(void *p) {
  if (!p)
    return;
  rtEnter();
  Block *block = require(p, IN_ENTRY, "keeping");
  unlink(block);
  block->state = KEPT;
  memory.counters.live -= block->bytes;
  rtLeave();
}

void tl_release(void *p) {
  if (!p)
    return;
  rtEnter();
  Block *block = require(p, KEPT, "releasing");
  block->state = CACHED;
  free(block);
  rtLeave();
}

TlMemory tl_memory(void) { return memory.counters; }

void rtMemoryBegin(void) { memory.counters = (TlMemory){0}; }

void rtMemoryAdd(int64_t allocations, int64_t bytes) {
  memory.counters.allocations += allocations;
  memory.counters.bytes += bytes;
}

void rtMemoryEnd(Entry *entry) {
  for (Block *block = entry->blocks, *next; block; block = next) {
    next = block->next;
    giveBack(block);
  }
  entry->blocks = NULL;
  if (!entry->outer)
    dropCache();
}
