// What upstream passes leave to us on the way to LLVM: mathematics as calls of libm, the polls of the interrupt flag; at
// the end, names and linkage that the runtime and the driver expect.
#include "mlir/Analysis/CallGraph.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir_gen/dialect/Dialect.h"
#include "passes/Passes.h"
#include "passes/RuntimeCalls.h"
#include "llvm/ADT/SCCIterator.h"
#include "llvm/ADT/StringMap.h"

namespace tl {
#define GEN_PASS_DEF_MATHTOCALLS
#define GEN_PASS_DEF_POLLINTERRUPT
#define GEN_PASS_DEF_NAMERUNTIME
#include "passes/Passes.h.inc"
} // namespace tl

using namespace mlir;

namespace {
/// The libm function of a math op; empty for those that are one instruction (fma, sqrt, floor, ...), which stay. Calls, not LLVM's
/// intrinsics: an intrinsic may be folded with the compiler's arithmetic at one -O and not at another, and expm1 would become exp(x) - 1.
StringRef libmName(Operation *op) {
  static const std::pair<StringRef, StringRef> names[] = {
      {"exp", "exp"},     {"expm1", "expm1"}, {"exp2", "exp2"}, {"log", "log"},   {"log1p", "log1p"}, {"log2", "log2"},
      {"log10", "log10"}, {"sin", "sin"},     {"cos", "cos"},   {"tan", "tan"},   {"asin", "asin"},   {"acos", "acos"},
      {"atan", "atan"},   {"atan2", "atan2"}, {"sinh", "sinh"}, {"cosh", "cosh"}, {"tanh", "tanh"},   {"asinh", "asinh"},
      {"acosh", "acosh"}, {"atanh", "atanh"}, {"erf", "erf"},   {"erfc", "erfc"}, {"powf", "pow"},    {"cbrt", "cbrt"}};
  StringRef name = op->getName().getStringRef();
  if (name.consume_front("math."))
    for (auto [from, to] : names)
      if (name == from)
        return to;
  return "";
}

struct MathToCalls : tl::impl::MathToCallsBase<MathToCalls> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops) {
      OpBuilder b(op);
      Location loc = op->getLoc();
      Value y;
      if (StringRef name = libmName(op); !name.empty()) {
        Type type = op->getResult(0).getType();
        y = tl::callRuntime(b, loc, (name + (type.isF32() ? "f" : "")).str(), type, op->getOperands());
      } else if (isa<math::IsNaNOp>(op)) {
        y = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, op->getOperand(0), op->getOperand(0));
      } else if (isa<math::IsInfOp, math::IsFiniteOp>(op)) {
        Value x = math::AbsFOp::create(b, loc, op->getOperand(0));
        auto type = cast<FloatType>(x.getType());
        Value inf = arith::ConstantOp::create(b, loc, b.getFloatAttr(type, APFloat::getInf(type.getFloatSemantics())));
        y = arith::CmpFOp::create(b, loc, isa<math::IsInfOp>(op) ? arith::CmpFPredicate::OEQ : arith::CmpFPredicate::OLT, x, inf);
      } else {
        continue;
      }
      op->replaceAllUsesWith(ValueRange(y));
      op->erase();
    }
    tl::declareRuntime(getOperation());
  }
};

/// The flag is tested in every step of a `while`, in every call of a function that may come back to itself, and once an iteration in loops
/// that contain a loop: it is one load, and innermost loops stay as they are for the vectorizer.
struct PollInterrupt : tl::impl::PollInterruptBase<PollInterrupt> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<Operation *> places; // the poll stands before each
    module.walk([&](LoopLikeOpInterface loop) {
      bool inner = false;
      loop->walk([&](LoopLikeOpInterface other) { inner |= other != loop; });
      bool outermost = !loop->getParentOfType<LoopLikeOpInterface>();
      if (!isa<scf::WhileOp>(loop) && inner && (outermost || loop->getParentOfType<scf::WhileOp>()))
        places.push_back(&loop.getLoopRegions().back()->front().front());
    });
    SmallVector<tl::StepOp> steps;
    module.walk([&](tl::StepOp step) { steps.push_back(step); });
    places.append(steps.begin(), steps.end());
    const CallGraph calls(module);
    for (auto cycle = llvm::scc_begin(&calls); !cycle.isAtEnd(); ++cycle)
      for (const CallGraphNode *node : *cycle)
        if (cycle.hasCycle() && !node->isExternal())
          places.push_back(&node->getCallableRegion()->front().front());
    if (places.empty())
      return;
    OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
    auto i32 = b.getI32Type();
    auto flag =
        LLVM::GlobalOp::create(b, module.getLoc(), i32, /*isConstant=*/false, LLVM::Linkage::External, "tl_interrupt_flag", Attribute());
    for (Operation *place : places) {
      b.setInsertionPoint(place);
      Location loc = place->getBlock()->getParentOp()->getLoc();
      Value address = LLVM::AddressOfOp::create(b, loc, flag);
      Value set = LLVM::LoadOp::create(b, loc, i32, address, /*alignment=*/4, /*isVolatile=*/true);
      Value zero = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0));
      Value stop = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, set, zero);
      auto branch = scf::IfOp::create(b, loc, stop, /*withElse=*/false);
      b.setInsertionPointToStart(branch.thenBlock());
      tl::callRuntime(b, loc, "tl_interrupted", nullptr, {});
    }
    for (tl::StepOp step : steps)
      step.erase();
    tl::declareRuntime(module);
  }
};

