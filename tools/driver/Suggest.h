// "Did you mean": the nearest of the names there are.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace tl::driver {
/// The candidate that a typing mistake most likely made `name` from; "" where none is near.
std::string nearest(llvm::StringRef name, llvm::ArrayRef<std::string> candidates);
/// The file beside a missing one whose name is nearest, with its folder.
std::string nearestFile(llvm::StringRef path);
} // namespace tl::driver
