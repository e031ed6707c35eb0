// The machine that code is made for.
#pragma once
#include "llvm/ADT/StringRef.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>
#include <string>

namespace tl::driver {
/// The machine named by --cpu: "native", "x86-64-v3", "x86-64-v4", "x86-64". Null, with a message, for other names.
std::unique_ptr<llvm::TargetMachine> makeTarget(llvm::StringRef cpu, unsigned optLevel, std::string &error);
/// The level that an executable for `cpu` asks of the machine it runs on: 3 for x86-64-v3; 0 asks nothing.
int requiredLevel(llvm::StringRef cpu);
} // namespace tl::driver
