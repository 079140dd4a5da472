#include "comm/gradient_averager.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <chrono>
#include <exception>
#include <numeric>

#include "base/error.hpp"
#include "comm/ordered_sum.hpp"

namespace fastbox::comm {
namespace {

Element element_of(at::ScalarType type) {
  if (type == at::kFloat) return Element::float32;
  if (type == at::kDouble) return Element::float64;
  fail(ExitCode::defect, "gradients of type ", at::toString(type), " cannot be averaged; expected float32 or float64");
}

at::Tensor view_of(const at::Tensor& flat, const at::Tensor& parameter, const Slot& slot) {
  // The strides of the parameter (channels-last kernels), so that writing is one linear pass.
  return flat.as_strided(parameter.sizes(), parameter.strides(), slot.offset);
}

/// The MPI thread goes on with the buckets under way, and MPI writes to their memory, until the process ends.
void abandon(std::unique_ptr<Exchange> exchange) {
  static auto* const abandoned = new std::vector<std::unique_ptr<Exchange>>;
  abandoned->push_back(std::move(exchange));
}

}  // namespace

/// Fires after a parameter's gradient has been accumulated, once for each backward that reaches it.
class GradientAverager::Hook : public torch::autograd::PostAccumulateGradHook {
 public:
  Hook(GradientAverager& owner, std::size_t parameter) : owner_(owner), parameter_(parameter) {}
  void operator()(const torch::autograd::Variable&) override { owner_.take_gradient(parameter_); }

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

  ExchangeLayout layout;
  layout.buckets = plan_.buckets;
  layout.elements = plan_.elements;
  layout.element = element_of(model.scalar_type());
  layout.sets = options.sets;
  layout.ordered = options.shards > 0;
  layout.tree = SumTree(layout.ordered ? options.shards : world_.size());
  ExchangeOptions exchange = options.exchange;
  if (!model.is_cpu()) exchange.gpu = model.device().index();
  exchange_ = make_exchange(world_, layout, exchange);
  leaves_ = {exchange_->parts().front().begin, exchange_->parts().back().end};
  plan_leaves(layout.tree);
  make_slots(options.sets, model.options().requires_grad(false));
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    torch::autograd::impl::set_post_acc_grad_hooks(parameters_[i].second, std::make_unique<Hook>(*this, i));
}

GradientAverager::~GradientAverager() {
  for (auto& [name, parameter] : parameters_) torch::autograd::impl::set_post_acc_grad_hooks(parameter, nullptr);
  if (steps_under_way() > 0 && std::uncaught_exceptions() > 0) abandon(std::move(exchange_));
}

/// A stack, as of a binary counter: a leaf that completes a node of the tree is added to its left sibling at once, so few
/// gradients wait at any time. The sum of a part grows in the part's own buffer.
void GradientAverager::plan_leaves(const SumTree& tree) {
  const auto& parts = exchange_->parts();
  std::size_t scratch = 0;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    std::vector<std::pair<LeafRange, std::size_t>> waiting;  // nodes and their slots
    for (int leaf = parts[p].begin; leaf < parts[p].end; ++leaf) {
      const std::size_t slot = waiting.empty() ? p : parts.size() + waiting.size() - 1;
      scratch = std::max(scratch, waiting.size());
      LeafWork work{slot, {}};
      waiting.push_back({{leaf, leaf + 1}, slot});
      while (waiting.size() > 1) {
        auto& [left, left_slot] = waiting[waiting.size() - 2];
        const auto& [right, right_slot] = waiting.back();
        if (!tree.are_siblings(left, right)) break;
        work.additions.emplace_back(left_slot, right_slot);
        left.end = right.end;
        waiting.pop_back();
      }
      work_.push_back(std::move(work));
    }
  }
  scratch_.resize(scratch);
}

void GradientAverager::make_slots(int sets, const at::TensorOptions& options) {
  // The exchange's memory lies where the parameters do.
  const auto flat = [&](void* memory) { return at::from_blob(memory, {plan_.elements}, options); };
  for (int set = 0; set < sets; ++set) {
    parts_.emplace_back();
    for (std::size_t p = 0; p < exchange_->parts().size(); ++p) parts_.back().push_back(flat(exchange_->part(set, p)));
    results_.push_back(flat(exchange_->result(set)));
  }
}

