/* GradBench's ba and its Jacobian. Sizes n, m, p; whole numbers camera [p], point [p]; floats cams [n, 11], x [m, 3], w [p], feat [p, 2]. The result
 * is reproj_err [p, 2], w_err [p]; the derivative the nonzero elements, [p, 2, 15] and [p].
 *
 * Rodrigues' formula: y = cos x + sin (a * x) + (1 - cos) (a . x) a, with the axis a = r / |r| and the angle |r|. */
#include "rival.h"
#include <math.h>

static double dot(const double *a, const double *b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

static void cross(const double *a, const double *b, double *c) {
  c[0] = a[1] * b[2] - a[2] * b[1];
  c[1] = a[2] * b[0] - a[0] * b[2];
  c[2] = a[0] * b[1] - a[1] * b[0];
}

/* y = x rotated; with `byR`, also its derivatives [3, 3] by r and by x: byR[3 i + j] is that of y[i] by r[j]. */
static void rotate(const double *r, const double *x, double *y, double *byR, double *byX) {
  double square = dot(r, r), turned[3];
  if (square == 0) {
    cross(r, x, turned);
    for (int i = 0; i < 3; ++i)
      y[i] = x[i] + turned[i];
    if (byR) {
      const double minusX[9] = {0, x[2], -x[1], -x[2], 0, x[0], x[1], -x[0], 0}, plusR[9] = {1, -r[2], r[1], r[2], 1, -r[0], -r[1], r[0], 1};
      for (int i = 0; i < 9; ++i)
        byR[i] = minusX[i], byX[i] = plusR[i];
    }
    return;
  }
  double angle = sqrt(square), c = cos(angle), s = sin(angle), a[3];
  for (int i = 0; i < 3; ++i)
    a[i] = r[i] / angle;
  cross(a, x, turned);
  double along = dot(a, x);
  for (int i = 0; i < 3; ++i)
    y[i] = c * x[i] + s * turned[i] + (1 - c) * along * a[i];
  if (!byR)
    return;
  const double ofA[9] = {0, -a[2], a[1], a[2], 0, -a[0], -a[1], a[0], 0}, ofX[9] = {0, x[2], -x[1], -x[2], 0, x[0], x[1], -x[0], 0};
  double byA[9];
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) {
      byX[3 * i + j] = s * ofA[3 * i + j] + (1 - c) * a[i] * a[j] + (i == j ? c : 0);
      byA[3 * i + j] = s * ofX[3 * i + j] + (1 - c) * (a[i] * x[j] + (i == j ? along : 0));
    }
  for (int i = 0; i < 3; ++i) {
    double byAngle = -s * x[i] + c * turned[i] + s * along * a[i], part = dot(byA + 3 * i, a);
    for (int j = 0; j < 3; ++j) /* a by r is (I - a a^T) / angle, the angle by r is a */
      byR[3 * i + j] = (byA[3 * i + j] - part * a[j]) / angle + byAngle * a[j];
  }
}

static void observe(const double *cam, const double *x, double w, const double *feat, double *err, double *J) {
  double from[3], y[3], byR[9] = {0}, byX[9] = {0};
  for (int i = 0; i < 3; ++i)
    from[i] = x[i] - cam[3 + i];
  rotate(cam, from, y, J ? byR : 0, byX);
  double image[2] = {y[0] / y[2], y[1] / y[2]}, square = image[0] * image[0] + image[1] * image[1];
  double L = 1 + cam[9] * square + cam[10] * square * square, away[2];
  for (int i = 0; i < 2; ++i)
    away[i] = cam[6] * L * image[i] + cam[7 + i] - feat[i];
  if (!J) {
    err[0] = w * away[0], err[1] = w * away[1];
    return;
  }
  double slope = 2 * (cam[9] + 2 * cam[10] * square); /* L by image[j] is slope * image[j] */
  for (int i = 0; i < 2; ++i) {
    double *row = J + 15 * i, byY[3];
    double by0 = slope * image[i] * image[0] + (i == 0 ? L : 0), by1 = slope * image[i] * image[1] + (i == 1 ? L : 0), scale = w * cam[6] / y[2];
    byY[0] = scale * by0;
    byY[1] = scale * by1;
    byY[2] = -scale * (by0 * image[0] + by1 * image[1]);
    for (int j = 0; j < 3; ++j) {
      row[j] = byY[0] * byR[j] + byY[1] * byR[3 + j] + byY[2] * byR[6 + j];
      row[11 + j] = byY[0] * byX[j] + byY[1] * byX[3 + j] + byY[2] * byX[6 + j];
      row[3 + j] = -row[11 + j];
    }
    row[6] = w * L * image[i];
    row[7] = i == 0 ? w : 0;
    row[8] = i == 1 ? w : 0;
    row[9] = w * cam[6] * square * image[i];
    row[10] = row[9] * square;
    row[14] = away[i];
  }
}

size_t rival_size(const Input *in, int derivative) { return (size_t)in->sizes[2] * (derivative ? 31 : 3); }

void rival_run(const Input *in, int derivative, double *out) {
  int64_t n = in->sizes[0], m = in->sizes[1], p = in->sizes[2];
  const double *cams = in->values, *x = cams + 11 * n, *w = x + 3 * m, *feat = w + p;
  const int64_t *camera = in->numbers, *point = camera + p;
  double *weights = out + (derivative ? 30 : 2) * p;
  for (int64_t i = 0; i < p; ++i) {
    observe(cams + 11 * camera[i], x + 3 * point[i], w[i], feat + 2 * i, out + 2 * i, derivative ? out + 30 * i : 0);
    weights[i] = derivative ? -2 * w[i] : 1 - w[i] * w[i];
  }
}
