// Object code -> executable or library.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace tl::driver {
/// Links the object with the embedded runtime, libc and libm; a message where that fails, else "". Once a process.
std::string link(llvm::ArrayRef<char> object, llvm::StringRef output);
/// Makes a library with the runtime in it, of which nothing is seen but the C functions `names`: an archive where `output` ends in `.a`,
/// else a shared library that needs libc and libm only. Once a process.
std::string linkLibrary(llvm::ArrayRef<char> object, llvm::ArrayRef<std::string> names, llvm::StringRef output);
} // namespace tl::driver
