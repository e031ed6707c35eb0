// How long each phase of a compilation took, for --time.
#pragma once
#include "llvm/ADT/StringRef.h"
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace tl::driver {
class Phases {
  using Clock = std::chrono::steady_clock;

public:
  /// Runs from here to the end of the scope.
  class Scope {
  public:
    Scope(Phases &phases, llvm::StringRef name) : phases(phases), name(name), start(Clock::now()) {}
    Scope(const Scope &) = delete;
    ~Scope() { phases.add(name, std::chrono::duration<double, std::milli>(Clock::now() - start).count()); }

  private:
    Phases &phases;
    llvm::StringRef name;
    Clock::time_point start;
  };

  /// Phases of one name are one row, in the order in which they first ran.
  void add(llvm::StringRef name, double milliseconds);
  /// A row a phase and the sum: "lower       12.3 ms".
  std::string table() const;
  void clear() { rows.clear(); }

private:
  std::vector<std::pair<std::string, double>> rows;
};
} // namespace tl::driver
