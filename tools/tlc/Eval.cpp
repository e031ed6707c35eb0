// `tlc eval '1 + 2'`: one entry of the interactive loop.
#include "tools/repl/Repl.h"
#include "tools/tlc/Commands.h"

using namespace tl;
using namespace tl::tlc;

void tlc::addEval(CLI::App &app, Request &request) {
  CLI::App *command = app.add_subcommand("eval", "Evaluate one line and print its value");
  auto text = std::make_shared<std::string>();
  command->add_option("text", *text, "An expression or statement")->required();
  addCodeOptions(*command, request);
  addThreads(*command, request);
  addMessageOptions(*command, request);
  command->callback([&request, text] { request.run = [text](Request &r) { return repl::evaluate(r.options, *text); }; });
}
