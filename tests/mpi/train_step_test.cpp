// N ranks with batch B / N equal one rank with batch B: every rank also trains alone, on the whole batch, and compares.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "base/random.hpp"
#include "data/sampler.hpp"
#include "models/fastbox.hpp"
#include "mpi/ranks.hpp"
#include "support/support.hpp"
#include "train/optimizer.hpp"
#include "train/train_step.hpp"

using namespace fastbox;

namespace {

constexpr int steps = 20, batch = 12, height = 64, width = 96;

config::Settings settings_for_test() {
  config::Settings settings;
  settings.optimizer.learning_rate = 1e-5;
  settings.train.batch = batch;
  settings.parallel.first_bucket_mib = 0.01;
  settings.parallel.bucket_mib = 0.05;
  return settings;
}

std::unique_ptr<models::FastBox> make_model(const std::string& encoder, at::ScalarType type) {
  models::FastBoxOptions options;
  options.encoder = encoder;
  options.width_multiple = 0.125;
  options.hidden = 32;
  options.dropout = 0;
  auto model = std::make_unique<models::FastBox>(options);
  model->initialise(3);
  model->to(type);
  return model;
}

/// The step's images begin .. begin + count - 1, a function of the step alone.
train::BatchTensors images_of(int step, std::int64_t begin, std::int64_t count, at::ScalarType type) {
  auto generator = at::detail::createCPUGenerator(static_cast<std::uint64_t>(step));
  const std::int64_t rows = height / 32, columns = width / 32;
  const at::Tensor image = at::rand({batch, 3, height, width}, generator, at::kDouble) * 255;
  const at::Tensor confidence = (at::rand({batch, rows, columns}, generator, at::kDouble) < 0.4).to(at::kDouble);
  const at::Tensor box =
      (at::rand({batch, rows, columns, 4}, generator, at::kDouble) * 40 + 1) * confidence.unsqueeze(-1);
  const at::Tensor mask = (at::rand({batch, rows, columns}, generator, at::kDouble) < 0.9).to(at::kDouble);
  const auto part = [&](const at::Tensor& t) { return t.narrow(0, begin, count).to(type).contiguous(); };
  return {part(image), {part(confidence.unsqueeze(-1)), part(box), part(mask.unsqueeze(-1)), part(confidence)}};
}

/// The same model trained on this rank alone, by plain autograd and the optimiser: no averager, no buckets.
std::map<std::string, at::Tensor> train_alone(const std::string& encoder, at::ScalarType type, bool pipelined) {
  const auto settings = settings_for_test();
  auto model = make_model(encoder, type);
  auto parameters = model->parameters_in_forward_order();
  std::vector<std::int64_t> counts;
  for (const auto& [name, p] : parameters) counts.push_back(p.numel());
  at::Tensor flat;
  {
    const at::NoGradGuard no_gradient;
    std::vector<at::Tensor> pieces;
    for (auto& [name, p] : parameters) pieces.push_back(p.detach().contiguous().view({-1}));
    flat = at::cat(pieces);
  }
  train::Optimizer optimizer(settings.optimizer, flat, {});
  at::Tensor waiting;  // pipelined: the gradient of the step before
  for (int step = 0; step < steps + (pipelined ? 1 : 0); ++step) {
    const auto tensors = images_of(step, 0, batch, type);
    models::losses(model->forward(tensors.image), tensors.targets, model->encoder().kernels(), {}, batch)
        .total()
        .backward();
    std::vector<at::Tensor> gradients;
    for (auto& [name, p] : parameters) {
      gradients.push_back(p.grad().contiguous().view({-1}));
      p.mutable_grad() = at::Tensor();
    }
    at::Tensor gradient = at::cat(gradients);
    if (pipelined) std::swap(gradient, waiting);
    if (!gradient.defined()) continue;
    optimizer.step(gradient, gradient.norm().item<double>(), settings.optimizer.learning_rate);
    const at::NoGradGuard no_gradient;
    std::int64_t offset = 0;
    for (auto& [name, p] : parameters) {
      p.copy_(flat.narrow(0, offset, p.numel()).view(p.sizes()));
      offset += p.numel();
    }
  }
  return {parameters.begin(), parameters.end()};
}

double largest_difference(const std::string& encoder, at::ScalarType type, const std::string& shards = "off",
                          int micro_batch = 0, const std::string& scheme = "synchronous") {
  auto& world = test::world();
  auto settings = settings_for_test();
  settings.parallel.shards = shards;
  settings.train.micro_batch = micro_batch;
  settings.parallel.scheme = scheme;
  auto model = make_model(encoder, type);
  train::TrainStep step(*model, world, settings);
  const auto share = data::share_of(batch, world.rank(), world.size());
  for (int i = 0; i < steps; ++i)
    step.run(images_of(i, share.begin, share.count, type), {}, batch, settings.optimizer.learning_rate);

  step.settle();
  step.apply_pending(settings.optimizer.learning_rate);
  double largest = 0;
  const auto alone = train_alone(encoder, type, scheme == "pipelined");
  for (const auto& [name, p] : step.evaluated_parameters()) {
    const at::Tensor reference = alone.at(name).detach();
    largest = std::max(largest, ((p - reference).abs().max() / reference.abs().max().clamp_min(1e-30)).item<double>());
  }
  return largest;
}

/// Parameters after `steps` steps; with `copied_after` >= 0 another TrainStep goes on from a copy of the state there.
at::Tensor trained(const config::Settings& settings, int copied_after) {
  auto& world = test::world();
  const auto share = data::share_of(batch, world.rank(), world.size());
  auto model = make_model("small", at::kFloat), second = make_model("small", at::kFloat);
  auto step = std::make_unique<train::TrainStep>(*model, world, settings);
  for (int i = 0; i < steps; ++i) {
    step->run(images_of(i, share.begin, share.count, at::kFloat), {}, batch, 1e-3);
    if (i != copied_after) continue;
    step->settle();
    train::StateCopy copy;
    step->copy_state(copy);
    // Only rank 0 has it; a resumed run reads it from the disk, everywhere.
    const test::ScratchFolder folder;
    const std::string path = world.broadcast(folder.path().string());
    if (world.is_first()) {
      train::write_tensors(path + "/model", copy.model);
      train::write_tensors(path + "/optimizer", copy.optimizer);
    }
    world.barrier();
    const auto optimizer_steps = step->optimizer().steps();
    step = std::make_unique<train::TrainStep>(*second, world, settings);
    step->restore(train::read_tensors(path + "/model"), train::read_tensors(path + "/optimizer"), optimizer_steps,
                  "a copy");
    world.barrier();
  }
  step->settle();
  step->apply_pending(1e-3);
  return step->optimizer().parameters().clone();
}

}  // namespace

