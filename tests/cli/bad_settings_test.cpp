// Command lines, run files and launchers that are wrong: exit codes 2 and 4, a message that says what to do,
// and no run.

#include "base/files.hpp"
#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

constexpr int usage = 2, environment = 4;

fs::path run_file(const std::string& text) {
  const fs::path file = new_path("run.yaml");
  write_file_atomically(file, "base: " + fs::absolute("configs/kitti-small.yaml").string() + "\n" + text);
  return file;
}

Words train_with(const fs::path& file, const fs::path& folder) {
  return fastbox({"train", file.string(), "--run-dir", folder.string(), "--set", "data.root=" + made_data().string(),
                  "--set", "run.device=cpu"});
}

TEST_CASE("commands and flags that do not exist", "[bad_settings]") {
  CHECK_THAT(run(fastbox({"trian", "x.yaml"})), Exits(usage) && Tells("trian"));
  CHECK_THAT(run(fastbox({"train", "configs/kitti-small.yaml", "--fast"})), Exits(usage) && Tells("--fast"));
  CHECK_THAT(run(fastbox({"train"})), Exits(usage) && Tells("RUN.yaml"));
  CHECK_THAT(run(fastbox({"data"})), Exits(usage));
}

TEST_CASE("run files that are wrong", "[bad_settings]") {
  const fs::path folder = new_path("run");
  CHECK_THAT(run(train_with("no/such/run.yaml", folder)), Exits(usage) && Tells("no/such/run.yaml"));

  const fs::path unknown_key = run_file("train:\n  sampels: 100\n");
  CHECK_THAT(run(train_with(unknown_key, folder)), Exits(usage) && Tells(unknown_key.string() + ":3") &&
                                                       Tells("sampels") && Tells("did you mean") && Tells("samples"));
  const fs::path wrong_type = run_file("model:\n  width: wide\n");
  CHECK_THAT(run(train_with(wrong_type, folder)),
             Exits(usage) && Tells(wrong_type.string() + ":3") && Tells("model.width") && Tells("wide"));
  const fs::path syntax = run_file("train: [\n");
  CHECK_THAT(run(train_with(syntax, folder)), Exits(usage) && Tells(syntax.string() + ":"));
  const fs::path both = run_file("train:\n  samples: 100\n  steps: 10\n");
  CHECK_THAT(run(train_with(both, folder)), Exits(usage) && Tells("samples") && Tells("steps"));

  CHECK_THAT(run(small_training(folder, {"train.sampels=100"})),
             Exits(usage) && Tells("did you mean") && Tells("--set"));
  CHECK_THAT(run(small_training(folder, {"model.height=tall"})), Exits(usage) && Tells("model.height"));
  CHECK_THAT(run(small_training(folder, {"model.height=100"})), Exits(usage) && Tells("model.height") && Tells("32"));
  CHECK_FALSE(fs::exists(folder));
}

TEST_CASE("no data.root, unless FASTBOX_DATA gives it", "[bad_settings]") {
  const fs::path folder = new_path("run");
  const Words command = small_training(folder, {"data.root=", "train.samples=12"});
  CHECK_THAT(run(command), Exits(usage) && Tells("data.root"));
  CHECK_FALSE(left_half_written(folder));

  const Words without_root = fastbox({"train", "configs/kitti-small.yaml", "--run-dir", folder.string()}) +
                             settings({"model.width=320", "model.height=96", "model.width_multiple=0.25",
                                       "train.samples=4", "run.device=cpu"});
  CHECK_THAT(run(without_root), Exits(usage) && Tells("data.root"));
  CHECK_THAT(run(without_root, {{"FASTBOX_DATA", made_data().string()}}), Exits(0));
}

TEST_CASE("ranks that see different run files", "[bad_settings]") {
  const fs::path folder = new_path("run");
  const Words first = small_training(folder), second = small_training(folder, {"optimizer.learning_rate=0.5"});
  const Outcome outcome = run(Words{launcher(), "-n", "1"} + first + Words{":", "-n", "1"} + second);
  CHECK_THAT(outcome, Exits(usage) && Tells("run file") && Tells("rank 1"));
  CHECK_FALSE(left_half_written(folder));
}

TEST_CASE("a batch smaller than the number of ranks", "[bad_settings]") {
  const fs::path folder = new_path("run");
  CHECK_THAT(run(on_ranks(3, small_training(folder, {"train.batch=2"}))),
             Exits(usage) && Tells("train.batch") && Tells("3 ranks"));
  CHECK_FALSE(fs::exists(folder));
}

TEST_CASE("a GPU where there is none, and a launcher that is not MPICH's", "[bad_settings]") {
  const fs::path folder = new_path("run");
  CHECK_THAT(run(small_training(folder, {"run.device=cuda"}), {{"CUDA_VISIBLE_DEVICES", ""}}), Exits(environment));
  CHECK_FALSE(left_half_written(folder));
  const fs::path other = new_path("run");
  CHECK_THAT(run(small_training(other), {{"SLURM_STEP_NUM_TASKS", "4"}}),
             Exits(environment) && Tells("srun --mpi=pmi2") && Tells("mpiexec -n 4"));
  CHECK_THAT(run(small_training(other), {{"OMPI_COMM_WORLD_SIZE", "4"}}), Exits(environment) && Tells("Open MPI"));
  CHECK_FALSE(fs::exists(other));
}

TEST_CASE("a run folder that cannot be written, or that another run holds", "[bad_settings]") {
  const fs::path file = new_path("a-file");
  write_file_atomically(file, "not a folder\n");
  CHECK_THAT(run(small_training(file / "run")), Exits(environment) && Tells(file.string()));

  const fs::path folder = new_path("run");
  Process holder(small_training(folder, {"train.samples=1200000", "run.log_every=1"}));
  while (!fs::exists(folder / "metrics.jsonl") && holder.running()) continue;
  CHECK_THAT(run(small_training(folder)), Exits(environment) && Tells(folder.string()) && Tells("another run"));
  CHECK(holder.running());
}

}  // namespace
}  // namespace fastbox::test
