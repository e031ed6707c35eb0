/* GradBench's lstm and its gradient in reverse. Sizes l, b, c; floats main [l, 2, 4, b], extra [3, b], state [l, 2, b], sequence [c, b]. The
 * gradient is that of main and extra. The forward sweep keeps what the cells and gates were; the reverse one runs back over the steps. */
#include "rival.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a step of a layer keeps: rows of b. */
enum { INPUT, HIDDEN, CELL, FORGET, IN, OUT, CHANGE, TANH, KEPT };

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* The step of a layer on `x`, which becomes its result; hidden and cell change. Keeps what it computes in rows of `kept`. */
static void forward(size_t b, const double *restrict w, double *restrict x, double *restrict hidden, double *restrict cell, double *restrict kept) {
  const double *restrict u = w + 4 * b;
  for (size_t j = 0; j < b; ++j) {
    kept[INPUT * b + j] = x[j];
    kept[HIDDEN * b + j] = hidden[j];
    kept[CELL * b + j] = cell[j];
    double f = kept[FORGET * b + j] = sigmoid(x[j] * w[j] + u[j]);
    double i = kept[IN * b + j] = sigmoid(hidden[j] * w[b + j] + u[b + j]);
    double o = kept[OUT * b + j] = sigmoid(x[j] * w[2 * b + j] + u[2 * b + j]);
    double g = kept[CHANGE * b + j] = tanh(hidden[j] * w[3 * b + j] + u[3 * b + j]);
    cell[j] = cell[j] * f + i * g;
    double y = kept[TANH * b + j] = tanh(cell[j]);
    x[j] = hidden[j] = o * y;
  }
}

/* Cotangents: dx of the result becomes that of the input; those of hidden and cell after the step become those before it. */
static void backward(size_t b, const double *restrict w, const double *restrict kept, double *restrict dx, double *restrict dHidden,
                     double *restrict dCell, double *restrict dW) {
  double *restrict dU = dW + 4 * b;
  for (size_t j = 0; j < b; ++j) {
    double f = kept[FORGET * b + j], i = kept[IN * b + j], o = kept[OUT * b + j], g = kept[CHANGE * b + j], y = kept[TANH * b + j];
    double x = kept[INPUT * b + j], h = kept[HIDDEN * b + j];
    double dy = dx[j] + dHidden[j], dc = dCell[j] + dy * o * (1 - y * y);
    double df = dc * kept[CELL * b + j] * f * (1 - f), di = dc * g * i * (1 - i), dO = dy * y * o * (1 - o), dg = dc * i * (1 - g * g);
    dW[j] += df * x, dU[j] += df;
    dW[b + j] += di * h, dU[b + j] += di;
    dW[2 * b + j] += dO * x, dU[2 * b + j] += dO;
    dW[3 * b + j] += dg * h, dU[3 * b + j] += dg;
    dx[j] = df * w[j] + dO * w[2 * b + j];
    dHidden[j] = di * w[b + j] + dg * w[3 * b + j];
    dCell[j] = dc * f;
  }
}

size_t rival_size(const Input *in, int derivative) { return derivative ? (size_t)(in->sizes[0] * 8 + 3) * (size_t)in->sizes[1] : 1; }

void rival_run(const Input *in, int derivative, double *out) {
  size_t l = (size_t)in->sizes[0], b = (size_t)in->sizes[1], c = (size_t)in->sizes[2], steps = c - 1, kept = KEPT * b;
  const double *w = in->values, *extra = w + 8 * l * b, *start = extra + 3 * b, *sequence = start + 2 * l * b;
  /* A derivative keeps all steps, an objective none. */
  double *memory = malloc((2 * l * b * 2 + 2 * b + (derivative ? steps * (l * kept + 2 * b) : l * kept + 2 * b)) * sizeof(double));
  double *state = memory, *dState = state + 2 * l * b, *x = dState + 2 * l * b, *dx = x + b, *all = dx + b;
  size_t step = derivative ? l * kept + 2 * b : 0;
  memcpy(state, start, 2 * l * b * sizeof(double));

  double total = 0;
  for (size_t t = 0; t < steps; ++t) {
    double *own = all + t * step, *result = own + l * kept, *weights = result + b;
    for (size_t j = 0; j < b; ++j)
      x[j] = sequence[t * b + j] * extra[j];
    for (size_t i = 0; i < l; ++i)
      forward(b, w + 8 * i * b, x, state + 2 * i * b, state + (2 * i + 1) * b, own + i * kept);
    double sum = 2, dot = 0, gold = 0;
    for (size_t j = 0; j < b; ++j) {
      result[j] = x[j];
      double y = x[j] * extra[b + j] + extra[2 * b + j], next = sequence[(t + 1) * b + j];
      sum += weights[j] = exp(y);
      dot += next * y;
      gold += next;
    }
    total += dot - gold * log(sum);
    for (size_t j = 0; j < b; ++j) /* the derivative of the step's part by y */
      weights[j] = sequence[(t + 1) * b + j] - gold * weights[j] / sum;
  }
  double scale = -1 / (double)(b * steps);
  if (!derivative) {
    *out = total * scale;
    free(memory);
    return;
  }

  double *dW = out, *dExtra = out + 8 * l * b;
  memset(out, 0, rival_size(in, 1) * sizeof(double));
  memset(dState, 0, 2 * l * b * sizeof(double));
  for (size_t t = steps; t-- > 0;) {
    const double *own = all + t * step, *result = own + l * kept, *weights = result + b;
    for (size_t j = 0; j < b; ++j) {
      double dy = scale * weights[j];
      dExtra[b + j] += dy * result[j];
      dExtra[2 * b + j] += dy;
      dx[j] = dy * extra[b + j];
    }
    for (size_t i = l; i-- > 0;)
      backward(b, w + 8 * i * b, own + i * kept, dx, dState + 2 * i * b, dState + (2 * i + 1) * b, dW + 8 * i * b);
    for (size_t j = 0; j < b; ++j)
      dExtra[j] += dx[j] * sequence[t * b + j];
  }
  free(memory);
}
