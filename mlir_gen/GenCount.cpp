// How many elements an array may have: checks where an array is made that may be larger than what it is made of.
//
// Note [Counts]. Every array has at most 2^48 elements, an axis of size 0 counted as one of size 1; no memory holds more. So a number
// of elements, and a size that is a product of others, never leaves 64 bits, and nothing that reads, joins or reshapes arrays has
// to look. That an array is small enough follows where its sizes are among those of an array that is there (`Env::counted`);
// else one check stands where it is made.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir_gen/FunctionGen.h"

namespace tl::mlirgen {
using namespace ast;
namespace arith = mlir::arith;

static constexpr int64_t mostElements = int64_t(1) << 48;

static void multiply(int64_t &product, int64_t by) {
  if (by > 1)
    product = product > mostElements / by ? mostElements + 1 : product * by;
}

/// A bound of the product of sizes: that of their factors.
static Factors factorsOf(ArrayRef<Size> dims) {
  Factors result;
  for (const Size &size : dims) {
    if (size.terms().size() != 1 || size.terms().front().coef < 0) {
      result.sizes.push_back(size);
      continue;
    }
    const Term &term = size.terms().front();
    multiply(result.constant, term.coef);
    for (const Sym *sym : term.syms)
      result.sizes.push_back(Size(sym));
  }
  llvm::erase_if(result.sizes, [](const Size &size) { return size.constant().has_value(); }); // 0
  return result;
}

/// Each factor of `small` is one of `large`.
static bool divides(const Factors &small, const Factors &large) {
  if (small.constant > large.constant || small.sizes.size() > large.sizes.size())
    return false;
  SmallVector<Size> left(large.sizes.begin(), large.sizes.end());
  for (const Size &size : small.sizes) {
    auto *it = llvm::find(left, size);
    if (it == left.end())
      return false;
    left.erase(it);
  }
  return true;
}

static bool isCounted(const Env &env, const Factors &factors) {
  for (const Counted *c = env.counted; c; c = c->outer)
    if (divides(factors, c->factors))
      return true;
  return false;
}

/// The arrays of numbers that a value is made of.
static SmallVector<Factors> arraysOf(FunctionGen &f, const Type *type) {
  SmallVector<Factors> result;
  type = type ? resolved(type) : nullptr;
  if (type && llvm::is_contained({TypeKind::Array, TypeKind::Tuple, TypeKind::Struct}, type->kind))
    for (const Leaf &leaf : f.leavesOf(type))
      if (!leaf.dims.empty())
        result.push_back(factorsOf(leaf.dims));
  return result;
}

void FunctionGen::isThere(const Value &value) {
  for (Factors &array : arraysOf(*this, value.type))
    if (!isCounted(env, array))
      env.counted = m.arena.counted(std::move(array), env.counted);
}

/// What is left of `room` if it is divided among `size` elements.
static mlir::Value divided(FunctionGen &f, mlir::Value room, mlir::Value size) {
  return f.fold<arith::DivUIOp>(room, f.fold<arith::MaxUIOp>(size, f.index(1)));
}

static mlir::Value magnitude(FunctionGen &f, mlir::Value n) { return f.fold<arith::MaxSIOp>(n, f.fold<arith::SubIOp>(f.index(0), n)); }

void FunctionGen::checkComputable(const Size &size) {
  checkTerms(size, mostElements, false, Text("out of memory: the size " + size.str() + " of an array is larger than any memory"), "E0901");
}

void FunctionGen::checkExact(const Size &size, StringRef message) {
  if (!size.symbol() || size.symbol()->lhs)
    checkTerms(size, int64_t(1) << 60, true, Text(message.str() + ": " + size.str() + " is beyond 64 bits"), "E0803");
}

void FunctionGen::checkTerms(const Size &size, int64_t most, bool isSigned, const Text &message, StringRef code) {
  unsigned plain = 0;
  for (const Term &term : size.terms()) {
    for (const Sym *sym : term.syms)
      if (sym->lhs) {
        checkTerms(*sym->lhs, most, isSigned, message, code);
        checkTerms(*sym->rhs, most, isSigned, message, code);
      }
    const bool isPlain = term.syms.empty() || (!isSigned && term.syms.size() == 1 && (term.coef == 1 || term.coef == -1));
    if (isPlain && (term.syms.empty() || ++plain <= 2)) // the sum of two fits, without a sign
      continue;
    Factors factors;
    multiply(factors.constant, std::max(term.coef, -term.coef));
    for (const Sym *sym : term.syms)
      factors.sizes.push_back(Size(sym));
    if (isCounted(env, factors))
      continue;
    mlir::Value room = index(most / factors.constant);
    for (const Size &factor : factors.sizes)
      room = divided(*this, room, magnitude(*this, eval(factor)));
    check(compare("gt", toInt(room), integer(0)), message, code);
  }
}

/// The expressions whose arrays bound those of `e`; null if `e` makes no array that another has not made before.
static std::optional<SmallVector<const Expr *>> sourcesOf(Expr *e) {
  using Sources = std::optional<SmallVector<const Expr *>>;
  return visit(e, Match{
                      [](BinaryExpr *x) -> Sources { return {{x->lhs, x->rhs}}; },
                      [](CallExpr *c) -> Sources { // a definition or a lambda has checked what it gives
                        const Callable *target = c->target;
                        if (!target || (target->kind != CallableKind::Transform && target->kind != CallableKind::Intrinsic) ||
                            (target->instance.def && target->instance.def->opName == "load"))
                          return std::nullopt;
                        return SmallVector<const Expr *>(c->ordered.begin(), c->ordered.end());
                      },
                      [](SubscriptExpr *s) -> Sources { // by arrays of indices; slices and masks give less
                        if (llvm::none_of(s->indices, [](const Index &i) {
                              return i.kind == IndexKind::Single && i.lo->type && resolved(i.lo->type)->kind == TypeKind::Array;
                            }))
                          return std::nullopt;
                        return {{s->base}};
                      },
                      [](ForExpr *) -> Sources { return SmallVector<const Expr *>(); },
                      [](ArrayLitExpr *) -> Sources { return SmallVector<const Expr *>(); },
                      [](auto *) -> Sources { return std::nullopt; },
                  });
}

void FunctionGen::checkCount(Expr *e, const Value &value) {
  auto sources = sourcesOf(e);
  if (!sources)
    return;
  SmallVector<Factors> before;
  for (const Expr *part : *sources)
    if (part && part->type)
      before.append(arraysOf(*this, typeOf(part)));
  for (const Factors &array : arraysOf(*this, value.type)) {
    const bool isSmall = array.sizes.empty() && array.constant <= mostElements;
    if (isSmall || isCounted(env, array) || llvm::any_of(before, [&](const Factors &x) { return divides(array, x); }))
      continue;
    checkFactors(array);
  }
}

void FunctionGen::checkFactors(const Factors &array) {
  Text text("out of memory: an array of ");
  const char *between = "";
  mlir::Value room = index(mostElements / array.constant);
  if (array.constant != 1 || array.sizes.empty()) {
    text.text(array.constant > mostElements ? "more than " + std::to_string(mostElements) : std::to_string(array.constant));
    between = " x ";
  }
  for (const Size &size : array.sizes) {
    checkComputable(size);
    mlir::Value n = eval(size);
    const bool isSize = !size.symbol() || (!size.symbol()->lhs && size.symbol()->kind != SymKind::Local);
    room = divided(*this, room, isSize ? n : magnitude(*this, n)); // (-3) ** 2 is a size
    text.text(between).number(toInt(n));
    between = " x ";
  }
  check(compare("gt", toInt(room), integer(0)), text.text(" elements"), "E0901");
}

void FunctionGen::checkNewSize(const Size &size) {
  if (size.terms().size() == 1 && size.terms().front().coef > 0)
    checkFactors(factorsOf(size));
  else
    checkComputable(size);
}
} // namespace tl::mlirgen
