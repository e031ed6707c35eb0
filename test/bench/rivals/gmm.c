/* GradBench's gmm (its corrected definition) and its gradient. Sizes n, k, d, m; floats alpha [k], mu [k, d], q [k, d], l [k, t], x [n, d], gamma,
 * with t = d (d - 1) / 2. The gradient is that of alpha, mu, q, l, in this order.
 *
 * beta[c] = alpha[c] + sum q[c] - |y|^2 / 2 with y = Q (x - mu[c]); the weight r[c] = exp(beta[c]) / sum exp(beta) is the derivative of the
 * likelihood of a point by beta[c], and -r[c] y that by y. */
#include "rival.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double logsumexp(size_t k, const double *x, double *weights) {
  double top = x[0], sum = 0;
  for (size_t c = 1; c < k; ++c)
    top = x[c] > top ? x[c] : top;
  for (size_t c = 0; c < k; ++c)
    sum += weights[c] = exp(x[c] - top);
  for (size_t c = 0; c < k; ++c)
    weights[c] /= sum;
  return top + log(sum);
}

static double logGamma(double a, size_t d) {
  double sum = (double)(d * (d - 1)) / 4 * log(M_PI);
  for (size_t j = 0; j < d; ++j)
    sum += lgamma(a - (double)j / 2);
  return sum;
}

size_t rival_size(const Input *in, int derivative) {
  size_t k = (size_t)in->sizes[1], d = (size_t)in->sizes[2];
  return derivative ? k * (1 + 2 * d + d * (d - 1) / 2) : 1;
}

void rival_run(const Input *in, int derivative, double *out) {
  size_t n = (size_t)in->sizes[0], k = (size_t)in->sizes[1], d = (size_t)in->sizes[2], t = d * (d - 1) / 2;
  double m = (double)in->sizes[3];
  const double *alpha = in->values, *mu = alpha + k, *q = mu + k * d, *l = q + k * d, *x = l + k * t, gamma = x[n * d];
  double *memory = malloc((k * (2 + 3 * d)) * sizeof(double));
  double *beta = memory, *sumQ = beta + k, *diagonal = sumQ + k, *away = diagonal + k * d, *y = away + k * d;
  double *dAlpha = out, *dMu = dAlpha + k, *dQ = dMu + k * d, *dL = dQ + k * d;
  if (derivative)
    memset(out, 0, rival_size(in, 1) * sizeof(double));

  double norm = 0, sum = 0;
  for (size_t c = 0; c < k; ++c) {
    sumQ[c] = 0;
    for (size_t i = 0; i < d; ++i) {
      diagonal[c * d + i] = exp(q[c * d + i]);
      sumQ[c] += q[c * d + i];
      norm += diagonal[c * d + i] * diagonal[c * d + i];
    }
    for (size_t i = 0; i < t; ++i)
      norm += l[c * t + i] * l[c * t + i];
    sum += sumQ[c];
  }

  double likelihood = 0;
  for (size_t s = 0; s < n; ++s) {
    for (size_t c = 0; c < k; ++c) {
      double *restrict a = away + c * d, *restrict b = y + c * d;
      const double *restrict below = l + c * t;
      for (size_t i = 0; i < d; ++i) {
        a[i] = x[s * d + i] - mu[c * d + i];
        b[i] = diagonal[c * d + i] * a[i];
      }
      for (size_t j = 0; j < d; ++j)
        for (size_t i = j + 1; i < d; ++i)
          b[i] += *below++ * a[j];
      double square = 0;
      for (size_t i = 0; i < d; ++i)
        square += b[i] * b[i];
      beta[c] = alpha[c] + sumQ[c] - 0.5 * square;
    }
    likelihood += logsumexp(k, beta, beta);
    if (!derivative)
      continue;
    for (size_t c = 0; c < k; ++c) {
      const double *restrict a = away + c * d, *restrict b = y + c * d, *restrict below = l + c * t;
      double *restrict gMu = dMu + c * d, *restrict gQ = dQ + c * d, *restrict gL = dL + c * t, r = beta[c];
      dAlpha[c] += r;
      for (size_t i = 0; i < d; ++i) {
        gQ[i] += r * (1 - diagonal[c * d + i] * a[i] * b[i]);
        gMu[i] += r * diagonal[c * d + i] * b[i];
      }
      for (size_t j = 0; j < d; ++j) {
        double back = 0;
        for (size_t i = j + 1; i < d; ++i) {
          back += *below++ * b[i];
          *gL++ -= r * a[j] * b[i];
        }
        gMu[j] += r * back;
      }
    }
  }

  double prior = logsumexp(k, alpha, beta); /* beta: the weights of the components */
  if (derivative) {
    for (size_t c = 0; c < k; ++c)
      dAlpha[c] -= (double)n * beta[c];
    for (size_t i = 0; i < k * d; ++i)
      dQ[i] += m - gamma * gamma * diagonal[i] * diagonal[i];
    for (size_t i = 0; i < k * t; ++i)
      dL[i] -= gamma * gamma * l[i];
  } else {
    double freedom = (double)d + m + 1;
    double constant = freedom * (double)d * log(gamma / sqrt(2)) - logGamma(freedom / 2, d);
    *out = likelihood - (double)n * ((double)d / 2 * log(2 * M_PI) + prior) + (double)k * constant - 0.5 * gamma * gamma * norm + m * sum;
  }
  free(memory);
}
