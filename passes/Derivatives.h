// What forward and reverse mode share: which values depend on what is differentiated by.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir_gen/dialect/Dialect.h"

namespace tl {
/// Floats that depend on what is differentiated by.
using Active = llvm::DenseSet<mlir::Value>;

/// Adds to `active` what the ops of `block` make of values in it, in nested regions too.
void findActive(mlir::Block &block, Active &active);
/// The values from outside that the regions of `op` use, and are active.
llvm::SmallVector<mlir::Value> activeCaptures(mlir::Operation *op, const Active &active);

/// A copy of `function` that prints and saves nothing, nor do the functions that it calls: for where it ran already. Itself, if it does not
/// anyway.
mlir::func::FuncOp silent(mlir::func::FuncOp function);
/// Clones the ops of a body at `b`, without prints and checks, in calls without prints: these ran.
void recompute(mlir::OpBuilder &b, mlir::Block &body, mlir::IRMapping &copies);
/// Finds what is active, and makes each active `while` a `for`.
void countWhiles(mlir::func::FuncOp function, Active &active);
/// Splits the loops marked `@checkpoint` into segments; says whether there are any.
bool splitIntoSegments(mlir::func::FuncOp function);
/// Gives each rule by hand that differentiates its own function a copy of that function without the rule.
void freeOwnRules(mlir::ModuleOp module);

/// Reports an op that has no derivative, and fails.
using Refuse = llvm::function_ref<mlir::LogicalResult(mlir::Operation *)>;
/// Makes the body of `function` its own derivative: see vjp and jvp. Calls that may be are inlined, maps lifted. `wrt` are argument
/// numbers. `masked`: it takes masks and gives them.
mlir::LogicalResult reverse(mlir::func::FuncOp function, llvm::ArrayRef<int64_t> wrt, bool primals, bool masked, Refuse refuse);
mlir::LogicalResult forward(mlir::func::FuncOp function, llvm::ArrayRef<int64_t> wrt, Refuse refuse);

/// The two parts of a function that gives its primals, then cotangents of its arguments.
struct SplitPullback {
  /// A value that the second part is given, and its sizes; all in the names of the whole.
  struct Kept {
    mlir::Value value;
    llvm::SmallVector<mlir::Value> sizes;
  };
  mlir::func::FuncOp forward;  ///< from the arguments to the primals, then `given`
  mlir::func::FuncOp backward; ///< from the arguments, the kept values and the cotangents
  llvm::SmallVector<Kept> kept;
  llvm::SmallVector<mlir::Value> given; ///< the kept values, and those of their sizes that are neither arguments nor constants
};
/// Makes both parts of `whole`, whose last `seeds` arguments are the cotangents. Fails, with nothing made, where too much would be handed
/// on, or something whose sizes are not known.
mlir::LogicalResult splitPullback(mlir::func::FuncOp whole, unsigned primals, unsigned seeds, SplitPullback &split);

/// The function that stands for the derivative of what is called, if that has one by hand; `kind`: `tl.vjp` or `tl.jvp`.
mlir::func::FuncOp derivativeByHand(mlir::func::CallOp call, llvm::StringRef kind);
/// The result of a call as the `sized` that states its sizes.
mlir::Value withSizesOf(mlir::Value y);

/// The variable that a value is bound to, or "": see `FunctionGen::name`.
std::string nameOf(mlir::Value x);

/// A zero in the shape and element type of `x`.
inline mlir::Value zeroLike(mlir::OpBuilder &b, mlir::Value x) { return full(Val(b, x.getLoc(), x), 0).v; }
/// `x` with stated sizes where it is an array of unknown ones: those of `like`.
mlir::Value sizedLike(mlir::OpBuilder &b, mlir::Value x, mlir::Value like);
} // namespace tl
