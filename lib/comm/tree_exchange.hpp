// The ordered exchange: gradients lie in memory that a node's ranks share, each rank sums a slice of every bucket there,
// and one rank of each node exchanges the node's sums with the other nodes (node_sum.hpp).
//
// Serves `shared` (one node: nothing is sent or copied at all), `hierarchical` (several), and `mpi` in bf16 (every rank a
// node of its own). A bucket is published by a counter in the shared memory; ranks wait for each other there with the MPI
// thread's pauses. Ownership and threads: exchange.hpp.
#pragma once

#include <atomic>
#include <deque>
#include <optional>

#include "comm/exchange.hpp"
#include "comm/node_sum.hpp"
#include "comm/ordered_sum.hpp"
#include "comm/shared_window.hpp"

namespace fastbox::comm {

class TreeExchange : public Exchange {
 public:
  /// `every_rank_alone`: as if each rank had a node of its own. Collective; throws Error(environment) on all ranks where
  /// a node has not enough shared memory.
  TreeExchange(World& world, ExchangeLayout layout, bool every_rank_alone, bool bf16, std::string name);
  ~TreeExchange() override;

  const std::vector<LeafRange>& parts() const override { return parts_of_members_[me_]; }
  void* part(int set, std::size_t index) override;
  void* result(int set) override;
  void start(int set, std::size_t bucket, std::function<void()> done) override;
  double squared_norm(int set) const override;
  std::vector<float*> residuals() override;
  double busy_seconds() const override { return busy_seconds_.load(std::memory_order_relaxed); }
  std::string name() const override { return name_; }

 private:
  /// How far a rank has come, counted in buckets since the exchange was made. Alone on its cache line.
  struct alignas(64) Progress {
    std::atomic<std::uint64_t> published;  ///< its parts of so many buckets are written
    std::atomic<std::uint64_t> summed;     ///< its slices of so many are summed
    std::atomic<std::uint64_t> finished;   ///< leader: the results of so many are whole
  };
  struct Active {
    std::uint64_t number;  // of this bucket, as Progress counts
    int set;
    std::size_t bucket;
    std::function<void()> done;
    enum class Stage { publishing, summing, between_nodes, finishing } stage = Stage::publishing;
    std::unique_ptr<NodeSum::Operation> operation;
  };

  void find_members(bool every_rank_alone);
  void open_window(bool every_rank_alone);
  void meet_leaders(bool every_rank_alone, bool bf16);
  std::size_t buffer_bytes() const;
  std::byte* leader_memory() const { return window_->segment(0); }
  void* node_part(int set, std::size_t index) const;
  double* squares(int set, std::size_t bucket) const;
  Progress& progress_of(std::size_t member) const;
  bool all_members(std::atomic<std::uint64_t> Progress::*counter, std::uint64_t at_least) const;

  bool poll();
  bool advance(Active& active);
  template <typename T>
  void sum_my_slice(const Active& active);
  void finish_between_nodes(const Active& active);

  World& world_;
  ExchangeLayout layout_;
  std::string name_;
  std::vector<std::vector<LeafRange>> parts_of_nodes_;
  std::vector<std::vector<LeafRange>> parts_of_members_;  // of this node
  std::size_t me_ = 0, nodes_ = 1, my_node_ = 0;
  std::vector<std::size_t> block_begins_;  // by bucket, and the end
  std::optional<OrderedSum> sum_;          // of the members' parts to the node's
  std::optional<SharedWindow> window_;
  MPI_Comm leaders_ = MPI_COMM_NULL;
  std::optional<NodeSum> between_;  // leaders, where there are several nodes

  std::deque<Active> active_;  // MPI thread
  std::uint64_t started_ = 0;
  std::atomic<double> busy_seconds_ = 0;
};

}  // namespace fastbox::comm
