// The table of --time.
#include "tools/driver/Phases.h"
#include "llvm/Support/FormatVariadic.h"

using namespace tl::driver;

void Phases::add(llvm::StringRef name, double milliseconds) {
  for (auto &[known, sum] : rows)
    if (known == name) {
      sum += milliseconds;
      return;
    }
  rows.emplace_back(name.str(), milliseconds);
}

std::string Phases::table() const {
  std::string text;
  double all = 0;
  for (const auto &[name, milliseconds] : rows) {
    text += llvm::formatv("  {0,-12} {1,9:F1} ms\n", name, milliseconds);
    all += milliseconds;
  }
  return text + llvm::formatv("  {0,-12} {1,9:F1} ms\n", "all", all).str();
}
