// LLVM dialect -> LLVM IR -> object code.
#include "tools/driver/CodeGen.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/SCCIterator.h"
#include "llvm/Analysis/CallGraph.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/IPO/Internalize.h"

using namespace tl;

/// What is entered from outside; everything else may be inlined away.
static bool isEntry(const llvm::GlobalValue &value) {
  llvm::StringRef name = value.getName();
  return name == "main" || name == "tl_entry" || name.starts_with("tl_test_") || name.starts_with("tl_bench_") ||
         name.starts_with(driver::cFunctionPrefix);
}

/// Recursion that goes on with the result of a call nests as deep at every level: where the stack ends the program stops, and does not
/// become an endless loop at some. Calls in the last place may be loops.
static void keepNesting(llvm::Module &module) {
  llvm::CallGraph graph(module);
  for (auto round = llvm::scc_begin(&graph); !round.isAtEnd(); ++round) {
    if (!round.hasCycle())
      continue;
    llvm::SmallVector<llvm::Function *> functions;
    for (llvm::CallGraphNode *node : *round)
      if (llvm::Function *function = node->getFunction())
        functions.push_back(function);
    auto goesOn = [&](llvm::Instruction &instruction) {
      auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction);
      return call && llvm::is_contained(functions, call->getCalledFunction()) &&
             llvm::any_of(call->users(), [](llvm::User *user) { return !llvm::isa<llvm::PHINode, llvm::ReturnInst>(user); });
    };
    if (llvm::any_of(functions, [&](llvm::Function *f) { return llvm::any_of(llvm::instructions(f), goesOn); }))
      for (llvm::Function *function : functions)
        function->addFnAttr("disable-tail-calls", "true");
  }
}

std::unique_ptr<llvm::Module> driver::translate(mlir::ModuleOp op, llvm::LLVMContext &context, llvm::TargetMachine &machine) {
  auto module = mlir::translateModuleToLLVMIR(op, context);
  if (!module)
    return nullptr;
  module->setTargetTriple(machine.getTargetTriple());
  module->setDataLayout(machine.createDataLayout());
  for (llvm::Function &function : *module) {
    if (function.isDeclaration())
      continue;
    function.setDoesNotThrow();
    // Touches every page of a large frame, so that a stack overflow meets the guard page.
    function.addFnAttr("probe-stack", "inline-asm");
  }
  keepNesting(*module);
  return module;
}

void driver::optimize(llvm::Module &module, llvm::TargetMachine &machine, unsigned level) {
  llvm::internalizeModule(module, isEntry);

  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.SLPVectorization = level >= 2;
  tuning.LoopUnrolling = level >= 2;
  llvm::PassBuilder builder(&machine, tuning);

  // Note [Libm is opaque]: LLVM would fold pow(x, 2.0) to x * x and exp of a constant at compile time, at some levels only and
  // with other roundings than the library's. It knows only the functions that move bytes.
  llvm::TargetLibraryInfoImpl library(machine.getTargetTriple());
  library.disableAllFunctions();
  for (auto known : {llvm::LibFunc_memcpy, llvm::LibFunc_memmove, llvm::LibFunc_memset})
    library.setAvailable(known);
  functions.registerPass([&] { return llvm::TargetLibraryAnalysis(library); });

  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  static const llvm::OptimizationLevel levels[] = {llvm::OptimizationLevel::O0, llvm::OptimizationLevel::O1, llvm::OptimizationLevel::O2,
                                                   llvm::OptimizationLevel::O3};
  llvm::ModulePassManager passes =
      level == 0 ? builder.buildO0DefaultPipeline(levels[0]) : builder.buildPerModuleDefaultPipeline(levels[std::min(level, 3u)]);
  passes.run(module, modules);
}

llvm::SmallVector<char, 0> driver::emit(llvm::Module &module, llvm::TargetMachine &machine, llvm::CodeGenFileType type) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::legacy::PassManager manager;
  bool unsupported = machine.addPassesToEmitFile(manager, out, nullptr, type, /*DisableVerify=*/true);
  assert(!unsupported && "x86-64 emits assembly and objects");
  (void)unsupported;
  manager.run(module);
  return bytes;
}
