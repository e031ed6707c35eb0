// Sizes as polynomials in normal form: arithmetic, opaque symbols, substitution, printing.
// What needs a decision procedure is ShapeDecide.cpp.
#include "ast/base/Shape.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cassert>
#include <deque>
#include <map>

using namespace tl;

//===- Polynomials --------------------------------------------------------------------------------------===//

// Coefficients wrap like the integers of the language; undefined behaviour is not an option for what a user
// may write.
static int64_t addWrap(int64_t a, int64_t b) { return int64_t(uint64_t(a) + uint64_t(b)); }
static int64_t mulWrap(int64_t a, int64_t b) { return int64_t(uint64_t(a) * uint64_t(b)); }
static int64_t negWrap(int64_t a) { return int64_t(0 - uint64_t(a)); }

/// -1, 0 or 1: the order of products in a sum, highest degree first, then by creation of the symbols.
static int compareSyms(llvm::ArrayRef<const Sym *> a, llvm::ArrayRef<const Sym *> b) {
  if (a.size() != b.size())
    return a.size() > b.size() ? -1 : 1;
  for (auto [x, y] : llvm::zip(a, b))
    if (x->id != y->id)
      return x->id < y->id ? -1 : 1;
  return 0;
}

/// Sorts, joins terms with the same product, drops zeros: the normal form.
static void normalize(llvm::SmallVectorImpl<Term> &terms) {
  llvm::sort(terms, [](const Term &a, const Term &b) { return compareSyms(a.syms, b.syms) < 0; });
  size_t kept = 0;
  for (size_t i = 0; i < terms.size();) {
    Term sum = terms[i++];
    while (i < terms.size() && compareSyms(sum.syms, terms[i].syms) == 0)
      sum.coef = addWrap(sum.coef, terms[i++].coef);
    if (sum.coef != 0)
      terms[kept++] = std::move(sum);
  }
  terms.truncate(kept);
}

Size::Size(int64_t c) {
  if (c != 0)
    list.push_back({c, {}});
}

Size::Size(const Sym *s) { list.push_back({1, {s}}); }

std::optional<int64_t> Size::constant() const {
  if (list.empty())
    return 0;
  if (list.size() == 1 && list[0].syms.empty())
    return list[0].coef;
  return std::nullopt;
}

const Sym *Size::symbol() const { return list.size() == 1 && list[0].coef == 1 && list[0].syms.size() == 1 ? list[0].syms[0] : nullptr; }

void Size::eachSym(llvm::function_ref<void(const Sym *)> f) const {
  for (const Term &term : list)
    for (size_t i = 0; i < term.syms.size(); ++i) {
      const Sym *s = term.syms[i];
      if (i > 0 && term.syms[i - 1] == s)
        continue; // a power
      f(s);
      if (s->lhs) {
        s->lhs->eachSym(f);
        s->rhs->eachSym(f);
      }
    }
}

bool Size::mentions(const Sym *s) const {
  bool found = false;
  eachSym([&](const Sym *other) { found |= other == s; });
  return found;
}

namespace tl {
Size operator+(const Size &a, const Size &b) {
  Size sum = a;
  sum.list.append(b.list.begin(), b.list.end());
  normalize(sum.list);
  return sum;
}

Size operator-(const Size &a, const Size &b) { return a + Size(-1) * b; }

Size operator*(const Size &a, const Size &b) {
  Size product;
  for (const Term &x : a.list)
    for (const Term &y : b.list) {
      Term term{mulWrap(x.coef, y.coef), x.syms};
      term.syms.append(y.syms.begin(), y.syms.end());
      llvm::sort(term.syms, [](const Sym *s, const Sym *t) { return s->id < t->id; });
      product.list.push_back(std::move(term));
    }
  normalize(product.list);
  return product;
}

bool operator==(const Size &a, const Size &b) {
  return llvm::equal(a.list, b.list, [](const Term &x, const Term &y) { return x.coef == y.coef && x.syms == y.syms; });
}
} // namespace tl

//===- Printing -----------------------------------------------------------------------------------------===//

/// How tightly the text of a size holds together: what goes around it decides whether it needs parentheses.
enum class Tightness { Sum, Product, Atom };

