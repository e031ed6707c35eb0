// The one program: chooses the command, and makes sure that whatever happens inside ends in a message and an exit code.
#include "stdlib/runtime/tl_runtime.h"
#include "tools/driver/Suggest.h"
#include "tools/tlc/Commands.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>
#include <csignal>

using namespace tl;
using namespace tl::tlc;

namespace {
constexpr unsigned CompilerStack = 64u << 20; ///< the parser recurses

int usageError(const std::string &message, const std::string &help) {
  llvm::errs() << "error: " << message << "\n";
  if (!help.empty())
    llvm::errs() << "  = help: " << help << "\n";
  return driver::Usage;
}

std::vector<std::string> commandNames(CLI::App &app) {
  std::vector<std::string> names;
  for (CLI::App *command : app.get_subcommands(nullptr))
    names.push_back(command->get_name());
  return names;
}

/// `tlc rnu f.tl`: CLI11 would only speak of extra arguments.
int unknownCommand(CLI::App &app, const std::string &word) {
  std::string near = driver::nearest(word, commandNames(app));
  if (llvm::StringRef(word).ends_with(".tl"))
    return usageError("`" + word + "` is a file, not a command", "did you mean `tlc run " + word + "`?");
  return usageError("unknown command `" + word + "`",
                    near.empty() ? "`tlc --help` lists the commands" : "did you mean `tlc " + near + "`?");
}

int unknownArgument(CLI::App &app, const std::string &argument) {
  auto chosen = app.get_subcommands();
  CLI::App &command = chosen.empty() ? app : *chosen.front();
  if (argument.empty() || argument[0] != '-')
    return usageError("unexpected argument `" + argument + "`", "`tlc " + command.get_name() + " --help` shows what it takes");
  std::vector<std::string> names;
  for (const CLI::Option *option : command.get_options())
    for (const std::string &name : option->get_lnames())
      names.push_back("--" + name);
  std::string flag = llvm::StringRef(argument).split('=').first.str();
  std::string near = driver::nearest(flag, names);
  if (!near.empty())
    return usageError("unknown flag `" + flag + "`", "did you mean `" + near + "`?");
  bool runs = command.get_name() == "run";
  return usageError("unknown flag `" + flag + "`", runs ? "flags of the program stand behind `--`: tlc run f.tl -- " + argument
                                                        : "`tlc " + command.get_name() + " --help` lists the flags");
}

/// CLI11's own codes (100 to 127) would read as traps and signals: all of them are a wrong use.
int parse(CLI::App &app, std::vector<std::string> arguments) {
  try {
    std::reverse(arguments.begin(), arguments.end());
    app.parse(arguments);
    return driver::Success;
  } catch (const CLI::CallForHelp &e) {
    return app.exit(e), -1;
  } catch (const CLI::CallForAllHelp &e) {
    return app.exit(e), -1;
  } catch (const CLI::CallForVersion &e) {
    return app.exit(e), -1;
  } catch (const CLI::ExtrasError &) {
    auto chosen = app.get_subcommands();
    auto extras = chosen.empty() ? app.remaining() : chosen.front()->remaining();
    return unknownArgument(app, extras.empty() ? "" : extras.front());
  } catch (const CLI::ParseError &e) {
    return usageError(e.what(), "");
  }
}

/// Copies the source where it can be attached to a report.
std::string keepInput(const std::string &file) {
  if (file.empty() || file == "-" || !llvm::sys::fs::exists(file))
    return "";
  llvm::SmallString<128> kept;
  if (llvm::sys::fs::createTemporaryFile("tlc-bug", "tl", kept) || llvm::sys::fs::copy_file(file, kept))
    return "";
  return "the input was kept in " + kept.str().str() + "; ";
}

/// A stack overflow can only be handled on another stack.
void handleOnAlternateStack() {
  for (int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE}) {
    struct sigaction action;
    if (!sigaction(signal, nullptr, &action)) {
      action.sa_flags |= SA_ONSTACK;
      sigaction(signal, &action, nullptr);
    }
  }
}

int runSafely(Request &request) {
  int code = driver::Internal;
  llvm::CrashRecoveryContext::Enable();
  handleOnAlternateStack();
  llvm::CrashRecoveryContext recovery;
  auto run = [&] {
    static char memory[64 << 10];
    stack_t stack = {};
    stack.ss_sp = memory;
    stack.ss_size = sizeof memory;
    sigaltstack(&stack, nullptr);
    code = request.run(request);
  };
  bool crashed = !recovery.RunSafelyOnThread(run, CompilerStack);
  if (crashed) {
    code = driver::Internal;
    llvm::errs() << "internal error: tlc crashed (code " << recovery.RetCode << ")\n";
  }
  if (code == driver::Internal)
    llvm::errs() << "  = note: this is a bug in tlc; " << keepInput(request.file) << "please report it\n";
  return code;
}

bool wantsColor(const std::string &choice) {
  if (choice != "auto")
    return choice == "always";
  return !llvm::sys::Process::GetEnv("NO_COLOR").value_or("").empty() ? false : llvm::sys::Process::StandardErrHasColors();
}
} // namespace

int main(int argc, char **argv) {
  Request request;
  CLI::App app("The compiler of the tensor language tl.", "tlc");
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", "tlc 0.1 (LLVM " LLVM_VERSION_STRING ")");
  addRun(app, request);
  addBuild(app, request);
  addCheck(app, request);
  addTest(app, request);
  addBench(app, request);
  addGrad(app, request);
  addEval(app, request);
  addRepl(app, request);
  addExplain(app, request);
  addEnv(app, request);

  // What stands behind `--` belongs to the program; CLI11 would take it for positional arguments.
  std::vector<std::string> arguments(argv + 1, argv + argc);
  auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (dashes != arguments.end()) {
    request.arguments.assign(dashes + 1, arguments.end());
    arguments.erase(dashes, arguments.end());
  }
  if (!arguments.empty() && arguments[0][0] != '-') {
    auto names = commandNames(app);
    if (std::find(names.begin(), names.end(), arguments[0]) == names.end())
      return unknownCommand(app, arguments[0]);
  }
  if (int code = parse(app, arguments))
    return code < 0 ? driver::Success : code;
  if (!request.run) {
    if (!llvm::sys::Process::StandardInIsUserInput()) {
      llvm::outs() << app.help();
      return driver::Usage;
    }
    parse(app, {"repl"});
  }
  request.options.color = wantsColor(request.color);
  request.options.errorFormat = request.errorFormat == "json"    ? ErrorFormat::Json
                                : request.errorFormat == "short" ? ErrorFormat::Short
                                                                 : ErrorFormat::Human;
  tl_set_threads(request.options.threads);
  int code = runSafely(request);
  llvm::outs().flush();
  // Threads of LLVM and the memory of a whole compilation need no tidying up.
  llvm::errs().flush();
  _exit(code);
}
