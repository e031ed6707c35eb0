// `tlc bench f.tl [filter]`: how long the `bench` blocks of a file take.
#include "stdlib/runtime/tl_runtime.h"
#include "tools/driver/Program.h"
#include "tools/tlc/Commands.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Unicode.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace tl;
using namespace tl::tlc;

namespace {
/// A block and what was measured of it.
struct Bench {
  std::string title;
  driver::Jit::Entry run;
  int64_t count = 1;           ///< runs in one sample, of which the mean is taken
  std::vector<double> samples; ///< seconds a run
};

constexpr double LeastSample = 1e-3, LeastTotal = 0.5; ///< seconds
constexpr size_t FewestSamples = 5, MostSamples = 101;

/// One sample, in one entry: `seconds` for `count` runs. Gives the exit code.
int measure(const Bench &bench, double &seconds) {
  struct Sample {
    const Bench &bench;
    double seconds;
  } sample{bench, 0};
  auto run = [](void *context) {
    auto *sample = static_cast<Sample *>(context);
    auto start = std::chrono::steady_clock::now();
    for (int64_t i = 0; i < sample->bench.count; ++i)
      sample->bench.run(nullptr);
    sample->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  int code = tl_call(run, &sample);
  seconds = sample.seconds;
  return code;
}

/// Warms up, and finds how many runs take long enough to be measured.
int prepare(Bench &bench) {
  double seconds;
  for (;;) {
    if (int code = measure(bench, seconds))
      return code;
    if (seconds >= LeastSample || bench.count >= 1 << 24)
      return driver::Success;
    bench.count *= 2;
  }
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// "12.3 ms".
std::string duration(double seconds) {
  for (auto [unit, size] : {std::pair("s", 1.0), std::pair("ms", 1e-3), std::pair("us", 1e-6)})
    if (seconds >= size)
      return llvm::formatv("{0:F1} {1}", seconds / size, unit);
  return llvm::formatv("{0:F1} ns", seconds / 1e-9);
}

void show(const std::vector<Bench> &benches, bool json) {
  if (json) {
    llvm::json::OStream out(llvm::outs(), 2);
    out.array([&] {
      for (const Bench &bench : benches)
        out.object([&] {
          out.attribute("name", bench.title);
          out.attribute("median_seconds", median(bench.samples));
          out.attribute("runs", bench.count * int64_t(bench.samples.size()));
        });
    });
    llvm::outs() << "\n";
    return;
  }
  auto columns = [](const std::string &text) { return std::max(llvm::sys::unicode::columnWidthUTF8(text), 0); };
  int width = 4;
  for (const Bench &bench : benches)
    width = std::max(width, columns(bench.title));
  llvm::outs() << "name" << std::string(width - 4, ' ') << llvm::formatv("  {0,10}  {1,10}\n", "median", "runs");
  for (const Bench &bench : benches)
    llvm::outs() << bench.title << std::string(width - columns(bench.title), ' ')
                 << llvm::formatv("  {0,10}  {1,10}\n", duration(median(bench.samples)), bench.count * bench.samples.size());
}

/// Takes a sample of each in turn, so that what the machine does besides meets all alike. Gives the exit code.
int runBenches(std::vector<Bench> &benches) {
  double total = 0;
  for (Bench &bench : benches)
    if (int code = prepare(bench)) {
      llvm::outs() << "FAILED " << bench.title << "\n";
      return code;
    }
  for (size_t round = 0; round < MostSamples && (round < FewestSamples || total < LeastTotal * benches.size()); ++round)
    for (Bench &bench : benches) {
      double seconds;
      if (int code = measure(bench, seconds))
        return code;
      bench.samples.push_back(seconds / bench.count);
      total += seconds;
    }
  return driver::Success;
}

int bench(Request &request, const std::string &filter, bool json) {
  driver::Session session(request.options);
  if (!request.emit.empty())
    return emitStages(session, request, mlirgen::Entry::Benches);
  ast::Program *program = session.check(request.file);
  auto code = program ? driver::load(session, *program, mlirgen::Entry::Benches) : std::nullopt;
  if (!code)
    return finish(session);
  std::vector<Bench> benches;
  std::string error;
  for (auto [number, title] : llvm::enumerate(code->titles))
    if (title.find(filter) != std::string::npos)
      benches.push_back({title, code->jit->entry("tl_bench_" + std::to_string(number), error), 1, {}});
  if (benches.empty()) {
    llvm::errs() << "error: " << request.file << " has no `bench` " << (filter.empty() ? "block" : "block of that name")
                 << "\n  = help: add one: bench \"name\" { ... }\n";
    return driver::Rejected;
  }
  // Of what a block prints only messages are shown.
  tl_redirect(
      [](void *, int stream, const char *bytes, size_t length) {
        if (stream == 2)
          llvm::errs().write(bytes, length);
      },
      nullptr);
  int result = runBenches(benches);
  tl_redirect(nullptr, nullptr);
  if (result == driver::Success)
    show(benches, json);
  llvm::outs().flush();
  driver::reportTime(session);
  return result;
}
} // namespace

void tlc::addBench(CLI::App &app, Request &request) {
  CLI::App *command = app.add_subcommand("bench", "Measure the bench blocks of a file");
  auto filter = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  addFile(*command, request);
  command->add_option("filter", *filter, "Only blocks whose title contains this");
  command->add_flag("--json", *json, "Print [{name, median_seconds, runs}, ...]");
  addEmit(*command, request);
  command->add_option("-o", request.output, "Where --emit writes to (default: standard output)");
  addCodeOptions(*command, request);
  addThreads(*command, request);
  addMessageOptions(*command, request);
  command->callback([&request, filter, json] { request.run = [filter, json](Request &r) { return bench(r, *filter, *json); }; });
}
