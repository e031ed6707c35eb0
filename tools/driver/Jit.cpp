// Object code into this process, by ORC. The same bytes would be linked into an executable.
#include "tools/driver/Jit.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Host.h"

using namespace tl::driver;
using namespace llvm::orc;

/// Conversions that the code generator calls by these names (stdlib/runtime/Half.c); they are not exported as tl_* are.
extern "C" {
void __truncsfhf2();
void __truncdfhf2();
void __extendhfsf2();
void __truncsfbf2();
void __truncdfbf2();
}

struct Jit::State {
  std::unique_ptr<LLJIT> jit;
};

Jit::Jit(std::unique_ptr<State> state) : state(std::move(state)) {}
Jit::~Jit() = default;

static llvm::Error addSymbols(LLJIT &jit) {
  auto process = DynamicLibrarySearchGenerator::GetForCurrentProcess(jit.getDataLayout().getGlobalPrefix());
  if (!process)
    return process.takeError();
  JITDylib &library = jit.getMainJITDylib();
  SymbolMap helpers;
  for (auto [name, function] :
       {std::pair("__truncsfhf2", &__truncsfhf2), std::pair("__truncdfhf2", &__truncdfhf2), std::pair("__extendhfsf2", &__extendhfsf2),
        std::pair("__truncsfbf2", &__truncsfbf2), std::pair("__truncdfbf2", &__truncdfbf2)})
    helpers[jit.mangleAndIntern(name)] = {ExecutorAddr::fromPtr(function), llvm::JITSymbolFlags::Exported};
  if (llvm::Error error = library.define(absoluteSymbols(std::move(helpers))))
    return error;
  library.addGenerator(std::move(*process));
  return llvm::Error::success();
}

std::unique_ptr<Jit> Jit::load(llvm::ArrayRef<char> object, std::string &error) {
  auto state = std::make_unique<State>();
  auto make = [&]() -> llvm::Error {
    JITTargetMachineBuilder machine{llvm::Triple(llvm::sys::getProcessTriple())};
    auto jit = LLJITBuilder().setJITTargetMachineBuilder(std::move(machine)).create();
    if (!jit)
      return jit.takeError();
    state->jit = std::move(*jit);
    state->jit->getExecutionSession().setErrorReporter([&](llvm::Error problem) { error += llvm::toString(std::move(problem)); });
    if (llvm::Error problem = addSymbols(*state->jit))
      return problem;
    return state->jit->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy({object.data(), object.size()}, "program"));
  };
  if (llvm::Error problem = make()) {
    error = llvm::toString(std::move(problem));
    return nullptr;
  }
  return std::unique_ptr<Jit>(new Jit(std::move(state)));
}

Jit::Entry Jit::entry(llvm::StringRef name, std::string &error) {
  state->jit->getExecutionSession().setErrorReporter([&error](llvm::Error problem) { error += llvm::toString(std::move(problem)) + "\n"; });
  auto symbol = state->jit->lookup(name);
  state->jit->getExecutionSession().setErrorReporter([](llvm::Error problem) { llvm::consumeError(std::move(problem)); });
  if (symbol)
    return symbol->toPtr<Entry>();
  error += llvm::toString(symbol.takeError());
  return nullptr;
}
