// A training step whose passes are recorded and replayed has the bits of one whose passes are not. The GPU is a fake, whose
// recording is the work itself; tests/gpu has the same on a real one.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include "base/random.hpp"
#include "support/support.hpp"
#include "support/world.hpp"
#include "train/detector.hpp"
#include "train/train_step.hpp"
#include "unit/train/fake_gpu_graph.hpp"
#include "unit/train/random_steps.hpp"

using namespace fastbox;
using test::calls;
using test::Calls;
using test::FakeGpu;
using train::NamedTensors;

namespace {

config::Settings settings_with(const std::string& graph, const std::string& encoder, const std::string& decoder) {
  config::Settings settings;
  settings.model.encoder = encoder;
  settings.model.decoder = decoder;
  settings.model.width_multiple = 0.125;
  settings.model.hidden = 16;
  settings.model.gains = "balanced";
  settings.train.batch = 2;
  settings.optimizer.name = "adamw";
  settings.optimizer.weight_decay = 0.1;
  settings.optimizer.average = 0.9;
  settings.parallel.shards = "off";
  settings.parallel.first_bucket_mib = 64;  // a recorded step has one bucket: the norm's blocks are then the same
  settings.run.cuda_graph = graph;
  return settings;
}

train::BatchTensors images_of(int step, std::int64_t count, std::int64_t stride) {
  return test::images_of_step(step, count, stride, at::kCPU, 96, 64);
}

NamedTensors clones(const NamedTensors& tensors) {
  NamedTensors copies;
  for (const auto& [name, tensor] : tensors) copies[name] = tensor.detach().clone();
  return copies;
}

struct Course {
  std::vector<double> numbers;  ///< losses and gradient norms, step by step
  NamedTensors parameters, evaluated, state;
};

/// `steps` steps of two images, the last of one, with an evaluation after every third; a new TrainStep goes on from the
/// state after step `resumed_after`.
Course train_course(const config::Settings& settings, int steps, int resumed_after) {
  auto model = train::make_model(settings, at::kCPU);
  auto step = std::make_unique<train::TrainStep>(*model, test::world(), settings);
  Course course;
  for (int i = 0; i < steps; ++i) {
    const int images = i + 1 < steps ? 2 : 1;
    std::vector<std::uint64_t> seeds;
    for (int k = 0; k < images; ++k) seeds.push_back(Random(1, Purpose::dropout, std::uint64_t(2 * i + k)).bits());
    const auto report = step->run(images_of(i, images, model->stride()), seeds, images, 1e-3 / (1 + i));
    for (const double loss : report.losses) course.numbers.push_back(loss);
    course.numbers.push_back(report.gradient_norm);
    if (i % 3 == 2) {
      const train::WithEvaluatedWeights weights(*step);
      course.numbers.push_back(model->predict(images_of(-1, 1, model->stride()).image).confidence.sum().item<double>());
    }
    if (i != resumed_after) continue;
    const auto evaluated = clones(step->evaluated_parameters()), state = clones(step->optimizer_state());
    const auto updates = step->optimizer().steps();
    step.reset();
    model = train::make_model(settings, at::kCPU);
    step = std::make_unique<train::TrainStep>(*model, test::world(), settings);
    step->restore(evaluated, state, updates, "a copy");
  }
  course.parameters = clones(step->parameters());
  course.evaluated = clones(step->evaluated_parameters());
  course.state = clones(step->optimizer_state());
  return course;
}

void check_equal(const NamedTensors& ours, const NamedTensors& expected) {
  REQUIRE(ours.size() == expected.size());
  for (const auto& [name, tensor] : expected) {
    INFO(name);
    CHECK(at::equal(ours.at(name), tensor));
  }
}

void check_course(const std::string& encoder, const std::string& decoder, int steps, int resumed_after,
                  const Calls& expected) {
  INFO(encoder << ", " << decoder << ", resumed after step " << resumed_after);
  const FakeGpu gpu;
  const Course plain = train_course(settings_with("off", encoder, decoder), steps, resumed_after);
  CHECK(calls.warm_ups + calls.captures + calls.replays == 0);
  const Course recorded = train_course(settings_with("on", encoder, decoder), steps, resumed_after);
  CHECK(calls.warm_ups == expected.warm_ups);
  CHECK(calls.captures == expected.captures);
  CHECK(calls.replays == expected.replays);
  CHECK(recorded.numbers == plain.numbers);
  check_equal(recorded.parameters, plain.parameters);
  check_equal(recorded.evaluated, plain.evaluated);
  check_equal(recorded.state, plain.state);
}

}  // namespace

TEST_CASE("recorded steps have the plain ones' bits, with a smaller last batch and evaluations", "[graphed_step]") {
  check_course("small", "fastbox", 10, -1, {3, 1, 6});
  check_course("small", "center", 10, -1, {3, 1, 6});
}

TEST_CASE("so they have where a run is resumed, which records anew", "[graphed_step]") {
  check_course("small", "fastbox", 13, 5, {6, 2, 6});
}

TEST_CASE("and where batch normalisation is trained: its statistics move once a step", "[graphed_step]") {
  check_course("googlenet", "fastbox", 10, -1, {3, 1, 6});
}

TEST_CASE("a recorded step that is not finite leaves the parameters as they were", "[graphed_step]") {
  const FakeGpu gpu;
  const auto settings = settings_with("on", "small", "center");
  const auto model = train::make_model(settings, at::kCPU);
  train::TrainStep step(*model, test::world(), settings);
  for (int i = 0; i < 6; ++i) step.run(images_of(i, 2, model->stride()), {}, 2, 1e-3);
  REQUIRE(calls.replays == 3);
  const auto before = clones(step.parameters()), state = clones(step.optimizer_state());
  auto broken = images_of(6, 2, model->stride());
  broken.image = at::full_like(broken.image, std::numeric_limits<double>::quiet_NaN());
  CHECK(test::caught([&] { step.run(broken, {}, 2, 1e-3); }).code == ExitCode::numbers);
  CHECK(calls.replays == 4);
  check_equal(step.parameters(), before);
  check_equal(step.optimizer_state(), state);
  CHECK(std::isfinite(step.run(images_of(7, 2, model->stride()), {}, 2, 1e-3).loss()));
}

TEST_CASE("the gradient that a recorded step applied can be kept", "[graphed_step]") {
  const FakeGpu gpu;
  std::vector<NamedTensors> gradients;
  for (const std::string graph : {"off", "on"}) {
    const auto settings = settings_with(graph, "small", "center");
    const auto model = train::make_model(settings, at::kCPU);
    train::TrainStep step(*model, test::world(), settings);
    for (int i = 0; i < 6; ++i) {
      train::StepInput input;
      input.keep_gradient = i == 5;
      step.run(images_of(i, 2, model->stride()), {}, 2, 1e-3, input);
    }
    gradients.push_back(clones(step.applied_gradient()));
  }
  REQUIRE_FALSE(gradients[0].empty());
  check_equal(gradients[1], gradients[0]);
}

TEST_CASE("a graph that cannot be made is refused", "[graphed_step]") {
  const auto settings = settings_with("on", "small", "center");
  const auto model = train::make_model(settings, at::kCPU);
  const auto refused = test::caught([&] { train::TrainStep(*model, test::world(), settings); });
  CHECK(refused.code == ExitCode::usage);
  CHECK(refused.mentions("run.cuda_graph: on, but this run computes on the CPU; expected off, or a GPU"));
}
