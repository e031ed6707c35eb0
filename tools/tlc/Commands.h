// What the subcommands share. Each has a file of its own with one `add...` function.
#pragma once
#include "tools/driver/Session.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <string>
#include <vector>

namespace tl::tlc {
/// What a command line asks for.
struct Request {
  driver::Options options;
  std::string file;
  std::vector<std::string> emit;      ///< stages
  std::string output;                 ///< -o
  std::vector<std::string> arguments; ///< behind `--`: flags of the program
  std::string errorFormat = "human", color = "auto";
  std::function<int(Request &)> run; ///< of the chosen command
};

void addRun(CLI::App &app, Request &request);
void addBuild(CLI::App &app, Request &request);
void addCheck(CLI::App &app, Request &request);
void addEval(CLI::App &app, Request &request);
void addTest(CLI::App &app, Request &request);
void addBench(CLI::App &app, Request &request);
void addGrad(CLI::App &app, Request &request);
void addRepl(CLI::App &app, Request &request);
void addExplain(CLI::App &app, Request &request);
void addEnv(CLI::App &app, Request &request);

/// The options that all commands on a file have.
void addFile(CLI::App &command, Request &request);
void addCodeOptions(CLI::App &command, Request &request);
void addThreads(CLI::App &command, Request &request);
void addEmit(CLI::App &command, Request &request);
void addMessageOptions(CLI::App &command, Request &request);

/// Writes what the session reported to standard error; gives its exit code.
int finish(driver::Session &session);
/// Writes the stages of --emit, to -o or standard output.
int emitStages(driver::Session &session, const Request &request, mlirgen::Entry entry);
} // namespace tl::tlc
