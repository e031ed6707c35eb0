/* What the processor can do: code is made for a level of x86-64, and says so on a machine of a lower one. */
#include "Runtime.h"
#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>

/* AVX2, BMI1 and 2, FMA, F16C, LZCNT, MOVBE; for v4 AVX-512 F, BW, CD, DQ, VL too. */
int rtCpuLevel(void) {
  unsigned a, b, c, d, b7 = 0, c1 = 0, cx = 0, low, high;
  if (!__get_cpuid(1, &a, &b, &c1, &d) || !(c1 & 1u << 27))
    return 1;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  __get_cpuid_count(7, 0, &a, &b7, &c, &d);
  __get_cpuid(0x80000001, &a, &b, &cx, &d);
  const unsigned need1 = 1u << 12 | 1u << 22 | 1u << 28 | 1u << 29, need7 = 1u << 3 | 1u << 5 | 1u << 8;
  const unsigned avx512 = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;
  if ((c1 & need1) != need1 || (b7 & need7) != need7 || !(cx & 1u << 5) || (low & 6) != 6)
    return 2;
  return (b7 & avx512) == avx512 && (low & 0xe6) == 0xe6 ? 4 : 3;
}

void tl_require_cpu(int level) {
  if (rtCpuLevel() >= level)
    return;
  fprintf(stderr, "error: this program was built for x86-64-v%d, which this processor is not: build it with --cpu=x86-64\n", level);
  exit(TL_USAGE);
}
