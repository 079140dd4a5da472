#include "models/parallel.hpp"

#include <ATen/Parallel.h>

#include <catch2/catch.hpp>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

TEST_CASE("a parallel loop runs on as many threads as LibTorch has, and covers all once", "[parallel]") {
  const int before = at::get_num_threads();
  at::set_num_threads(2);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::vector<int> visits(1000);
  fastbox::models::parallel_for(0, 1000, 1, [&](std::int64_t begin, std::int64_t end) {
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
    for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
  });
  at::set_num_threads(before);
  CHECK(threads.size() == 2);
  CHECK(visits == std::vector<int>(1000, 1));
}

TEST_CASE("what a piece of a parallel loop throws reaches the caller", "[parallel]") {
  const auto fails = [](std::int64_t begin, std::int64_t) {
    if (begin == 0) throw std::runtime_error("from a piece");
  };
  CHECK_THROWS_WITH(fastbox::models::parallel_for(0, 100, 1, fails), "from a piece");
}
