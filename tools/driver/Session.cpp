// Source to any stage: reads files, runs the front end with the embedded library, mlir_gen and the passes, and turns what
// MLIR reports into diagnostics of ours.
#include "tools/driver/Session.h"
#include "frontend/Frontend.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "stdlib/Embedded.h"
#include "stdlib/runtime/tl_runtime.h"
#include "tools/driver/Suggest.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <dlfcn.h>

using namespace tl;
using namespace tl::driver;
using llvm::StringRef;

struct Session::State {
  explicit State(const mlir::DialectRegistry &registry) : context(registry, mlir::MLIRContext::Threading::DISABLED) {}
  mlir::MLIRContext context;
  std::vector<const SourceFile *> files;
  std::vector<std::unique_ptr<ast::Program>> programs; ///< types and spans of earlier ones may still be referred to
};

static mlir::DialectRegistry dialects() {
  mlir::DialectRegistry registry;
  passes::registerDialects(registry);
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  return registry;
}

Session::Session(Options options) : options(std::move(options)), state(std::make_unique<State>(dialects())) {
  state->context.loadAllAvailableDialects();
}
Session::~Session() = default;
mlir::MLIRContext &Session::context() { return state->context; }

//===- Failures -----------------------------------------------------------------------------------------------------===//

std::nullptr_t Session::fail(ExitCode code, std::string message) {
  exitCode = code;
  failure += std::move(message);
  return nullptr;
}

std::string Session::takeMessages() {
  std::string text = diagnostics.empty() ? "" : render(diagnostics, sources, options.errorFormat, options.color);
  text += failure;
  diagnostics.clear();
  failure.clear();
  return text;
}

//===- Reading and checking -----------------------------------------------------------------------------------------===//

const SourceFile *Session::read(StringRef path) {
  // Of a larger file no more than what the front end's limit needs in order to be reported.
  constexpr uint64_t readLimit = (16u << 20) + 1;
  auto buffer =
      path == "-" ? llvm::MemoryBuffer::getSTDIN() : llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer) {
    std::string message = "error: cannot read `" + path.str() + "`: " + buffer.getError().message() + "\n";
    if (std::string near = nearestFile(path); !near.empty())
      message += "  = help: did you mean `" + near + "`?\n";
    return fail(InputOutput, message);
  }
  return &add(path == "-" ? "<stdin>" : path.str(), (*buffer)->getBuffer().take_front(readLimit).str());
}

static std::optional<StringRef> libraryModule(StringRef name) {
  for (size_t i = 0; i < stdlibFilesCount; ++i)
    if (llvm::sys::path::stem(stdlibFiles[i].name) == name)
      return StringRef(stdlibFiles[i].text, stdlibFiles[i].size);
  return std::nullopt;
}

const SourceFile &Session::add(std::string name, std::string text) {
  const SourceFile &file = sources.add(std::move(name), std::move(text));
  state->files.push_back(&file);
  return file;
}

ast::Program *Session::check(StringRef path) {
  const SourceFile *source = read(path);
  if (!source)
    return nullptr;
  std::unique_ptr<ast::Module> module;
  {
    Phases::Scope scope(phases, "parse");
    module = frontend::parse(*source, diagnostics);
  }
  return check(std::move(module));
}

ast::Program *Session::check(std::unique_ptr<ast::Module> module) {
  Phases::Scope scope(phases, "check");
  auto program = frontend::load(std::move(module), {sources, libraryModule}, diagnostics);
  if (program && diagnostics.empty()) {
    program->holds = [](StringRef path) {
      char text[400];
      return tl_describe(path.str().c_str(), text, sizeof text) ? std::string(text) : "";
    };
    program->inSystem = [](StringRef name) {
      static void *const system = dlopen("libm.so.6", RTLD_LAZY); // and libc, which it needs
      return system && dlsym(system, name.str().c_str());
    };
    frontend::check(*program, sources, diagnostics);
  }
  if (!diagnostics.empty() || !program) {
    exitCode = Rejected;
    if (program) // the diagnostics are still to be shown
      state->programs.push_back(std::move(program));
    return nullptr;
  }
  state->programs.push_back(std::move(program));
  return state->programs.back().get();
}

//===- What MLIR reports --------------------------------------------------------------------------------------------===//

namespace {
/// The place in our sources that a location stands for, through names, calls and fusions.
class SpanFinder {
public:
  SpanFinder(const ast::Program &program, const SourceManager &sources, llvm::ArrayRef<const SourceFile *> added) : files(added) {
    for (const auto &module : program.modules)
      files.push_back(&sources.file(module->file));
  }