/// The product of two counts, or -1 where it does not fit 64 bits or one of them is -1.
Value checkedProduct(OpBuilder &b, Location loc, Value lhs, Value rhs) {
  Type i64 = lhs.getType();
  auto pair = LLVM::LLVMStructType::getLiteral(b.getContext(), {i64, b.getI1Type()});
  Value product = LLVM::UMulWithOverflowOp::create(b, loc, pair, lhs, rhs);
  Value overflow = LLVM::ExtractValueOp::create(b, loc, product, 1);
  Value none = LLVM::ConstantOp::create(b, loc, i64, b.getI64IntegerAttr(-1));
  return LLVM::SelectOp::create(b, loc, overflow, none, LLVM::ExtractValueOp::create(b, loc, product, 0));
}

/// The number of bytes that a buffer asks for is a product of sizes, which must not wrap: the runtime refuses -1. A size below 0 counts as
/// 0: what stands in a branch or loop that is not entered may have been moved before the check of its size, and nothing is done with it
/// there.
void checkBytes(LLVM::CallOp alloc) {
  auto bytes = alloc.getOperand(0).getDefiningOp<LLVM::PtrToIntOp>();
  auto end = bytes ? bytes.getArg().getDefiningOp<LLVM::GEPOp>() : nullptr;
  if (!end || end.getDynamicIndices().size() != 1)
    return;
  OpBuilder b(alloc);
  Location loc = alloc.getLoc();
  std::function<Value(Value)> checked = [&](Value count) -> Value {
    auto product = count.getDefiningOp<LLVM::MulOp>();
    if (product)
      return checkedProduct(b, loc, checked(product.getLhs()), checked(product.getRhs()));
    Value zero = LLVM::ConstantOp::create(b, loc, count.getType(), b.getI64IntegerAttr(0));
    return LLVM::SMaxOp::create(b, loc, count, zero).getResult();
  };
  Value one = LLVM::GEPOp::create(b, loc, end.getType(), end.getElemType(), end.getBase(), ArrayRef<LLVM::GEPArg>{1});
  Value width = LLVM::PtrToIntOp::create(b, loc, bytes.getType(), one);
  alloc.setOperand(0, checkedProduct(b, loc, checked(end.getDynamicIndices()[0]), width));
}

/// Buffers come from the runtime's hook; only entries are visible outside.
struct NameRuntime : tl::impl::NameRuntimeBase<NameRuntime> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (auto alloc = module.lookupSymbol<LLVM::LLVMFuncOp>("_mlir_memref_to_llvm_alloc"))
      tellPlaces(alloc);
    for (auto [from, to] :
         {std::pair<StringRef, StringRef>{"_mlir_memref_to_llvm_alloc", "tl_alloc_at"}, {"_mlir_memref_to_llvm_free", "tl_free"}}) {
      Operation *function = module.lookupSymbol(from);
      if (!function)
        continue;
      if (failed(SymbolTable::replaceAllSymbolUses(function, StringAttr::get(&getContext(), to), module)))
        return signalPassFailure();
      SymbolTable::setSymbolName(function, to);
    }
    module.walk([](LLVM::LLVMFuncOp function) {
      StringRef name = function.getName();
      bool isEntry = llvm::any_of(llvm::ArrayRef<StringRef>{"tl_entry", "tl_test_", "tl_bench_", "tl_export_"},
                                  [&](StringRef prefix) { return name.starts_with(prefix); });
      if (!function.isExternal() && !isEntry)
        function.setLinkage(LLVM::Linkage::Internal);
    });
    returnFloatsInRegisters();
  }

  /// C returns the third float of a function and those after it on the stack of the 8087, which costs a store and a load each, and at -O0
  /// LLVM writes that load in a form that has only 16 registers, whatever it chose for it. Calls inside of the program return four.
  void returnFloatsInRegisters() {
    llvm::DenseSet<StringRef> many;
    getOperation().walk([&](LLVM::LLVMFuncOp function) {
      auto results = dyn_cast<LLVM::LLVMStructType>(function.getFunctionType().getReturnType());
      if (results && function.getLinkage() == LLVM::Linkage::Internal && llvm::count_if(results.getBody(), llvm::IsaPred<FloatType>) > 2) {
        function.setCConv(LLVM::CConv::Swift);
        many.insert(function.getName());
      }
    });
    getOperation().walk([&](LLVM::CallOp call) {
      if (call.getCallee() && many.contains(*call.getCallee()))
        call.setCConv(LLVM::CConv::Swift);
    });
  }

  /// Each request for memory says where it stands in the program (a TlPlace, each once): the message that there is none names the line.
  void tellPlaces(LLVM::LLVMFuncOp alloc) {
    ModuleOp module = getOperation();
    tl::RuntimeConstants constants(module);
    module.walk([&](LLVM::CallOp call) {
      if (call.getCallee() != alloc.getName())
        return;
      checkBytes(call);
      OpBuilder b(call);
      tl::SourcePlace caller = tl::callerOf(call.getLoc());
      call.getCalleeOperandsMutable().append(constants.address(b, caller.file.empty() ? tl::placeOf(call.getLoc()) : caller));
    });
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    alloc.setFunctionType(LLVM::LLVMFunctionType::get(pointer, {IntegerType::get(&getContext(), 64), pointer}));
  }
};
} // namespace
