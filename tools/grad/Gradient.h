// A function of a program -> its derivative as source: a file that stands beside the original.
#pragma once
#include "tools/driver/Session.h"
#include <optional>

namespace tl::grad {
struct Wanted {
  std::string function;        ///< "": the only one that has a gradient
  std::vector<std::string> by; ///< parameters; none: the first
  bool withValue = false;
};
/// The source of `d_NAME`, which computes what `grad(NAME)` does: its definition, those of what it calls that calls itself, and the imports
/// that its signature needs, relative to the folder of `output` ("": that of the file). Nothing after a report.
std::optional<std::string> write(driver::Session &session, const std::string &path, const Wanted &wanted, const std::string &output);
} // namespace tl::grad
