// Loops whose iterations are independent, cut into chunks for several threads.
//
// Note [Chunks]. How a kernel is cut depends on its sizes alone: one of its loops, into as many parts as are worth some 20 microseconds
// each. No chunk sums what another one sums, so neither the cut nor who computes what can change a bit. Each kernel is `scf.parallel` over
// its chunks until OutlineKernels makes it a function that the runtime calls, at once where there is one chunk.
#pragma once
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace tl {
/// Marks an `scf.for` whose iterations write different places of what lies outside, and read none of these: those of a map. Place gives it
/// no memory from outside to work in, so that this stays true.
constexpr llvm::StringLiteral independentName = "tl.independent";
/// A loop whose iterations may run in any order; a chunk gets a multiple of `grain` of them.
struct Divisible {
  unsigned loop;
  int64_t grain;
};

/// The iterations [begin, end) of a loop.
struct Iterations {
  mlir::Value begin, end;
};

/// About how long one iteration of a loop with this body takes.
double nanosecondsOf(mlir::Block &body);

/// Opens a kernel with loops of these sizes: what a chunk has of each. `b` then stands in the chunk. The first of the loops in `divisible`
/// that is long is cut; where there is none, or too little to do, the chunk is the whole.
llvm::SmallVector<Iterations> openChunks(mlir::OpBuilder &b, mlir::Location loc, llvm::ArrayRef<mlir::Value> extents,
                                         llvm::ArrayRef<Divisible> divisible, double nanoseconds);
} // namespace tl
