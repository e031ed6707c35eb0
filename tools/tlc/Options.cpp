// The options that several commands have, and what they all do at the end.
#include "tools/driver/Suggest.h"
#include "tools/tlc/Commands.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>

using namespace tl;
using namespace tl::tlc;

static const std::vector<std::string> stages = {"tokens", "ast", "checked", "tl", "shapes", "grad", "linalg", "llvm", "asm", "obj"};

/// What is wrong with the name of a stage; "" where nothing is.
static std::string checkStage(const std::string &name) {
  if (name == "ambiguities" || name == "crash" || std::find(stages.begin(), stages.end(), name) != stages.end())
    return "";
  std::string near = driver::nearest(name, stages);
  return "there is no stage `" + name + "`" + (near.empty() ? "" : ", did you mean `" + near + "`?");
}

void tlc::addFile(CLI::App &command, Request &request) {
  command.add_option("file", request.file, "The program, or - for standard input")->required();
}

void tlc::addMessageOptions(CLI::App &command, Request &request) {
  command.add_option("--error-format", request.errorFormat, "How errors are written: human, short, json")
      ->check(CLI::IsMember({"human", "short", "json"}));
  command.add_option("--color", request.color, "Colours: auto, always, never")->check(CLI::IsMember({"auto", "always", "never"}));
}

void tlc::addCodeOptions(CLI::App &command, Request &request) {
  command.add_option("-O", request.options.optLevel, "Optimisation, 0 to 3; it never changes a result (default 2)")
      ->check(CLI::Range(0, 3));
  command.add_flag("--unchecked", request.options.unchecked, "Drop the checks that remain when the program runs");
  command.add_option("--cpu", request.options.cpu, "native, x86-64, x86-64-v3 or x86-64-v4 (run: native; build: x86-64-v3)")
      ->check(CLI::IsMember({"native", "x86-64", "x86-64-v3", "x86-64-v4", "v3", "v4"}));
  command.add_flag("--time", request.options.time, "A table of the compiler's phases, and of the program's memory");
  command.add_option("--print-after", request.options.printAfter, "Print the program after these passes (or `all`)")->delimiter(',');
}

void tlc::addThreads(CLI::App &command, Request &request) {
  command
      .add_option("--threads", request.options.threads,
                  "How many threads compute: one for each processor unless said; it never changes a result")
      ->check(CLI::Range(1, 256));
}

void tlc::addEmit(CLI::App &command, Request &request) {
  command.add_option("--emit", request.emit, "Print the program at these stages: tokens ast checked tl shapes grad linalg llvm asm obj")
      ->delimiter(',')
      ->check(CLI::Validator(checkStage, "STAGE"));
}

int tlc::finish(driver::Session &session) {
  llvm::outs().flush();
  llvm::errs() << session.takeMessages();
  return session.exitCode;
}
