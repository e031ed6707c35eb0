// LowerToLinalg, inside: what the families of ops share. A lowering gets the op with its operands already lowered, builds before it, and
// gives the values that replace its results.
//
// Note [Order of sums]. The loops of a linalg.generic run as its iterators stand, outermost first, here and in all later passes; nothing
// interchanges them. A reduction whose innermost iterator is the reduction is accumulated in a fixed number of lanes (LinalgToLoops.cpp);
// one with a parallel innermost iterator adds row after row. So the order of a sum follows from the op and its sizes alone, and fusing a
// producer into the reduction cannot change it: the fused op has the iterators of the consumer.
#pragma once
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir_gen/dialect/Dialect.h"

namespace tl::lower {
using mlir::AffineMap;
using mlir::Location;
using mlir::OpBuilder;
using mlir::Operation;
using mlir::Type;
using mlir::Value;
using mlir::ValueRange;
using Values = llvm::SmallVector<Value>;
using Body = llvm::function_ref<Values(OpBuilder &, Location, ValueRange)>;

/// The results of an elementwise op: scalar ops on scalars, else one linalg.generic. Scalar operands are captured by its body.
Values elementwise(Scalarizable op, OpBuilder &b);
/// Broadcast, transpose, reshape, slice, update, concat, gather, scatter_add, iota; nothing for other ops.
std::optional<Values> movement(Operation *op, OpBuilder &b);
/// Reductions, argmax and argmin, scans, sort; nothing for other ops.
std::optional<Values> reduction(Operation *op, OpBuilder &b);
/// A sum of products.
Value contraction(ContractOp op, OpBuilder &b);
/// Images by kernels.
Value convolution(Conv2dOp op, OpBuilder &b);

/// An array without contents; for no sizes of rank 0.
Value empty(OpBuilder &b, Location loc, llvm::ArrayRef<Value> sizes, Type element);
/// A linalg.generic: `outs` in, its results out.
Values generic(OpBuilder &b, Location loc, ValueRange ins, llvm::ArrayRef<AffineMap> inMaps, ValueRange outs,
               llvm::ArrayRef<AffineMap> outMaps, llvm::ArrayRef<mlir::utils::IteratorType> iterators, Body body);
/// An array of `sizes` whose every element `body` computes from those of `ins`, found by `maps` (none: the same place).
Value tabulate(OpBuilder &b, Location loc, llvm::ArrayRef<Value> sizes, Type element, ValueRange ins, llvm::ArrayRef<AffineMap> maps,
               Body body);
/// `value` everywhere.
Value fill(OpBuilder &b, Location loc, llvm::ArrayRef<Value> sizes, Value value);
/// The indices of the loops 0 .. rank-1; in the body of a generic.
Values indices(OpBuilder &b, Location loc, unsigned rank);
/// (d0, ..., d_loops-1) -> (d_axes[0], d_axes[1], ...)
AffineMap project(OpBuilder &b, unsigned loops, llvm::ArrayRef<int64_t> axes);
/// `x` with axis d of the result axis perm[d] of `x`: a copy.
Value transposed(OpBuilder &b, Location loc, Value x, llvm::ArrayRef<int64_t> perm);

/// What sums of `element` are accumulated in: f32 for f16 and bf16.
Type accumulator(OpBuilder &b, Type element);
/// A scalar of a type or of its accumulator as the other one.
Value widen(OpBuilder &b, Location loc, Value x);
Value narrow(OpBuilder &b, Location loc, Value x, Type element);
/// The same for a scalar or an array with `sizes`.
Value narrowAll(OpBuilder &b, Location loc, Value x, llvm::ArrayRef<Value> sizes, Type element);
} // namespace tl::lower
