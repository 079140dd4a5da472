// Batch normalisation that is trained, at any number of ranks: one set of running statistics for all, in the checkpoint and
// in the moving average; and stages that are frozen.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "data/sampler.hpp"
#include "mpi/ranks.hpp"
#include "support/support.hpp"
#include "train/detector.hpp"
#include "train/same_start.hpp"
#include "train/train_step.hpp"

using namespace fastbox;
using train::NamedTensors;

namespace {

constexpr int batch = 12, height = 64, width = 64;

config::Settings settings_for_test() {
  config::Settings settings;
  settings.model.encoder = "googlenet";
  settings.model.width_multiple = 0.125;
  settings.model.hidden = 16;
  settings.model.dropout = 0;
  settings.model.gains = "balanced";
  settings.train.batch = batch;
  settings.optimizer.name = "adamw";
  settings.optimizer.average = 0.5;
  return settings;
}

/// This rank's images of the step.
train::BatchTensors images_of(int step) {
  auto& world = test::world();
  const auto share = data::share_of(batch, world.rank(), world.size());
  auto generator = at::detail::createCPUGenerator(static_cast<std::uint64_t>(step));
  const at::Tensor image = at::rand({batch, 3, height, width}, generator, at::kFloat) * 255;
  const at::Tensor confidence = (at::rand({batch, 2, 2}, generator, at::kFloat) < 0.4).to(at::kFloat);
  const auto part = [&](const at::Tensor& t) { return t.narrow(0, share.begin, share.count).contiguous(); };
  return {part(image),
          {part(confidence.unsqueeze(-1)), part(confidence.unsqueeze(-1).expand({batch, 2, 2, 4}) * 20),
           part(at::ones({batch, 2, 2, 1})), part(confidence)}};
}

NamedTensors clones(const NamedTensors& tensors) {
  NamedTensors copies;
  for (const auto& [name, tensor] : tensors) copies[name] = tensor.detach().clone();
  return copies;
}

bool all_equal(const NamedTensors& a, const NamedTensors& b) {
  if (a.size() != b.size()) return false;
  return std::all_of(a.begin(), a.end(), [&](const auto& entry) { return at::equal(entry.second, b.at(entry.first)); });
}

/// The copy of rank 0, on all ranks, as they read it from a checkpoint.
NamedTensors read_by_all(const NamedTensors& tensors, const char* name) {
  auto& world = test::world();
  const test::ScratchFolder folder;
  const std::string path = world.broadcast((folder / name).string());
  if (world.is_first()) train::write_tensors(path, tensors);
  world.barrier();
  NamedTensors read = train::read_tensors(path);
  world.barrier();
  return read;
}

}  // namespace

TEST_CASE("all ranks hold the mean of their running statistics, which follow the images", "[batch_norm]") {
  auto& world = test::world();
  const auto settings = settings_for_test();
  const auto model = train::make_model(settings, c10::kCPU);
  const auto first = clones(model->tensors());
  train::TrainStep step(*model, world, settings);
  CHECK(step.shards() == 0);

  // What this rank's images alone make of them, by a second model.
  const auto alone = train::make_model(settings, c10::kCPU);
  alone->outputs(images_of(0).image, {});
  NamedTensors expected;
  for (const auto& [name, tensor] : alone->trained_statistics()) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < tensor.numel(); ++i) values.push_back(tensor[i].item<double>() / world.size());
    const auto sum = world.sum(values);
    expected[name] = at::tensor(at::ArrayRef<double>(sum), at::kDouble).to(at::kFloat);
  }
  step.run(images_of(0), {}, batch, 1e-3);
  const auto present = step.parameters();
  CHECK(expected.size() == 2 * 57);
  for (const auto& [name, tensor] : expected) {
    INFO(name);
    CHECK(at::allclose(present.at(name), tensor, 1e-5, 1e-6));
    CHECK_FALSE(at::equal(present.at(name), first.at(name)));
    CHECK(at::equal(model->tensors().at(name), present.at(name)));  // the model's own
    // The first step's share in the moving average: 1 - min(0.5, 2 / 11).
    const at::Tensor averaged = first.at(name) + (9.0 / 11) * (present.at(name) - first.at(name));
    CHECK(at::allclose(step.evaluated_parameters().at(name), averaged, 1e-5, 1e-6));
  }
  for (int i = 1; i < 4; ++i) step.run(images_of(i), {}, batch, 1e-3);
  train::require_same_tensors(world, step.parameters(), "after four steps");
  train::require_same_tensors(world, step.evaluated_parameters(), "after four steps");
}