const at::Tensor& GradientAverager::slot(std::size_t index) {
  const std::size_t parts = exchange_->parts().size();
  if (index < parts) return parts_[set_now()][index];
  at::Tensor& buffer = scratch_[index - parts];
  // The last of them is needed only by leaves of several micro-batches.
  if (!buffer.defined()) buffer = at::zeros({plan_.elements}, results_[0].options());
  return buffer;
}

/// A leaf of one pass whose left sibling is there is added to it at once: a write and a read less than by way of a slot
/// of its own, and the same bits, since a sum of two has no order.
bool GradientAverager::adds_to_sibling() const {
  return first_pass_ && last_pass_ && !work().additions.empty();
}

at::Tensor GradientAverager::destination(std::size_t parameter) {
  const std::size_t index = adds_to_sibling() ? work().additions[0].first : work().slot;
  return view_of(slot(index), parameters_[parameter].second, plan_.slots[plan_.slot_of_parameter[parameter]]);
}

void GradientAverager::begin(bool exchange) {
  if (begun_ - waited_ >= sets()) fail(ExitCode::defect, "a step begins before an earlier one has been waited for");
  ++begun_;
  launched_ = 0;
  exchanges_ = exchange;
  ever_arrived_.assign(parameters_.size(), false);
  first_missing_slot_ = 0;
  world_.standing().next_parameter = 0;
}

void GradientAverager::begin_pass(int leaf, bool first, bool last) {
  leaf_ = leaf;
  first_pass_ = first, last_pass_ = last;
  arrived_.assign(parameters_.size(), false);
  missing_.clear();
  for (const auto& bucket : plan_.buckets) missing_.push_back(bucket.slots);
  armed_ = true;
}

void GradientAverager::take_gradient(std::size_t parameter) {
  if (!armed_) return;
  at::Tensor& variable = parameters_[parameter].second;
  at::Tensor gradient = std::move(variable.mutable_grad());
  variable.mutable_grad() = at::Tensor();
  const at::NoGradGuard no_gradient;
  if (arrived_[parameter])
    fail(ExitCode::defect, "a second gradient of ", parameters_[parameter].first, " in one pass; each needs a pass");
  // Autograd's own accumulation would be a pass of zeroing and one of adding; the first write needs neither.
  if (first_pass_ && !adds_to_sibling())
    destination(parameter).copy_(gradient);
  else
    destination(parameter).add_(gradient);
  ever_arrived_[parameter] = true;
  note_arrival(parameter);
}

void GradientAverager::note_arrival(std::size_t parameter) {
  arrived_[parameter] = true;
  if (recording_) return;
  if (last_pass_ && leaf_ + 1 == leaves_.end) {
    while (first_missing_slot_ < plan_.slots.size() && arrived_[plan_.slots[first_missing_slot_].parameter])
      ++first_missing_slot_;
    world_.standing().next_parameter =
        first_missing_slot_ < plan_.slots.size() ? static_cast<int>(first_missing_slot_) : -1;
  }
  const std::size_t bucket = plan_.bucket_of_parameter[parameter];
  if (--missing_[bucket] == 0 && last_pass_) complete_bucket(bucket);
}

/// The leaf's gradients of this bucket are whole: they join their siblings', still in the cache.
void GradientAverager::complete_bucket(std::size_t index) {
  const Bucket& bucket = plan_.buckets[index];
  for (std::size_t i = adds_to_sibling() ? 1 : 0; i < work().additions.size(); ++i) {
    const auto& [sum, addend] = work().additions[i];
    slot(sum).narrow(0, bucket.offset, bucket.count).add_(slot(addend).narrow(0, bucket.offset, bucket.count));
  }
  if (leaf_ + 1 < leaves_.end) return;
  // In the buckets' order, whatever the order of arrival: ranks must start the same ones in the same order.
  while (launched_ < plan_.buckets.size() && missing_[launched_] == 0) launch(launched_++);
}

