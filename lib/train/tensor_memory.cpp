#include "train/tensor_memory.hpp"

#include <c10/core/CPUAllocator.h>

#include <cstddef>

#include "base/block_pool.hpp"

namespace fastbox::train {
namespace {

constexpr std::size_t least = 64 << 10;              // bytes; below, pieces would outnumber what is large
constexpr std::size_t range = std::size_t{1} << 40;  // of addresses: more than any machine's memory

/// Never destroyed: the process's last tensors die after its last function.
BlockPool& pool() {
  static auto* const pool = new BlockPool(range);
  return *pool;
}

class PooledAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    void* const block = bytes < least ? nullptr : pool().take(bytes);
    if (block == nullptr) return small_->allocate(bytes);
    c10::profiledCPUMemoryReporter().New(block, bytes);  // as LibTorch's own does: model_cost.cpp listens
    return {block, block, give_back, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return give_back; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }

 private:
  static void give_back(void* block) {
    if (!pool().holds(block)) return c10::GetDefaultCPUAllocator()->raw_deallocate(block);
    c10::profiledCPUMemoryReporter().Delete(block);
    pool().give_back(block);
  }

  c10::Allocator* const small_ = c10::GetDefaultCPUAllocator();
};

}  // namespace

void pool_tensor_memory() {
#ifndef __SANITIZE_ADDRESS__  // which sees what is written beside a block of malloc's, and not beside one of a pool's
  static auto* const allocator = new PooledAllocator;
  c10::SetCPUAllocator(allocator, /*priority=*/100);
#endif
}

}  // namespace fastbox::train
