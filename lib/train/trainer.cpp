#include "train/trainer.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "base/deadline.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/process_time.hpp"
#include "base/stop_request.hpp"
#include "comm/trace.hpp"
#include "comm/watchdog.hpp"
#include "config/resolved.hpp"
#include "eval/result_table.hpp"
#include "train/batch_supply.hpp"
#include "train/capsule.hpp"
#include "train/checkpoint_writer.hpp"
#include "train/data_supply.hpp"
#include "train/detection_pictures.hpp"
#include "train/detector.hpp"
#include "train/device.hpp"
#include "train/evaluator.hpp"
#include "train/gradient_histograms.hpp"
#include "train/live_line.hpp"
#include "train/metrics_log.hpp"
#include "train/progress.hpp"
#include "train/resume.hpp"
#include "train/run_folder.hpp"
#include "train/same_start.hpp"
#include "train/schedule.hpp"
#include "train/train_step.hpp"
#include "train/weights.hpp"

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
  void begin_or_resume();
  void load_first_weights();
  void start_watchdog();
  std::string exchange_text() const;
  void write_trace();
  void check_parameters(const std::string& when);
  /// Rank 0's failure is every rank's: `work` is done there, and what it throws is thrown on all. Collective.
  void on_rank_0(const std::function<void()>& work);
  bool time_is_short() const;
  void one_step();
  void note_replaced(const data::Batch& batch);
  void report_progress();
  void evaluate_now();
  void keep_evaluation(const Evaluation& evaluation, double seconds);
  void save();
  void finish_saving();
  [[noreturn]] void stop(const Error& why);
  bool finished() const { return samples_ >= plan_.samples; }
  std::string position() const { return concat("step ", step_, "/", plan_.steps); }

  config::RunConfig config_;
  const config::Settings& settings_ = config_.settings;
  TrainOptions options_;
  comm::World& world_;
  Plan plan_;
  data::Dataset train_frames_, val_frames_;
  std::optional<RunFolder> folder_;  // rank 0
  std::unique_ptr<models::Network> model_;
  std::unique_ptr<TrainStep> train_step_;
  std::optional<comm::Watchdog> watchdog_;
  std::unique_ptr<BatchSupply> batches_;
  std::optional<DataPace> data_pace_;
  std::optional<MetricsLog> metrics_;       // rank 0
  std::optional<CheckpointWriter> writer_;  // rank 0
  StateCopy copy_;                          // what writer_ writes
  Deadline deadline_;

  int threads_ = 1;
  std::int64_t step_ = 0, samples_ = 0, saved_step_ = -1, evaluated_step_ = -1;
  Json history_ = Json::array();
  std::uint32_t flags_ = 0;  // what the ranks agreed on last
  std::int64_t replaced_before_ = 0, replaced_here_ = 0,
               replaced_ = 0;  // samples: until a resume, by this rank, in all
  std::int64_t failed_evaluations_ = 0;
  double longest_step_ = 0, longest_evaluation_ = 0;  // seconds
  // Until they are told: from the process's start to the first step's, and of that, opening or making the cache.
  double startup_seconds_ = 0, cache_seconds_ = 0;
  Clock::time_point reported_ = Clock::now();
  Progress progress_;
  LiveLine live_line_;
};

