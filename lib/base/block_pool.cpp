#include "base/block_pool.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <iterator>

namespace fastbox {
namespace {

constexpr std::size_t growth = 16 << 20;

void* map(void* at, std::size_t bytes, int flags) {
  void* const given = mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  return given == MAP_FAILED ? nullptr : given;
}

}  // namespace

BlockPool::BlockPool(std::size_t bytes) {
  // A place with room behind it: the system puts its own mappings at the upper end of a gap. Under a limit on addresses
  // (ulimit -v) a smaller one.
  void* range = nullptr;
  while (range == nullptr && bytes >= growth) {
    range = map(nullptr, bytes, MAP_NORESERVE);
    if (range == nullptr) bytes /= 2;
  }
  if (range == nullptr) return;
  munmap(range, bytes);
  begin_ = mapped_ = end_ = static_cast<std::byte*>(range);
  limit_ = begin_ + bytes;
}

BlockPool::~BlockPool() {
  if (mapped_ != begin_) munmap(begin_, static_cast<std::size_t>(mapped_ - begin_));
}

bool BlockPool::reaches(std::size_t size) {
  if (size > static_cast<std::size_t>(limit_ - end_)) return false;
  if (size <= static_cast<std::size_t>(mapped_ - end_)) return true;
  const std::size_t missing = size - static_cast<std::size_t>(mapped_ - end_);
  const std::size_t more =
      std::min((missing + growth - 1) / growth * growth, static_cast<std::size_t>(limit_ - mapped_));
  void* const given = map(mapped_, more, MAP_FIXED_NOREPLACE);
  if (given != mapped_) {  // systems before Linux 4.17 take the place for a wish
    if (given != nullptr) munmap(given, more);
    return false;
  }
  mapped_ += more;
  return true;
}

void* BlockPool::take(std::size_t bytes) {
  if (bytes > static_cast<std::size_t>(limit_ - begin_)) return nullptr;
  const std::size_t size = (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  const std::lock_guard lock(mutex_);
  auto best = holes_.end();
  for (auto hole = holes_.begin(); hole != holes_.end(); ++hole)
    if (hole->second >= size && (best == holes_.end() || hole->second < best->second)) best = hole;
  std::byte* block = nullptr;
  if (best != holes_.end()) {
    block = best->first;
    const std::size_t left = best->second - size;
    holes_.erase(best);
    if (left > 0) holes_.emplace(block + size, left);
  } else {
    if (!reaches(size)) return nullptr;
    block = end_;
    end_ += size;
  }
  used_.emplace(block, size);
  return block;
}

void BlockPool::give_back(void* block) {
  const std::lock_guard lock(mutex_);
  const auto used = used_.find(static_cast<std::byte*>(block));
  std::byte* hole = used->first;
  std::size_t size = used->second;
  used_.erase(used);
  auto next = holes_.upper_bound(hole);
  if (next != holes_.end() && next->first == hole + size) {
    size += next->second;
    next = holes_.erase(next);
  }
  if (next != holes_.begin())
    if (const auto before = std::prev(next); before->first + before->second == hole) {
      hole = before->first;
      size += before->second;
      holes_.erase(before);
    }
  if (hole + size == end_)
    end_ = hole;
  else
    holes_.emplace(hole, size);
}

bool BlockPool::holds(const void* block) const {
  const auto* const byte = static_cast<const std::byte*>(block);
  const std::lock_guard lock(mutex_);
  return begin_ <= byte && byte < mapped_;  // behind it others may have mappings
}

}  // namespace fastbox
