/* main INPUT OUTPUT DERIVATIVE RUNS: reads an input (4 sizes, the count of whole numbers, these, the floats), computes the objective (0) or the
 * derivative (1) RUNS times, and writes the floats of the result. */
#include "rival.h"
#include <stdio.h>
#include <stdlib.h>

static void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 5)
    fail("main INPUT OUTPUT DERIVATIVE RUNS");
  FILE *file = fopen(argv[1], "rb");
  if (!file || fseek(file, 0, SEEK_END))
    fail("cannot read the input");
  long length = ftell(file);
  rewind(file);
  int64_t *data = malloc((size_t)length);
  if (length < 40 || !data || fread(data, 1, (size_t)length, file) != (size_t)length)
    fail("cannot read the input");
  fclose(file);
  Input in = {{data[0], data[1], data[2], data[3]}, data + 5, (const double *)(data + 5 + data[4])};
  int derivative = atoi(argv[3]);
  size_t size = rival_size(&in, derivative);
  double *out = calloc(size, sizeof(double));
  if (!out)
    fail("no memory");
  for (long run = atol(argv[4]); run > 0; --run)
    rival_run(&in, derivative, out);
  file = fopen(argv[2], "wb");
  if (!file || fwrite(out, sizeof(double), size, file) != size || fclose(file))
    fail("cannot write the result");
  return 0;
}