Run::Run(const config::RunConfig& config, const TrainOptions& options, comm::World& world)
    : config_(with_absolute_paths(config)),
      options_(options),
      world_(world),
      plan_(plan_run(settings_, world.size())),
      train_frames_(data::open_dataset(settings_.data, config_.folder, data::Part::train)),
      val_frames_(data::open_dataset(settings_.data, config_.folder, data::Part::val)),
      deadline_(settings_.run.time_limit) {
  require_same_program(world_, config_);
  threads_ = choose_threads(settings_.run.threads, world_.node_size());
  at::set_num_threads(threads_);
  data::warn_of_frames_in_both(train_frames_, val_frames_);
  open_folder();

  const c10::Device device = choose_device(settings_.run.device, world_.node_rank());
  // Settled, so that a run from the checkpoint's run file alone, without the weights, does the same.
  if (auto& model = config_.settings.model; models::has_batch_norm(model.encoder))
    model.batch_norm = trains_batch_norm(model) ? "train" : "frozen";
  model_ = make_model(settings_, device);
  if (!settings_.model.weights.empty()) load_first_weights();
  train_step_ = std::make_unique<TrainStep>(*model_, world_, settings_);
  require_same_plan(world_, train_step_->averager().plan());
  start_watchdog();
  if (!options_.trace.empty()) world_.timeline().keep(comm::trace_operations);

  begin_or_resume();
  check_parameters("at the start");
  if (world_.is_first()) {
    write_file_atomically(options_.run_folder / "config.yaml", config::to_yaml(config_, /*with_origins=*/true));
    // It says that the run is finished: a longer run that goes on from a finished one is not.
    std::error_code ignored;
    if (!finished()) std::filesystem::remove(options_.run_folder / "eval.json", ignored);
    metrics_.emplace(options_.run_folder, step_, evaluated_step_);
    writer_.emplace(options_.run_folder);
  }

  log::info("training on ", train_frames_.size(), " frames, evaluating on ", val_frames_.size(), ": ", plan_.samples,
            " samples, batch ", plan_.batch, ", ", plan_.steps, " steps, ", world_.size(), " ranks of ", threads_,
            " threads on ", device.str(), world_.size() > 1 ? exchange_text() : "");
  if (const auto left = deadline_.seconds_left())
    log::info("to be saved and stopped ", fixed(settings_.run.stop_margin, 0), " s before ", deadline_.source(),
              " is reached, in ", fixed(*left / 60, 1), " min");
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
  require_same_tensors(world_, train_step_->parameters(), when);
  // The moving average alone would round a small difference away.
  if (settings_.optimizer.average > 0)
    require_same_tensors(world_, train_step_->evaluated_parameters(), when + ", moving average");
}

void Run::on_rank_0(const std::function<void()>& work) {
  std::string problem;
  ExitCode code = ExitCode::done;
  if (world_.is_first()) {
    try {
      work();
    } catch (const Error& error) {
      problem = error.what();
      code = error.code();
    }
  }
  problem = world_.broadcast(problem);
  code = world_.agree(code);
  if (code != ExitCode::done) fail(code, problem);
}

void Run::open_folder() {
  on_rank_0([this] {
    folder_.emplace(options_.run_folder);
    if (!options_.resume && holds_checkpoints(options_.run_folder))
      fail(ExitCode::usage, options_.run_folder.string(),
           ": holds checkpoints; give --resume to go on, or another --run-dir");
    remove_leftovers(options_.run_folder);
    log::open_file(options_.run_folder / "log.txt");
  });
}

void Run::load_first_weights() {
  const std::filesystem::path file = settings_.model.weights;
  const WeightsAccount account = start_from_weights(*model_, config_.settings.model);
  log::info(account_text(file, account));
  for (const auto& name : account.loaded) log::debug(file.string(), ": loaded ", name);
}

void Run::begin_or_resume() {
  if (!options_.resume) return;
  std::string checkpoint;  // rank 0 decides which, for all
  on_rank_0([&] {
    if (const auto newest = newest_checkpoint(options_.run_folder)) checkpoint = newest->string();
  });
  checkpoint = world_.broadcast(checkpoint);
  if (checkpoint.empty()) {
    log::info("no checkpoint in ", options_.run_folder.string(), ": starting at step 0");
    return;
  }
  const auto frames = static_cast<std::int64_t>(train_frames_.size());
  const CheckpointState now = state_of_process(config_, *train_step_, threads_, world_.size(), frames);
  const CheckpointState state = resume(checkpoint, config_, now, *train_step_);
  on_rank_0([&] { settle_links(checkpoint, state.history, lower(settings_.evaluation.type)); });
  step_ = saved_step_ = state.step;
  samples_ = state.samples;
  history_ = state.history;
  replaced_ = replaced_before_ = state.replaced_samples;
  failed_evaluations_ = state.failed_evaluations;
  if (!history_.empty()) evaluated_step_ = history_.back().value("step", std::int64_t{-1});
  log::info("resumed from ", checkpoint, " at ", position());
}

