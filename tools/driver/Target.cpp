// The machine that code is made for. Floating point means the same on all of them: nothing is fused or reordered here.
#include "tools/driver/Target.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

using namespace tl;
using llvm::StringRef;

std::unique_ptr<llvm::TargetMachine> driver::makeTarget(StringRef cpu, unsigned optLevel, std::string &error) {
  static const bool initialized = !llvm::InitializeNativeTarget() && !llvm::InitializeNativeTargetAsmPrinter();
  if (!initialized) {
    error = "no code generator for this machine";
    return nullptr;
  }
  std::string name = cpu.str(), features;
  if (cpu == "v3" || cpu == "v4")
    name = "x86-64-" + name;
  if (cpu == "native") {
    name = llvm::sys::getHostCPUName().str();
    llvm::SubtargetFeatures list;
    for (const auto &[feature, enabled] : llvm::sys::getHostCPUFeatures())
      list.AddFeature(feature, enabled);
    features = list.getString();
  } else if (name != "x86-64" && name != "x86-64-v3" && name != "x86-64-v4") {
    error = "unknown processor `" + name + "`: there are native, x86-64, x86-64-v3 and x86-64-v4";
    return nullptr;
  }

  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  options.FunctionSections = options.DataSections = true;
  auto level = llvm::CodeGenOpt::getLevel(optLevel).value_or(llvm::CodeGenOptLevel::Default);
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, name, features, options, llvm::Reloc::PIC_, llvm::CodeModel::Small, level));
}

int driver::requiredLevel(StringRef cpu) { return cpu.ends_with("v4") ? 4 : cpu.ends_with("v3") ? 3 : 0; }
