#include "base/block_pool.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>
#include <thread>
#include <vector>

#include "base/random.hpp"

using namespace fastbox;

namespace {

constexpr std::size_t range = 32 << 20;

/// Has the pool ask for all its addresses, before a thread's stack or malloc lies down in so small a range.
void settle(BlockPool& pool) {
  void* const whole = pool.take(range);
  REQUIRE(whole != nullptr);
  pool.give_back(whole);
}

/// Blocks that are out, each filled with a byte of its own.
class Marked {
 public:
  explicit Marked(BlockPool& pool, std::uint64_t seed) : pool_(pool), random_(seed, Purpose::scene) {}

  /// Takes one of `most` bytes or less; false where there is no room.
  bool take(std::size_t most) {
    const std::size_t size = 1 + random_.below(most);
    auto* const block = static_cast<unsigned char*>(pool_.take(size));
    if (block == nullptr) return false;
    CHECK(reinterpret_cast<std::uintptr_t>(block) % BlockPool::alignment == 0);
    CHECK(pool_.holds(block));
    const auto mark = static_cast<unsigned char>(random_.below(256));
    std::memset(block, mark, size);
    out_.push_back({block, size, mark});
    return true;
  }

  /// Gives one back, in whatever order; nothing else has written to it.
  void give_back() {
    const std::size_t at = random_.below(out_.size());
    const Block block = out_[at];
    out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(at));
    CHECK(std::all_of(block.begin, block.begin + block.size, [&](unsigned char byte) { return byte == block.mark; }));
    pool_.give_back(block.begin);
  }

  bool empty() const { return out_.empty(); }
  bool chance(double probability) { return random_.chance(probability); }

 private:
  struct Block {
    unsigned char* begin;
    std::size_t size;
    unsigned char mark;
  };
  BlockPool& pool_;
  Random random_;
  std::vector<Block> out_;
};

}  // namespace

TEST_CASE("blocks never overlap, and when all are back the whole range is one again", "[block_pool]") {
  BlockPool pool(range);
  settle(pool);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Marked blocks(pool, seed);
    for (int i = 0; i < 400; ++i)
      if (blocks.empty() || blocks.chance(0.55))
        blocks.take(range / 16);
      else
        blocks.give_back();
    while (!blocks.empty()) blocks.give_back();
    void* const whole = pool.take(range);
    REQUIRE(whole != nullptr);
    CHECK(pool.take(1) == nullptr);
    pool.give_back(whole);
  }
}

TEST_CASE("a block takes the smallest hole that holds it, and a step's blocks the places they had before",
          "[block_pool]") {
  BlockPool pool(range);
  settle(pool);
  std::map<int, void*> at;
  for (int i = 0; i < 7; ++i) at[i] = pool.take(i == 1 ? 4096 : i == 3 ? 1024 : 2048);
  pool.give_back(at[1]);
  pool.give_back(at[3]);
  pool.give_back(at[5]);
  CHECK(pool.take(1000) == at[3]);
  CHECK(pool.take(1500) == at[5]);
  CHECK(pool.take(2049) == at[1]);
  const std::vector<std::size_t> sizes = {70000, 1000, 18000000, 64, 5000};
  std::vector<std::vector<void*>> steps(3);
  for (auto& blocks : steps) {
    for (const auto size : sizes) blocks.push_back(pool.take(size));
    for (void* const block : blocks) pool.give_back(block);
  }
  CHECK(steps[1] == steps[0]);
  CHECK(steps[2] == steps[0]);
}

TEST_CASE("a pool without room says so", "[block_pool]") {
  BlockPool none(100);
  CHECK(none.take(1) == nullptr);
  CHECK_FALSE(none.holds(&none));
  CHECK_FALSE(none.holds(nullptr));
  BlockPool pool(range);
  CHECK(pool.take(range + 1) == nullptr);
  CHECK(pool.take(SIZE_MAX) == nullptr);
  int elsewhere = 0;
  CHECK_FALSE(pool.holds(&elsewhere));
}

TEST_CASE("a pool takes addresses as it needs them, and lives with a limit on them", "[block_pool]") {
  const auto mapped = [] {  // pages that the process has addresses for
    std::ifstream file("/proc/self/statm");
    std::size_t pages = 0;
    file >> pages;
    return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  };
  constexpr std::size_t much = std::size_t{1} << 40;
  const std::size_t before = mapped();
  BlockPool pool(much);
  CHECK(pool.take(100 << 20) != nullptr);
  CHECK(mapped() - before < 200 << 20);
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_AS, &limit) == 0);
  const rlimit less{mapped() + (300 << 20), limit.rlim_max};
  REQUIRE(setrlimit(RLIMIT_AS, &less) == 0);
  BlockPool limited(much);
  void* const some = limited.take(100 << 20);
  void* const none = pool.take(400 << 20);
  REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
  CHECK(some != nullptr);
  CHECK(none == nullptr);
  CHECK(pool.take(400 << 20) != nullptr);
}

TEST_CASE("threads share a pool", "[block_pool]") {
  BlockPool pool(range);
  settle(pool);
  std::vector<std::thread> threads;
  std::vector<char> results(4, 1);
  for (std::size_t t = 0; t < results.size(); ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        const std::size_t size = 64 + static_cast<std::size_t>(i * 37 % 5000);
        auto* const block = static_cast<unsigned char*>(pool.take(size));
        std::memset(block, static_cast<int>(t), size);
        if (!std::all_of(block, block + size, [&](unsigned char byte) { return byte == t; })) results[t] = 0;
        pool.give_back(block);
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(results == std::vector<char>(4, 1));
}
