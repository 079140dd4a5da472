#include "train/tensor_memory.hpp"

#include <ATen/ATen.h>
#include <c10/core/CPUAllocator.h>

#include <catch2/catch.hpp>

namespace fastbox {
namespace {

constexpr std::int64_t large = 1 << 20;

TEST_CASE("large tensors get the place of the one before, and those from before the pool are freed as ever",
          "[tensor_memory]") {
  at::Tensor before = at::full({large}, 3, at::kFloat);
  train::pool_tensor_memory();
  CHECK(before.sum().item<double>() == 3.0 * large);
  before.resize_({2 * large});  // grows by the allocator that it came from
  before.reset();
  const void* place = nullptr;
  for (int i = 0; i < 3; ++i) {
    const at::Tensor one = at::full({large}, i, at::kFloat), small = at::full({4}, i, at::kFloat);
    CHECK(one.sum().item<double>() == 1.0 * i * large);
    CHECK(small.sum().item<double>() == 4.0 * i);
    if (i == 0) place = one.const_data_ptr();
    CHECK(one.const_data_ptr() == place);
#ifndef __SANITIZE_ADDRESS__
    const auto by_malloc = c10::GetDefaultCPUAllocator()->raw_deleter();
    CHECK(small.storage().data_ptr().get_deleter() == by_malloc);
    CHECK(one.storage().data_ptr().get_deleter() != by_malloc);  // malloc might give the same place as well
#endif
  }
  at::Tensor grown = at::zeros({4}, at::kFloat);
  grown.resize_({large}).fill_(1);  // from the small allocator to the pool
  CHECK(grown.sum().item<double>() == 1.0 * large);
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{100}, std::size_t{1} << 20}) {
    void* const raw = c10::GetCPUAllocator()->raw_allocate(bytes);  // as oneDNN's scratch memory
    c10::GetCPUAllocator()->raw_deallocate(raw);
  }
}

}  // namespace
}  // namespace fastbox
