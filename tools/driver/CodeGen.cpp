// LLVM dialect -> LLVM IR -> object code.
#include "tools/driver/CodeGen.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
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
    // Calls nest as deep at every level: where the stack ends, the program stops, and does not become an endless loop at some.
    function.addFnAttr("disable-tail-calls", "true");
    // Touches every page of a large frame, so that a stack overflow meets the guard page.
    function.addFnAttr("probe-stack", "inline-asm");
  }
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
