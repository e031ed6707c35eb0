/* Functions of the gamma family that libm lacks. */
#include "Runtime.h"
#include <math.h>

/* Psi on [1, 2]: the root and a rational function of the rest (Boost.Math, digamma.hpp, 53 bits). */
static double digammaNearRoot(double x) {
  const double y = 0.99558162689208984;
  const double root1 = 1569415565.0 / 1073741824.0, root2 = (381566830.0 / 1073741824.0) / 1073741824.0,
               root3 = 0.9016312093258695918615325266959189453125e-19;
  static const double p[] = {0.25479851061131551,  -0.32555031186804491,  -0.65031853770896507,
                             -0.28919126444774784, -0.045251321448739056, -0.0020713321167745952};
  static const double q[] = {1.0,
                             2.0767117023730469,
                             1.4606242909763515,
                             0.43593529692665969,
                             0.054151797245674225,
                             0.0021284987017821144,
                             -0.55789841321675513e-6};
  double g = ((x - root1) - root2) - root3, t = x - 1, top = 0, bottom = 0;
  for (int i = 5; i >= 0; i--)
    top = top * t + p[i];
  for (int i = 6; i >= 0; i--)
    bottom = bottom * t + q[i];
  return g * y + g * (top / bottom);
}

/* The asymptotic series with Bernoulli numbers (Abramowitz and Stegun 6.3.18), for x >= 10. */
static double digammaLarge(double x) {
  static const double b[] = {1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760, 1.0 / 12, -3617.0 / 8160};
  double z = 1 / (x * x), sum = 0;
  for (int i = 7; i >= 0; i--)
    sum = sum * z + b[i];
  return log(x) - 0.5 / x - sum * z;
}

static double cotPi(double x) { /* of pi x, exact reduction */
  double r = x - nearbyint(x);
  return fabs(r) <= 0.25 ? 1 / tan(M_PI * r) : -tan(M_PI * (r > 0 ? r - 0.5 : r + 0.5));
}

double tl_digamma(double x) {
  if (isnan(x) || x == INFINITY)
    return x;
  if (x == 0)
    return copysign(INFINITY, -x);
  if (x < 0) { /* reflection: psi(1 - x) - pi / tan(pi x) */
    if (x == floor(x) || isinf(x))
      return NAN;
    return tl_digamma(1 - x) - M_PI * cotPi(x);
  }
  if (x >= 10)
    return digammaLarge(x);
  double shift = 0;
  for (; x > 2; x -= 1)
    shift += 1 / (x - 1);
  for (; x < 1; x += 1)
    shift -= 1 / x;
  return shift + digammaNearRoot(x);
}

double tl_trigamma(double x) {
  if (isnan(x))
    return x;
  if (x <= 0 && x == floor(x))
    return INFINITY;
  if (x < 0.5) { /* reflection: (pi / sin(pi x))^2 - psi'(1 - x) */
    double s = sin(M_PI * (x - nearbyint(x)));
    return M_PI * M_PI / (s * s) - tl_trigamma(1 - x);
  }
  double sum = 0;
  for (; x < 12; x += 1)
    sum += 1 / (x * x);
  static const double b[] = {1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510};
  double z = 1 / (x * x), series = 0;
  for (int i = 7; i >= 0; i--)
    series = series * z + b[i];
  return sum + (1 / x + z / 2 + series * z / x);
}

/* psi^(n) for n >= 1: the recurrence up to x >= 20, then the asymptotic series with Bernoulli numbers (Abramowitz and Stegun 6.4.6
 * and 6.4.11). */
double tl_polygamma(int64_t n, double x) {
  static const double b[] = {1.0 / 6,       -1.0 / 30, 1.0 / 42,      -1.0 / 30,     5.0 / 66,
                             -691.0 / 2730, 7.0 / 6,   -3617.0 / 510, 43867.0 / 798, -174611.0 / 330};
  if (n == 0)
    return tl_digamma(x);
  if (isnan(x) || x == -INFINITY || (x <= 0 && x == floor(x)))
    return x <= 0 && x != -INFINITY && n % 2 ? INFINITY : NAN;
  double factorial = tgamma((double)n); /* (n - 1)! */
  double steps = 0;
  for (; x < 20; x += 1)
    steps += pow(x, -(double)(n + 1));
  steps *= factorial * (double)n;
  double sum = factorial * pow(x, -(double)n) + factorial * (double)n / 2 * pow(x, -(double)(n + 1));
  double ratio = factorial * (double)n * (double)(n + 1) / 2; /* (2k + n - 1)! / (2k)! at k = 1 */
  double power = pow(x, -(double)(n + 2));
  for (int k = 1; k <= 10; k++) {
    sum += b[k - 1] * ratio * power;
    ratio *= (double)(2 * k + n) * (double)(2 * k + n + 1) / ((2.0 * k + 1) * (2.0 * k + 2));
    power /= x * x;
  }
  return n % 2 ? steps + sum : -(steps + sum);
}
