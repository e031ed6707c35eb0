// A checked program to something that runs.
#include "tools/driver/Program.h"
#include "mlir/IR/Diagnostics.h"
#include "tools/driver/CodeGen.h"
#include "tools/driver/Library.h"
#include "tools/driver/Link.h"
#include "tools/driver/Target.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace tl;
using namespace tl::driver;
using llvm::StringRef;

namespace {
/// What LLVM holds for one module.
struct Code {
  std::unique_ptr<llvm::TargetMachine> machine;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;
};

std::string cpuOf(const Session &session, StringRef fallback) { return session.options.cpu.empty() ? fallback.str() : session.options.cpu; }

/// Optimised LLVM IR; null where something was reported. `complete` adds what an executable or a library is entered by.
std::unique_ptr<Code> generate(Session &session, mlir::ModuleOp module, StringRef cpu,
                               llvm::function_ref<void(llvm::Module &)> complete = nullptr) {
  auto code = std::make_unique<Code>();
  std::string error;
  code->machine = makeTarget(cpu, session.options.optLevel, error);
  if (!code->machine)
    return session.fail(Usage, "error: " + error + "\n");
  {
    Phases::Scope scope(session.phases, "translate");
    mlir::ScopedDiagnosticHandler handler(&session.context(), [&](mlir::Diagnostic &reported) { error += reported.str() + "; "; });
    code->module = translate(module, code->context, *code->machine);
  }
  if (!code->module)
    return session.fail(Internal, "internal error: " + error + "no LLVM IR was made\n");
  if (complete)
    complete(*code->module);
  Phases::Scope scope(session.phases, "optimize");
  optimize(*code->module, *code->machine, session.options.optLevel);
  return code;
}

/// False, reported, where there is no `main` to run.
bool requireMain(Session &session, ast::Program &program) {
  if (llvm::any_of(program.main()->decls, [](const ast::Decl *decl) { return llvm::isa<ast::DefDecl>(decl) && decl->name == "main"; }))
    return true;
  StringRef file = session.sources.file(program.main()->file).name();
  bool hasTests = llvm::any_of(program.main()->decls, [](const ast::Decl *decl) { return llvm::isa<ast::TestDecl>(decl); });
  session.fail(Rejected, "error: " + file.str() + " has no `main` to run\n  = help: " +
                             (hasTests ? "run its tests: tlc test " + file.str() : "add one: def main() { ... }") + "\n");
  return false;
}
} // namespace

//===- In this process ----------------------------------------------------------------------------------------------===//

std::optional<LoadedCode> driver::load(Session &session, mlir::ModuleOp module) {
  auto code = generate(session, module, cpuOf(session, "native"));
  if (!code)
    return std::nullopt;
  llvm::SmallVector<char, 0> object;
  {
    Phases::Scope scope(session.phases, "code");
    object = emit(*code->module, *code->machine, llvm::CodeGenFileType::ObjectFile);
  }
  Phases::Scope scope(session.phases, "load");
  LoadedCode loaded;
  std::string error;
  loaded.jit = Jit::load(object, error);
  if (!loaded.jit) {
    session.fail(Internal, "internal error: " + error + "\n");
    return std::nullopt;
  }
  loaded.flags = FlagTable(module);
  if (auto titles = module->getAttrOfType<mlir::ArrayAttr>("tl.titles"))
    for (auto title : titles.getAsRange<mlir::StringAttr>())
      loaded.titles.push_back(title.getValue().str());
  return loaded;
}

std::optional<LoadedCode> driver::load(Session &session, ast::Program &program, mlirgen::Entry entry) {
  if (entry == mlirgen::Entry::Main && !requireMain(session, program))
    return std::nullopt;
  auto module = session.lower(program, entry, "llvm");
  if (!module)
    return std::nullopt;
  return load(session, *module);
}

int driver::runEntry(Session &session, LoadedCode &code, StringRef name, void *context) {
  std::string error;
  Jit::Entry entry = code.jit->entry(name, error);
  if (!entry) {
    llvm::errs() << "internal error: " << error << "\n";
    return Internal;
  }
  Phases::Scope scope(session.phases, "run");
  return tl_call(entry, context);
}

