// The size algebra: normal forms, what is decided, and witnesses.
#include "ast/base/Shape.h"
#include <gtest/gtest.h>

using namespace tl;

namespace {
struct ShapeTest : testing::Test {
  SizeContext ctx;
  Size n = ctx.sym(SymKind::Param, "n", {}), m = ctx.sym(SymKind::Param, "m", {}),
       k = ctx.sym(SymKind::Param, "k", {});
  Size s = ctx.sym(SymKind::Param, "s", {}), i = ctx.sym(SymKind::Local, "i", {});
  Facts none;

  Answer eq(const Size &a, const Size &b, const Facts &facts = {}) { return equal(a, b, facts); }
  Answer le(const Size &a, const Size &b, const Facts &facts = {}) { return lessEqual(a, b, facts); }
  std::string differs(const Size &a, const Size &b, const Facts &facts = {}) {
    Witness w;
    equal(a, b, facts, &w);
    return w.str();
  }
};

TEST_F(ShapeTest, PrintsLikeUsersWrite) {
  EXPECT_EQ(Size(0).str(), "0");
  EXPECT_EQ((n + 1).str(), "n + 1");
  EXPECT_EQ((1 + n).str(), "n + 1");
  EXPECT_EQ((n - k).str(), "n - k");
  EXPECT_EQ((m - n).str(), "m - n");
  EXPECT_EQ((Size(2) * n).str(), "2 * n");
  EXPECT_EQ((n * n * m - Size(3)).str(), "n ** 2 * m - 3");
  EXPECT_EQ((Size(-1) * n).str(), "-n");
  EXPECT_EQ((ctx.divide(n - k, s) + 1).str(), "(n - k) // s + 1");
  EXPECT_EQ((Size(2) * ctx.divide(n, 3)).str(), "2 * (n // 3)");
  EXPECT_EQ(ctx.modulo(n, m + 1).str(), "n % (m + 1)");
  EXPECT_EQ(ctx.min(n, m).str(), "min(n, m)");
}

TEST_F(ShapeTest, NormalFormsAreUnique) {
  EXPECT_EQ((n + m) * (n - m), n * n - m * m);
  EXPECT_EQ(n - n, Size(0));
  EXPECT_EQ(ctx.divide(Size(4) * n + 8, 4), n + 2);
  EXPECT_EQ(ctx.divide(n * s, s), n);
  EXPECT_EQ(ctx.divide(n * n - m * m, n + m), n - m);
  EXPECT_EQ(ctx.divide(-7, 2), Size(-4));
  EXPECT_EQ(ctx.modulo(-7, 2), Size(1));
  EXPECT_EQ(ctx.divide(n + 4, 4), ctx.divide(n, 4) + 1);
  EXPECT_EQ(ctx.divide(ctx.divide(n, 2), 3), ctx.divide(n, 6));
  EXPECT_EQ(ctx.modulo(Size(4) * n + 6, 4), Size(2));
  EXPECT_EQ(ctx.min(n, m), ctx.min(m, n));
  EXPECT_EQ(ctx.max(n, n + 1), n + 1);
}

TEST_F(ShapeTest, DecidesEquality) {
  EXPECT_EQ(eq(n + 1, 1 + n), Answer::Always);
  EXPECT_EQ(eq(n, n + 1), Answer::Never);
  EXPECT_EQ(eq(n, m), Answer::Sometimes);
  EXPECT_EQ(eq(Size(2) * n, Size(2) * m + 1), Answer::Never); // parity
  EXPECT_EQ(eq(Size(2) * ctx.divide(n, 2) + ctx.modulo(n, 2), n), Answer::Always);
  EXPECT_EQ(eq(k * ctx.divide(n, k), n), Answer::Sometimes); // not linear: left to run time
  EXPECT_EQ(eq(n, m, {{n - m}, {}}), Answer::Always);
  EXPECT_EQ(eq(n * k, m * k, {{n * k - m * k}, {}}), Answer::Always);
  EXPECT_EQ(eq(n, -1), Answer::Never); // a size is at least 0
  EXPECT_EQ(eq(i, -1), Answer::Sometimes);
}

TEST_F(ShapeTest, DecidesOrder) {
  EXPECT_EQ(le(0, n), Answer::Always);
  EXPECT_EQ(le(n, n + m), Answer::Always);
  EXPECT_EQ(le(n + 1, n), Answer::Never);
  EXPECT_EQ(le(k, n), Answer::Sometimes);
  EXPECT_EQ(le(k, n, {{}, {n - k}}), Answer::Always);
  EXPECT_EQ(le(ctx.min(n, m), n), Answer::Always);
  EXPECT_EQ(le(n, ctx.max(n, m)), Answer::Always);
  EXPECT_EQ(le(ctx.modulo(n, 4), 3), Answer::Always);
  EXPECT_EQ(le(ctx.modulo(i, n) + 1, n, {{}, {n - 1}}), Answer::Always); // i may be below 0
  EXPECT_EQ(le(0, ctx.modulo(i, n), {{}, {n - 1}}), Answer::Always);
  EXPECT_EQ(le(ctx.modulo(i, n) + 1, n), Answer::Sometimes); // nothing is left of a division by 0
  EXPECT_EQ(le(ctx.divide(n, 2), n), Answer::Always);
  EXPECT_EQ(le(n, n * m, {{}, {m - 1}}), Answer::Always);
  EXPECT_EQ(le(2, ctx.divide(n, 2) + 1, {{}, {n - 2}}), Answer::Always);
  EXPECT_EQ(le(i + 1, n, {{}, {i, n - 1 - i}}), Answer::Always); // a loop index
}

TEST_F(ShapeTest, WitnessesAreSmallAndTrue) {
  EXPECT_EQ(differs(n - 1, n), "n = 3");
  EXPECT_EQ(differs(n, m), "n = 3, m = 2");
  EXPECT_EQ(differs(n, 3), "n = 2");
  EXPECT_EQ(differs(k * ctx.divide(n, k), n), "k = 3, n = 2");
  EXPECT_EQ(differs(n, 100, {{}, {n - 90}}), "n = 101"); // beyond the small ones
  Witness w;
  EXPECT_EQ(lessEqual(n * n, n + 6, none, &w), Answer::Sometimes);
  EXPECT_EQ(w.str(), "n = 4");
}

TEST_F(ShapeTest, Substitutes) {
  auto to = [&](const Size &size, const Sym *from, Size value) {
    return substitute(size, ctx,
                      [&](const Sym *x) { return x == from ? std::optional(value) : std::nullopt; });
  };
  EXPECT_EQ(to(n * n + m, n.symbol(), k + 1), k * k + Size(2) * k + 1 + m);
  EXPECT_EQ(to(ctx.divide(n - k, s) + 1, s.symbol(), 1), n - k + 1);
  EXPECT_EQ(to(ctx.min(n, m), n.symbol(), m), m);
  EXPECT_EQ(to(ctx.modulo(n, 4), n.symbol(), 7), Size(3));
}

TEST_F(ShapeTest, ManySymbolsStayFast) {
  Facts facts;
  Size sum;
  std::vector<Size> sizes;
  for (int j = 0; j < 24; ++j)
    sizes.push_back(ctx.sym(SymKind::Param, "a" + std::to_string(j), {}));
  for (int j = 0; j + 1 < 24; ++j)
    facts.nonNegative.push_back(sizes[j + 1] - sizes[j]);
  EXPECT_EQ(lessEqual(sizes[0], sizes[23], facts), Answer::Always);
  EXPECT_EQ(lessEqual(sizes[23], sizes[0], facts), Answer::Sometimes);
}
} // namespace