TEST_CASE("twenty steps on N ranks equal one rank in float64 to 1e-9", "[train_step]") {
  for (const std::string encoder : {"small", "vgg16"}) {
    INFO(encoder);
    CHECK(largest_difference(encoder, at::kDouble) < 1e-9);
  }
}

TEST_CASE("pipelined, every average is applied one step later, and none is lost", "[train_step]") {
  CHECK(largest_difference("small", at::kDouble, "12", 0, "pipelined") < 1e-9);
  CHECK(largest_difference("small", at::kDouble, "off", 0, "pipelined") < 1e-9);
  CHECK(largest_difference("small", at::kDouble, "off", 0, "synchronous") < 1e-9);
}

TEST_CASE("so do shards, and micro-batches of any size", "[train_step]") {
  CHECK(largest_difference("small", at::kDouble, "12") < 1e-9);
  CHECK(largest_difference("small", at::kDouble, "auto") < 1e-9);
  CHECK(largest_difference("small", at::kDouble, "off", 2) < 1e-9);
  if (12 % (2 * test::world().size()) == 0)
    CHECK(largest_difference("small", at::kDouble, concat(2 * test::world().size()), 1) < 1e-9);
}

// In float32 Adam turns a gradient's last bit into a whole step where the gradient is nearly zero: plain SGD would not.
// The reference's epsilon of 1e-5 keeps the difference within 1e-5 of a tensor's largest value.
TEST_CASE("twenty steps on N ranks equal one rank in float32 to 1e-5", "[train_step]") {
  CHECK(largest_difference("vgg16", at::kFloat) < 1e-5);
}

TEST_CASE("a copy of the state goes on to the same bits: every optimiser, scheme, and what bf16 owes", "[train_step]") {
  auto settings = settings_for_test();
  const auto goes_on = [&] { return at::equal(trained(settings, -1), trained(settings, 6)); };
  settings.parallel.shards = "12";
  settings.optimizer.average = 0.9;
  for (const char* name : {"adam", "sgd", "lamb"}) {
    settings.optimizer.name = name;
    CHECK(goes_on());
  }
  settings.parallel.scheme = "pipelined";
  CHECK(goes_on());
  settings.parallel.scheme = "synchronous";
  settings.parallel.shards = "off";
  settings.parallel.allreduce = "mpi";
  settings.parallel.wire = "bf16";
  CHECK(goes_on());
}

TEST_CASE("what bf16 owes is not lost where the ranks are others", "[train_step]") {
  auto& world = test::world();
  auto settings = settings_for_test();
  settings.parallel.shards = "off";
  settings.parallel.allreduce = "mpi";
  settings.parallel.wire = "bf16";
  auto model = make_model("small", at::kFloat);
  train::TrainStep step(*model, world, settings);
  const auto mine = step.averager().exchange().residuals();
  if (world.size() == 1) return;  // nothing travels
  REQUIRE_FALSE(mine.empty());
  const std::int64_t elements = step.averager().plan().elements;
  train::StateCopy copy;
  step.copy_state(copy);
  std::map<std::string, at::Tensor> model_tensors = step.evaluated_parameters(), optimizer = step.optimizer_state();
  for (auto* tensors : {&model_tensors, &optimizer})
    for (auto& [name, tensor] : *tensors) tensor = tensor.clone();
  for (int rank = 0; rank < 7; ++rank) optimizer[concat("residual/", rank, "/0")] = at::full({elements}, 0.5f);
  step.restore(model_tensors, optimizer, 0, "seven ranks");
  double owed = 0;
  for (const float* residual : step.averager().exchange().residuals()) owed += residual[elements / 2];
  CHECK(world.sum({owed})[0] == 3.5);
  optimizer["residual/0/0"] = at::zeros({3});
  CHECK(test::caught([&] { step.restore(model_tensors, optimizer, 0, "x"); }).code == ExitCode::data);
}
