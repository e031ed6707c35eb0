// Source to any stage: the only holder of state. The commands, the REPL and the tests call this.
#pragma once
#include "ast/Ast.h"
#include "ast/base/Diagnostic.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir_gen/MlirGen.h"
#include "passes/Pipeline.h"
#include "tools/driver/Options.h"
#include "tools/driver/Phases.h"
#include <string>
#include <vector>

namespace tl::driver {
class Session {
public:
  explicit Session(Options options);
  ~Session();
  /// The text of a file ("-" is standard input), as it is: the front end reports what is wrong with it. Null after `fail`.
  const SourceFile *read(llvm::StringRef path);
  /// Reads and checks a file; null with diagnostics reported where it is wrong.
  ast::Program *check(llvm::StringRef path);
  /// The same for a tree that is in memory already.
  ast::Program *check(std::unique_ptr<ast::Module> module);
  /// Text under a name of its own, to be parsed and quoted by messages.
  const SourceFile &add(std::string name, std::string text);
  /// The module at stage "checked" .. "llvm"; null where something was reported.
  mlir::OwningOpRef<mlir::ModuleOp> lower(ast::Program &program, mlirgen::Entry entry, llvm::StringRef stage);
  /// Runs `run`; what MLIR reports meanwhile becomes diagnostics with places in `program`, or a failure.
  void collect(ast::Program &program, llvm::function_ref<void()> run);
  /// Records a failure that is no diagnostic: a file that cannot be read, a bug in tlc.
  std::nullptr_t fail(ExitCode code, std::string message);
  /// False, reported, where no file of that name can be made, or the program was read from it.
  bool mayWrite(llvm::StringRef output);
  /// Writes a file ("-" is standard output), whole or not at all; false, reported, where that cannot be done.
  bool write(llvm::StringRef output, llvm::function_ref<void(llvm::raw_ostream &)> text);
  /// Diagnostics and failure as text, ready to be written; both are forgotten then.
  std::string takeMessages();

  Diagnostics diagnostics;
  SourceManager sources;
  Options options;
  Phases phases;
  ExitCode exitCode = Success; ///< of the last thing that failed
  mlir::MLIRContext &context();

private:
  mlir::OwningOpRef<mlir::ModuleOp> lowered(ast::Program &program, mlirgen::Entry entry, llvm::StringRef stage);
  struct State;
  std::unique_ptr<State> state;
  std::string failure;
};
} // namespace tl::driver
