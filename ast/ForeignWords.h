// What an exported name cannot be: the languages that call it have words of their own.
#pragma once
#include "llvm/ADT/StringRef.h"

namespace tl::ast {
/// Whether C, C++ or Python reserve the word.
bool isForeignWord(llvm::StringRef word);
} // namespace tl::ast
