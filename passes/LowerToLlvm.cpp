// The last step on our side: names and linkage that the runtime and the driver expect, after upstream passes have made LLVM dialect of the rest;
// and, before them, the poll of the interrupt flag in every outermost loop.
#include "passes/Passes.h"
#include "passes/RuntimeCalls.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/SymbolTable.h"

namespace tl {
#define GEN_PASS_DEF_POLLINTERRUPT
#define GEN_PASS_DEF_NAMERUNTIME
#include "passes/Passes.h.inc"
} // namespace tl

using namespace mlir;

namespace {
/// Loops that contain a loop test the flag once per iteration: the flag is one load, and innermost loops stay as they are for the vectorizer.
struct PollInterrupt : tl::impl::PollInterruptBase<PollInterrupt> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<Block *> bodies;
    module.walk([&](LoopLikeOpInterface loop) {
      bool inner = false;
      loop->walk([&](LoopLikeOpInterface other) { inner |= other != loop; });
      bool outermost = !loop->getParentOfType<LoopLikeOpInterface>();
      if (isa<scf::WhileOp>(loop) ? true : inner && (outermost || loop->getParentOfType<scf::WhileOp>()))
        bodies.push_back(&loop.getLoopRegions().back()->front());
    });
    if (bodies.empty())
      return;
    OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
    auto i32 = b.getI32Type();
    auto flag = LLVM::GlobalOp::create(b, module.getLoc(), i32, /*isConstant=*/false, LLVM::Linkage::External, "tl_interrupt_flag", Attribute());
    for (Block *body : bodies) {
      b.setInsertionPointToStart(body);
      Location loc = body->getParentOp()->getLoc();
      Value address = LLVM::AddressOfOp::create(b, loc, flag);
      Value set = LLVM::LoadOp::create(b, loc, i32, address, /*alignment=*/4, /*isVolatile=*/true);
      Value zero = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0));
      Value stop = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, set, zero);
      auto branch = scf::IfOp::create(b, loc, stop, /*withElse=*/false);
      b.setInsertionPointToStart(branch.thenBlock());
      tl::callRuntime(b, loc, "tl_interrupted", nullptr, {});
    }
    tl::declareRuntime(module);
  }
};

/// Buffers come from the runtime's hook; only entries are visible outside.
struct NameRuntime : tl::impl::NameRuntimeBase<NameRuntime> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (auto [from, to] : {std::pair<StringRef, StringRef>{"_mlir_memref_to_llvm_alloc", "tl_alloc"}, {"_mlir_memref_to_llvm_free", "tl_free"}}) {
      Operation *function = module.lookupSymbol(from);
      if (!function)
        continue;
      if (failed(SymbolTable::replaceAllSymbolUses(function, StringAttr::get(&getContext(), to), module)))
        return signalPassFailure();
      SymbolTable::setSymbolName(function, to);
    }
    module.walk([](LLVM::LLVMFuncOp function) {
      bool isEntry = function.getName().starts_with("tl_entry") || function.getName().starts_with("tl_test_");
      if (!function.isExternal() && !isEntry)
        function.setLinkage(LLVM::Linkage::Internal);
    });
  }
};
} // namespace
