// What the ops of a family share; the generated definitions of TlOps.td call it.
#pragma once
#include "mlir_gen/dialect/Dialect.h"

namespace tl::elementwise {
using Derivative = llvm::function_ref<Val(unsigned operand, Val g)>;
using Body = mlir::Value (*)(mlir::OpBuilder &, mlir::Location, mlir::Operation *, mlir::ValueRange);

/// `element`: the operand whose element type the result has, -1 for i1. Fails where operands are tensors of different ranks.
mlir::LogicalResult inferType(mlir::MLIRContext *ctx, std::optional<mlir::Location> loc, mlir::ValueRange operands, int element,
                              llvm::SmallVectorImpl<mlir::Type> &types);
void sizes(mlir::Operation *op, mlir::OpBuilder &b, llvm::SmallVectorImpl<mlir::Value> &sizes);
llvm::SmallVector<Batched> batch(mlir::Operation *op, BatchBuilder &batch, llvm::ArrayRef<Batched> operands);
void vjp(mlir::Operation *op, Adjoints &adjoints, mlir::Value g, Derivative derivative);
llvm::SmallVector<mlir::Value> jvp(mlir::Operation *op, mlir::OpBuilder &b, llvm::ArrayRef<mlir::Value> dx, Derivative derivative);
/// The body on scalars; f16 and bf16 are computed in f32.
llvm::SmallVector<mlir::Value> scalar(mlir::Operation *op, mlir::OpBuilder &b, mlir::ValueRange args, Body body);
} // namespace tl::elementwise

namespace tl::reduction {
/// `axes` vanish; the element type is as the op of that name wants.
mlir::LogicalResult inferType(llvm::StringRef name, std::optional<mlir::Location> loc, mlir::Value x, llvm::ArrayRef<int64_t> axes,
                              llvm::SmallVectorImpl<mlir::Type> &types);
/// The type of `x`, or with integers of `width` bits.
mlir::LogicalResult inferAlong(mlir::Value x, std::optional<unsigned> width, llvm::SmallVectorImpl<mlir::Type> &types);
void sizes(mlir::Operation *op, mlir::OpBuilder &b, llvm::SmallVectorImpl<mlir::Value> &sizes);
mlir::LogicalResult verify(mlir::Operation *op);
mlir::LogicalResult verifyAxis(mlir::Operation *op);
/// The same op with its axes moved behind those of the batch.
llvm::SmallVector<Batched> batch(mlir::Operation *op, BatchBuilder &batch, llvm::ArrayRef<Batched> operands);
} // namespace tl::reduction
