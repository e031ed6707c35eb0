// A name that people bring along from Python, NumPy or JAX -> how the same is written here.
#include "frontend/Check.h"

namespace tl::frontend {
/// Functions of Python and NumPy that are written in another way, or stand in a module.
static const std::pair<StringRef, StringRef> habits[] = {
    {"range", "a range is written `0..n`, and an int counts by itself: `for i in n`"},
    {"enumerate", "count with the index: `for i in size(xs, 0) { ... xs[i] ... }`"},
    {"len", "the size of an axis is `size(x, 0)`"},
    {"zip", "index both: `for i in n { ... a[i], b[i] ... }`"},
    {"str", "write the value into a string: `\"{x}\"`"},
    {"exit", "a program ends behind the last statement; `:quit` leaves the prompt"},
    {"quit", "a program ends behind the last statement; `:quit` leaves the prompt"},
    {"help", "`:doc sum` at the prompt says what a function does"},
    {"map", "write `[for v in x: sin(v)]`, or `vmap(sin)(x)`"},
    {"filter", "write `[for v in x if v > 0: v]`"},
    {"matmul", "the matrix product is `a @ b`"},
    {"array", "an array is written in brackets: `[1, 2, 3]`"},
    {"einsum", "write the sum: `[for i, j: sum(for k: a[i, k] * b[k, j])]`"},
    {"tensordot", "write the sum: `[for i, j: sum(for k: a[i, k] * b[k, j])]`"},
    {"kron", "write the formula: `[for i, j, k, l: a[i, k] * b[j, l]]`, then `reshape`"},
    {"inner", "the product of vectors is `a @ b`"},
    {"vdot", "the product of vectors is `a @ b`"},
    {"concatenate", "write `concat(a, b)`"},
    {"append", "write `concat(a, b)`"},
    {"vstack", "write `concat(a, b)`, or `stack(a, b)` for vectors"},
    {"hstack", "write `concat(a, b, axis=1)`"},
    {"dstack", "write `stack(a, b, axis=2)`"},
    {"column_stack", "write `stack(a, b, axis=1)`"},
    {"ravel", "write `flatten(x)`"},
    {"squeeze", "write `x[0]`, or `x[:, 0]` for another axis"},
    {"newaxis", "write `x[:, None]`"},
    {"expand_dims", "write `x[None]`, or `x[:, None]` for another axis"},
    {"swapaxes", "write `transpose(x, (1, 0, 2))`, or `x.T` for the last two axes"},
    {"moveaxis", "write `transpose(x, (1, 0, 2))`"},
    {"permute", "write `transpose(x, (1, 0, 2))`"},
    {"meshgrid", "combine axes: `x[:, None] + y`, or `[for i, j: f(x[i], y[j])]`"},
    {"take", "index with an array of indices: `x[indices]`"},
    {"array_split", "write slices: `x[:k]`, `x[k:]`"},
    {"identity", "write `eye(n)`"},
    {"empty", "write `zeros([n])`"},
    {"full_like", "write `full([n, m], value)`"},
    {"argwhere", "write `nonzero(x)`"},
    {"flatnonzero", "write `nonzero(x)`"},
    {"count_nonzero", "write `count(x != 0)`"},
    {"isin", "write `[for v in x: any(v == set)]`"},
    {"maximum", "write `max(a, b)`"},
    {"minimum", "write `min(a, b)`"},
    {"fmax", "write `max(a, b)`"},
    {"fmin", "write `min(a, b)`"},
    {"amax", "write `max(x)`"},
    {"amin", "write `min(x)`"},
    {"ptp", "write `max(x) - min(x)`"},
    {"average", "write `mean(x)`, or `sum(w * x) / sum(w)`"},
    {"nansum", "choose first: `sum(x[not isnan(x)])`"},
    {"nanmean", "choose first: `mean(x[not isnan(x)])`"},
    {"nanmax", "choose first: `max(x[not isnan(x)])`"},
    {"nanmin", "choose first: `min(x[not isnan(x)])`"},
    {"nan_to_num", "write `where(isnan(x), 0, x)`"},
    {"absolute", "write `abs(x)`"},
    {"fabs", "write `abs(x)`"},
    {"square", "write `x ** 2`"},
    {"power", "write `x ** k`"},
    {"pow", "write `x ** k`"},
    {"cbrt", "write `sign(x) * abs(x) ** (1 / 3)`"},
    {"exp10", "write `10 ** x`"},
    {"hypot", "write `sqrt(x ** 2 + y ** 2)`"},
    {"mod", "write `a % b`"},
    {"remainder", "write `a % b`"},
    {"floor_divide", "write `a // b`"},
    {"around", "write `round(x)`"},
    {"rint", "write `round(x)`"},
    {"trunc", "write `sign(x) * floor(abs(x))`"},
    {"fix", "write `sign(x) * floor(abs(x))`"},
    {"arcsin", "write `asin(x)`"},
    {"arccos", "write `acos(x)`"},
    {"arctan", "write `atan(x)`"},
    {"arctan2", "write `atan2(y, x)`"},
    {"deg2rad", "write `x * pi / 180`"},
    {"radians", "write `x * pi / 180`"},
    {"rad2deg", "write `x * 180 / pi`"},
    {"degrees", "write `x * 180 / pi`"},
    {"sinc", "write `where(x == 0, 1, sin(pi * x) / where(x == 0, 1, pi * x))`"},
    {"heaviside", "write `where(x > 0, 1, 0)`"},
    {"logaddexp", "write `max(a, b) + log1p(exp(-abs(a - b)))`"},
    {"logical_and", "write `a and b`"},
    {"logical_or", "write `a or b`"},
    {"logical_not", "write `not a`"},
    {"invert", "write `not a`"},
    {"isclose", "write `abs(a - b) <= 1e-6`"},
    {"allclose", "write `all(abs(a - b) <= 1e-6)`"},
    {"array_equal", "write `all(a == b)`"},
    {"fliplr", "write `flip(x, axis=1)`"},
    {"flipud", "write `flip(x)`"},
    {"rot90", "write `flip(x.T)`"},
    {"gradient", "differences are `diff(x)`; the derivative of a function is `grad(f)`"},
    {"swish", "write `silu(x)`"},
    {"leaky_relu", "write `max(x, 0.01 * x)`"},
    {"log_sigmoid", "write `-softplus(-x)`"},
    {"rand", "write `uniform(k, [n])`, with `let k = key(0)`"},
    {"randn", "write `normal(k, [n])`, with `let k = key(0)`"}};

/// The module of the library that declares a name which is not in scope.
static const std::pair<StringRef, StringRef> modules[] = {
    {"median", "stats"},    {"quantile", "stats"},   {"cov", "stats"},    {"corrcoef", "stats"}, {"histogram", "stats"},
    {"convolve", "signal"}, {"correlate", "signal"}, {"fft", "signal"},   {"ifft", "signal"},    {"rfft", "signal"},
    {"inv", "linalg"},      {"solve", "linalg"},     {"det", "linalg"},   {"qr", "linalg"},      {"svd", "linalg"},
    {"eigh", "linalg"},     {"cholesky", "linalg"},  {"lstsq", "linalg"}, {"shuffle", "random"}, {"choice", "random"}};

/// Named arguments of Python and NumPy that no function has here.
static const std::pair<StringRef, StringRef> arguments[] = {
    {"dtype", "an element type stands in brackets, `zeros[f64]([n])`; values are converted with `f64(x)`"},
    {"keepdims", "write `keep=true`"},
    {"has_aux", "a lambda picks the result to differentiate: `grad(x -> { let (y, _) = f(x); y })(x)`"},
    {"ddof", "write `variance(x) * n / (n - 1)`"},
    {"descending", "write `-sort(-x)`"}};

std::string argumentHabit(StringRef name) {
  for (auto [known, help] : arguments)
    if (name == known)
      return help.str();
  return "";
}

std::string habit(StringRef name) {
  for (auto [known, help] : habits)
    if (name == known)
      return help.str();
  for (auto [known, from] : modules)
    if (name == known)
      return ("write `import " + from + "`, then `" + from + "." + known + "(...)`").str();
  return "";
}
} // namespace tl::frontend