/// Whether the job may end before another step, the evaluation that is due after it, and a checkpoint are through.
bool Run::time_is_short() const {
  const auto left = deadline_.seconds_left();
  if (!left) return false;
  const bool evaluation_due = is_due(plan_.evaluation_samples, samples_, samples_ + plan_.batch);
  return *left < settings_.run.stop_margin + longest_step_ + (evaluation_due ? longest_evaluation_ : 0);
}

void Run::note_replaced(const data::Batch& batch) {
  for (const auto& line : batch.replaced) log::warning(line);
  replaced_here_ += std::ssize(batch.replaced);
}

void Run::one_step() {
  world_.timeline().set_step(step_ + 1);
  world_.standing().step = step_ + 1;
  StepInput input;
  const auto begin = Clock::now();
  if (longest_step_ == 0) startup_seconds_ = seconds_since_process_start();
  if (stop_requested()) input.flags |= comm::stop_wanted;
  if (time_is_short()) input.flags |= comm::time_is_over;
  if (world_.is_first() && settings_.run.log_seconds > 0 && seconds_since(reported_) > settings_.run.log_seconds) {
    input.flags |= comm::report_due;
    reported_ = begin;  // asked for once, though a pipelined step learns of it in the next
  }
  std::optional<comm::Timeline::Span> waiting;
  waiting.emplace(world_.timeline(), world_.timeline().begin(comm::Op::waiting_for_data));
  const data::Batch& batch = batches_->next();
  waiting.reset();
  note_replaced(batch);
  input.data_seconds = seconds_since(begin);
  input.replaced_samples = replaced_here_;
  const int images = static_cast<int>(std::min<std::int64_t>(plan_.batch, plan_.samples - samples_));
  input.keep_gradient = metrics_ && is_due(settings_.run.gradient_histograms, samples_, samples_ + images);
  const double rate = learning_rate(settings_.optimizer, plan_, samples_);
  try {
    train_step_->run(batch, batches_->tensors(), images, rate, input);
  } catch (const Error& problem) {
    if (problem.code() == ExitCode::numbers)  // which all ranks meet together
      write_capsule(options_.run_folder, {step_ + 1, samples_, images, rate, threads_, problem.what()}, config_,
                    *train_step_, batch, world_);
    throw;
  }
  const StepReport& report = train_step_->report();
  flags_ = report.flags;
  if (!report.ranks.empty()) replaced_ = replaced_before_;
  for (const auto& rank : report.ranks) replaced_ += rank.replaced;
  ++step_;
  samples_ += images;
  if (input.keep_gradient) metrics_->write_gradient(step_, histograms_of(train_step_->applied_gradient()));
  longest_step_ = std::max(longest_step_, seconds_since(begin));
  progress_.add(report, input.data_seconds, images);
  // Of several ranks each knows its share of the loss alone.
  const auto loss = world_.size() == 1 ? std::optional(report.loss()) : std::nullopt;
  live_line_.show({step_, plan_.steps, samples_, plan_.samples, rate, loss});
}

void Run::report_progress() {
  reported_ = Clock::now();
  const auto summary = progress_.summarise(world_);
  const double rate = learning_rate(settings_.optimizer, plan_, samples_ - plan_.batch);
  const double left = static_cast<double>(plan_.samples - samples_) / summary.images_per_second;
  log::write_beside_live(
      concat(position(), "  ", progress_text(summary, rate), "  left ", fixed(left / 60, 1), " min"));
  live_line_.take(summary);
  data_pace_->judge(summary.images_per_second, summary.data, summary.step_seconds);
  if (!metrics_) return;
  Json line = progress_json(summary, step_, samples_, rate, world_.size(), train_step_->loss_names());
  if (startup_seconds_ > 0) line["startup_seconds"] = std::exchange(startup_seconds_, 0);
  if (cache_seconds_ > 0) line["cache_seconds"] = std::exchange(cache_seconds_, 0);
  metrics_->write(line);
}