static Tightness tightness(const Size &size) {
  llvm::ArrayRef<Term> terms = size.terms();
  if (terms.size() > 1)
    return Tightness::Sum;
  if (terms.empty() || (terms[0].syms.empty() && terms[0].coef >= 0))
    return Tightness::Atom;
  if (terms[0].coef < 0)
    return Tightness::Sum;
  if (const Sym *s = size.symbol())
    return s->kind == SymKind::Div || s->kind == SymKind::Mod ? Tightness::Product : Tightness::Atom;
  return Tightness::Product;
}

static std::string inside(const Size &size, Tightness least) { return tightness(size) >= least ? size.str() : "(" + size.str() + ")"; }

static std::string symText(const Sym *s) {
  switch (s->kind) {
  case SymKind::Div:
    return inside(*s->lhs, Tightness::Product) + " // " + inside(*s->rhs, Tightness::Atom);
  case SymKind::Mod:
    return inside(*s->lhs, Tightness::Product) + " % " + inside(*s->rhs, Tightness::Atom);
  case SymKind::Min:
    return "min(" + s->lhs->str() + ", " + s->rhs->str() + ")";
  case SymKind::Max:
    return "max(" + s->lhs->str() + ", " + s->rhs->str() + ")";
  case SymKind::Param:
  case SymKind::Local:
  case SymKind::Fresh:
  case SymKind::Solve:
    return s->name.empty() ? "_" : s->name;
  }
  return "_";
}

/// |coef| * a * b, powers as `a ** 2`.
static std::string productText(const Term &term) {
  std::string text;
  auto factor = [&](const std::string &f) { text += (text.empty() ? "" : " * ") + f; };
  uint64_t magnitude = term.coef < 0 ? 0 - uint64_t(term.coef) : uint64_t(term.coef);
  if (magnitude != 1 || term.syms.empty())
    factor(std::to_string(magnitude));
  bool alone = magnitude == 1 && term.syms.size() == 1;
  for (size_t i = 0; i < term.syms.size();) {
    size_t end = i;
    while (end < term.syms.size() && term.syms[end] == term.syms[i])
      ++end;
    std::string base = symText(term.syms[i]);
    bool loose = term.syms[i]->kind == SymKind::Div || term.syms[i]->kind == SymKind::Mod;
    if (loose && !alone)
      base = "(" + base + ")";
    factor(end - i > 1 ? base + " ** " + std::to_string(end - i) : base);
    i = end;
  }
  return text;
}

std::string Size::str() const {
  if (list.empty())
    return "0";
  // `n - k` rather than `-k + n`: begin with a term that is added, where there is one.
  size_t first = llvm::find_if(list, [](const Term &t) { return t.coef > 0; }) - list.begin();
  if (first == list.size())
    first = 0;
  std::string text = (list[first].coef < 0 ? "-" : "") + productText(list[first]);
  for (size_t i = 0; i < list.size(); ++i)
    if (i != first)
      text += (list[i].coef < 0 ? " - " : " + ") + productText(list[i]);
  return text;
}

//===- Symbols ------------------------------------------------------------------------------------------===//

namespace {
/// A size as numbers, so that opaque symbols can be found by their operands, in an order that no address
/// decides.
using Key = std::vector<int64_t>;
} // namespace

static void appendKey(Key &key, const Size &size) {
  key.push_back(size.terms().size());
  for (const Term &term : size.terms()) {
    key.push_back(term.coef);
    key.push_back(term.syms.size());
    for (const Sym *s : term.syms)
      key.push_back(s->id);
  }
}

struct SizeContext::Storage {
  std::deque<Sym> syms;   // deques keep addresses
  std::deque<Size> sizes; // operands of opaque symbols
  std::map<Key, const Sym *> opaque;
};

SizeContext::SizeContext() : storage(std::make_unique<Storage>()) {}
SizeContext::~SizeContext() = default;

const Sym *SizeContext::sym(SymKind kind, llvm::StringRef name, Span origin, const void *owner) {
  storage->syms.push_back({kind, uint32_t(storage->syms.size()), name.str(), origin, owner, nullptr, nullptr});
  return &storage->syms.back();
}

