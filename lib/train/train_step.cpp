#include "train/train_step.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <cstring>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "train/batch_tensors.hpp"
#include "train/detector.hpp"
#include "train/flat_parameters.hpp"
#include "train/lap.hpp"
#include "train/schedule.hpp"

namespace fastbox::train {
namespace {

/// One dropout seed per image: a function of the run's seed and the sample.
std::vector<std::uint64_t> dropout_seeds(std::uint64_t seed, const data::Batch& batch) {
  std::vector<std::uint64_t> seeds;
  for (int i = 0; i < batch.images; ++i)
    seeds.push_back(Random(seed, Purpose::dropout, batch.first_sample + static_cast<std::uint64_t>(i)).bits());
  return seeds;
}

Scheme scheme_named(const std::string& name) {
  if (name == "synchronous") return Scheme::synchronous;
  if (name == "pipelined") return Scheme::pipelined;
  if (name == "local") return Scheme::local;
  fail(ExitCode::usage, "parallel.scheme: '", name, "', expected synchronous, pipelined or local");
}

/// "the loss of rank 2 is not finite; ", or nothing.
std::string broken_ranks(const std::vector<comm::RankStep>& ranks) {
  std::vector<std::string> broken;
  for (const auto& rank : ranks)
    if ((rank.flags & comm::not_a_number) != 0) broken.push_back(std::to_string(rank.rank));
  return broken.empty() ? "" : concat("the loss is not finite on rank ", join(broken, ", "), "; ");
}

std::vector<Layer> layers_of(const std::vector<std::pair<std::string, at::Tensor>>& parameters,
                             const comm::BucketPlan& plan) {
  std::vector<Layer> layers;
  for (const comm::Slot& slot : plan.slots)
    layers.push_back({slot.offset, slot.count, parameters[slot.parameter].second.dim() >= 2});
  return layers;
}

}  // namespace

comm::ShardChoice choose_shards(const config::Settings& settings, int ranks, bool on_gpu) {
  const auto& parallel = settings.parallel;
  if (trains_batch_norm(settings.model)) {
    if (parallel.scheme == "pipelined")
      fail(ExitCode::usage,
           "parallel.scheme: pipelined, but the statistics of batch normalisation are averaged in every step; expected "
           "synchronous or local, or set model.batch_norm to frozen");
    if (parallel.shards == "auto")
      return {
          0,
          "batch normalisation is trained on the images that a rank has in a pass: gradients are summed in no fixed "
          "order, and depend on the number of ranks (model.batch_norm)"};
    if (parallel.shards != "off")
      fail(ExitCode::usage, "parallel.shards: ", parallel.shards,
           ", but batch normalisation that is trained depends on the images of a pass, and so on the number of ranks; "
           "expected auto or off, or set model.batch_norm to frozen");
    return {};
  }
  // A GPU is at its best with all of a rank's images at once, and NCCL keeps no order.
  if (on_gpu && parallel.shards == "auto") return {};
  if (parallel.scheme != "local") return comm::choose_shards(parallel.shards, plan_run(settings, ranks).batch, ranks);
  // Ranks that step alone have no one order of additions to keep.
  if (parallel.shards != "auto" && parallel.shards != "off")
    fail(ExitCode::usage,
         "parallel.shards: the scheme local depends on the number of ranks; "
         "choose another parallel.scheme, or set parallel.shards to off");
  return {};
}

TrainStep::TrainStep(models::Network& model, comm::World& world, const config::Settings& settings)
    : model_(model),
      world_(world),
      loss_options_{settings.loss.confidence,         settings.loss.box,
                    settings.loss.delta_confidence,   settings.loss.delta_box,
                    settings.loss.delta_box_clip,     settings.loss.weight_decay,
                    settings.loss.score == "overlap", settings.loss.overlap == "diou"},
      seed_(static_cast<std::uint64_t>(settings.run.seed)),
      scheme_(scheme_named(settings.parallel.scheme)),
      local_steps_(settings.parallel.local_steps),
      local_after_(settings.parallel.local_after),
      micro_batch_(settings.train.micro_batch),
      bf16_(settings.run.precision == "bf16"),
      parameters_(model.parameters_in_forward_order()),
      fixed_(model.tensors()),
      statistics_(model, settings.optimizer.average > 0),
      control_(world),
      loss_guard_(settings.train.loss_limit) {
  for (const auto& [name, parameter] : parameters_) fixed_.erase(name);
  for (const auto& [name, statistic] : model.trained_statistics()) fixed_.erase(name);
  const auto choice = choose_shards(settings, world.size(), !parameters_[0].second.is_cpu());
  shards_ = choice.shards;
  if (!choice.reason.empty()) log::info(choice.reason);

  comm::AveragerOptions options;
  const bool records = settings.run.cuda_graph == "on";
  // A recorded pass hands over all gradients at once: in pieces, nothing would be under way beside it.
  constexpr double one_bucket_mib = 1 << 20;
  options.first_bucket_mib = records ? one_bucket_mib : settings.parallel.first_bucket_mib;
  options.bucket_mib = records ? one_bucket_mib : settings.parallel.bucket_mib;
  options.exchange = {settings.parallel.allreduce, settings.parallel.wire == "bf16"};
  options.shards = shards_;
  options.sets = scheme_ == Scheme::pipelined ? 2 : 1;
  // The averager plans the layout; the parameters then follow it.
  averager_ = std::make_unique<comm::GradientAverager>(world, parameters_, options);
  at::Tensor flat = flatten(parameters_, averager_->plan());
  if (bf16_) rounded_ = std::make_unique<RoundedParameters>(flat, parameters_, averager_->plan());
  optimizer_ =
      std::make_unique<Optimizer>(settings.optimizer, std::move(flat), layers_of(parameters_, averager_->plan()));
  if (records) record_passes();
}

StepReport TrainStep::run(const data::Batch& batch, const std::optional<BatchTensors>& tensors, int global_images,
                          double learning_rate, const StepInput& input) {
  return run(tensors, dropout_seeds(seed_, batch), global_images, learning_rate, input);
}

StepReport TrainStep::run(const data::Batch& batch, int global_images, double learning_rate, const StepInput& input) {
  std::optional<BatchTensors> tensors;
  if (batch.images > 0) tensors = to_tensors(batch, input_options());
  return run(batch, tensors, global_images, learning_rate, input);
}

comm::GradientAverager::Report TrainStep::wait() {
  auto exchange = averager_->wait();
  if (exchange.unused != unused_ && exchange.unused.size() < parameters_.size()) {
    unused_ = exchange.unused;
    log::warning("the loss does not depend on these parameters: ", join(unused_, ", "));
  }
  return exchange;
}

void TrainStep::apply(const at::Tensor& gradient, double learning_rate, StepReport& report) {
  if (!std::isfinite(report.gradient_norm)) {
    // A rank that steps alone tells the others when they next meet.
    if (is_local()) {
      broken_ = true;
      return;
    }
    fail(ExitCode::numbers, "the averaged gradient is not finite (", report.gradient_norm, "); ",
         broken_ranks(report.ranks), "this rank's share of the loss is ", report.loss(),
         ". A lower optimizer.learning_rate may help");
  }
  Lap lap;
  const auto span = world_.timeline().span(comm::Op::optimizer);
  optimizer_->step(gradient, report.gradient_norm, learning_rate, rounded_ ? rounded_->flat() : at::Tensor());
  if (rounded_) rounded_->note_update();
  // Ranks that step alone average their parameters where their gradient lies.
  if (keep_gradient_) applied_ = is_local() ? gradient.clone() : gradient;
  report.optimizer_seconds += lap.seconds();
}

StepReport TrainStep::run(const std::optional<BatchTensors>& batch, const std::vector<std::uint64_t>& dropout_seeds,
                          int global_images, double learning_rate, const StepInput& input) {
  StepReport& report = report_ = StepReport();
  keep_gradient_ = input.keep_gradient;
  applied_ = at::Tensor();
  report.losses.assign(model_.loss_names().size(), 0);
  const bool local = is_local(), ranks_meet = !local || steps_since_average_ + 1 >= local_steps_;
  averager_->begin(/*exchange=*/!local);
  run_passes(batch, dropout_seeds, global_images, report);

  if (scheme_ == Scheme::pipelined) {
    // A step must not wait for the slowest rank's: it reads what the step before has sent.
    if (control_.is_under_way()) read_control(report);
    post_control(input, report);
    apply_earlier(learning_rate, report);
  } else {
    if (ranks_meet) post_control(input, report);
    const auto exchange = wait();
    report.exposed_seconds = exchange.exposed_seconds;
    report.gradient_norm = std::sqrt(exchange.squared_norm);
    if (!local) read_control(report);  // before the parameters change
    apply(averager_->gradient(), learning_rate, report);
    take_statistics(report);
    if (local) meet(ranks_meet, report);
  }
  last_optimizer_seconds_ = report.optimizer_seconds;
  samples_ += global_images;
  ++steps_;
  return report;
}

/// What batch normalisation saw in this step's forward. Ranks that step alone keep their own until they meet.
void TrainStep::take_statistics(StepReport& report) {
  if (statistics_.empty()) return;
  Lap lap;
  if (!is_local()) statistics_.average_over(world_, /*with_average=*/false);
  report.exposed_seconds += lap.seconds();
  statistics_.average_in(optimizer_->average_share());
}

/// Pipelined: the average of the step before this one, if there is one.
void TrainStep::apply_earlier(double learning_rate, StepReport& report) {
  if (pending_.defined()) {
    apply_pending(learning_rate, report);
  } else if (averager_->steps_under_way() > 1) {
    const auto exchange = wait();
    report.exposed_seconds = exchange.exposed_seconds;
    report.gradient_norm = std::sqrt(exchange.squared_norm);
    apply(averager_->gradient(), learning_rate, report);
  }
}

/// Local: the end of a step.
void TrainStep::meet(bool ranks_meet, StepReport& report) {
  ++steps_since_average_;
  if (!ranks_meet) return;
  read_control(report);
  Lap lap;
  average_parameters();
  report.exposed_seconds += lap.seconds();
}

void TrainStep::post_control(const StepInput& input, const StepReport& report) {
  comm::RankStep mine;
  mine.step = steps_;
  mine.flags = input.flags | (std::isfinite(report.loss()) && !broken_ ? 0u : comm::not_a_number);
  mine.data_seconds = input.data_seconds;
  mine.loss = report.loss();
  mine.replaced = input.replaced_samples;
  mine.compute_seconds = report.forward_seconds + report.backward_seconds + last_optimizer_seconds_;
  const double busy = averager_->exchange().busy_seconds();
  mine.exchange_seconds = busy - last_busy_seconds_;
  last_busy_seconds_ = busy;
  control_.post(mine);
}

void TrainStep::read_control(StepReport& report) {
  const auto ranks = control_.wait();
  report.ranks.assign(ranks.begin(), ranks.end());
  double loss = 0;
  for (const auto& rank : ranks) {
    report.flags |= rank.flags;
    loss += rank.loss;
  }
  // A rank whose earlier local steps broke says so by its flag, whatever its loss is now.
  if ((report.flags & comm::not_a_number) != 0)
    fail(ExitCode::numbers, broken_ranks(report.ranks), "a lower optimizer.learning_rate may help");
  loss_guard_.check(loss);
}

void TrainStep::average_parameters() {
  steps_since_average_ = 0;
  const double weight = 1.0 / world_.size();
  averager_->average(optimizer_->parameters(), weight);
  for (const auto& [name, flat] : optimizer_->state())
    if (!flat.is_same(optimizer_->parameters())) averager_->average(flat, weight);
  if (!optimizer_->evaluated().is_same(optimizer_->parameters())) averager_->average(optimizer_->evaluated(), weight);
  statistics_.average_over(world_, /*with_average=*/true);
}

void TrainStep::settle() {
  if (scheme_ == Scheme::local && steps_since_average_ > 0) average_parameters();
  if (scheme_ != Scheme::pipelined || averager_->steps_under_way() == 0) return;
  wait();
  pending_ = averager_->gradient().clone();
}

void TrainStep::apply_pending(double learning_rate) {
  StepReport report;
  if (pending_.defined()) apply_pending(learning_rate, report);
}

void TrainStep::apply_pending(double learning_rate, StepReport& report) {
  report.gradient_norm = std::sqrt(averager_->squared_norm_of(pending_));
  apply(pending_, learning_rate, report);
  pending_ = at::Tensor();
}

void TrainStep::add_views(const at::Tensor& flat, const std::string& prefix, NamedTensors& views) const {
  const auto& plan = averager_->plan();
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const auto& [name, parameter] = parameters_[i];
    views[prefix + name] = view_of(flat, parameter, plan.slots[plan.slot_of_parameter[i]]);
  }
}