void Run::evaluate_now() {
  const auto begin = Clock::now();
  const auto span = world_.timeline().span(comm::Op::evaluation);
  // It must not cost a day of training; the evaluation at the end has the last word.
  try {
    Evaluation evaluation;
    {
      const WithEvaluatedWeights weights(*train_step_);
      evaluation = evaluate(*model_, settings_, val_frames_, world_);
    }
    on_rank_0([&] { keep_evaluation(evaluation, seconds_since(begin)); });
    evaluated_step_ = step_;
  } catch (const Error& problem) {
    // All ranks meet it together.
    ++failed_evaluations_;
    if (finished()) throw;
    if (world_.is_first())
      log::error("the evaluation at ", position(), " failed, training goes on (failures so far: ", failed_evaluations_,
                 "): ", problem.what());
  }
  longest_evaluation_ = std::max(longest_evaluation_, seconds_since(begin));
  progress_.leave_out(Clock::now() - begin);  // the time is not the steps'
  live_line_.leave_out(Clock::now() - begin);
}

void Run::keep_evaluation(const Evaluation& evaluation, double seconds) {
  // First: where a frame cannot be read any more, the evaluation has failed, and nothing of it is told.
  const auto pictures = detection_pictures(evaluation.frames, val_frames_, settings_.run.detection_pictures);
  create_folders(options_.run_folder / "detections");
  write_detections(options_.run_folder / "detections" / step_folder_name(step_), evaluation.frames,
                   score_decimals(settings_.evaluation));
  if (finished())
    write_file_atomically(options_.run_folder / "eval.json",
                          eval::result_json(evaluation.result, evaluation.milliseconds_per_image).dump(2) + "\n");
  const Json ap = ap_json(evaluation.result);
  history_.push_back({{"step", step_}, {"samples", samples_}, {"ap", ap}});
  metrics_->write({{"step", step_},
                   {"samples", samples_},
                   {"ap", ap},
                   {"milliseconds_per_image", evaluation.milliseconds_per_image},
                   {"evaluation_seconds", seconds}});
  metrics_->write_detections(step_, pictures);
  log::info(position(), "  ", ap_text(evaluation.result, settings_.evaluation.type), "  ",
            fixed(evaluation.milliseconds_per_image, 1), " ms an image, evaluated in ", fixed(seconds, 1), " s");
  if (finished()) log::info("\n", eval::result_table(evaluation.result, evaluation.milliseconds_per_image));
}

/// Copies the state; a thread of rank 0 writes it. Collective.
void Run::save() {
  const auto begin = Clock::now();
  const auto span = world_.timeline().span(comm::Op::checkpoint);
  Checkpoint* const next = writer_ ? &writer_->prepare() : nullptr;
  train_step_->copy_state(copy_);
  if (next != nullptr) {
    Checkpoint& checkpoint = *next;
    checkpoint.state = state_of_process(config_, *train_step_, threads_, world_.size(), std::ssize(train_frames_));
    checkpoint.state.step = step_;
    checkpoint.state.samples = samples_;
    checkpoint.state.optimizer_steps = train_step_->optimizer().steps();
    checkpoint.state.loss_count = train_step_->loss_guard().count();
    checkpoint.state.loss_mean = train_step_->loss_guard().mean();
    checkpoint.state.replaced_samples = replaced_;
    checkpoint.state.failed_evaluations = failed_evaluations_;
    checkpoint.state.history = history_;
    checkpoint.model = copy_.model;
    checkpoint.optimizer = copy_.optimizer;
    checkpoint.metadata = weights_metadata(settings_.model);
    checkpoint.config = config::to_yaml(config_, /*with_origins=*/false);
    checkpoint.best_by = lower(settings_.evaluation.type);
    checkpoint.keep = settings_.checkpoint.keep;
    writer_->start();
  }
  saved_step_ = step_;
  progress_.add_save(Clock::now() - begin);
}

