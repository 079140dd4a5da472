#include "train/resume.hpp"

#include <set>

#include "base/error.hpp"
#include "base/log.hpp"
#include "config/resolved.hpp"
#include "train/checkpoint.hpp"

namespace fastbox::train {
namespace {

/// What the two run files differ in, by whether a resumed run can honour it.
void compare_run_files(const std::filesystem::path& checkpoint, const config::RunConfig& config) {
  // optimizer.average among them: its state is there or is not.
  static const std::set<std::string> fixed_at_start = {
      "model.encoder",       "model.decoder",        "model.cell",        "targets.classes",
      "model.gains",         "model.width_multiple", "model.hidden",      "run.seed",
      "optimizer.name",      "run.precision",        "optimizer.average", "parallel.scheme",
      "model.normalisation", "model.batch_norm",     "model.freeze"};
  std::string refused, changed;
  for (const auto& [key, before, now] : config::differences(config::load(checkpoint / "config.yaml"), config)) {
    (fixed_at_start.count(key) != 0 ? refused : changed) += concat("\n  ", key, ": ", before, " -> ", now);
  }
  if (!refused.empty())
    fail(ExitCode::usage, checkpoint.string(), ": a run cannot be resumed with other values of", refused);
  if (!changed.empty()) log::warning("resumed with other values than the checkpoint's run had:", changed);
}

/// What the bits depend on beside the run file. A checkpoint of format 1 does not tell all of it.
void compare_processes(const std::string& name, const CheckpointState& before, const CheckpointState& now) {
  if (before.frames > 0 && before.frames != now.frames)
    fail(ExitCode::usage, name, ": its run had ", before.frames, " training frames and data.train now has ", now.frames,
         ": frames would be repeated and left out. Give the same list, or start a new run from model.weights");
  if (before.threads != now.threads)
    log::warning("the run had ", before.threads, " threads a rank and now has ", now.threads,
                 ": results will differ in the last bits; set run.threads");
  if (before.ranks == 0) return;
  const auto shards_text = [](int shards) { return shards > 0 ? concat(shards, " shards") : std::string("no shards"); };
  if (before.shards != now.shards)
    log::warning("the run had ", shards_text(before.shards), " and now has ", shards_text(now.shards),
                 ": results will differ in the last bits; set parallel.shards");
  else if (now.shards == 0 && (before.ranks != now.ranks || before.exchange != now.exchange))
    log::warning("the run had ", before.ranks, " ranks and exchange ", before.exchange, " and now has ", now.ranks,
                 " and ", now.exchange, ": without parallel.shards results will differ in the last bits");
  else if (before.buckets != now.buckets)
    log::warning(
        "gradients now lie in other buckets than the run's (parallel.bucket_mib, parallel.first_bucket_mib): "
        "the norm that is clipped by may differ in its last bits");
}

}  // namespace

CheckpointState state_of_process(const config::RunConfig& config, TrainStep& step, int threads, int ranks,
                                 std::int64_t frames) {
  CheckpointState state;
  state.threads = threads;
  state.ranks = ranks;
  state.shards = step.shards();
  state.exchange = step.averager().exchange().name();
  state.seed = config.settings.run.seed;
  state.frames = frames;
  for (const auto& bucket : step.averager().plan().buckets) state.buckets.push_back(bucket.count);
  return state;
}

CheckpointState resume(const std::filesystem::path& checkpoint, const config::RunConfig& config,
                       const CheckpointState& now, TrainStep& step) {
  compare_run_files(checkpoint, config);
  const CheckpointState state = read_state(checkpoint);
  compare_processes(checkpoint.string(), state, now);
  step.restore(read_tensors(checkpoint / "model.safetensors"), read_tensors(checkpoint / "optimizer.safetensors"),
               state.optimizer_steps, checkpoint.string());
  step.set_samples(state.samples);
  step.loss_guard().restore(state.loss_count, state.loss_mean);
  return state;
}

}  // namespace fastbox::train
