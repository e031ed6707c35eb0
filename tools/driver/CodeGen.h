// LLVM dialect -> LLVM IR -> object code.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>

namespace tl::driver {
/// A C function is called so until a library is linked, where it gets its own name: then it meets none of the runtime's.
inline constexpr llvm::StringLiteral cFunctionPrefix = "tl_c.";
/// Translates; null where the module is not in the LLVM dialect.
std::unique_ptr<llvm::Module> translate(mlir::ModuleOp module, llvm::LLVMContext &context, llvm::TargetMachine &machine);
/// Runs LLVM's passes. No level changes a bit of the results: no pass may treat a call of libm as something it knows.
void optimize(llvm::Module &module, llvm::TargetMachine &machine, unsigned level);
/// Assembly or object code.
llvm::SmallVector<char, 0> emit(llvm::Module &module, llvm::TargetMachine &machine, llvm::CodeGenFileType type);
} // namespace tl::driver