  Span find(mlir::Location location) const {
    Span found;
    location->walk([&](mlir::Location inner) {
      if (auto range = llvm::dyn_cast<mlir::FileLineColRange>(inner))
        found = spanOf(range);
      return found.valid() ? mlir::WalkResult::interrupt() : mlir::WalkResult::advance();
    });
    return found;
  }

private:
  static uint32_t offset(const SourceFile &file, unsigned line, unsigned column) {
    StringRef text = file.line(line), rest = text;
    for (unsigned i = 1; i < column && !rest.empty(); ++i) {
      rest = rest.drop_front();
      while (!rest.empty() && (rest.front() & 0xC0) == 0x80)
        rest = rest.drop_front();
    }
    return rest.data() - file.text().data();
  }

  Span spanOf(mlir::FileLineColRange range) const {
    for (const SourceFile *file : files) {
      if (file->name() != range.getFilename().getValue() || range.getStartLine() == 0)
        continue;
      uint32_t begin = offset(*file, range.getStartLine(), range.getStartColumn());
      uint32_t end = offset(*file, range.getEndLine(), range.getEndColumn());
      return {file->id(), begin, std::max(end, begin + 1)};
    }
    return {};
  }

  std::vector<const SourceFile *> files;
};

/// "E0401: cannot ..." into its code and the rest.
std::optional<std::pair<Code, StringRef>> splitCode(StringRef text) {
  static constexpr std::pair<const char *, Code> codes[] = {
#define DIAG(code, title) {#code, Code::code},
#include "ast/base/Diagnostics.def"
  };
  auto [name, rest] = text.split(": ");
  for (auto [known, code] : codes)
    if (name == known)
      return std::pair(code, rest);
  return std::nullopt;
}
} // namespace

void Session::collect(ast::Program &program, llvm::function_ref<void()> run) {
  SpanFinder spans(program, sources, state->files);
  mlir::ScopedDiagnosticHandler handler(&state->context, [&](mlir::Diagnostic &reported) {
    if (reported.getSeverity() != mlir::DiagnosticSeverity::Error)
      return mlir::success();
    std::string text = reported.str();
    Span span = spans.find(reported.getLocation());
    if (auto known = splitCode(text)) {
      Diagnostic &d = diagnostics.report(known->first, span, known->second.str());
      for (mlir::Diagnostic &note : reported.getNotes()) { // with a place of its own it is a label
        std::string said = note.str();
        if (Span at = spans.find(note.getLocation()); note.getLocation() != reported.getLocation() && at.valid())
          d.label(at, said);
        else if (llvm::StringRef(said).consume_front("help: "))
          d.help(said.substr(strlen("help: ")));
        else
          d.note(said);
      }
      exitCode = Rejected;
      return mlir::success();
    }
    if (failure.empty()) {
      std::string where;
      if (span.valid()) {
        LineCol at = sources.file(span.file).lineCol(span.begin);
        where = sources.file(span.file).name().str() + ":" + std::to_string(at.line) + ":" + std::to_string(at.col) + ": ";
      }
      fail(Internal, "internal error: " + where + text + "\n");
    }
    return mlir::success();
  });
  run();
}

mlir::OwningOpRef<mlir::ModuleOp> Session::lower(ast::Program &program, mlirgen::Entry entry, StringRef stage) {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  collect(program, [&] { module = lowered(program, entry, stage); });
  return module;
}

mlir::OwningOpRef<mlir::ModuleOp> Session::lowered(ast::Program &program, mlirgen::Entry entry, StringRef stage) {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  {
    Phases::Scope scope(phases, "generate");
    module = mlirgen::generate(program, sources, state->context, entry);
  }
  if (!diagnostics.empty()) // what generation reports
    return {};
  if (!module || mlir::failed(mlir::verify(*module))) {
    if (failure.empty())
      fail(Internal, "internal error: no module was made\n");
    return {};
  }
  if (stage == "checked")
    return module;

  Phases::Scope scope(phases, "lower");
  mlir::PassManager manager(&state->context);
  manager.enableVerifier(true);
  if (!passes::addPasses(manager, stage, {options.optLevel, options.unchecked})) {
    fail(Usage, "error: there is no stage `" + stage.str() + "`\n");
    return {};
  }
  if (!options.printAfter.empty())
    manager.enableIRPrinting([](mlir::Pass *, mlir::Operation *) { return false; },
                             [&](mlir::Pass *pass, mlir::Operation *) {
                               return llvm::is_contained(options.printAfter, pass->getArgument()) ||
                                      llvm::is_contained(options.printAfter, "all");
                             },
                             /*printModuleScope=*/true, /*printAfterOnlyOnChange=*/false,
                             /*printAfterOnlyOnFailure=*/false, llvm::errs());
  if (mlir::failed(manager.run(*module))) {
    if (diagnostics.empty() && failure.empty())
      fail(Internal, "internal error: a pass failed without a reason\n");
    return {};
  }
  return module;
}
