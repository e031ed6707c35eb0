// `tlc run f.tl -- --epochs 3`: compiles in memory and runs.
#include "tools/driver/Program.h"
#include "tools/tlc/Commands.h"

using namespace tl;
using namespace tl::tlc;

static int run(Request &request) {
  driver::Session session(request.options);
  if (!request.emit.empty())
    return emitStages(session, request, mlirgen::Entry::Main);
  ast::Program *program = session.check(request.file);
  auto code = program ? driver::load(session, *program, mlirgen::Entry::Main) : std::nullopt;
  if (!code)
    return finish(session);
  int result = driver::runMain(session, *code, request.file, request.arguments);
  driver::reportTime(session);
  return result;
}

void tlc::addRun(CLI::App &app, Request &request) {
  CLI::App *command = app.add_subcommand("run", "Compile in memory and run main; its flags stand behind `--`");
  addFile(*command, request);
  addEmit(*command, request);
  command->add_option("-o", request.output, "Where --emit writes to (default: standard output)");
  addCodeOptions(*command, request);
  addThreads(*command, request);
  addMessageOptions(*command, request);
  command->callback([&] { request.run = run; });
}
