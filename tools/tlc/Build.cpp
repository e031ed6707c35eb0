// `tlc build f.tl -o f`: a native executable that needs libc and libm only.
#include "tools/driver/Program.h"
#include "tools/tlc/Commands.h"
#include "llvm/Support/Path.h"

using namespace tl;
using namespace tl::tlc;

static int build(Request &request) {
  driver::Session session(request.options);
  if (session.options.cpu.empty())
    session.options.cpu = "x86-64-v3";
  if (!request.emit.empty())
    return emitStages(session, request, mlirgen::Entry::Main);
  std::string output = request.output.empty() ? llvm::sys::path::stem(request.file).str() : request.output;
  ast::Program *program = session.check(request.file);
  if (!program || !driver::buildExecutable(session, *program, output))
    return finish(session);
  driver::reportTime(session);
  return driver::Success;
}

void tlc::addBuild(CLI::App &app, Request &request) {
  CLI::App *command = app.add_subcommand("build", "Make a native executable");
  addFile(*command, request);
  command->add_option("-o", request.output, "The executable (default: the file's name without .tl)");
  addEmit(*command, request);
  addCodeOptions(*command, request);
  addMessageOptions(*command, request);
  command->callback([&] { request.run = build; });
}
