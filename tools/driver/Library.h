// The exported definitions of a program as a library: its C functions as code, its header and its Python module.
#pragma once
#include "ast/base/Source.h"
#include "mlir_gen/Exports.h"
#include "llvm/IR/Module.h"
#include <string>
#include <vector>

namespace tl::driver {
class Session;

class Library {
public:
  /// `output`: the library, `.a` for a static one. The other files stand beside it and are called after it: libmlp.so comes with mlp.h and
  /// mlp.py.
  Library(ast::Program &program, const SourceManager &sources, llvm::StringRef output);
  /// What is wrong with the program as a library; "" where nothing is.
  std::string misfit() const;
  /// All C functions: those of the definitions, and those that every library has.
  std::vector<std::string> names() const;
  /// The library and what comes with it.
  std::vector<std::string> files() const;
  /// Adds the C functions, called by their names behind `cFunctionPrefix`. `cpuLevel` as in FlagTable::addMain.
  void addFunctions(llvm::Module &module, int cpuLevel) const;
  /// Writes the header and the Python module; false, reported, where that fails.
  bool write(Session &session) const;
  std::string header() const;
  std::string python() const;

private:
  bool isShared() const { return !llvm::StringRef(output).ends_with(".a"); }
  std::string beside(llvm::StringRef end) const;
  std::string support(llvm::StringRef what) const { return name + "_" + what.str(); }
  /// "f(x: f32[n]) -> f32[n]", with its `where`.
  std::string signature(const ast::DefDecl *def) const;

  ast::Program &program;
  const SourceManager &sources;
  std::string output, name; ///< `name`: what the other files are called, a word of C and Python
  mlirgen::Exports exports;
};
} // namespace tl::driver
