#include "data/sampler.hpp"

#include <algorithm>
#include <numeric>

#include "base/random.hpp"

namespace fastbox::data {

std::vector<std::size_t> epoch_order(std::uint64_t seed, std::uint64_t epoch, std::size_t frames) {
  std::vector<std::size_t> order(frames);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random random(seed, Purpose::shuffle, epoch);
  for (std::size_t i = frames; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

Sampler::Sampler(std::uint64_t seed, std::size_t frames)
    : seed_(seed), frames_(frames), order_(epoch_order(seed, 0, frames)) {}

SampleId Sampler::at(std::uint64_t sample) {
  const std::uint64_t epoch = sample / frames_;
  if (epoch != epoch_) {
    order_ = epoch_order(seed_, epoch, frames_);
    epoch_ = epoch;
  }
  return {sample, epoch, order_[sample % frames_]};
}

Share share_of(std::int64_t total, int part, int parts) {
  const std::int64_t each = total / parts, more = total % parts;
  return {part * each + std::min<std::int64_t>(part, more), each + (part < more ? 1 : 0)};
}

Share share_of_rank(std::int64_t total, int rank, int ranks, int shards) {
  if (shards == 0) return share_of(total, rank, ranks);
  const int each = shards / ranks;
  const std::int64_t begin = share_of(total, rank * each, shards).begin;
  const Share last = share_of(total, (rank + 1) * each - 1, shards);
  return {begin, last.begin + last.count - begin};
}

}  // namespace fastbox::data
