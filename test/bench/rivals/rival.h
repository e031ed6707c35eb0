/* What a program of this folder gives: an objective and its derivative by hand, of an input in one block of memory. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Sizes of the problem, whole numbers and floats of the input, in the order in which the .c file takes them. */
typedef struct {
  int64_t sizes[4];
  const int64_t *numbers;
  const double *values;
} Input;

/* How many floats the result has. */
size_t rival_size(const Input *in, int derivative);
/* Computes the objective, or its derivative, into `out`. */
void rival_run(const Input *in, int derivative, double *out);