void GradientAverager::launch(std::size_t index) {
  const std::size_t set = set_now();
  if (exchanges_) exchange_->ready(static_cast<int>(set), index);
  world_.timeline().mark(Op::bucket_ready, static_cast<int>(index));
  ++world_.standing().buckets_ready;
  // Neither holds `this`: where an exception unwinds, buckets under way outlive it.
  const auto done = [&world = world_, summed = summed_, index] {
    world.timeline().mark(Op::bucket_done, static_cast<int>(index));
    ++world.standing().buckets_done;
    const std::lock_guard lock(summed->mutex);
    ++summed->buckets;
    summed->more.notify_one();
  };
  const auto start = [&world = world_, exchange = exchange_.get(), set, index, done] {
    world.timeline().mark(Op::bucket_started, static_cast<int>(index));
    exchange->start(static_cast<int>(set), index, done);
  };
  if (!exchanges_)
    done();
  else if (world_.size() == 1 && !exchange_->on_gpu())
    start();
  else
    world_.mpi().post(start);
}

void GradientAverager::end_pass() {
  armed_ = false;
  const at::NoGradGuard no_gradient;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (arrived_[i]) continue;
    if (adds_to_sibling())
      destination(i).add_(0.0);  // -0 becomes 0, as it does where the zeros have a slot of their own
    else if (first_pass_)
      destination(i).zero_();
    note_arrival(i);
  }
}

void GradientAverager::begin_recording() {
  if (leaves_.size() != 1 || sets() != 1)
    fail(ExitCode::defect, "a recorded pass of ", leaves_.size(), " leaves and ", sets(),
         " sets, expected one of each");
  begin_pass(leaves_.begin, /*first=*/true, /*last=*/true);
  recording_ = true;
}

void GradientAverager::end_recording() {
  end_pass();
  recording_ = false;
  recorded_ = ever_arrived_;
}

void GradientAverager::take_recorded() {
  if (recorded_.empty()) fail(ExitCode::defect, "no pass has been recorded");
  ever_arrived_ = recorded_;
  world_.standing().next_parameter = -1;
  while (launched_ < plan_.buckets.size()) launch(launched_++);
}

GradientAverager::Report GradientAverager::wait() {
  const auto begin = std::chrono::steady_clock::now();
  Report report;
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (!ever_arrived_[i]) report.unused.push_back(parameters_[i].first);
  const auto set = static_cast<std::size_t>(waited_ % sets());
  wait_for_buckets();
  if (exchanges_) {
    exchange_->check();
    gradient_ = results_[set];
    report.squared_norm = exchange_->squared_norm(static_cast<int>(set));
  } else {
    gradient_ = parts_[set][0];  // the result's memory is not this rank's alone
    report.squared_norm = squared_norm_of(gradient_);
  }
  report.exposed_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

/// Of the oldest step under way, which this ends.
void GradientAverager::wait_for_buckets() {
  const std::int64_t wanted = (waited_ + 1) * static_cast<std::int64_t>(plan_.buckets.size());
  const World::Waiting waiting(world_, Op::waiting_for_exchange);
  std::unique_lock lock(summed_->mutex);
  summed_->more.wait(lock, [&] { return summed_->buckets >= wanted; });
  ++waited_;
}

void GradientAverager::average(const at::Tensor& flat, double weight) {
  begin();
  const std::size_t set = set_now();
  at::mul_out(parts_[set][0], flat, at::scalar_tensor(weight, flat.options()));
  while (launched_ < plan_.buckets.size()) launch(launched_++);
  wait_for_buckets();
  exchange_->check();
  flat.copy_(results_[set]);
}

double GradientAverager::squared_norm_of(const at::Tensor& flat) const {
  const at::Tensor host = flat.cpu();
  std::vector<double> squares(static_cast<std::size_t>(blocks_of(plan_.elements)) + plan_.buckets.size());
  std::size_t used = 0;
  const auto add = [&](const auto* values) {
    for (const Bucket& bucket : plan_.buckets) {
      block_squares(values + bucket.offset, bucket.count, squares.data() + used);
      used += static_cast<std::size_t>(blocks_of(bucket.count));
    }
  };
  if (host.scalar_type() == at::kFloat)
    add(host.const_data_ptr<float>());
  else
    add(host.const_data_ptr<double>());
  return std::accumulate(squares.begin(), squares.begin() + static_cast<std::ptrdiff_t>(used), 0.0);
}

}  // namespace fastbox::comm
