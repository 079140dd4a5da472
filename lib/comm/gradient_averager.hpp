// Gradients summed over the ranks while backward still runs.
//
// A hook on each parameter takes its gradient as soon as autograd has it and writes it where it is exchanged from; when
// all of a bucket's are there, and all buckets before it have been started, the bucket's sum over the ranks begins on the
// MPI thread. A rank's images are one or more leaves of the sum's tree (its shards, or one leaf for all of them), each
// with a backward pass of its own, or several (micro-batches) whose gradients are added up. Per step:
//
//   averager.begin();
//   for each leaf, for each micro-batch of it: { averager.begin_pass(leaf, first, last); backward; averager.end_pass(); }
//   const auto report = averager.wait();   // then averager.gradient()
//
// With two sets of buffers, wait() may be left until after the next step's passes: steps end in the order they began in.
// A pass whose kernels are recorded on a GPU, to be queued again without autograd in later steps, stands between
// begin_recording() and end_recording(); each replay of it, and the first is no exception, is told by take_recorded():
//
//   averager.begin();
//   { averager.begin_recording(); backward; averager.end_recording(); }   // once
//   replay; averager.take_recorded();
//   const auto report = averager.wait();
//
// The exchange is a sum: each pass's loss is divided by the global batch, so the sum is the average, weighted by samples
// also where the ranks' shares differ. All members belong to one thread; hooks run on autograd's. The parameters must
// outlive this object (the destructor removes the hooks). Requires: the same parameters in the same order on every rank.
// A parameter's own .grad is undefined between passes.
#pragma once

#include <ATen/core/Tensor.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "comm/bucket_plan.hpp"
#include "comm/exchange.hpp"
#include "comm/world.hpp"

namespace fastbox::comm {

struct AveragerOptions {
  double first_bucket_mib = 1;
  double bucket_mib = 8;
  ExchangeOptions exchange;
  int shards = 0;  ///< of every global batch; a multiple of the ranks. 0: one share per rank, in no fixed order
  int sets = 1;    ///< of buffers: 2 where the next step overlaps the exchange
};

class GradientAverager {
 public:
  using NamedParameter = std::pair<std::string, at::Tensor>;

  /// What one step's exchange was like.
  struct Report {
    double exposed_seconds = 0;       ///< that wait() took
    double squared_norm = 0;          ///< of the summed gradient, gathered as its buckets arrived
    std::vector<std::string> unused;  ///< parameters that no backward of this rank reached: their gradient is zero here
  };

  /// `parameters` in the order of the forward pass; all of one floating type and on one device. Collective; errors are
  /// make_exchange's.
  GradientAverager(World& world, std::vector<NamedParameter> parameters, const AveragerOptions& options);
  ~GradientAverager();
  GradientAverager(const GradientAverager&) = delete;
  GradientAverager& operator=(const GradientAverager&) = delete;

  /// The leaves that this rank's images make up: the shards begin .. end-1, or one.
  LeafRange leaves() const { return leaves_; }

  /// A new step. Without `exchange` its gradient stays this rank's own: gradient() is then this rank's (one leaf only).
  void begin(bool exchange = true);

  /// Arms the hooks for one backward pass of `leaf`: the first and last of its micro-batches may be the same. Leaves come
  /// in order. A leaf without images has one pass without a backward.
  void begin_pass(int leaf, bool first, bool last);
  void end_pass();

  /// The hooks write gradients where those of a rank's only leaf and pass go, and exchange nothing. One leaf a rank, and
  /// one set of buffers: what is recorded is that memory.
  void begin_recording();
  void end_recording();

  /// What was recorded has been queued on this thread's current stream: all gradients are whole once it is done.
  void take_recorded();

  /// Waits until every bucket of the oldest step under way is summed.
  Report wait();

  /// Steps that were begun and that wait() has not ended.
  std::int64_t steps_under_way() const { return begun_ - waited_; }

  /// flat = weight * (the sum of the ranks' flat), through the same exchange; a buffer laid out as the gradient. Between
  /// steps, with one leaf a rank. Collective.
  void average(const at::Tensor& flat, double weight);

  /// Of any flat buffer, added up as a step's is: the same bits.
  double squared_norm_of(const at::Tensor& flat) const;

  /// The sum, flat: [plan().elements], padding zero. Of the step that wait() ended last; good until the next begin() but
  /// `sets - 1`.
  const at::Tensor& gradient() const { return gradient_; }
  const BucketPlan& plan() const { return plan_; }
  Exchange& exchange() { return *exchange_; }

 private:
  class Hook;

  /// Where a leaf's gradient is written, and what is added up once it is there: pairs (sum, addend) of slots.
  struct LeafWork {
    std::size_t slot;
    std::vector<std::pair<std::size_t, std::size_t>> additions;
  };

  void plan_leaves(const SumTree& tree);
  void make_slots(int sets, const at::TensorOptions& options);
  int sets() const { return static_cast<int>(results_.size()); }
  std::size_t set_now() const { return static_cast<std::size_t>((begun_ - 1) % sets()); }
  /// The flat buffer of a slot: a part in the exchange's memory, or one of this rank's own.
  const at::Tensor& slot(std::size_t index);
  const LeafWork& work() const { return work_[static_cast<std::size_t>(leaf_ - leaves_.begin)]; }
  bool adds_to_sibling() const;
  /// Where the parameter's gradient of this pass goes: a view with the parameter's shape and strides.
  at::Tensor destination(std::size_t parameter);

  /// Buckets of all steps that are summed; shared with those under way.
  struct Summed {
    std::mutex mutex;
    std::condition_variable more;
    std::int64_t buckets = 0;  // guarded by mutex
  };

  void take_gradient(std::size_t parameter);
  void note_arrival(std::size_t parameter);
  void complete_bucket(std::size_t bucket);
  void launch(std::size_t bucket);
  void wait_for_buckets();

  World& world_;
  std::vector<NamedParameter> parameters_;
  BucketPlan plan_;
  std::unique_ptr<Exchange> exchange_;
  LeafRange leaves_;
  std::vector<LeafWork> work_;                  // by leaf, from leaves_.begin
  std::vector<std::vector<at::Tensor>> parts_;  // [set][part], flat, in the exchange's memory
  std::vector<at::Tensor> scratch_;             // flat: leaves that wait for their sibling; made when needed
  std::vector<at::Tensor> results_;             // by set
  at::Tensor gradient_;                         // of these, or a part

  // Of the pass in hand. Autograd may run hooks on threads of its own, one at a time for each device.
  bool exchanges_ = true, armed_ = false, first_pass_ = true, last_pass_ = true, recording_ = false;
  int leaf_ = 0;
  std::vector<bool> arrived_, ever_arrived_;  // by parameter: in this pass, in this step
  std::vector<bool> recorded_;                // ever_arrived_ of the recorded pass
  std::vector<std::size_t> missing_;          // gradients, by bucket
  std::size_t launched_ = 0;                  // buckets of this step
  std::size_t first_missing_slot_ = 0;        // in the last pass, for the watchdog
  std::int64_t begun_ = 0, waited_ = 0;       // steps

  std::shared_ptr<Summed> summed_ = std::make_shared<Summed>();
};

}  // namespace fastbox::comm
