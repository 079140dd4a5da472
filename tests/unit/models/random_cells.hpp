// Random numbers on the cells of a loss's test, by their seed.
//
// Test processes only; one thread.
#pragma once

#include <ATen/ATen.h>

#include "models/layers.hpp"

namespace fastbox::test {

/// On 12 x 39 cells, which are no whole number of blocks of the sum. In double.
class RandomCells {
 public:
  static constexpr std::int64_t rows = 12, columns = 39;

  RandomCells(std::uint64_t seed, std::int64_t images) : images_(images), generator_(models::seeded_generator(seed)) {}

  at::Tensor normal(std::int64_t numbers, double deviation) {
    return at::empty(sizes(numbers), at::kDouble).normal_(0, deviation, generator_);
  }
  at::Tensor uniform(std::int64_t numbers, double low, double high) {
    return at::empty(sizes(numbers), at::kDouble).uniform_(low, high, generator_);
  }
  /// One for each cell, from 0 to below `end`: images x rows x columns.
  at::Tensor whole(std::int64_t end) {
    return at::empty({images_, rows, columns}, at::kLong).random_(0, end, generator_);
  }

 private:
  std::vector<std::int64_t> sizes(std::int64_t numbers) const { return {images_, rows, columns, numbers}; }

  std::int64_t images_;
  at::Generator generator_;
};

}  // namespace fastbox::test