NamedTensors TrainStep::parameters() const {
  NamedTensors views = fixed_;
  add_views(optimizer_->parameters(), "", views);
  statistics_.add_views(statistics_.present(), "", views);
  return views;
}

NamedTensors TrainStep::evaluated_parameters() const {
  NamedTensors views = fixed_;
  add_views(optimizer_->evaluated(), "", views);
  statistics_.add_views(statistics_.evaluated(), "", views);
  return views;
}

NamedTensors TrainStep::applied_gradient() const {
  NamedTensors views;
  if (applied_.defined()) add_views(applied_, "", views);
  return views;
}

NamedTensors TrainStep::optimizer_state() const {
  NamedTensors views;
  for (const auto& [name, flat] : optimizer_->state()) add_views(flat, name + "/", views);
  if (statistics_.averaged()) statistics_.add_views(statistics_.present(), "parameters/", views);
  if (pending_.defined()) add_views(pending_, "pending/", views);
  return views;
}

/// "residual/RANK/i" -> what the rank's rounding still owes, on rank 0.
void TrainStep::add_residuals(NamedTensors& views) const {
  const auto mine = averager_->exchange().residuals();
  const std::size_t bytes = static_cast<std::size_t>(averager_->plan().elements) * sizeof(float);
  // All ranks have some or none: who has none (no leader of a node) sends nothing.
  if (world_.max({static_cast<long long>(mine.size())})[0] == 0) return;
  std::string text;
  for (const float* residual : mine) text.append(reinterpret_cast<const char*>(residual), bytes);
  const auto all = world_.gather(text);
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    for (std::size_t i = 0; i * bytes < all[rank].size(); ++i) {
      at::Tensor residual = at::empty({averager_->plan().elements}, at::kFloat);
      std::memcpy(residual.mutable_data_ptr(), all[rank].data() + i * bytes, bytes);
      views[concat("residual/", rank, "/", i)] = std::move(residual);
    }
  }
}

