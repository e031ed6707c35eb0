// `tlc repl [f.tl]`: the interactive loop.
#include "tools/repl/Repl.h"
#include "tools/tlc/Commands.h"

using namespace tl;
using namespace tl::tlc;

void tlc::addRepl(CLI::App &app, Request &request) {
  CLI::App *command = app.add_subcommand("repl", "The interactive loop; bare `tlc` on a terminal starts it too");
  command->add_option("file", request.file, "A file to load first");
  addCodeOptions(*command, request);
  addThreads(*command, request);
  addMessageOptions(*command, request);
  command->callback([&request] { request.run = [](Request &r) { return repl::run(r.options, r.file); }; });
}
