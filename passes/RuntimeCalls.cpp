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

/// The first place in a location, from the inside out, that is asked for.
static tl::SourcePlace find(Location loc, llvm::function_ref<bool(StringRef file)> wanted) {
  tl::SourcePlace place;
  StringAttr text;
  loc->walk([&](Location l) {
    if (auto fused = dyn_cast<FusedLoc>(l))
      text = dyn_cast_or_null<StringAttr>(fused.getMetadata());
    auto range = dyn_cast<FileLineColRange>(l);
    if (!range || !wanted(range.getFilename().getValue()))
      return WalkResult::advance();
    place = {range.getFilename().getValue(), range.getStartLine(), range.getStartColumn(), 1, text ? text.getValue() : ""};
    if (range.getEndLine() == place.line && range.getEndColumn() > place.column)
      place.width = range.getEndColumn() - place.column;
    else if (range.getEndLine() > place.line) // to the end of its first line
      place.width = place.text.size() > place.column ? place.text.size() - place.column + 1 : 1;
    return WalkResult::interrupt();
  });
  return place;
}

bool tl::isLibrary(StringRef file) { return file.starts_with("stdlib/"); }

tl::SourcePlace tl::placeOf(Location loc) {
  return find(loc, [](StringRef) { return true; });
}

tl::SourcePlace tl::callerOf(Location loc) {
  return find(loc, [](StringRef file) { return !isLibrary(file); });
}

//===- Constants -----------------------------------------------------------------------------------------------------===//

tl::RuntimeConstants::RuntimeConstants(ModuleOp module) : module(module), pointer(LLVM::LLVMPointerType::get(module.getContext())) {
  i32 = IntegerType::get(module.getContext(), 32);
  type = LLVM::LLVMStructType::getLiteral(module.getContext(), {pointer, pointer, i32, i32, i32, pointer});
}

LLVM::GlobalOp tl::RuntimeConstants::constant(Type type, Attribute value) {
  OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
  std::string name;
  do
    name = ("tl.data" + Twine(made++)).str();
  while (module.lookupSymbol(name));
  return LLVM::GlobalOp::create(top, module.getLoc(), type, /*isConstant=*/true, LLVM::Linkage::Private, name, value);
}

Value tl::RuntimeConstants::text(OpBuilder &b, StringRef s) {
  LLVM::GlobalOp &g = texts[s];
  if (!g) {
    std::string bytes = (s + Twine('\0')).str();
    g = constant(LLVM::LLVMArrayType::get(b.getI8Type(), bytes.size()), b.getStringAttr(bytes));
  }
  return LLVM::AddressOfOp::create(b, module.getLoc(), g);
}

Value tl::RuntimeConstants::address(OpBuilder &b, const SourcePlace &at, StringRef code) {
  Location loc = module.getLoc();
  if (at.file.empty())
    return LLVM::ZeroOp::create(b, loc, pointer);
  LLVM::GlobalOp &place = places[(at.file + ":" + Twine(at.line) + ":" + Twine(at.column) + ":" + Twine(at.width) + ":" + code).str()];
  if (!place) {
    LLVM::GlobalOp made = constant(type, {});
    OpBuilder inside(module.getContext());
    inside.createBlock(&made.getInitializerRegion());
    auto number = [&](int64_t n) -> Value { return LLVM::ConstantOp::create(inside, loc, i32, inside.getI32IntegerAttr(n)); };
    Value value = LLVM::UndefOp::create(inside, loc, type);
    Value members[] = {text(inside, at.file), text(inside, at.text), number(at.line),
                       number(at.column),     number(at.width),      text(inside, code)};
    for (auto [i, member] : llvm::enumerate(members))
      value = LLVM::InsertValueOp::create(inside, loc, value, member, ArrayRef<int64_t>{int64_t(i)});
    LLVM::ReturnOp::create(inside, loc, value);
    place = made;
  }
  return LLVM::AddressOfOp::create(b, loc, place);
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