void TrainStep::restore_residuals(const NamedTensors& saved) {
  const auto mine = averager_->exchange().residuals();
  const auto have = static_cast<long long>(mine.size());
  const auto name = [](int rank, std::size_t i) { return concat("residual/", rank, "/", i); };
  // The same ranks with the same parts as when it was saved: each takes its own.
  std::size_t found = 0;
  while (saved.count(name(world_.rank(), found)) != 0) ++found;
  const double all = world_.sum({static_cast<double>(found)})[0];
  const bool fits = world_.max({found == mine.size() ? 0 : 1})[0] == 0 && all == static_cast<double>(saved.size());
  if (world_.max({have})[0] == 0) {
    if (!saved.empty()) log::warning("what bf16 still owed is dropped: gradients now travel unrounded");
    return;
  }
  const std::int64_t elements = averager_->plan().elements;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    at::Tensor view = at::from_blob(mine[i], {elements}, at::kFloat);
    if (fits) {
      view.copy_(saved.at(name(world_.rank(), i)));
    } else if (world_.is_first() && i == 0) {
      for (const auto& [key, residual] : saved) view.add_(residual);
    }
  }
}

void TrainStep::copy_state(StateCopy& copy) const {
  NamedTensors residuals;
  add_residuals(residuals);
  if (!world_.is_first()) return;
  copy.model = fixed_;  // nothing changes them
  copy.optimizer = std::move(residuals);
  add_views(copy_flat(copy, "model", optimizer_->evaluated()), "", copy.model);
  for (const auto& [name, flat] : optimizer_->state())
    add_views(copy_flat(copy, name, flat), name + "/", copy.optimizer);
  if (!statistics_.empty())
    statistics_.add_views(copy_flat(copy, "statistics", statistics_.evaluated()), "", copy.model);
  if (statistics_.averaged())
    statistics_.add_views(copy_flat(copy, "parameters of statistics", statistics_.present()), "parameters/",
                          copy.optimizer);
  if (pending_.defined()) add_views(copy_flat(copy, "pending", pending_), "pending/", copy.optimizer);
}

