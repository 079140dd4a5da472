#include "comm/gradient_averager.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include "base/error.hpp"

namespace fastbox::comm {
namespace {

MPI_Datatype mpi_type(at::ScalarType type) {
  if (type == at::kFloat) return MPI_FLOAT;
  if (type == at::kDouble) return MPI_DOUBLE;
  fail(ExitCode::defect, "gradients of type ", at::toString(type), " cannot be averaged; expected float32 or float64");
}

}  // namespace

/// Fires after a parameter's gradient has been accumulated, once for each backward that reaches it.
class GradientAverager::Hook : public torch::autograd::PostAccumulateGradHook {
 public:
  Hook(GradientAverager& owner, std::size_t parameter) : owner_(owner), parameter_(parameter) {}
  void operator()(const torch::autograd::Variable&) override { owner_.gradient_is_ready(parameter_); }

 private:
  GradientAverager& owner_;
  std::size_t parameter_;
};

GradientAverager::GradientAverager(World& world, std::vector<NamedParameter> parameters, const AveragerOptions& options)
    : world_(world), parameters_(std::move(parameters)) {
  const at::Tensor& model = parameters_.at(0).second;
  std::vector<std::int64_t> counts;
  for (const auto& [name, parameter] : parameters_) {
    if (parameter.scalar_type() != model.scalar_type() || parameter.device() != model.device())
      fail(ExitCode::defect, "parameter ", name, " differs in type or device from ", parameters_[0].first);
    counts.push_back(parameter.numel());
  }
  const double mib = 1024.0 * 1024.0 / static_cast<double>(model.element_size());
  plan_ = plan_buckets(counts, static_cast<std::int64_t>(options.first_bucket_mib * mib),
                       static_cast<std::int64_t>(options.bucket_mib * mib));
  gradient_ = at::zeros({plan_.elements}, model.options().requires_grad(false));
  if (!model.is_cpu() && world_.size() > 1)
    staging_ = at::empty({plan_.elements}, gradient_.options().device(at::kCPU).pinned_memory(true));

  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    auto& parameter = parameters_[i].second;
    const Slot& slot = plan_.slots[plan_.slot_of_parameter[i]];
    // The strides of the parameter (channels-last kernels), so that accumulation is one linear pass.
    parameter.mutable_grad() = gradient_.as_strided(parameter.sizes(), parameter.strides(), slot.offset);
    torch::autograd::impl::set_post_acc_grad_hooks(parameter, std::make_unique<Hook>(*this, i));
  }
}

GradientAverager::~GradientAverager() {
  for (auto& [name, parameter] : parameters_) {
    torch::autograd::impl::set_post_acc_grad_hooks(parameter, nullptr);
    parameter.mutable_grad() = at::Tensor();
  }
}

void GradientAverager::begin() {
  gradient_.zero_();
  const std::lock_guard lock(mutex_);
  arrived_.assign(parameters_.size(), false);
  missing_.clear();
  for (const auto& bucket : plan_.buckets) missing_.push_back(bucket.slots);
  launched_ = summed_ = 0;
  armed_ = true;
}

void GradientAverager::gradient_is_ready(std::size_t parameter) {
  const std::lock_guard lock(mutex_);
  if (!armed_ || arrived_[parameter]) return;
  arrived_[parameter] = true;
  --missing_[plan_.bucket_of_parameter[parameter]];
  launch_ready_buckets();
}

void GradientAverager::launch_ready_buckets() {
  // In the buckets' order, whatever the order of arrival: ranks must start collectives in the same order.
  while (launched_ < plan_.buckets.size() && missing_[launched_] == 0) launch(launched_++);
}

void GradientAverager::launch(std::size_t index) {
  if (world_.size() == 1) {
    ++summed_;
    return;
  }
  const Bucket& bucket = plan_.buckets[index];
  at::Tensor host = gradient_.narrow(0, bucket.offset, bucket.count);
  if (staging_.defined()) {
    const at::Tensor device = host;
    host = staging_.narrow(0, bucket.offset, bucket.count);
    host.copy_(device);  // waits for this stretch of backward; the issue on speed makes it asynchronous
  }
  world_.mpi().post([this, host, type = mpi_type(host.scalar_type())] {
    MPI_Request request;
    MPI_Iallreduce(MPI_IN_PLACE, host.data_ptr(), static_cast<int>(host.numel()), type, MPI_SUM, MPI_COMM_WORLD,
                   &request);
    world_.mpi().watch(request, [this] {
      // Notified under the lock: the waiter may destroy this object as soon as it sees the last bucket.
      const std::lock_guard lock(mutex_);
      if (++summed_ == plan_.buckets.size()) all_summed_.notify_one();
    });
  });
}

GradientAverager::Report GradientAverager::finish() {
  const auto begin = std::chrono::steady_clock::now();
  Report report;
  std::unique_lock lock(mutex_);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (arrived_[i]) continue;
    report.unused.push_back(parameters_[i].first);
    arrived_[i] = true;
    --missing_[plan_.bucket_of_parameter[i]];
  }
  launch_ready_buckets();
  all_summed_.wait(lock, [this] { return summed_ == plan_.buckets.size(); });
  armed_ = false;
  if (staging_.defined()) gradient_.copy_(staging_);
  report.exposed_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

}  // namespace fastbox::comm
