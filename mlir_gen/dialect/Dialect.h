// The tl dialect: everything that builds, asks or rewrites its ops includes this.
#pragma once
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir_gen/dialect/Math.h"
#include "mlir_gen/dialect/Sizes.h"
#include "mlir_gen/dialect/Transform.h"

namespace tl {
/// What prints, checks and traps write to.
struct EffectResource : mlir::SideEffects::Resource::Base<EffectResource> {
  llvm::StringRef getName() override { return "tl.effects"; }
};

mlir::LogicalResult verifyKnownSizes(mlir::Operation *op);
template <typename Op> struct KnownSizes : mlir::OpTrait::TraitBase<Op, KnownSizes> {
  static mlir::LogicalResult verifyTrait(mlir::Operation *op) { return verifyKnownSizes(op); }
};

/// The element type of a tensor, or the scalar type itself.
inline mlir::Type elementOf(mlir::Type type) { return mlir::getElementTypeOrSelf(type); }
inline mlir::Type elementOf(mlir::Value x) { return elementOf(x.getType()); }
/// 0 for a scalar.
inline unsigned rankOf(mlir::Value x) {
  auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(x.getType());
  return tensor ? tensor.getRank() : 0;
}
inline bool isTensor(mlir::Value x) { return llvm::isa<mlir::RankedTensorType>(x.getType()); }
/// Whether the elements are floats: only these have derivatives.
inline bool isFloat(mlir::Type type) { return llvm::isa<mlir::FloatType>(elementOf(type)); }
inline bool isFloat(mlir::Value x) { return isFloat(x.getType()); }
/// The tensor type with `rank` dynamic sizes; the scalar itself for rank 0.
mlir::Type tensorOf(mlir::Type element, unsigned rank);
/// The type of a mask of values of `type`: i1 in its shape.
inline mlir::Type maskType(mlir::Type type) {
  auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
  mlir::Type i1 = mlir::IntegerType::get(type.getContext(), 1);
  return tensor ? tensorOf(i1, tensor.getRank()) : i1;
}
/// 0, 1, ..., n - 1.
llvm::SmallVector<int64_t> axesUpTo(int64_t n);
/// The axes 0 .. rank-1 that are not among `axes`.
llvm::SmallVector<int64_t> otherAxes(int64_t rank, llvm::ArrayRef<int64_t> axes);
/// A scalar constant (float, integer, i1 or index); for floats rounded to the type.
mlir::Value constant(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type, double value);
mlir::Value constantInt(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type, int64_t value);
/// Whether `unsigned` stands on the op.
inline bool isUnsigned(mlir::Operation *op) { return op->hasAttr("unsigned"); }

/// The op of that name ("tl.exp"), its result types inferred unless `types` are given.
mlir::Operation *build(mlir::OpBuilder &b, mlir::Location loc, llvm::StringRef name, mlir::ValueRange operands,
                       llvm::ArrayRef<mlir::NamedAttribute> attributes = {}, mlir::TypeRange types = {});
/// The op on other operands: same name and attributes, result types inferred anew (those of `cast` keep their elements).
mlir::Operation *rebuild(mlir::OpBuilder &b, mlir::Operation *op, mlir::ValueRange operands);
/// `b.create` followed by folding: the value an op with one result stands for.
template <typename Op, typename... Args> mlir::Value make(mlir::OpBuilder &b, mlir::Location loc, Args &&...args) {
  return b.createOrFold<Op>(loc, std::forward<Args>(args)...);
}
} // namespace tl

#include "mlir_gen/dialect/TlDialect.h.inc"
#include "mlir_gen/dialect/TlInterfaces.h.inc"
#define GET_OP_CLASSES
#include "mlir_gen/dialect/TlOps.h.inc"
