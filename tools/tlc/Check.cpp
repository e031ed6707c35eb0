// `tlc check f.tl`: is the program valid?
#include "tools/driver/Program.h"
#include "tools/tlc/Commands.h"

using namespace tl;
using namespace tl::tlc;

static int check(Request &request) {
  driver::Session session(request.options);
  if (!request.emit.empty())
    return emitStages(session, request, mlirgen::Entry::Check);
  ast::Program *program = session.check(request.file);
  // What cannot be differentiated is found by a pass: the program is lowered as far as that.
  if (program && !session.lower(*program, mlirgen::Entry::Check, "grad"))
    program = nullptr;
  if (!program)
    return finish(session);
  driver::reportTime(session);
  return driver::Success;
}

void tlc::addCheck(CLI::App &app, Request &request) {
  CLI::App *command = app.add_subcommand("check", "Report what is wrong with a program, run nothing");
  addFile(*command, request);
  addEmit(*command, request);
  command->add_option("-o", request.output, "Where --emit writes to (default: standard output)");
  addCodeOptions(*command, request);
  addMessageOptions(*command, request);
  command->callback([&] { request.run = check; });
}
