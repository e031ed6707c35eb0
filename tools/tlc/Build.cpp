// `tlc build f.tl -o f`: a native executable that needs libc and libm only; with --lib, a library for C, C++ and Python.
#include "tools/driver/Program.h"
#include "tools/tlc/Commands.h"
#include "llvm/Support/Path.h"

using namespace tl;
using namespace tl::tlc;

static int build(Request &request, bool library) {
  driver::Session session(request.options);
  if (session.options.cpu.empty())
    session.options.cpu = "x86-64-v3";
  if (!request.emit.empty())
    return emitStages(session, request, library ? mlirgen::Entry::Library : mlirgen::Entry::Main);
  std::string stem = llvm::sys::path::stem(request.file).str(), output = request.output;
  if (output.empty())
    output = library ? "lib" + stem + ".so" : stem;
  ast::Program *program = session.check(request.file);
  if (!program || !(library ? driver::buildLibrary : driver::buildExecutable)(session, *program, output))
    return finish(session);
  driver::reportTime(session);
  return driver::Success;
}

void tlc::addBuild(CLI::App &app, Request &request) {
  CLI::App *command = app.add_subcommand("build", "Make a native executable, or a library");
  auto library = std::make_shared<bool>(false);
  addFile(*command, request);
  command->add_flag("--lib", *library, "Make a library of the exported definitions, with a C header and a Python module");
  command->add_option("-o", request.output, "The executable (default: f for f.tl) or the library (libf.so; a static one is called .a)");
  addEmit(*command, request);
  addCodeOptions(*command, request);
  addMessageOptions(*command, request);
  command->callback([&request, library] { request.run = [library](Request &r) { return build(r, *library); }; });
}
