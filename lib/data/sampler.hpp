// The order in which frames are trained on, and which rank takes which.
//
// Samples are numbered over the whole run: sample k belongs to epoch k / n and is that epoch's k % n-th
// frame, in an order that is a function of (seed, epoch) only. A step takes the next B samples, across an
// epoch's end as well, so none is dropped or repeated, and a run resumed at any sample, on any number of
// ranks, goes on with the same frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fastbox::data {

/// One sample of a run.
struct SampleId {
  std::uint64_t sample = 0;  ///< counted over the whole run
  std::uint64_t epoch = 0;
  std::size_t frame = 0;  ///< index into the Dataset
};

/// The frames of an epoch in their order: a permutation of 0..n-1 (Fisher and Yates).
std::vector<std::size_t> epoch_order(std::uint64_t seed, std::uint64_t epoch, std::size_t frames);

/// Remembers one epoch's order: one thread at a time, cheapest when asked in order.
class Sampler {
 public:
  /// Requires frames > 0.
  Sampler(std::uint64_t seed, std::size_t frames);
  SampleId at(std::uint64_t sample);

 private:
  std::uint64_t seed_;
  std::size_t frames_;
  std::uint64_t epoch_ = 0;
  std::vector<std::size_t> order_;
};

/// A contiguous run of items: begin, begin + 1, ..., begin + count - 1.
struct Share {
  std::int64_t begin = 0, count = 0;
};

/// The part-th of `parts` contiguous, disjoint shares of `total` items, in order; where it does not divide,
/// the first shares have one more. Requires 0 <= part < parts, total >= 0.
Share share_of(std::int64_t total, int part, int parts);

/// A rank's share where the items are split into `shards` first and each rank has shards / ranks of them, which differs
/// from share_of(total, rank, ranks) where the shards are uneven. 0 shards: share_of. Requires that ranks divides shards.
Share share_of_rank(std::int64_t total, int rank, int ranks, int shards);

}  // namespace fastbox::data
