// `tlc grad f.tl --of loss`: the derivative of a function as source.
#include "tools/grad/Gradient.h"
#include "tools/tlc/Commands.h"
#include "llvm/Support/raw_ostream.h"

using namespace tl;
using namespace tl::tlc;

static int gradient(Request &request, const grad::Wanted &wanted) {
  driver::Session session(request.options);
  std::optional<std::string> text = grad::write(session, request.file, wanted, request.output);
  if (!text)
    return finish(session);
  if (!session.write(request.output.empty() ? "-" : request.output, [&](llvm::raw_ostream &out) { out << *text; }))
    return finish(session);
  return driver::Success;
}

void tlc::addGrad(CLI::App &app, Request &request) {
  CLI::App *command = app.add_subcommand("grad", "Print the derivative of a function as source");
  auto wanted = std::make_shared<grad::Wanted>();
  addFile(*command, request);
  command->add_option("--of", wanted->function, "The function (default: the only one that gives a float)");
  command->add_option("--wrt", wanted->by, "A parameter to differentiate by; several give a tuple (default: the first)")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_flag("--value", wanted->withValue, "Give the function's value too: (value, gradient)");
  command->add_option("-o", request.output, "Where to write to (default: standard output)");
  addMessageOptions(*command, request);
  command->callback([&request, wanted] { request.run = [wanted](Request &r) { return gradient(r, *wanted); }; });
}
