// "Did you mean", by edit distance.
#include "tools/driver/Suggest.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <vector>

using namespace tl;
using llvm::StringRef;

std::string driver::nearest(StringRef name, llvm::ArrayRef<std::string> candidates) {
  std::string found;
  unsigned best = name.size() / 3 + 1;
  for (const std::string &candidate : candidates) {
    unsigned distance = name.edit_distance(candidate, /*AllowReplacements=*/true, best);
    bool begins = name.size() >= 3 && StringRef(candidate).starts_with(name);
    if (begins)
      distance = std::min(distance, 1u);
    if (distance > best || (distance == best && !found.empty()))
      continue;
    best = distance;
    found = candidate;
  }
  return found;
}

std::string driver::nearestFile(StringRef path) {
  constexpr size_t most = 1000; // a folder of a million files is not searched
  StringRef folder = llvm::sys::path::parent_path(path);
  std::vector<std::string> names;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator entry(folder.empty() ? "." : folder, error), end; entry != end && !error && names.size() < most;
       entry.increment(error))
    if (StringRef name = llvm::sys::path::filename(entry->path()); name.ends_with(".tl"))
      names.push_back(name.str());
  std::string found = nearest(llvm::sys::path::filename(path), names);
  if (found.empty())
    return found;
  llvm::SmallString<128> whole = folder;
  llvm::sys::path::append(whole, found);
  return whole.str().str();
}
