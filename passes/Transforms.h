// The transformations of tl that call each other: lifting maps, making derivatives, inlining.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir_gen/dialect/Transform.h"

namespace tl {
class MapOp;

/// Replaces the maps of a function, innermost first, by whole-array ops where that is possible, else by loops. Calls in their bodies are
/// inlined. Functions with the attribute `keep` stay functions, see `inlineCalls`.
mlir::LogicalResult liftMaps(mlir::func::FuncOp function, llvm::StringRef keep = "");
/// Replaces one map whose body has no map, by whole-array ops; fails, with nothing changed, where something in it cannot be lifted.
mlir::LogicalResult liftMap(MapOp map);
/// What a value of a map's body has become.
using Lifted = llvm::function_ref<Batched(mlir::Value)>;
/// The results of a call in a map, over all axes of its operands, by one call of a mapped function; fails where sizes depend on indices.
mlir::FailureOr<llvm::SmallVector<Batched>> mapCall(mlir::func::CallOp call, BatchBuilder &batch, llvm::ArrayRef<Batched> operands,
                                                    Lifted lifted);
/// Of an argument of a function with a derivative by hand, one axis of the results for each of its own leading axes: along these an element
/// of the results is made of those at its place alone.
llvm::SmallVector<int64_t> sharedAxes(mlir::func::FuncOp function, unsigned argument);
/// Replaces a map by loops over its extents that write their results element by element: right for every body.
mlir::LogicalResult mapToLoops(MapOp map);

/// Replaces all `tl.vjp` and `tl.jvp` by calls of ordinary functions, innermost first. The functions are added to the module, one for each
/// (function, mode, arguments).
mlir::LogicalResult makeDerivatives(mlir::ModuleOp module);

/// Canonical forms within `op`, and contractions instead of sums of products: see Simplify.cpp.
mlir::LogicalResult simplify(mlir::Operation *op);

/// The function that is called; null if it has no body.
mlir::func::FuncOp calleeOf(mlir::func::CallOp call);
/// Whether a call may be replaced by the body of what it calls: there is one, of one block, it does not call itself, however indirectly,
/// and is not marked `tl.checkpoint`: such a call stays, so that its pullback computes it again.
bool mayInline(mlir::func::CallOp call);
void inlineCall(mlir::func::CallOp call);
/// Inlines all calls within `op`, and in what that brings, except of functions that call themselves or have the attribute `keep`: `tl.vjp`
/// or `tl.jvp`, a derivative by hand of the kind that is being made.
void inlineCalls(mlir::Operation *op, llvm::StringRef keep = "");
} // namespace tl
