// Object code -> executable.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace tl::driver {
/// Links the object with the embedded runtime, libc and libm; a message where that fails, else "". Once a process.
std::string link(llvm::ArrayRef<char> object, llvm::StringRef output);
} // namespace tl::driver
