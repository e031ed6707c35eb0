// What the transformations hand to an op's own rules: adjoints for the reverse mode, batch axes for Batch.
#pragma once
#include "mlir_gen/dialect/Math.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace tl {

/// The cotangents collected so far, one for each value of the primal that is wanted.
///
/// Note [Masks]. "An untaken branch contributes nothing": where(x > 0, sqrt(x), 0) has the derivative 0 at 0, though 0 * (1 / (2 sqrt(0)))
/// is NaN. So a cotangent that came through a `select` carries a mask, an i1 of its shape or a scalar: where the mask is false the
/// cotangent is an exact zero *because the value was not taken*. A rule that multiplies by something of the primal passes its contribution
/// through select(mask, contribution, 0). Asking `g == 0` instead would be wrong: it cuts the second derivative where a first one happens
/// to be 0. A sum of cotangents is masked by the `or` of the masks, and not at all if one has none. Masks move with the data (`any` where
/// cotangents are summed), are not made where nothing asks for them, and have no derivative.
class Adjoints {
public:
  Adjoints(mlir::OpBuilder &b, const llvm::DenseSet<mlir::Value> &active) : b(b), active(active) {}

  mlir::OpBuilder &b;

  /// Whether the cotangent of `x` is of use: a float that depends on what is differentiated by. Rules ask before they build.
  bool wants(mlir::Value x) const { return active.contains(x); }
  /// Adds `g` to the cotangent of `x`. `mask`: see Note [Masks].
  void add(mlir::Value x, Val g, Val mask = {});
  /// Replaces the cotangent of `x` by `g`, which contains it: for contributions to a part, added in place.
  void replace(mlir::Value x, Val g, Val mask) { slots[x] = {g.v, mask.v}; }
  /// Masks that are a value of `from`, of the primal, become that of `to`.
  void replaceMasks(mlir::ValueRange from, mlir::ValueRange to);
  /// The cotangent of `x`; null: zero.
  mlir::Value get(mlir::Value x) const { return slots.lookup(x).g; }
  /// The mask of the cotangent of `x`; null: everywhere taken.
  mlir::Value mask(mlir::Value x) const { return slots.lookup(x).mask; }
  /// What a rule works with.
  Val val(mlir::Location loc, mlir::Value v) { return {b, loc, v}; }

private:
  struct Slot {
    mlir::Value g, mask;
  };
  llvm::DenseMap<mlir::Value, Slot> slots;
  const llvm::DenseSet<mlir::Value> &active;
};

/// `x` where the mask is true, else zero; `x` without a mask.
Val guarded(Val x, Val mask);

/// A value of a map's body for all indices: the axes of the map that it depends on stand in front, ascending.
/// An `index` that depends on the map's indices is held as i64.
struct Batched {
  mlir::Value v;
  llvm::SmallVector<unsigned, 2> axes;
  bool batched() const { return !axes.empty(); }
};

/// Makes operands meet on common batch axes.
class BatchBuilder {
public:
  BatchBuilder(mlir::OpBuilder &b, llvm::ArrayRef<mlir::Value> extents) : b(b), extents(extents) {}

  mlir::OpBuilder &b;
  /// The extents of all axes of the map.
  llvm::SmallVector<mlir::Value> extents;
  /// The body stands in a branch that is not taken for all indices: an access that was not proved for all reads zero outside.
  bool guard = false;

  using Axes = llvm::SmallVector<unsigned, 2>;
  /// All axes that one of the operands has, ascending.
  static Axes unite(llvm::ArrayRef<Batched> operands);
  /// How many axes the value has besides those of the batch.
  static unsigned innerRank(const Batched &x);
  /// The sizes of those axes.
  llvm::SmallVector<mlir::Value> innerSizes(const Batched &x);
  /// The extents of `axes`.
  llvm::SmallVector<mlir::Value> sizesOf(llvm::ArrayRef<unsigned> axes) const;
  /// `x` repeated so that its batch axes are `axes`; a scalar within each element is repeated to `inner` if that is given.
  /// An index becomes i64.
  mlir::Value align(const Batched &x, llvm::ArrayRef<unsigned> axes, llvm::ArrayRef<mlir::Value> inner = {});
  /// Whether the map has an index at all (i1).
  mlir::Value anyIndex();
  /// The place of `axis` among `axes`.
  static int64_t place(unsigned axis, llvm::ArrayRef<unsigned> axes) { return llvm::find(axes, axis) - axes.begin(); }
};
} // namespace tl
