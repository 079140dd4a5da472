// Gradients averaged over the ranks while backward still runs.
//
// Every parameter's .grad is a view into one flat buffer of this object. A hook on each parameter notes when its
// gradient is complete; when all of a bucket's are, and all buckets before it have been launched, the bucket's sum over
// the ranks is started on the MPI thread. Use, per step:
//
//   averager.begin();  loss.backward();  auto report = averager.finish();   // then averager.gradient()
//
// The exchange is a sum: each rank's loss is divided by the global batch, so the sum is the average, weighted by
// samples also where the ranks' shares differ. begin() and finish() belong to one thread; hooks run on autograd's
// threads. The parameters must outlive no longer than this object (the destructor removes the hooks). Requires: the
// same parameters in the same order on every rank, defined once; gradients must not be set to None (no zero_grad).
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "comm/bucket_plan.hpp"
#include "comm/world.hpp"

namespace fastbox::comm {

struct AveragerOptions {
  double first_bucket_mib = 1;
  double bucket_mib = 8;
};

class GradientAverager {
 public:
  using NamedParameter = std::pair<std::string, at::Tensor>;

  /// What one step's exchange was like.
  struct Report {
    double exposed_seconds = 0;       ///< from finish() until the last bucket was summed
    std::vector<std::string> unused;  ///< parameters that backward did not reach: their gradient is zero
  };

  /// `parameters` in the order of the forward pass; all of one floating type and on one device.
  GradientAverager(World& world, std::vector<NamedParameter> parameters, const AveragerOptions& options);
  ~GradientAverager();
  GradientAverager(const GradientAverager&) = delete;
  GradientAverager& operator=(const GradientAverager&) = delete;

  /// Zeroes the gradients and arms the hooks.
  void begin();

  /// Launches what backward did not reach and waits until every bucket is summed.
  Report finish();

  /// The flat gradient: [plan().elements], padding zero. Valid as long as this object.
  const at::Tensor& gradient() const { return gradient_; }
  const BucketPlan& plan() const { return plan_; }

 private:
  class Hook;

  void gradient_is_ready(std::size_t parameter);
  void launch_ready_buckets();  // mutex_ is held
  void launch(std::size_t bucket);

  World& world_;
  std::vector<NamedParameter> parameters_;
  BucketPlan plan_;
  at::Tensor gradient_;
  at::Tensor staging_;  // pinned host copy of gradient_ where that is on a GPU: Debian's MPICH reads host memory only

  std::mutex mutex_;
  std::condition_variable all_summed_;
  bool armed_ = false;                // the members from here on are guarded by mutex_
  std::vector<bool> arrived_;         // by parameter
  std::vector<std::size_t> missing_;  // gradients, by bucket
  std::size_t launched_ = 0, summed_ = 0;
};

}  // namespace fastbox::comm
