// `tlc test f.tl [filter]`: runs the `test` blocks of a file, each as an entry of its own.
#include "stdlib/runtime/tl_runtime.h"
#include "tools/driver/Program.h"
#include "tools/driver/Suggest.h"
#include "tools/tlc/Commands.h"
#include "llvm/Support/raw_ostream.h"

using namespace tl;
using namespace tl::tlc;

static int runTests(driver::Session &session, driver::LoadedCode &code, const std::string &filter) {
  unsigned passed = 0, failed = 0;
  for (size_t i = 0; i < code.titles.size(); ++i) {
    if (code.titles[i].find(filter) == std::string::npos)
      continue;
    int result = driver::runEntry(session, code, "tl_test_" + std::to_string(i));
    if (result == driver::Interrupted)
      return result;
    ++(result == driver::Success ? passed : failed);
    llvm::outs() << (result == driver::Success ? "ok " : "FAILED ") << code.titles[i] << "\n";
    llvm::outs().flush();
  }
  llvm::outs() << passed << " passed, " << failed << " failed\n";
  return failed ? driver::Rejected : driver::Success;
}

static int test(Request &request, const std::string &filter) {
  driver::Session session(request.options);
  if (!request.emit.empty())
    return emitStages(session, request, mlirgen::Entry::Tests);
  ast::Program *program = session.check(request.file);
  auto code = program ? driver::load(session, *program, mlirgen::Entry::Tests) : std::nullopt;
  if (!code)
    return finish(session);
  auto isChosen = [&](const std::string &title) { return title.find(filter) != std::string::npos; };
  if (!filter.empty() && llvm::none_of(code->titles, isChosen)) {
    llvm::errs() << "error: " << request.file << " has no test whose title contains `" << filter << "`\n";
    if (std::string near = driver::nearest(filter, code->titles); !near.empty())
      llvm::errs() << "  = help: did you mean `" << near << "`?\n";
    return driver::Usage;
  }
  int result = runTests(session, *code, filter);
  llvm::outs().flush();
  driver::reportTime(session);
  return result;
}

void tlc::addTest(CLI::App &app, Request &request) {
  CLI::App *command = app.add_subcommand("test", "Run the test blocks of a file");
  auto filter = std::make_shared<std::string>();
  addFile(*command, request);
  command->add_option("filter", *filter, "Only tests whose title contains this");
  addEmit(*command, request);
  command->add_option("-o", request.output, "Where --emit writes to (default: standard output)");
  addCodeOptions(*command, request);
  addThreads(*command, request);
  addMessageOptions(*command, request);
  command->callback([&request, filter] { request.run = [filter](Request &r) { return test(r, *filter); }; });
}
