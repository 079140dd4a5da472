#include "train/trainer.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/stop_request.hpp"
#include "comm/trace.hpp"
#include "comm/watchdog.hpp"
#include "config/resolved.hpp"
#include "data/loader.hpp"
#include "eval/result_table.hpp"
#include "train/checkpoint.hpp"
#include "train/detector.hpp"
#include "train/device.hpp"
#include "train/evaluator.hpp"
#include "train/metrics_log.hpp"
#include "train/progress.hpp"
#include "train/run_folder.hpp"
#include "train/same_start.hpp"
#include "train/schedule.hpp"
#include "train/train_step.hpp"

namespace fastbox::train {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// The run file as it is kept in the run folder: with absolute paths, so that a checkpoint can be evaluated from
/// anywhere.
config::RunConfig with_absolute_paths(config::RunConfig config) {
  auto& data = config.settings.data;
  if (data.root.empty()) return config;  // open_dataset says what is missing
  for (const auto part : {data::Part::train, data::Part::val}) {
    std::string& list = part == data::Part::train ? data.train : data.val;
    if (!list.empty()) list = std::filesystem::absolute(data::find_list(data, config.folder, part)).string();
  }
  data.root = std::filesystem::absolute(data.root).lexically_normal().string();
  if (!config.settings.model.weights.empty())
    config.settings.model.weights = std::filesystem::absolute(config.settings.model.weights).string();
  return config;
}

class Run {
 public:
  Run(const config::RunConfig& config, const TrainOptions& options, comm::World& world);
  void go();

 private:
  void open_folder();
  void compare_with(const std::filesystem::path& checkpoint) const;
  void resume(const std::filesystem::path& checkpoint);
  void start_from_weights();
  void start_watchdog();
  std::string exchange_text() const;
  void write_trace();
  void check_parameters(const std::string& when);
  void one_step();
  void report_progress();
  void evaluate_now();
  void save();
  bool finished() const { return samples_ >= plan_.samples; }
  std::string position() const { return concat("step ", step_, "/", plan_.steps); }

  config::RunConfig config_;
  const config::Settings& settings_ = config_.settings;
  TrainOptions options_;
  comm::World& world_;
  Plan plan_;
  data::Dataset train_frames_, val_frames_;
  std::optional<RunFolder> folder_;  // rank 0
  std::unique_ptr<models::FastBox> model_;
  std::unique_ptr<TrainStep> train_step_;
  std::optional<comm::Watchdog> watchdog_;
  std::optional<data::Loader> loader_;
  std::optional<MetricsLog> metrics_;  // rank 0