TEST_CASE("a run with trained statistics goes on from a checkpoint to the same bits", "[batch_norm]") {
  auto& world = test::world();
  for (const std::string scheme : {"synchronous", "local"}) {
    INFO(scheme);
    auto settings = settings_for_test();
    settings.parallel.scheme = scheme;
    settings.parallel.local_steps = 3;
    const auto model = train::make_model(settings, c10::kCPU), other = train::make_model(settings, c10::kCPU);
    train::TrainStep whole(*model, world, settings);
    for (int i = 0; i < 3; ++i) whole.run(images_of(i), {}, batch, 1e-3);
    whole.settle();
    train::StateCopy copy;
    whole.copy_state(copy);
    const auto weights = read_by_all(copy.model, "model"), state = read_by_all(copy.optimizer, "optimizer");
    CHECK(all_equal(weights, whole.evaluated_parameters()));
    CHECK(weights.size() == model->tensors().size());

    train::TrainStep resumed(*other, world, settings);
    resumed.restore(weights, state, whole.optimizer().steps(), "a copy");
    CHECK(all_equal(resumed.parameters(), whole.parameters()));
    for (int i = 3; i < 6; ++i) {
      whole.run(images_of(i), {}, batch, 1e-3);
      resumed.run(images_of(i), {}, batch, 1e-3);
    }
    whole.settle(), resumed.settle();
    CHECK(all_equal(resumed.parameters(), whole.parameters()));
    CHECK(all_equal(resumed.evaluated_parameters(), whole.evaluated_parameters()));

    const auto before = clones(whole.parameters());
    {
      const train::WithEvaluatedWeights evaluated(whole);
      CHECK(all_equal(model->tensors(), whole.evaluated_parameters()));
      CHECK_FALSE(all_equal(model->tensors(), before));
    }
    CHECK(all_equal(model->tensors(), before));
  }
}

TEST_CASE("a frozen stage is in no bucket, is saved, and does not change", "[batch_norm]") {
  auto& world = test::world();
  auto settings = settings_for_test();
  const auto all = train::make_model(settings, c10::kCPU);
  settings.model.freeze = 2;
  settings.model.batch_norm = "frozen";
  settings.parallel.shards = "12";
  const auto model = train::make_model(settings, c10::kCPU);
  const auto first = clones(model->tensors());
  train::TrainStep step(*model, world, settings);
  CHECK(step.shards() == 12);
  std::int64_t in_buckets = 0, trained = 0, everything = 0;
  for (const auto& slot : step.averager().plan().slots) in_buckets += slot.count;
  for (const auto& [name, parameter] : model->parameters_in_forward_order()) trained += parameter.numel();
  for (const auto& [name, parameter] : all->parameters_in_forward_order()) everything += parameter.numel();
  CHECK(in_buckets == trained);
  CHECK(trained < everything);
  for (int i = 0; i < 3; ++i) step.run(images_of(i), {}, batch, 1e-3);
  std::size_t frozen = 0;
  for (const auto& [name, tensor] : step.evaluated_parameters()) {
    INFO(name);
    const bool is_encoders = name.starts_with("encoder.");
    const std::string own = is_encoders ? name.substr(std::string("encoder.").size()) : "";
    const bool changes = !is_encoders || (model->encoder().stage_of(own) > 2 && name.ends_with("conv.weight"));
    CHECK(at::equal(tensor, first.at(name)) != changes);
    frozen += !changes;
  }
  CHECK(frozen > 4 * 57);
  CHECK(step.evaluated_parameters().size() == first.size());
}

TEST_CASE("trained batch normalisation has no shards: auto says so, a number is refused", "[batch_norm]") {
  auto settings = settings_for_test();
  const int ranks = test::world().size();
  const auto choice = train::choose_shards(settings, ranks, false);
  CHECK(choice.shards == 0);
  CHECK(choice.reason.find("model.batch_norm") != std::string::npos);
  settings.parallel.shards = "12";
  const auto refused = test::caught([&] { train::choose_shards(settings, ranks, false); });
  CHECK(refused.code == ExitCode::usage);
  CHECK(refused.mentions("set model.batch_norm to frozen"));
  settings.model.batch_norm = "frozen";
  CHECK(train::choose_shards(settings, ranks, false).shards == 12);
  settings.model.batch_norm = "train";
  settings.parallel.shards = "off";
  CHECK(train::choose_shards(settings, ranks, false).shards == 0);
  settings.parallel.scheme = "pipelined";
  CHECK(test::caught([&] { train::choose_shards(settings, ranks, false); }).mentions("parallel.scheme: pipelined"));
}
