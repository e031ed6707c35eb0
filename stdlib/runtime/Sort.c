/* Stable sorting of any type: elements become 64-bit keys whose unsigned order is theirs, sorted with their positions byte by byte. */
#include "Runtime.h"
#include <math.h>
#include <string.h>

typedef struct {
  uint64_t key;
  int64_t index;
} Item;

enum { INSERTION = 48 };

static uint64_t keyOf(const void *data, int32_t kind, int64_t i) {
  const uint64_t sign = UINT64_C(1) << 63;
  if (!rtIsFloat(kind)) {
    uint64_t bits = (uint64_t)rtInt(kind, data, i);
    return rtIsUnsigned(kind) ? bits : bits ^ sign;
  }
  double x = rtFloat(kind, data, i);
  if (isnan(x))
    return UINT64_MAX; /* last */
  x += 0.0;            /* -0 equals 0 */
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits & sign ? ~bits : bits | sign;
}

/* Ctrl-C is not held back until a large array is sorted. */
static void poll(int64_t i) {
  if (!(i & 0xFFFF) && tl_interrupt_flag && rtThread.entry)
    tl_interrupted();
}

static void insertionSort(Item *items, int64_t n) {
  for (int64_t i = 1; i < n; i++) {
    Item item = items[i];
    int64_t j = i;
    for (; j > 0 && items[j - 1].key > item.key; j--)
      items[j] = items[j - 1];
    items[j] = item;
  }
}

/* Least significant byte first; bytes that all keys share are skipped. Gives where the result stands. */
static Item *radixSort(Item *items, Item *other, int64_t n) {
  static _Thread_local int64_t counts[8][256];
  memset(counts, 0, sizeof counts);
  for (int64_t i = 0; i < n; i++) {
    for (int byte = 0; byte < 8; byte++)
      counts[byte][items[i].key >> (8 * byte) & 255]++;
    poll(i);
  }
  for (int byte = 0; byte < 8; byte++) {
    int64_t *count = counts[byte], start = 0;
    if (count[items[0].key >> (8 * byte) & 255] == n)
      continue;
    for (int value = 0; value < 256; value++) {
      int64_t size = count[value];
      count[value] = start;
      start += size;
    }
    for (int64_t i = 0; i < n; i++) {
      other[count[items[i].key >> (8 * byte) & 255]++] = items[i];
      poll(i);
    }
    Item *swap = items;
    items = other;
    other = swap;
  }
  return items;
}

void tl_argsort(const void *data, int32_t kind, int64_t n, int64_t stride, int64_t *order) {
  if (n <= 0)
    return;
  rtEnter();
  Item small[INSERTION], *items = small, *sorted = small;
  if (n > INSERTION)
    sorted = items = tl_alloc(2 * n * (int64_t)sizeof(Item));
  for (int64_t i = 0; i < n; i++) {
    items[i] = (Item){keyOf(data, kind, i * stride), i};
    poll(i);
  }
  if (n <= INSERTION)
    insertionSort(items, n);
  else
    sorted = radixSort(items, items + n, n);
  for (int64_t i = 0; i < n; i++)
    order[i] = sorted[i].index;
  if (n > INSERTION)
    tl_free(items);
  rtLeave();
}
