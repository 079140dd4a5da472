// Three steps of training: clip and Adam in TensorFlow's form, against the reference.
#include <catch2/catch.hpp>

#include "comm/world.hpp"
#include "oracle/oracle.hpp"
#include "support/support.hpp"
#include "train/train_step.hpp"

using namespace fastbox;

namespace {

/// The oracle's batch as the loader would hand it over (float32: the file's numbers must be such).
data::Batch batch_of(const test::Oracle& oracle) {
  data::Batch batch;
  const auto image = oracle.image().permute({0, 2, 3, 1}).to(at::kFloat).contiguous();
  batch.resize(static_cast<int>(image.size(0)), static_cast<int>(image.size(1)), static_cast<int>(image.size(2)),
               data::grid_of(static_cast<int>(image.size(2)), static_cast<int>(image.size(1))));
  const auto fill = [](std::vector<float>& into, const at::Tensor& from) {
    const at::Tensor flat = from.to(at::kFloat).contiguous();
    into.assign(flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel());
  };
  fill(batch.image, image);
  fill(batch.confidence, oracle["batch/confidence"]);
  fill(batch.box, oracle["batch/box"]);
  fill(batch.mask, oracle["batch/mask"]);
  return batch;
}

void compare_training(const std::filesystem::path& file, double tolerance) {
  const test::Oracle oracle(file);
  REQUIRE(oracle.has_trained());
  comm::World world;
  auto model = oracle.model();
  config::Settings settings;  // KittiBox's constants are the defaults
  train::TrainStep step(*model, world, settings);
  const data::Batch batch = batch_of(oracle);
  for (int i = 0; i < 3; ++i) step.run(batch, batch.images, settings.optimizer.learning_rate);
  for (const auto& [name, parameter] : step.evaluated_parameters()) {
    INFO(name);
    // Of what training changed, not of the parameter: three steps move it by 3e-5.
    const at::Tensor before = oracle["weight/" + name];
    CHECK(test::relative_difference(parameter - before, oracle["trained/" + name] - before) < tolerance);
  }
}

}  // namespace

// The loader's batches are float32, and the golden batch's numbers are not: they differ in the eighth digit from the
// start, and a ReLU or two may flip.
TEST_CASE("three steps equal the committed reference", "[oracle_steps]") {
  compare_training("tests/oracle/golden.safetensors", 1e-3);
}
