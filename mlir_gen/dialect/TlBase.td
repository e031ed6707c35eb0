// The dialect and what all its ops share.
#ifndef TL_BASE_TD
#define TL_BASE_TD
include "mlir/IR/OpBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir_gen/dialect/Interfaces.td"

def Tl_Dialect : Dialect {
  let name = "tl";
  let cppNamespace = "::tl";
  let summary = "tensor programs with value semantics and nothing implicit";
  let description = [{
    A value is a builtin scalar (i1, i8..i64, f16, bf16, f32, f64, index) or a tensor of rank at least 1 whose sizes are all
    dynamic: `tensor<?x?xf32>`. Sizes are SSA values of type index, found by `sizesOf`. Integers are signless; an op for
    which the sign matters carries `unsigned`. A random key is an i64, and so is a string, a handle.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::func::FuncDialect"];
  let hasConstantMaterializer = 1;
}

/// Its tensor operands have known sizes: each is the result of an op that is Sized, a `tensor.cast` or a constant.
def Tl_KnownSizes : NativeOpTrait<"KnownSizes"> { let cppNamespace = "::tl"; }

class Tl_Op<string mnemonic, list<Trait> traits = []> : Op<Tl_Dialect, mnemonic, traits>;

defvar Tl_InfersType = [DeclareOpInterfaceMethods<InferTypeOpInterface>];

/// An op whose result types follow from its operands and attributes, whose sizes are known and whose operands' sizes are.
class Tl_Typed<string mnemonic, list<Trait> traits = []>
    : Tl_Op<mnemonic, [Tl_KnownSizes, DeclareOpInterfaceMethods<Tl_Sized>] # Tl_InfersType # traits>;

/// The gradient and the batching of an op, both in its .cpp.
defvar Tl_Transforms = [DeclareOpInterfaceMethods<Tl_Differentiable>, DeclareOpInterfaceMethods<Tl_Batchable>];
defvar Tl_Batched = [DeclareOpInterfaceMethods<Tl_Batchable>];

/// Reads or writes elements whose places were checked before the op. `always`: inside from sizes alone, so that the op may run anywhere;
/// `here`: inside because of where it stands. Without either a `tl.check` stands before. No memory effect in any case.
defvar Tl_Placed = [NoMemoryEffect, DeclareOpInterfaceMethods<ConditionallySpeculatable>];

/// A scalar, or a tensor with dynamic sizes.
def Tl_Value : AnyTypeOf<[AnySignlessInteger, AnyFloat, Index, AnyRankedTensor], "scalar or tensor">;
def Tl_Tensor : AnyTypeOf<[AnyRankedTensor], "tensor">;
def Tl_FloatLike : TypeConstraint<CPred<"::llvm::isa<::mlir::FloatType>(::mlir::getElementTypeOrSelf($_self))">, "float scalar or tensor">;
def Tl_IntLike : TypeConstraint<CPred<"::llvm::isa<::mlir::IntegerType, ::mlir::IndexType>(::mlir::getElementTypeOrSelf($_self))">, "integer scalar or tensor">;
def Tl_BoolLike : TypeConstraint<CPred<"::mlir::getElementTypeOrSelf($_self).isInteger(1)">, "bool scalar or tensor">;

/// A text made at run time: a handle in the entry's arena.
def Tl_Str : TypeAlias<I64, "str">;

/// Prints, checks and traps: never dropped, duplicated or reordered against one another.
def Tl_Effects : Resource<"::tl::EffectResource">;
#endif
