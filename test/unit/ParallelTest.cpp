// tl_parallel: every chunk once, whatever the threads do meanwhile.
#include "stdlib/runtime/tl_runtime.h"
#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace {
struct Counts {
  std::vector<std::atomic<int>> chunks;
  explicit Counts(int64_t count) : chunks(count) {}
  static void count(void *context, int64_t chunk) { ++static_cast<Counts *>(context)->chunks[chunk]; }
  bool eachOnce() const {
    for (const auto &times : chunks)
      if (times != 1)
        return false;
    return true;
  }
};

bool runsEachOnce(int64_t chunks) {
  Counts counts(chunks);
  tl_parallel(Counts::count, &counts, chunks);
  return counts.eachOnce();
}

struct Parallel : testing::Test {
  void SetUp() override { tl_set_threads(4); }
};
} // namespace

TEST_F(Parallel, ThousandsOfShortJobsFollowOneAnother) {
  for (int64_t i = 0; i < 5000; ++i)
    ASSERT_TRUE(runsEachOnce(i % 40)) << i;
}

TEST_F(Parallel, AJobWithinAJobRunsWhereItIs) {
  auto nested = [](void *wrong, int64_t) {
    if (!runsEachOnce(10))
      ++*static_cast<std::atomic<int> *>(wrong);
  };
  std::atomic<int> wrong = 0;
  tl_parallel(nested, &wrong, 100);
  EXPECT_EQ(wrong, 0);
}

TEST_F(Parallel, ManyThreadsMayAskAtOnce) {
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int job = 0; job < 500; ++job)
        wrong += !runsEachOnce(30);
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(Parallel, OneThreadForksNothing) {
  tl_set_threads(1);
  int64_t before = tl_forks();
  EXPECT_TRUE(runsEachOnce(100));
  EXPECT_EQ(tl_forks(), before);
}
