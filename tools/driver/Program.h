// A checked program to something that runs: code in this process, an executable, or LLVM's view of it.
#pragma once
#include "tools/driver/FlagTable.h"
#include "tools/driver/Jit.h"
#include "tools/driver/Session.h"
#include <optional>

namespace tl::driver {
/// A program in this process.
struct LoadedCode {
  std::unique_ptr<Jit> jit;
  FlagTable flags;
  std::vector<std::string> titles; ///< of tests or benches; number N is @tl_test_N or @tl_bench_N
};

/// Compiles and loads; nothing where something was reported.
std::optional<LoadedCode> load(Session &session, ast::Program &program, mlirgen::Entry entry);
/// The same from a module in the LLVM dialect.
std::optional<LoadedCode> load(Session &session, mlir::ModuleOp module);
/// Reads main's flags and runs it; gives the exit code.
int runMain(Session &session, LoadedCode &code, llvm::StringRef name, llvm::ArrayRef<std::string> arguments);
/// Runs one entry; gives the exit code.
int runEntry(Session &session, LoadedCode &code, llvm::StringRef name, void *context = nullptr);
/// Makes an executable; false where something was reported.
bool buildExecutable(Session &session, ast::Program &program, llvm::StringRef output);
/// Makes a library of the exported definitions (`.a` by its name, else shared), its header, and a Python module for a shared one; false
/// where something was reported.
bool buildLibrary(Session &session, ast::Program &program, llvm::StringRef output);
/// "llvm", "asm" or "obj"; false where something was reported.
bool emitCode(Session &session, ast::Program &program, mlirgen::Entry entry, llvm::StringRef stage, llvm::raw_ostream &out);
/// The tables of --time, where that was asked for, to standard error.
void reportTime(Session &session);
} // namespace tl::driver
