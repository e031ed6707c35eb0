// `tlc env`: what a report of a bug should say about the machine.
#include "tools/tlc/Commands.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include <thread>

using namespace tl;
using namespace tl::tlc;

void tlc::addEnv(CLI::App &app, Request &request) {
  CLI::App *command = app.add_subcommand("env", "Show what tlc knows about this machine");
  command->callback([&request] {
    request.run = [](Request &) {
      llvm::outs() << "tlc      0.1\n"
                   << "llvm     " << LLVM_VERSION_STRING << "\n"
                   << "target   " << llvm::sys::getDefaultTargetTriple() << "\n"
                   << "cpu      " << llvm::sys::getHostCPUName() << "\n"
                   << "cores    " << std::thread::hardware_concurrency() << "\n";
      return int(driver::Success);
    };
  });
}