Size SizeContext::opaque(SymKind kind, const Size &lhs, const Size &rhs) {
  Key key{int64_t(kind)};
  appendKey(key, lhs);
  appendKey(key, rhs);
  const Sym *&found = storage->opaque[key];
  if (!found) {
    storage->sizes.push_back(lhs);
    const Size *left = &storage->sizes.back();
    storage->sizes.push_back(rhs);
    const Size *right = &storage->sizes.back();
    storage->syms.push_back({kind, uint32_t(storage->syms.size()), "", {}, nullptr, left, right});
    found = &storage->syms.back();
  }
  return Size(found);
}

/// a // b rounded down; b is not 0. The smallest integer by -1 wraps, as in the language.
static int64_t floorDiv(int64_t a, int64_t b) {
  if (b == -1)
    return negWrap(a);
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}
static int64_t floorMod(int64_t a, int64_t b) { return addWrap(a, negWrap(mulWrap(floorDiv(a, b), b))); }

/// Splits lhs = quotient * divisor + rest for a divisor of one term: what divides evenly (coefficients of the
/// rest are reduced where the divisor is a number) goes into the quotient. Floor division and remainder then
/// only see the rest.
static std::pair<Size, Size> splitByTerm(const Size &lhs, const Term &divisor) {
  Size quotient, rest;
  auto product = [](int64_t coef, llvm::ArrayRef<const Sym *> syms) {
    Size size(coef);
    for (const Sym *s : syms)
      size = size * Size(s);
    return size;
  };
  for (const Term &term : lhs.terms()) {
    llvm::SmallVector<const Sym *, 2> left(term.syms);
    bool divides = true;
    for (const Sym *s : divisor.syms) {
      auto at = llvm::find(left, s);
      divides &= at != left.end();
      if (at != left.end())
        left.erase(at);
    }
    // Without symbols in the divisor every coefficient can be reduced; with them only exact multiples are
    // taken.
    if (divides && (divisor.syms.empty() || floorMod(term.coef, divisor.coef) == 0)) {
      quotient = quotient + product(floorDiv(term.coef, divisor.coef), left);
      rest = rest + product(floorMod(term.coef, divisor.coef), term.syms);
    } else {
      rest = rest + product(term.coef, term.syms);
    }
  }
  return {quotient, rest};
}

/// lhs / rhs where that is a polynomial: long division by the leading terms.
static std::optional<Size> divideExactly(const Size &lhs, const Size &rhs) {
  Size quotient, rest = lhs;
  for (unsigned steps = 0; !rest.terms().empty(); ++steps) {
    const Term &top = rest.terms().front(), &by = rhs.terms().front();
    llvm::SmallVector<const Sym *, 2> left(top.syms);
    for (const Sym *s : by.syms) {
      auto at = llvm::find(left, s);
      if (at == left.end())
        return std::nullopt;
      left.erase(at);
    }
    if (steps == 64 || floorMod(top.coef, by.coef) != 0)
      return std::nullopt;
    Size leading(floorDiv(top.coef, by.coef));
    for (const Sym *s : left)
      leading = leading * Size(s);
    quotient = quotient + leading;
    rest = rest - leading * rhs;
  }
  return quotient;
}

Size SizeContext::divide(const Size &lhs, const Size &rhs) {
  if (rhs.constant() == 0)
    return opaque(SymKind::Div, lhs, rhs); // stops the program when it is evaluated
  if (rhs.terms().size() > 1) {
    if (std::optional<Size> exact = divideExactly(lhs, rhs))
      return *exact;
    return opaque(SymKind::Div, lhs, rhs);
  }
  auto [quotient, rest] = splitByTerm(lhs, rhs.terms().front());
  if (rest.terms().empty() || (rest.constant() && rhs.constant())) // the rest of a number is less than the divisor
    return quotient;
  // (n // a) // b is n // (a * b) for positive numbers.
  if (const Sym *s = rest.symbol();
      s && s->kind == SymKind::Div && rhs.constant() && s->rhs->constant() && *rhs.constant() > 0 && *s->rhs->constant() > 0)
    return quotient + divide(*s->lhs, *s->rhs * rhs);
  return quotient + opaque(SymKind::Div, rest, rhs);
}

