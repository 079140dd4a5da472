// Large blocks of memory that come back in every step: taken from one range of addresses, and kept when they are given back.
//
// A step takes and frees all its activations; malloc either gives them back to the system, which zeroes each page anew
// in the next step, or keeps them among the small blocks, and pieces lie about that fit nothing. Here a block takes the
// smallest hole that holds it, holes that touch become one, and only large blocks lie in the range.
//
// Owned by whoever made it; blocks must not outlive it. Every member may be called by any thread.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>

namespace fastbox {

class BlockPool {
 public:
  /// For at most `bytes`, or what a limit on addresses leaves; of less than 16 MiB it makes nothing. Addresses are asked
  /// for as blocks need them, so that what job systems count of a process is what it uses.
  explicit BlockPool(std::size_t bytes);
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool();

  static constexpr std::size_t alignment = 64;  ///< of every block: a line of the cache

  /// A block of `bytes`, with anything in it; null where no hole is large enough and the range cannot grow: it has
  /// `bytes`, another mapping lies behind it, or the system refuses.
  void* take(std::size_t bytes);
  /// Gives back what take() gave.
  void give_back(void* block);
  /// Whether take() gave `block`.
  bool holds(const void* block) const;

 private:
  using Blocks = std::map<std::byte*, std::size_t>;  // where, and how long

  /// Whether there are addresses for `size` bytes at end_; asks for more where they are not there yet.
  bool reaches(std::size_t size);

  std::byte *begin_ = nullptr, *limit_ = nullptr;  // of the range
  mutable std::mutex mutex_;
  std::byte *mapped_ = nullptr, *end_ = nullptr;  // ends of what the system gave, and of what blocks and holes take
  Blocks used_, holes_;                           // holes never touch each other, nor the end
};

}  // namespace fastbox
