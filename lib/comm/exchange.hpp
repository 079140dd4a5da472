// The sum of the ranks' gradients, bucket by bucket: the interface behind which the algorithms stand.
//
// An Exchange owns the memory that gradients are written to (parts: one for each partial sum that this rank publishes)
// and the memory that their sum over all ranks appears in. With a node's shared memory both are the same for all its
// ranks and nothing is copied. Per step and set of buffers, for every bucket in order:
//
//   write part(set, i) for every i, call ready(set, bucket), then start(set, bucket, done) on the MPI thread; when `done`
//   runs (on that thread), the bucket of result(set) is the sum, unless check() throws.
//
// A set may be written again once all its buckets are done on this rank; its result is good until then. Sets are used in
// turn (one, or two where the next step overlaps the exchange). All ranks must start the same buckets in the same order.
// start() and what it calls belong to the MPI thread; the other members may be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "comm/bucket_plan.hpp"
#include "comm/element.hpp"
#include "comm/sum_tree.hpp"
#include "comm/world.hpp"

namespace fastbox::comm {

/// What is exchanged; equal on all ranks.
struct ExchangeLayout {
  std::vector<Bucket> buckets;
  std::int64_t elements = 0;  ///< of a whole buffer
  Element element = Element::float32;
  int sets = 1;
  SumTree tree{1};      ///< over the shards, or over the ranks where there are no shards
  bool ordered = true;  ///< whether the sum must keep the tree's order

  /// Where each bucket's blocks (ordered_sum.hpp) begin among all buckets', and after the last their number.
  std::vector<std::size_t> block_begins() const;
};

class Exchange {
 public:
  virtual ~Exchange() = default;

  /// This rank's part of the tree, as the partial sums that it publishes, in order.
  virtual const std::vector<LeafRange>& parts() const = 0;

  /// The flat buffer of part `index` of parts(); zero until it is written.
  virtual void* part(int set, std::size_t index) = 0;

  /// The flat buffer of the sums. May be the memory of part 0.
  virtual void* result(int set) = 0;

  /// Whether parts and results are memory of the GPU that the exchange was made for.
  virtual bool on_gpu() const { return false; }

  /// Before start(), by the thread that wrote the parts: on a GPU, the bucket is whole once what the thread's current
  /// stream holds now is done.
  virtual void ready(int /*set*/, std::size_t /*bucket*/) {}

  virtual void start(int set, std::size_t bucket, std::function<void()> done) = 0;

  /// After `done`, which runs in any case: throws Error(environment) where a GPU or NCCL has failed.
  virtual void check() const {}

  /// Of the whole result, once all buckets of the set are done: squared norms of blocks, gathered as buckets arrived, in
  /// one fixed order of addition. The same bits on all ranks, and with all ordered algorithms.
  virtual double squared_norm(int set) const = 0;

  /// What the exchange keeps from step to step (the rounding errors that bf16 carries over), a flat buffer each of
  /// `elements` float32; empty where there is none. Part of a checkpoint.
  virtual std::vector<float*> residuals() { return {}; }

  /// Seconds that the MPI thread has worked on this exchange (summed, copied, converted), without waiting.
  virtual double busy_seconds() const { return 0; }

  /// "shared", "mpi", ..: for logs.
  virtual std::string name() const = 0;
};

struct ExchangeOptions {
  std::string algorithm = "auto";  ///< parallel.allreduce
  bool bf16 = false;               ///< parallel.wire
  int gpu = -1;                    ///< that this rank's gradients are on; -1: the CPU
};

/// Collective. Throws Error(usage) on all ranks where the algorithm cannot do what the layout asks (mpi, nccl: an ordered
/// sum; shared: several nodes; nccl: ranks without a GPU of their own), Error(environment) where the node has not enough
/// shared memory (auto then takes mpi) or a GPU, its plugin or NCCL fails. Gradients on a GPU: auto takes nccl where it
/// can, and all others are staged through page-locked memory.
std::unique_ptr<Exchange> make_exchange(World& world, const ExchangeLayout& layout, const ExchangeOptions& options);

}  // namespace fastbox::comm