  int threads_ = 1;
  std::int64_t step_ = 0, samples_ = 0, saved_step_ = -1, evaluated_step_ = -1;
  Json history_ = Json::array();
  std::uint32_t flags_ = 0;  // what the ranks agreed on last
  Progress progress_;
};

Run::Run(const config::RunConfig& config, const TrainOptions& options, comm::World& world)
    : config_(with_absolute_paths(config)),
      options_(options),
      world_(world),
      plan_(plan_run(settings_, world.size())),
      train_frames_(data::open_dataset(settings_.data, config_.folder, data::Part::train)),
      val_frames_(data::open_dataset(settings_.data, config_.folder, data::Part::val)) {
  require_same_program(world_, config_);
  threads_ = choose_threads(settings_.run.threads, world_.node_size());
  at::set_num_threads(threads_);
  data::warn_of_frames_in_both(train_frames_, val_frames_);
  open_folder();

  const c10::Device device = choose_device(settings_.run.device, world_.node_rank());
  model_ = make_model(settings_, device);
  if (!settings_.model.weights.empty()) start_from_weights();
  train_step_ = std::make_unique<TrainStep>(*model_, world_, settings_);
  require_same_plan(world_, train_step_->averager().plan());
  start_watchdog();
  if (!options_.trace.empty()) world_.timeline().keep(comm::trace_operations);

  std::string checkpoint;  // rank 0 decides which, for all
  if (world_.is_first() && options_.resume) {
    if (const auto newest = newest_checkpoint(options_.run_folder)) checkpoint = newest->string();
  }
  checkpoint = world_.broadcast(checkpoint);
  if (!checkpoint.empty())
    resume(checkpoint);
  else if (options_.resume)
    log::info("no checkpoint in ", options_.run_folder.string(), ": starting at step 0");
  check_parameters("at the start");
  if (world_.is_first()) {
    write_file_atomically(options_.run_folder / "config.yaml", config::to_yaml(config_, /*with_origins=*/true));
    metrics_.emplace(options_.run_folder / "metrics.jsonl", step_);
  }

  log::info("training on ", train_frames_.size(), " frames, evaluating on ", val_frames_.size(), ": ", plan_.samples,
            " samples, batch ", plan_.batch, ", ", plan_.steps, " steps, ", world_.size(), " ranks of ", threads_,
            " threads on ", device.str(), world_.size() > 1 ? exchange_text() : "");
}

/// ", exchange shared, 12 shards".
std::string Run::exchange_text() const {
  const int shards = train_step_->shards();
  return concat(", exchange ", train_step_->averager().exchange().name(),
                shards > 0 ? concat(", ", shards, " shards") : ", no shards",
                settings_.parallel.scheme == "synchronous" ? "" : concat(", ", settings_.parallel.scheme));
}

void Run::start_watchdog() {
  const auto& plan = train_step_->averager().plan();
  const auto parameters = model_->parameters_in_forward_order();
  std::vector<std::string> names;
  std::vector<std::size_t> buckets;
  for (const auto& slot : plan.slots) {
    names.push_back(parameters[slot.parameter].first);
    buckets.push_back(plan.bucket_of_parameter[slot.parameter]);
  }
  watchdog_.emplace(world_, comm::WatchdogOptions{settings_.parallel.warn_seconds, settings_.parallel.timeout_seconds},
                    std::move(names), std::move(buckets));
}

void Run::write_trace() {
  if (!options_.trace.empty()) comm::write_trace(world_, options_.trace);
}

/// The first sign of a device that computes wrongly, or of a rank that has lost its way.
void Run::check_parameters(const std::string& when) {
  require_same_tensors(world_, train_step_->evaluated_parameters(), when);
}

void Run::open_folder() {
  std::string problem;
  ExitCode code = ExitCode::done;
  if (world_.is_first()) {
    try {
      folder_.emplace(options_.run_folder);
      if (!options_.resume && holds_checkpoints(options_.run_folder))
        fail(ExitCode::usage, options_.run_folder.string(),
             ": holds checkpoints; give --resume to go on, or another --run-dir");
      log::open_file(options_.run_folder / "log.txt");
    } catch (const Error& error) {
      problem = error.what();
      code = error.code();
    }
  }
  // Rank 0's failure is every rank's.
  problem = world_.broadcast(problem);
  code = world_.agree(code);
  if (code != ExitCode::done) fail(code, problem);
}

void Run::start_from_weights() {
  NamedTensors parameters;
  for (const auto& [name, parameter] : model_->parameters_in_forward_order()) parameters[name] = parameter;
  copy_by_name(read_tensors(settings_.model.weights), parameters, settings_.model.weights);
}

/// What the checkpoint's run and this one differ in: what a resume cannot honour is refused, the rest is said.
void Run::compare_with(const std::filesystem::path& checkpoint) const {
  // optimizer.average among them: its state is there or is not.
  static const std::set<std::string> fixed_at_start = {
      "model.encoder", "model.decoder",  "model.gains",   "model.width_multiple", "model.hidden",
      "run.seed",      "optimizer.name", "run.precision", "optimizer.average",    "parallel.scheme"};
  std::string refused, changed;
  for (const auto& [key, before, now] : config::differences(config::load(checkpoint / "config.yaml"), config_)) {
    (fixed_at_start.count(key) != 0 ? refused : changed) += concat("\n  ", key, ": ", before, " -> ", now);
  }
  if (!refused.empty())
    fail(ExitCode::usage, checkpoint.string(), ": a run cannot be resumed with other values of", refused);
  if (!changed.empty()) log::warning("resumed with other values than the checkpoint's run had:", changed);
}

void Run::resume(const std::filesystem::path& checkpoint) {
  compare_with(checkpoint);
  const CheckpointState state = read_state(checkpoint);
  if (state.threads != threads_)
    log::warning("the run had ", state.threads, " threads a rank and now has ", threads_,
                 ": results will differ in the last bits; set run.threads");
  const NamedTensors saved = read_tensors(checkpoint / "optimizer.safetensors");
  if (std::any_of(saved.begin(), saved.end(), [](const auto& item) { return item.first.starts_with("pending/"); }))
    train_step_->expect_pending();
  NamedTensors evaluated = train_step_->evaluated_parameters(), optimizer = train_step_->optimizer_state();
  copy_by_name(read_tensors(checkpoint / "model.safetensors"), evaluated, (checkpoint / "model.safetensors").string());
  copy_by_name(saved, optimizer, (checkpoint / "optimizer.safetensors").string());
  train_step_->optimizer().restore(state.optimizer_steps);
  step_ = saved_step_ = state.step;
  samples_ = state.samples;
  train_step_->set_samples(samples_);
  history_ = state.history;
  if (!history_.empty()) evaluated_step_ = history_.back().value("step", std::int64_t{-1});
  log::info("resumed from ", checkpoint.string(), " at ", position());
}

void Run::one_step() {
  world_.timeline().set_step(step_ + 1);
  world_.standing().step = step_ + 1;
  StepInput input;
  const auto begin = Clock::now();
  std::optional<comm::Timeline::Span> waiting;
  waiting.emplace(world_.timeline(), world_.timeline().begin(comm::Op::waiting_for_data));
  const data::Batch& batch = loader_->next();
  waiting.reset();
  input.data_seconds = seconds_since(begin);
  if (stop_requested()) input.flags |= comm::stop_wanted;
  const int images = static_cast<int>(std::min<std::int64_t>(plan_.batch, plan_.samples - samples_));
  const StepReport report = train_step_->run(batch, images, learning_rate(settings_.optimizer, plan_, samples_), input);
  flags_ = report.flags;
  ++step_;
  samples_ += images;
  progress_.add(report, input.data_seconds, images);
}

void Run::report_progress() {
  const auto summary = progress_.summarise(world_);
  const double rate = learning_rate(settings_.optimizer, plan_, samples_ - plan_.batch);
  const double left = static_cast<double>(plan_.samples - samples_) / summary.images_per_second;
  log::info(position(), "  ", progress_text(summary, rate), "  left ", fixed(left / 60, 1), " min");
  if (metrics_) metrics_->write(progress_json(summary, step_, samples_, rate, world_.size()));
}

void Run::evaluate_now() {
  const auto begin = Clock::now();
  Evaluation evaluation;
  try {
    const WithEvaluatedWeights weights(train_step_->optimizer());
    evaluation = evaluate(*model_, settings_, val_frames_, world_);
  } catch (const Error& problem) {
    // All ranks meet it together. It must not cost a day of training; the evaluation at the end has the last word.
    if (finished()) throw;
    log::error("the evaluation at ", position(), " failed, training goes on: ", problem.what());
    return;
  }
  evaluated_step_ = step_;
  if (world_.is_first()) {
    const Json ap = ap_json(evaluation.result);
    history_.push_back({{"step", step_}, {"samples", samples_}, {"ap", ap}});
    metrics_->write({{"step", step_},
                     {"samples", samples_},
                     {"ap", ap},
                     {"milliseconds_per_image", evaluation.milliseconds_per_image}});
    char name[32];
    std::snprintf(name, sizeof name, "step-%08lld", static_cast<long long>(step_));
    create_folders(options_.run_folder / "detections");
    write_detections(options_.run_folder / "detections" / name, evaluation.frames);
    log::info(position(), "  ", ap_text(evaluation.result, settings_.evaluation.type), "  ",
              fixed(evaluation.milliseconds_per_image, 1), " ms an image, evaluated in ",
              fixed(seconds_since(begin), 1), " s");
    if (finished()) {
      write_file_atomically(options_.run_folder / "eval.json",
                            eval::result_json(evaluation.result, evaluation.milliseconds_per_image).dump(2) + "\n");
      log::info("\n", eval::result_table(evaluation.result, evaluation.milliseconds_per_image));
    }
  }
  progress_.leave_out(Clock::now() - begin);  // the time is not the steps'
}

void Run::save() {
  const auto begin = Clock::now();
  if (world_.is_first()) {
    const CheckpointState state{step_, samples_, train_step_->optimizer().steps(), threads_, history_};
    save_checkpoint(options_.run_folder, state, train_step_->evaluated_parameters(), train_step_->optimizer_state(),
                    config::to_yaml(config_, /*with_origins=*/false), settings_.checkpoint.keep);
    log::info(position(), "  checkpoint saved in ", fixed(seconds_since(begin), 2), " s");
  }
  saved_step_ = step_;
  progress_.leave_out(Clock::now() - begin);
}

void Run::go() {
  if (finished() && saved_step_ == step_ && evaluated_step_ == step_) {
    log::info("the run is finished: ", position());
    return;
  }
  loader_.emplace(train_frames_, settings_,
                  data::LoaderPlan{static_cast<std::uint64_t>(settings_.run.seed), world_.rank(), world_.size(),
                                   plan_.batch, train_step_->shards(), static_cast<std::uint64_t>(samples_),
                                   static_cast<std::uint64_t>(plan_.samples)});
  // A stop came before the evaluation that was due with the checkpoint: the history must not miss it.
  if (step_ > 0 && evaluated_step_ != step_ && is_due(plan_.evaluation_samples, samples_ - plan_.batch, samples_))
    evaluate_now();
  progress_ = Progress();
  std::int64_t before = samples_;  // the last moment at which something due was seen to
  while (!finished()) {
    one_step();
    if (step_ % settings_.run.log_every == 0 || finished()) report_progress();
    if (finished()) break;
    // Between two averagings of the local scheme ranks differ: what is due, and a stop, wait for the next.
    if (!train_step_->may_settle()) continue;
    // Ranks agree on a stop before the evaluation that may be due: a job's grace period is short.
    const bool stop = (flags_ & (comm::stop_wanted | comm::time_is_over)) != 0;
    if (is_due(settings_.parallel.check_every, step_ - 1, step_)) check_parameters(concat("after step ", step_));
    const bool evaluation_due = is_due(plan_.evaluation_samples, before, samples_),
               checkpoint_due = is_due(plan_.checkpoint_samples, before, samples_);
    before = samples_;
    if (stop || evaluation_due || checkpoint_due) train_step_->settle();
    if (!stop && evaluation_due) evaluate_now();
    if (stop || checkpoint_due) save();
    if (stop) {
      write_trace();
      watchdog_.reset();
      world_.barrier();
      fail(ExitCode::stopped, "stopped on request after ", position(), "; run again with --resume to go on");
    }
  }
  train_step_->settle();
  train_step_->apply_pending(learning_rate(settings_.optimizer, plan_, samples_ - plan_.batch));
  try {
    if (evaluated_step_ != step_) evaluate_now();
  } catch (const Error&) {
    if (saved_step_ != step_) save();  // a bad validation frame must not cost what was trained
    throw;
  }
  if (saved_step_ != step_) save();
  write_trace();
  world_.barrier();
}

}  // namespace

void train(const config::RunConfig& config, const TrainOptions& options, comm::World& world) {
  Run(config, options, world).go();
}

}  // namespace fastbox::train