Size SizeContext::modulo(const Size &lhs, const Size &rhs) {
  if (rhs.constant() == 0)
    return opaque(SymKind::Mod, lhs, rhs);
  if (rhs.terms().size() > 1)
    return divideExactly(lhs, rhs) ? Size(0) : opaque(SymKind::Mod, lhs, rhs);
  Size rest = splitByTerm(lhs, rhs.terms().front()).second;
  if (rest.terms().empty() || (rest.constant() && rhs.constant()))
    return rest;
  return opaque(SymKind::Mod, rest, rhs);
}

Size SizeContext::min(const Size &lhs, const Size &rhs) {
  if (std::optional<int64_t> difference = (lhs - rhs).constant())
    return *difference <= 0 ? lhs : rhs;
  Key left, right;
  appendKey(left, lhs);
  appendKey(right, rhs);
  return left <= right ? opaque(SymKind::Min, lhs, rhs) : opaque(SymKind::Min, rhs, lhs);
}

Size SizeContext::max(const Size &lhs, const Size &rhs) {
  if (std::optional<int64_t> difference = (lhs - rhs).constant())
    return *difference >= 0 ? lhs : rhs;
  Key left, right;
  appendKey(left, lhs);
  appendKey(right, rhs);
  return left <= right ? opaque(SymKind::Max, lhs, rhs) : opaque(SymKind::Max, rhs, lhs);
}

Size tl::substitute(const Size &size, SizeContext &ctx, llvm::function_ref<std::optional<Size>(const Sym *)> f) {
  auto one = [&](const Sym *s) -> Size {
    if (std::optional<Size> value = f(s))
      return *value;
    if (!s->lhs)
      return Size(s);
    Size lhs = substitute(*s->lhs, ctx, f), rhs = substitute(*s->rhs, ctx, f);
    if (lhs == *s->lhs && rhs == *s->rhs)
      return Size(s);
    switch (s->kind) {
    case SymKind::Div:
      return ctx.divide(lhs, rhs);
    case SymKind::Mod:
      return ctx.modulo(lhs, rhs);
    case SymKind::Min:
      return ctx.min(lhs, rhs);
    default:
      assert(s->kind == SymKind::Max && "only these have operands");
      return ctx.max(lhs, rhs);
    }
  };
  Size sum;
  for (const Term &term : size.terms()) {
    Size product(term.coef);
    for (const Sym *s : term.syms)
      product = product * one(s);
    sum = sum + product;
  }
  return sum;
}

//===- Witnesses ----------------------------------------------------------------------------------------===//

std::string Witness::str() const {
  std::string text;
  for (auto [s, value] : values)
    text += (text.empty() ? "" : ", ") + symText(s) + " = " + std::to_string(value);
  return text;
}

/// The value of a symbol; of an opaque one from its operands.
static std::optional<int64_t> evalSym(const Witness &witness, const Sym *s) {
  for (auto [known, value] : witness.values)
    if (known == s)
      return value;
  if (!s->lhs)
    return std::nullopt;
  std::optional<int64_t> lhs = witness.eval(*s->lhs), rhs = witness.eval(*s->rhs);
  if (!lhs || !rhs)
    return std::nullopt;
  switch (s->kind) {
  case SymKind::Div:
    return *rhs == 0 ? std::nullopt : std::optional(floorDiv(*lhs, *rhs));
  case SymKind::Mod:
    return *rhs == 0 ? std::nullopt : std::optional(floorMod(*lhs, *rhs));
  case SymKind::Min:
    return std::min(*lhs, *rhs);
  default:
    return std::max(*lhs, *rhs);
  }
}

std::optional<int64_t> Witness::eval(const Size &size) const {
  int64_t sum = 0;
  for (const Term &term : size.terms()) {
    int64_t product = term.coef;
    for (const Sym *s : term.syms) {
      std::optional<int64_t> value = evalSym(*this, s);
      if (!value || __builtin_mul_overflow(product, *value, &product))
        return std::nullopt;
    }
    if (__builtin_add_overflow(sum, product, &sum))
      return std::nullopt;
  }
  return sum;
}
