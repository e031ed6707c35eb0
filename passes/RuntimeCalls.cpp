// Calls of the runtime from code on memrefs.
#include "passes/RuntimeCalls.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

int32_t tl::scalarKind(StringRef name) {
  static const StringRef names[] = {"bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f16", "bf16", "f32", "f64", "str"};
  return llvm::find(names, name) - std::begin(names);
}

int32_t tl::scalarKind(Type type, bool isUnsigned) {
  type = getElementTypeOrSelf(type);
  if (type.isInteger(1))
    return scalarKind("bool");
  if (auto i = dyn_cast<IntegerType>(type))
    return scalarKind((isUnsigned ? "u" : "i") + std::to_string(i.getWidth()));
  return scalarKind(type.isF16() ? "f16" : type.isBF16() ? "bf16" : type.isF32() ? "f32" : "f64");
}

tl::SourcePlace tl::placeOf(Location loc) {
  SourcePlace place;
  loc->walk([&](Location l) {
    auto range = dyn_cast<FileLineColRange>(l);
    if (!range)
      return WalkResult::advance();
    place = {range.getFilename().getValue(), range.getStartLine(), range.getStartColumn()};
    if (range.getEndLine() == place.line && range.getEndColumn() > place.column)
      place.width = range.getEndColumn() - place.column;
    return WalkResult::interrupt();
  });
  return place;
}

Value tl::callRuntime(OpBuilder &b, Location loc, StringRef name, Type result, ValueRange args) {
  auto call = LLVM::CallOp::create(b, loc, result ? TypeRange(result) : TypeRange(), FlatSymbolRefAttr::get(b.getContext(), name), args);
  return result ? call.getResult() : Value();
}

void tl::declareRuntime(ModuleOp module) {
  module.walk([&](LLVM::CallOp call) {
    if (!call.getCallee() || module.lookupSymbol(*call.getCallee()))
      return;
    Type result = call.getNumResults() ? call.getResult().getType() : LLVM::LLVMVoidType::get(module.getContext());
    OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
    LLVM::LLVMFuncOp::create(top, module.getLoc(), *call.getCallee(),
                             LLVM::LLVMFunctionType::get(result, llvm::to_vector(call.getOperandTypes())));
  });
}

Value tl::dataPointer(OpBuilder &b, Location loc, Value memref) {
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, memref);
  Value number = arith::IndexCastOp::create(b, loc, b.getI64Type(), address);
  return LLVM::IntToPtrOp::create(b, loc, LLVM::LLVMPointerType::get(b.getContext()), number);
}

void tl::emitArgSort(OpBuilder &b, Location loc, Value x, Value order, int32_t kind) {
  auto type = cast<MemRefType>(x.getType());
  unsigned rank = type.getRank();
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto index = [&](int64_t i) -> Value { return arith::ConstantIndexOp::create(b, loc, i); };
  Value rows = index(1), length = memref::DimOp::create(b, loc, x, rank - 1);
  for (unsigned axis = 0; axis + 1 < rank; ++axis)
    rows = arith::MulIOp::create(b, loc, rows, memref::DimOp::create(b, loc, x, axis));
  Value from = dataPointer(b, loc, x), to = dataPointer(b, loc, order);
  auto loop = scf::ForOp::create(b, loc, index(0), rows, index(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value start = arith::IndexCastOp::create(b, loc, b.getI64Type(), arith::MulIOp::create(b, loc, loop.getInductionVar(), length));
  Value row = LLVM::GEPOp::create(b, loc, pointer, type.getElementType(), from, ArrayRef<LLVM::GEPArg>{start});
  Value out = LLVM::GEPOp::create(b, loc, pointer, b.getI64Type(), to, ArrayRef<LLVM::GEPArg>{start});
  Value n = arith::IndexCastOp::create(b, loc, b.getI64Type(), length);
  Value number = arith::ConstantIntOp::create(b, loc, kind, 32), one = arith::ConstantIntOp::create(b, loc, 1, 64);
  callRuntime(b, loc, "tl_argsort", nullptr, {row, number, n, one, out});
}
