// Files that tlc writes: whole or not at all, and never in place of the program.
#include "tools/driver/Session.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace tl::driver;
using llvm::StringRef;
namespace fs = llvm::sys::fs;

bool Session::mayWrite(StringRef output) {
  auto refuse = [&](const std::string &why) {
    fail(InputOutput, "error: cannot write `" + output.str() + "`: " + why + "\n");
    return false;
  };
  StringRef folder = llvm::sys::path::parent_path(output);
  if (std::error_code error = fs::access(folder.empty() ? "." : folder, fs::AccessMode::Write))
    return refuse((folder.empty() ? "this folder" : "`" + folder.str() + "`") + ": " + error.message());
  if (fs::is_directory(output))
    return refuse("it is a folder");
  for (uint32_t id = 1; id <= sources.size(); ++id) // a path may be spelled in several ways
    if (bool same = false; !fs::equivalent(output, sources.file(id).name(), same) && same)
      return refuse("the program is in it");
  return true;
}

bool Session::write(StringRef output, llvm::function_ref<void(llvm::raw_ostream &)> text) {
  if (output != "-" && !mayWrite(output))
    return false;
  llvm::Error failed = llvm::writeToOutput(output, [&](llvm::raw_ostream &out) {
    text(out);
    return llvm::Error::success();
  });
  if (!failed)
    return true;
  fail(InputOutput, "error: cannot write `" + output.str() + "`: " + llvm::toString(std::move(failed)) + "\n");
  return false;
}
