// The interactive loop, on the same engine as the commands.
#pragma once
#include "tools/driver/Options.h"
#include "llvm/ADT/StringRef.h"

namespace tl::repl {
/// Reads entries from standard input until its end or `:quit`, after those of `file` where it is not empty. On a terminal
/// with prompt, editing and history; else it stops with 1 at the first error. Gives the exit code.
int run(const driver::Options &options, llvm::StringRef file);
/// One entry, its value printed without a header.
int evaluate(const driver::Options &options, llvm::StringRef text);
} // namespace tl::repl
