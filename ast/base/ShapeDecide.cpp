// Decides equalities and inequalities of sizes that the normal form leaves open: integer linear arithmetic
// over the linear hull, in which each product and each opaque symbol is a variable of its own. Only this file
// knows MLIR's Presburger library.
#include "ast/base/Shape.h"
#include "mlir/Analysis/Presburger/IntegerRelation.h"
#include "llvm/ADT/STLExtras.h"

using namespace tl;
using mlir::presburger::IntegerPolyhedron;
using mlir::presburger::PresburgerSpace;

static bool isNonNegative(const Sym *s) { return s->kind == SymKind::Param || s->kind == SymKind::Fresh; }

//===- The linear hull ----------------------------------------------------------------------------------===//

namespace {
/// The facts, and what holds for symbols by their kind, as a system of linear constraints. It allows at least
/// what is possible: what it excludes is impossible, what it allows need not be (hence witnesses are
/// evaluated).
class System {
public:
  /// Over the symbols of both sides of a claim and of the facts.
  System(const Size &lhs, const Size &rhs, const Facts &facts);

  /// Can `size >= 0` hold?
  bool allowsAtLeastZero(const Size &size) const { return tooLarge() || !with(size).isIntegerEmpty(); }
  /// Can `size == 0` hold?
  bool allowsZero(const Size &size) const {
    if (tooLarge())
      return true;
    IntegerPolyhedron p = polyhedron;
    p.addEquality(row(size));
    return !p.isIntegerEmpty();
  }
  /// Values of the free symbols with which `size >= 0` seems possible.
  std::optional<Witness> sample(const Size &size) const;
  /// The symbols that are not defined by others.
  llvm::ArrayRef<const Sym *> freeSyms() const { return free; }

private:
  /// Too large to be decided while somebody waits: everything is allowed.
  bool tooLarge() const { return products.size() > 100; }
  using Product = llvm::SmallVector<const Sym *, 2>;
  void addVariables(const Size &size);
  void addDefinition(const Sym *s);
  void addRemainder(const Sym *s);
  void addProducts(const Facts &facts);
  void atLeastZero(const Size &size) { polyhedron.addInequality(row(size)); }
  /// One coefficient a column (products, then quotients of Mod symbols) and the constant.
  llvm::SmallVector<int64_t> row(const Size &size) const;
  IntegerPolyhedron with(const Size &size) const {
    IntegerPolyhedron p = polyhedron;
    p.addInequality(row(size));
    return p;
  }
  unsigned column(llvm::ArrayRef<const Sym *> product) const {
    return llvm::find_if(products, [&](const Product &p) { return llvm::ArrayRef(p) == product; }) - products.begin();
  }

  llvm::SmallVector<Product> products;
  llvm::SmallVector<const Sym *> syms, free, mods;
  IntegerPolyhedron polyhedron{PresburgerSpace::getSetSpace()};
};
} // namespace

System::System(const Size &lhs, const Size &rhs, const Facts &facts) {
  addVariables(lhs - rhs); // its products are fewer than those of the sides
  for (const Size *side : {&lhs, &rhs})
    side->eachSym([&](const Sym *s) { addVariables(s); });
  for (const Size &fact : facts.zero)
    addVariables(fact);
  for (const Size &fact : facts.nonNegative)
    addVariables(fact);
  if (tooLarge())
    return;
  polyhedron = IntegerPolyhedron(PresburgerSpace::getSetSpace(products.size() + mods.size()));
  for (const Size &fact : facts.zero)
    polyhedron.addEquality(row(fact));
  for (const Size &fact : facts.nonNegative)
    atLeastZero(fact);
  for (const Sym *s : syms)
    addDefinition(s);
  for (const Sym *s : mods)
    addRemainder(s);
  addProducts(facts);
}

void System::addVariables(const Size &size) {
  for (const Term &term : size.terms()) {
    if (!term.syms.empty() && column(term.syms) == products.size())
      products.push_back(term.syms);
    for (const Sym *s : term.syms) {
      if (llvm::is_contained(syms, s))
        continue;
      syms.push_back(s);
      if (column(s) == products.size())
        products.push_back({s});
      if (!s->lhs) {
        free.push_back(s);
        continue;
      }
      if (s->kind == SymKind::Mod)
        mods.push_back(s);
      addVariables(*s->lhs);
      addVariables(*s->rhs);
    }
  }
}