void TrainStep::restore(NamedTensors model, NamedTensors optimizer, std::int64_t optimizer_steps,
                        const std::string& source) {
  NamedTensors residuals;
  for (auto item = optimizer.lower_bound("residual/");
       item != optimizer.end() && item->first.starts_with("residual/");) {
    if (item->second.numel() != averager_->plan().elements || item->second.scalar_type() != at::kFloat)
      fail(ExitCode::data, source, ": ", item->first, " has ", item->second.numel(), " elements of type ",
           at::toString(item->second.scalar_type()), ", expected ", averager_->plan().elements, " of float");
    residuals.insert(*item);
    item = optimizer.erase(item);
  }
  if (const auto pending = optimizer.lower_bound("pending/");
      pending != optimizer.end() && pending->first.starts_with("pending/"))
    pending_ = at::zeros_like(optimizer_->parameters());
  NamedTensors evaluated_views = evaluated_parameters(), state_views = optimizer_state();
  copy_by_name(model, evaluated_views, source + "/model.safetensors");
  copy_by_name(optimizer, state_views, source + "/optimizer.safetensors");
  optimizer_->restore(optimizer_steps);
  restore_residuals(residuals);
}

WithEvaluatedWeights::WithEvaluatedWeights(TrainStep& step) {
  exchange(step.optimizer().parameters(), step.optimizer().evaluated());
  if (step.statistics().averaged()) exchange(step.statistics().present(), step.statistics().evaluated());
}

void WithEvaluatedWeights::exchange(const at::Tensor& present, const at::Tensor& evaluated) {
  if (evaluated.is_same(present)) return;
  kept_.emplace_back(present, present.clone());
  present.copy_(evaluated);
}

WithEvaluatedWeights::~WithEvaluatedWeights() {
  for (const auto& [present, before] : kept_) present.copy_(before);
}

}  // namespace fastbox::train
