// What a command line says about compiling, and what tlc gives back to the shell.
#pragma once
#include "ast/base/Diagnostic.h"
#include <string>
#include <vector>

namespace tl::driver {
/// What `tlc` gives the shell.
enum ExitCode { Success = 0, Rejected = 1, Usage = 2, InputOutput = 3, Internal = 70, Trapped = 101, Interrupted = 130 };

struct Options {
  unsigned optLevel = 2;
  unsigned threads = 0; ///< 0: one for each processor
  bool unchecked = false, time = false;
  std::string cpu; ///< "" : native for the JIT, x86-64-v3 for executables
  ErrorFormat errorFormat = ErrorFormat::Human;
  bool color = false;
  std::vector<std::string> printAfter; ///< passes
};

} // namespace tl::driver
