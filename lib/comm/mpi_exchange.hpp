// MPI's own allreduce, in place on one flat buffer: the plain exchange.
//
// Its order of additions is MPI's: it cannot serve shards. Ownership and threads: exchange.hpp.
#pragma once

#include <atomic>
#include <vector>

#include "comm/exchange.hpp"

namespace fastbox::comm {

class MpiExchange : public Exchange {
 public:
  /// Collective. One rank alone needs no MPI: its part is the sum.
  MpiExchange(World& world, const ExchangeLayout& layout);
  ~MpiExchange() override;

  const std::vector<LeafRange>& parts() const override { return parts_; }
  void* part(int set, std::size_t index) override;
  void* result(int set) override { return part(set, 0); }
  void start(int set, std::size_t bucket, std::function<void()> done) override;
  double squared_norm(int set) const override;
  double busy_seconds() const override { return busy_seconds_.load(std::memory_order_relaxed); }
  std::string name() const override { return world_.size() == 1 ? "none" : "mpi"; }

 private:
  void finish(int set, std::size_t bucket);
  std::byte* memory_of(int set, std::size_t bucket);

  World& world_;
  ExchangeLayout layout_;
  std::vector<LeafRange> parts_;
  std::size_t set_bytes_;
  std::vector<std::byte> memory_;  // of all sets, and room to align the first
  std::vector<std::size_t> block_begins_;
  std::vector<double> squares_;
  MPI_Comm ranks_ = MPI_COMM_NULL;
  std::atomic<double> busy_seconds_ = 0;
};

}  // namespace fastbox::comm