llvm::SmallVector<int64_t> System::row(const Size &size) const {
  llvm::SmallVector<int64_t> coefs(products.size() + mods.size() + 1, 0);
  for (const Term &term : size.terms())
    (term.syms.empty() ? coefs.back() : coefs[column(term.syms)]) = term.coef;
  return coefs;
}

/// What defines a symbol. Division by what is not a positive number is not linear and stays unknown.
void System::addDefinition(const Sym *s) {
  Size self(s);
  int64_t divisor = s->rhs ? s->rhs->constant().value_or(0) : 0;
  switch (s->kind) {
  case SymKind::Param:
  case SymKind::Fresh:
    atLeastZero(self);
    return;
  case SymKind::Div: // 0 <= lhs - divisor * self <= divisor - 1
    if (divisor > 0) {
      atLeastZero(*s->lhs - Size(divisor) * self);
      atLeastZero(Size(divisor) * self + Size(divisor - 1) - *s->lhs);
    }
    return;
  case SymKind::Mod: // lhs == divisor * quotient + self, 0 <= self <= divisor - 1
    if (divisor > 0) {
      atLeastZero(self);
      atLeastZero(Size(divisor - 1) - self);
      llvm::SmallVector<int64_t> definition = row(*s->lhs - self);
      definition[products.size() + (llvm::find(mods, s) - mods.begin())] = -divisor;
      polyhedron.addEquality(definition);
    }
    return;
  case SymKind::Min:
    atLeastZero(*s->lhs - self);
    atLeastZero(*s->rhs - self);
    return;
  case SymKind::Max:
    atLeastZero(self - *s->lhs);
    atLeastZero(self - *s->rhs);
    return;
  case SymKind::Local:
  case SymKind::Solve:
    return;
  }
}

/// What is left of a division by a size is below it, where that is known to be at least 1.
void System::addRemainder(const Sym *s) {
  if (s->rhs->constant() || allowsAtLeastZero(Size(0) - *s->rhs))
    return;
  atLeastZero(Size(s));
  atLeastZero(*s->rhs - Size(1) - Size(s));
}

/// The product of two things that are at least 0 is at least 0: the little that is known of products. Only
/// those whose products are variables anyway: `n * m >= n` follows from `m >= 1` by (m - 1) * n >= 0.
void System::addProducts(const Facts &facts) {
  if (llvm::none_of(products, [](const Product &p) { return p.size() > 1; }))
    return;
  llvm::SmallVector<Size> atLeast(facts.nonNegative);
  for (const Sym *s : syms)
    if (isNonNegative(s))
      atLeast.push_back(Size(s));
  constexpr unsigned MaxPairs = 200;
  unsigned pairs = 0;
  for (size_t i = 0; i < atLeast.size(); ++i)
    for (size_t j = 0; j <= i && pairs < MaxPairs; ++j, ++pairs) {
      Size product = atLeast[i] * atLeast[j];
      if (llvm::all_of(product.terms(), [&](const Term &t) { return t.syms.empty() || column(t.syms) < products.size(); }))
        atLeastZero(product);
    }
  for (const Product &p : products)
    if (p.size() > 2 && llvm::all_of(p, isNonNegative)) {
      Size product(1);
      for (const Sym *s : p)
        product = product * Size(s);
      atLeastZero(product);
    }
}

std::optional<Witness> System::sample(const Size &size) const {
  if (tooLarge())
    return std::nullopt;
  auto point = with(size).findIntegerSample();
  if (!point)
    return std::nullopt;
  Witness witness;
  for (const Sym *s : free)
    witness.values.push_back({s, int64_t((*point)[column(s)])});
  return witness;
}

//===- Witnesses ----------------------------------------------------------------------------------------===//

/// Whether the facts hold under these values and `fails` is true of the claim's value.
static bool isWitness(const Witness &w, const Size &claim, const Facts &facts, llvm::function_ref<bool(int64_t)> fails) {
  std::optional<int64_t> value = w.eval(claim);
  return value && fails(*value) && llvm::all_of(w.values, [](auto &pair) { return pair.second >= 0 || !isNonNegative(pair.first); }) &&
         llvm::all_of(facts.zero, [&](const Size &fact) { return w.eval(fact) == 0; }) &&
         llvm::all_of(facts.nonNegative, [&](const Size &fact) { return w.eval(fact).value_or(-1) >= 0; });
}

