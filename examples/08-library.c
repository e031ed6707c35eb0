/* Calls the library that `tlc build --lib examples/08-library.tl -o libdecay.so` makes, and prints what the program prints by itself. */
#include "decay.h"
#include <stdio.h>

int main(void) {
  const double t[] = {0, 1, 2, 3, 4}, y[] = {5.1, 3.4, 2.6, 2.3, 2.2}, late = 10;
  struct Decay d;
  double remains;
  if (fit(t, 5, y, 20, &d) || left(&d, &late, 1, &remains)) {
    fprintf(stderr, "%s\n", decay_last_error());
    return 1;
  }
  printf("scale %.3f  rate %.3f  offset %.3f\n", d.scale, d.rate, d.offset);
  printf("at t = 10 there are %.3f\n", remains);
}
