// The size algebra: sizes of arrays as polynomials over named symbols, in normal form. The checker and the
// printing of types use it; equality is equality of normal forms.
#pragma once
#include "ast/base/Source.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace tl {
class Size;

/// What a symbol stands for.
enum class SymKind : uint8_t {
  Param, ///< A size parameter of a function or record: known from the arguments.
  Local, ///< An immutable `int` of a body (`owner` is its declaration).
  Fresh, ///< A size that only the data knows: bound where a value with it is first seen.
  Div,   ///< lhs // rhs, where that is not a polynomial.
  Mod,   ///< lhs % rhs.
  Min,
  Max,   ///< min and max of two sizes.
  Solve, ///< A hole filled in while a call is checked; never left in a checked program.
};

/// A symbol. Symbols live in the SizeContext that made them and are equal when they are the same object; `id` orders
/// them, by creation, so that nothing depends on addresses.
struct Sym {
  SymKind kind;
  uint32_t id;
  std::string name;
  Span origin;                               ///< Where the size came from, for messages.
  const void *owner = nullptr;               ///< ast::VarDecl of a Local.
  const Size *lhs = nullptr, *rhs = nullptr; ///< Operands of Div, Mod, Min, Max.
};

/// coef * product of syms (sorted by id, with repetition for powers).
struct Term {
  int64_t coef;
  llvm::SmallVector<const Sym *, 2> syms;
};

/// A polynomial with integer coefficients: terms sorted by degree (highest first) and symbols, no zero coefficient.
class Size {
public:
  Size() = default; ///< 0
  Size(int64_t c);
  Size(const Sym *s);
  /// Any other integer type; makes `Size(0)` a number rather than a null symbol.
  template <typename I, typename = std::enable_if_t<std::is_integral_v<I>>> Size(I c) : Size(int64_t(c)) {}
  llvm::ArrayRef<Term> terms() const { return list; }
  std::optional<int64_t> constant() const;
  /// The symbol, where the size is just one.
  const Sym *symbol() const;
  bool isOne() const { return constant() == 1; }
  bool mentions(const Sym *s) const;
  /// Calls `f` for each symbol in it, those inside Div and its like included.
  void eachSym(llvm::function_ref<void(const Sym *)> f) const;
  /// "n + 1", "2 * n", "(n - k) // s + 1".
  std::string str() const;
  friend Size operator+(const Size &a, const Size &b);
  friend Size operator-(const Size &a, const Size &b);
  friend Size operator*(const Size &a, const Size &b);
  friend bool operator==(const Size &a, const Size &b);
  friend bool operator!=(const Size &a, const Size &b) { return !(a == b); }

private:
  llvm::SmallVector<Term, 1> list;
};

/// Makes symbols and owns them.
class SizeContext {
public:
  SizeContext();
  ~SizeContext();
  const Sym *sym(SymKind kind, llvm::StringRef name, Span origin, const void *owner = nullptr);
  /// lhs op rhs, folded where both are constants or the division is exact, else the one symbol for this pair.
  Size divide(const Size &lhs, const Size &rhs);
  Size modulo(const Size &lhs, const Size &rhs);
  Size min(const Size &lhs, const Size &rhs);
  Size max(const Size &lhs, const Size &rhs);

private:
  Size opaque(SymKind kind, const Size &lhs, const Size &rhs);
  struct Storage;
  std::unique_ptr<Storage> storage;
};

/// `size` with each symbol s replaced by f(s) where that gives a value.
Size substitute(const Size &size, SizeContext &ctx, llvm::function_ref<std::optional<Size>(const Sym *)> f);

/// What is known about sizes in a body: each fact is a polynomial that is 0 or at least 0. Every Param and Fresh symbol
/// is at least 0 by itself.
struct Facts {
  llvm::SmallVector<Size> zero, nonNegative;
};

enum class Answer { Always, Never, Sometimes };

/// A value for each symbol that makes a claim false: "n = 3".
struct Witness {
  llvm::SmallVector<std::pair<const Sym *, int64_t>> values;
  std::string str() const;
  std::optional<int64_t> eval(const Size &size) const;
};

/// Is lhs == rhs for all values of the symbols that the facts allow? Decided by normal form, then by Presburger arithmetic
/// on the linear hull (products are symbols of their own). `witness` gets values for which it fails, where some are found.
Answer equal(const Size &lhs, const Size &rhs, const Facts &facts, Witness *witness = nullptr);
/// Is lhs <= rhs?
Answer lessEqual(const Size &lhs, const Size &rhs, const Facts &facts, Witness *witness = nullptr);
} // namespace tl
