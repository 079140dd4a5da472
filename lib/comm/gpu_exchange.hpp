// Gradients that stay on the GPUs: summed by NCCL where each rank has a GPU of its own, or not at all for one rank alone.
//
// NCCL's order of additions is its own: it cannot serve shards. The sum runs on a stream of its own, so it overlaps
// backward; squared norms are taken there too. Ownership and threads: exchange.hpp.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "comm/exchange.hpp"
#include "comm/gpu_backend.hpp"
#include "comm/gpu_queue.hpp"

namespace fastbox::comm {

class GpuExchange : public Exchange {
 public:
  /// Collective: rank 0 makes NCCL's id, and MPI hands it round.
  GpuExchange(World& world, const ExchangeLayout& layout, int device);

  const std::vector<LeafRange>& parts() const override { return parts_; }
  void* part(int set, std::size_t index) override;
  void* result(int set) override { return part(set, 0); }
  bool on_gpu() const override { return true; }
  void ready(int set, std::size_t bucket) override;
  void start(int set, std::size_t bucket, std::function<void()> done) override;
  void check() const override { queue_->rethrow(); }
  double squared_norm(int set) const override;
  std::string name() const override { return ranks_ ? "nccl" : "none"; }

 private:
  ExchangeLayout layout_;
  int device_;
  std::vector<LeafRange> parts_;
  std::size_t set_bytes_;
  std::vector<std::size_t> block_begins_;
  // In the order in which they may not go: a communicator aborts what is still queued, then the memory is freed.
  std::shared_ptr<void> memory_, squares_, host_squares_;
  std::vector<std::unique_ptr<GpuEvent>> ready_;  // by set and bucket
  std::unique_ptr<GpuStream> stream_;
  std::unique_ptr<GpuRanks> ranks_;
  std::optional<GpuQueue> queue_;
};

/// What a rank computes on.
struct GpuOfRank {
  std::string identity;  ///< empty: the CPU
  bool has_nccl = false;
};

/// Why NCCL cannot serve these ranks: it names them and says what to choose instead. Nothing where it can.
std::optional<Error> refuse_nccl(const std::vector<GpuOfRank>& ranks);

/// The same for the ranks of `world`, of which this one computes on `device` (-1: the CPU). Collective; one answer.
std::optional<Error> refuse_nccl(World& world, int device);

}  // namespace fastbox::comm