/// Values that make a claim fail: small ones that a reader can follow, else what the linear hull gives, if
/// that is right.
static std::optional<Witness> findWitness(const System &system, const Size &claim, const Facts &facts,
                                          llvm::function_ref<bool(int64_t)> fails, llvm::ArrayRef<Size> failing) {
  static constexpr int64_t small[] = {3, 2, 4, 5, 1, 0, 6, 7, 8, 16};
  constexpr unsigned MaxTries = 2000;
  Witness w;
  for (const Sym *s : system.freeSyms())
    w.values.push_back({s, small[0]});
  llvm::SmallVector<unsigned> digits(w.values.size(), 0);
  for (unsigned tries = 0; tries < MaxTries; ++tries) {
    if (isWitness(w, claim, facts, fails))
      return w;
    // Counts with the last symbol fastest; the first differing value makes the shortest story.
    size_t at = digits.size();
    while (at > 0 && ++digits[at - 1] == std::size(small))
      digits[at-- - 1] = 0;
    if (at == 0)
      break;
    for (size_t i = at - 1; i < digits.size(); ++i)
      w.values[i].second = small[digits[i]];
  }
  for (const Size &size : failing)
    if (std::optional<Witness> sample = system.sample(size); sample && isWitness(*sample, claim, facts, fails))
      return sample;
  return std::nullopt;
}

/// Only what the claim itself names is told; the facts' own symbols would distract.
static void tell(Witness *witness, std::optional<Witness> found, const Size &lhs, const Size &rhs) {
  if (!witness)
    return;
  *witness = {};
  if (!found)
    return;
  for (auto &pair : found->values)
    if (lhs.mentions(pair.first) || rhs.mentions(pair.first))
      witness->values.push_back(pair);
}

//===- The questions ------------------------------------------------------------------------------------===//

/// Only the facts that share a symbol with the claim, directly or through other facts, can matter.
static Facts relevant(const Size &lhs, const Size &rhs, const Facts &facts) {
  llvm::SmallVector<const Sym *> syms;
  auto add = [&](const Size &size) {
    size.eachSym([&](const Sym *s) {
      if (!llvm::is_contained(syms, s))
        syms.push_back(s);
    });
  };
  add(lhs);
  add(rhs);
  Facts result;
  llvm::SmallVector<bool> zero(facts.zero.size()), nonNegative(facts.nonNegative.size());
  auto take = [&](llvm::ArrayRef<Size> from, llvm::SmallVectorImpl<bool> &taken, llvm::SmallVectorImpl<Size> &into) {
    bool any = false;
    for (size_t i = 0; i < from.size(); ++i)
      if (!taken[i] && llvm::any_of(syms, [&](const Sym *s) { return from[i].mentions(s); })) {
        taken[i] = any = true;
        into.push_back(from[i]);
        add(from[i]);
      }
    return any;
  };
  bool grows = true;
  while (grows) {
    grows = take(facts.zero, zero, result.zero);
    grows |= take(facts.nonNegative, nonNegative, result.nonNegative);
  }
  return result;
}

/// Sums of what is at least 0 by itself need no solver.
static bool plainlyNonNegative(const Size &size) {
  return llvm::all_of(size.terms(), [](const Term &t) { return t.coef >= 0 && llvm::all_of(t.syms, isNonNegative); });
}

Answer tl::equal(const Size &lhs, const Size &rhs, const Facts &facts, Witness *witness) {
  Size difference = lhs - rhs;
  if (difference == Size(0))
    return Answer::Always;
  Facts own = relevant(lhs, rhs, facts);
  System system(lhs, rhs, own);
  Size more = difference - Size(1), less = Size(-1) - difference;
  bool canDiffer = system.allowsAtLeastZero(more) || system.allowsAtLeastZero(less);
  if (!canDiffer)
    return Answer::Always;
  if (witness)
    tell(witness, findWitness(system, difference, own, [](int64_t v) { return v != 0; }, {more, less}), lhs, rhs);
  return system.allowsZero(difference) ? Answer::Sometimes : Answer::Never;
}

Answer tl::lessEqual(const Size &lhs, const Size &rhs, const Facts &facts, Witness *witness) {
  Size slack = rhs - lhs;
  if (plainlyNonNegative(slack))
    return Answer::Always;
  Facts own = relevant(lhs, rhs, facts);
  System system(lhs, rhs, own);
  Size broken = Size(-1) - slack;
  if (!system.allowsAtLeastZero(broken))
    return Answer::Always;
  if (witness)
    tell(witness, findWitness(system, slack, own, [](int64_t v) { return v < 0; }, {broken}), lhs, rhs);
  return system.allowsAtLeastZero(slack) ? Answer::Sometimes : Answer::Never;
}
