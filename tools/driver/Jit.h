// Object code into this process.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <memory>
#include <string>

namespace tl::driver {
/// Compiled code, loaded. The runtime and libm that it calls are those of the tlc process.
class Jit {
public:
  /// Null, with a message, where something that the code refers to does not exist.
  static std::unique_ptr<Jit> load(llvm::ArrayRef<char> object, std::string &error);
  ~Jit();
  using Entry = void (*)(void *);
  /// The function of that name, as tl_call takes it; null, with a message, where there is none.
  Entry entry(llvm::StringRef name, std::string &error);

private:
  struct State;
  explicit Jit(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};
} // namespace tl::driver