/// Once all is on disk. Throws Error(environment) on all ranks where it is not.
void Run::finish_saving() {
  on_rank_0([this] {
    writer_->finish();
    metrics_->finish();
  });
}

/// Saved, and on all ranks at once.
void Run::stop(const Error& why) {
  finish_saving();
  write_trace();
  watchdog_.reset();
  world_.barrier();
  throw why;
}

void Run::go() {
  if (finished() && saved_step_ == step_ && evaluated_step_ == step_) {
    log::info("the run is finished: ", position());
    return;
  }
  const auto opening = Clock::now();
  const auto cache = open_frame_cache(world_, train_frames_, settings_.data, threads_, plan_.samples - samples_);
  if (cache) cache_seconds_ = seconds_since(opening);
  const at::TensorOptions device = train_step_->input_options();
  data_pace_.emplace(train_frames_, cache, settings_, world_, /*of_images=*/device.device().is_cpu());
  batches_ =
      make_batch_supply(train_frames_, settings_,
                        data::LoaderPlan{static_cast<std::uint64_t>(settings_.run.seed), world_.rank(), world_.size(),
                                         plan_.batch, train_step_->shards(), static_cast<std::uint64_t>(samples_),
                                         static_cast<std::uint64_t>(plan_.samples)},
                        cache, device);
  // A stop came before the evaluation that was due with the checkpoint: the history must not miss it.
  if (step_ > 0 && evaluated_step_ != step_ && is_due(plan_.evaluation_samples, samples_ - plan_.batch, samples_))
    evaluate_now();
  progress_ = Progress();
  std::int64_t before = samples_, step_before = step_;  // the last moment at which something due was seen to
  while (!finished()) {
    one_step();
    if (step_ % settings_.run.log_every == 0 || (flags_ & comm::report_due) != 0 || finished()) report_progress();
    if (finished()) break;
    // Between two averagings of the local scheme ranks differ: what is due, and a stop, wait for the next.
    if (!train_step_->may_settle()) continue;
    // Ranks agree on a stop before the evaluation that may be due: a job's grace period is short.
    const bool wanted = (flags_ & comm::stop_wanted) != 0, too_late = (flags_ & comm::time_is_over) != 0,
               too_many = replaced_ > settings_.data.error_limit, stops = wanted || too_late || too_many;
    if (is_due(settings_.parallel.check_every, step_before, step_)) check_parameters(concat("after step ", step_));
    const bool evaluation_due = is_due(plan_.evaluation_samples, before, samples_),
               checkpoint_due = is_due(plan_.checkpoint_samples, before, samples_);
    before = samples_, step_before = step_;
    if (stops || evaluation_due || checkpoint_due) train_step_->settle();
    if (!stops && evaluation_due) evaluate_now();
    if (stops || checkpoint_due) save();
    if (too_many)
      stop({ExitCode::data, concat("stopped and saved after ", position(), ": ", replaced_,
                                   " samples could not be read and data.error_limit is ", settings_.data.error_limit)});
    if (stops)
      stop({ExitCode::stopped, concat(wanted ? "stopped on request" : "stopped, since time is nearly over,", " after ",
                                      position(), "; run again with --resume to go on")});
  }
  train_step_->settle();
  train_step_->apply_pending(learning_rate(settings_.optimizer, plan_, samples_ - plan_.batch));
  try {
    if (evaluated_step_ != step_) evaluate_now();
  } catch (const Error&) {
    if (saved_step_ != step_) save();  // a bad validation frame must not cost what was trained
    finish_saving();
    throw;
  }
  if (saved_step_ != step_) save();
  finish_saving();
  write_trace();
  world_.barrier();
}

}  // namespace

void train(const config::RunConfig& config, const TrainOptions& options, comm::World& world) {
  Run(config, options, world).go();
}

}  // namespace fastbox::train