int driver::runMain(Session &session, LoadedCode &code, StringRef name, llvm::ArrayRef<std::string> arguments) {
  std::vector<std::string> words = {name.str()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char *> argv;
  for (std::string &word : words)
    argv.push_back(word.data());
  auto flags = code.flags.flags();
  int parsed = tl_flags_parse(int(argv.size()), argv.data(), flags.data(), flags.size());
  if (parsed)
    return tl_flush(), parsed < 0 ? Success : parsed;
  return runEntry(session, code, "tl_entry");
}

//===- Files --------------------------------------------------------------------------------------------------------===//

/// Code for other machines than this one, linked.
static bool build(Session &session, mlir::ModuleOp module, StringRef output,
                  llvm::function_ref<void(llvm::Module &, int cpuLevel)> complete,
                  llvm::function_ref<std::string(llvm::ArrayRef<char> object)> link) {
  const std::string cpu = cpuOf(session, "x86-64-v3");
  auto code = generate(session, module, cpu, [&](llvm::Module &m) { complete(m, requiredLevel(cpu)); });
  if (!code)
    return false;
  llvm::SmallVector<char, 0> object;
  {
    Phases::Scope scope(session.phases, "code");
    object = emit(*code->module, *code->machine, llvm::CodeGenFileType::ObjectFile);
  }
  Phases::Scope scope(session.phases, "link");
  if (std::string error = link(object); !error.empty()) {
    session.fail(InputOutput, "error: cannot link `" + output.str() + "`: " + error + "\n");
    return false;
  }
  return true;
}

bool driver::buildExecutable(Session &session, ast::Program &program, StringRef output) {
  if (!requireMain(session, program) || !session.mayWrite(output))
    return false;
  auto module = session.lower(program, mlirgen::Entry::Main, "llvm");
  if (!module)
    return false;
  FlagTable flags(*module);
  return build(
      session, *module, output, [&](llvm::Module &m, int cpuLevel) { flags.addMain(m, cpuLevel); },
      [&](llvm::ArrayRef<char> object) { return link(object, output); });
}

bool driver::buildLibrary(Session &session, ast::Program &program, StringRef output) {
  Library library(program, session.sources, output);
  if (std::string error = library.misfit(); !error.empty())
    return session.fail(Rejected, error), false;
  for (const std::string &file : library.files())
    if (!session.mayWrite(file))
      return false;
  auto module = session.lower(program, mlirgen::Entry::Library, "llvm");
  if (!module)
    return false;
  bool built = build(
      session, *module, output, [&](llvm::Module &m, int cpuLevel) { library.addFunctions(m, cpuLevel); },
      [&](llvm::ArrayRef<char> object) { return linkLibrary(object, library.names(), output); });
  return built && library.write(session);
}

bool driver::emitCode(Session &session, ast::Program &program, mlirgen::Entry entry, StringRef stage, llvm::raw_ostream &out) {
  auto module = session.lower(program, entry, "llvm");
  auto code = module ? generate(session, *module, cpuOf(session, "native")) : nullptr;
  if (!code)
    return false;
  if (stage == "llvm") {
    code->module->print(out, nullptr);
    return true;
  }
  auto type = stage == "asm" ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
  auto bytes = emit(*code->module, *code->machine, type);
  out.write(bytes.data(), bytes.size());
  return true;
}

//===- --time -------------------------------------------------------------------------------------------------------===//

void driver::reportTime(Session &session) {
  if (!session.options.time)
    return;
  llvm::outs().flush();
  TlMemory memory = tl_memory();
  llvm::errs() << "time\n" << session.phases.table();
  llvm::errs() << llvm::formatv("kernels\n  {0,-12} {1,9}\n", "on threads", tl_forks());
  llvm::errs() << llvm::formatv("memory\n  {0,-12} {1,9}\n  {2,-12} {3,9:F1} MB\n  {4,-12} {5,9:F1} MB\n", "allocations",
                                memory.allocations, "allocated", memory.bytes / 1e6, "peak", memory.peak / 1e6);
}
