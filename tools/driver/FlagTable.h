// The command line of a compiled main, as mlir_gen describes it in the module attribute `tl.flags`.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "stdlib/runtime/tl_runtime.h"
#include "llvm/IR/Module.h"
#include <deque>
#include <string>
#include <vector>

namespace tl::driver {
class FlagTable {
public:
  FlagTable() = default;
  /// Reads an ArrayAttr of {name, kind, fallback?, doc?, required?}. A flag without a fallback is required.
  explicit FlagTable(mlir::ModuleOp module);
  /// As the runtime wants them; they live as long as the table.
  llvm::ArrayRef<TlFlag> flags() const { return list; }
  /// Adds `main` to an executable's module: it hands the flags and @tl_entry to tl_main.
  void addMain(llvm::Module &module, int cpuLevel) const;

private:
  std::deque<std::string> texts;
  std::vector<TlFlag> list;
};
} // namespace tl::driver
