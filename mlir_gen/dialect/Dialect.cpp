// The dialect itself, and what builds its ops by name.
#include "mlir_gen/dialect/Dialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/Transforms/InliningUtils.h"
#include "mlir_gen/dialect/Rules.h"
#include "mlir_gen/dialect/Scalar.h"

using namespace mlir;

#include "mlir_gen/dialect/TlDialect.cpp.inc"
#include "mlir_gen/dialect/TlInterfaces.cpp.inc"
#define GET_OP_CLASSES
#include "mlir_gen/dialect/TlOps.cpp.inc"

namespace tl {
namespace {
/// All ops may be inlined: effects keep their order.
struct Inlinable : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const override { return true; }
  bool isLegalToInline(Region *, Region *, bool, IRMapping &) const override { return true; }
};
} // namespace

void TlDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "mlir_gen/dialect/TlOps.cpp.inc"
      >();
  addInterfaces<Inlinable>();
}

Operation *TlDialect::materializeConstant(OpBuilder &b, Attribute value, Type type, Location loc) {
  return arith::ConstantOp::materialize(b, value, type, loc);
}

Type tensorOf(Type element, unsigned rank) {
  return rank ? RankedTensorType::get(SmallVector<int64_t>(rank, ShapedType::kDynamic), element) : element;
}

SmallVector<int64_t> axesUpTo(int64_t n) { return llvm::to_vector(llvm::seq<int64_t>(0, n)); }

SmallVector<int64_t> otherAxes(int64_t rank, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> others;
  for (int64_t axis = 0; axis < rank; ++axis)
    if (!llvm::is_contained(axes, axis))
      others.push_back(axis);
  return others;
}

Value constant(OpBuilder &b, Location loc, Type type, double value) {
  if (!isa<FloatType>(type))
    return constantInt(b, loc, type, int64_t(value));
  return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
}

Value constantInt(OpBuilder &b, Location loc, Type type, int64_t value) {
  if (isa<FloatType>(type))
    return constant(b, loc, type, double(value));
  if (type.isInteger(1))
    return arith::ConstantOp::create(b, loc, b.getBoolAttr(value != 0));
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, value));
}

/// Adds the result types that follow from operands and attributes. A wrong call is a bug of the compiler: it is reported at the op's place,
/// and the verifier stops at what is made.
static void inferTypes(OperationState &state) {
  auto *infer = state.name.getInterface<InferTypeOpInterface>();
  if (!infer)
    return;
  std::unique_ptr<char[]> memory(new char[std::max(1, state.name.getOpPropertyByteSize())]);
  OpaqueProperties properties(memory.get());
  state.name.initOpProperties(properties, nullptr);
  DictionaryAttr attributes = state.attributes.getDictionary(state.getContext());
  if (state.name.getOpPropertyByteSize())
    (void)state.name.setOpPropertiesFromAttribute(state.name, properties, attributes, [&] { return emitError(state.location); });
  (void)infer->inferReturnTypes(state.getContext(), state.location, state.operands, attributes, properties, {}, state.types);
  state.name.destroyOpProperties(properties);
}

Operation *build(OpBuilder &b, Location loc, StringRef name, ValueRange operands, ArrayRef<NamedAttribute> attributes, TypeRange types) {
  OperationState state(loc, name, operands, types, attributes);
  if (types.empty())
    inferTypes(state);
  return b.create(state);
}

Operation *rebuild(OpBuilder &b, Operation *op, ValueRange operands) {
  SmallVector<Type> types;
  if (!op->getName().hasInterface<InferTypeOpInterface>()) {
    unsigned rank = 0;
    for (Value operand : operands)
      rank = std::max(rank, rankOf(operand));
    for (Type type : op->getResultTypes())
      types.push_back(tensorOf(elementOf(type), rank));
  }
  return build(b, op->getLoc(), op->getName().getStringRef(), operands, op->getAttrs(), types);
}
} // namespace tl
