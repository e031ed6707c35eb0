// The values of a session, between its entries: what `let` and `var` have bound, leaf by leaf.
#pragma once
#include "stdlib/runtime/tl_runtime.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <map>
#include <string>
#include <vector>

namespace tl::repl {
/// One scalar, array or string.
struct SlotLeaf {
  std::string path; ///< "l1.w"; "" where the value is its own only leaf
  int32_t kind;
  std::vector<int64_t> sizes;
  std::vector<char> bytes; ///< of a string: its text
};
using Slot = std::vector<SlotLeaf>;

/// Stands behind load("session:x") and save("session:x", x) of compiled entries while it lives.
class Slots {
public:
  Slots();
  ~Slots();
  Slots(const Slots &) = delete;
  /// What an entry saved counts once the entry has succeeded.
  void commit();
  void rollBack() { pending.clear(); }
  const Slot *find(llvm::StringRef name) const;
  void erase(llvm::StringRef name) { values.erase(name.str()); }

private:
  const TlValue *get(const char *path, const char *leaf);
  void put(const char *path, const char *const *leaves, const TlValue *list, int64_t count);

  std::map<std::string, Slot> values, pending;
  TlSession hooks;
  TlValue current;    ///< what `get` has given last
  int64_t handle = 0; ///< of a string in it
};
} // namespace tl::repl
