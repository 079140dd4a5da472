#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "support/support.hpp"
#include "train/checkpoint.hpp"

using namespace fastbox;
using namespace fastbox::train;
namespace fs = std::filesystem;

namespace {

void save(const fs::path& run, std::int64_t step, int keep = 10, const nlohmann::ordered_json& history = {}) {
  Checkpoint checkpoint;
  checkpoint.state.step = checkpoint.state.optimizer_steps = step;
  checkpoint.state.samples = 8 * step;
  checkpoint.state.ranks = checkpoint.state.threads = 1;
  checkpoint.state.frames = 100;
  for (const auto& entry : history) checkpoint.state.history.push_back(entry);
  checkpoint.model = {{"w", at::full({3}, step)}};
  checkpoint.optimizer = {{"m/w", at::zeros({3})}};
  checkpoint.config = "model: {}\n";
  checkpoint.best_by = "car";
  checkpoint.keep = keep;
  save_checkpoint(run, checkpoint);
}

nlohmann::ordered_json evaluated(std::int64_t step, double ap40) {
  return {{"step", step}, {"samples", 8 * step}, {"ap", {{"car", {{"moderate", {{"ap40", ap40}}}}}}}};
}

}  // namespace

TEST_CASE("what was saved is read back", "[checkpoint]") {
  const test::ScratchFolder run;
  save(run.path(), 20);
  const auto folder = find_checkpoint(run.path());
  CHECK(folder.filename() == "step-00000020");
  CHECK(fs::equivalent(run / "checkpoints/latest", folder));
  const auto state = read_state(folder);
  CHECK(state.step == 20);
  CHECK(state.samples == 160);
  CHECK(at::equal(read_tensors(folder / "model.safetensors").at("w"), at::full({3}, 20.0f)));
  CHECK(find_checkpoint(folder) == folder);
}

TEST_CASE("the newest are kept, and leftovers of an interrupted save removed", "[checkpoint]") {
  const test::ScratchFolder run;
  fs::create_directories(run / "checkpoints/step-00000005.incomplete-77");
  for (const int step : {10, 20, 30}) save(run.path(), step, 2);
  CHECK_FALSE(fs::exists(run / "checkpoints/step-00000010"));
  CHECK_FALSE(fs::exists(run / "checkpoints/step-00000005.incomplete-77"));
  CHECK(newest_checkpoint(run.path())->filename() == "step-00000030");
}

TEST_CASE("the best stays beside the newest, and its link follows it", "[checkpoint]") {
  const test::ScratchFolder run;
  nlohmann::ordered_json history = nlohmann::ordered_json::array();
  int step = 0;
  for (const double ap40 : {10.0, 60.0, 50.0, 40.0, 30.0}) {
    history.push_back(evaluated(step += 10, ap40));
    save(run.path(), step, 2, history);
  }
  CHECK_FALSE(fs::exists(run / "checkpoints/step-00000010"));
  CHECK(fs::equivalent(run / "checkpoints/best", run / "checkpoints/step-00000020"));
  CHECK_FALSE(fs::exists(run / "checkpoints/step-00000030"));
  CHECK(fs::exists(run / "checkpoints/step-00000040"));
  history.push_back(evaluated(60, 70));
  save(run.path(), 60, 2, history);
  CHECK(fs::equivalent(run / "checkpoints/best", run / "checkpoints/latest"));
  CHECK_FALSE(fs::exists(run / "checkpoints/step-00000020"));
}

TEST_CASE("a damaged checkpoint is passed over for the one before", "[checkpoint]") {
  const test::ScratchFolder run;
  save(run.path(), 10);
  save(run.path(), 20);
  const fs::path model = run / "checkpoints/step-00000020/model.safetensors";
  std::string bytes = read_file(model);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_file_atomically(model, bytes);
  CHECK(find_checkpoint(run.path()).filename() == "step-00000010");
  const auto refused = test::caught([&] { find_checkpoint(run / "checkpoints/step-00000020"); });
  CHECK(refused.code == ExitCode::data);
  CHECK(refused.mentions("model.safetensors"));
  fs::remove(run / "checkpoints/step-00000010/state.json");
  CHECK(test::caught([&] { find_checkpoint(run.path()); }).mentions("none of its 2 checkpoints is usable"));
}

TEST_CASE("a folder without a checkpoint is named, and a later format refused", "[checkpoint]") {
  const test::ScratchFolder run;
  CHECK(test::caught([&] { find_checkpoint(run.path()); }).mentions("holds no checkpoint"));
  CHECK(test::caught([&] { find_checkpoint(run / "nowhere"); }).mentions("no such folder"));
  CHECK_FALSE(newest_checkpoint(run.path()));
}

TEST_CASE("tensors that do not fit the model are listed and nothing is copied", "[checkpoint]") {
  NamedTensors model = {{"a", at::zeros({2})}, {"b", at::zeros({3})}};
  const auto wrong = test::caught([&] {
    copy_by_name({{"a", at::ones({2})}, {"b", at::ones({4})}, {"c", at::ones({1})}}, model, "w");
  });
  CHECK(wrong.code == ExitCode::data);
  CHECK((wrong.mentions("b: shape [4], expected [3]") && wrong.mentions("c: not part of the model")));
  CHECK(at::equal(model["a"], at::zeros({2})));
}
