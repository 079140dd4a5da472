// Training that reads the parameters' bf16 copies has the bits of training in which autocast casts every parameter in every
// pass: for every kind of layer, optimiser and scheme, and where something else than an update writes the parameters.
#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include <catch2/catch.hpp>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/center.hpp"
#include "models/fastbox.hpp"
#include "models/rounded_copies.hpp"
#include "support/support.hpp"
#include "support/world.hpp"
#include "train/train_step.hpp"
#include "unit/train/fake_gpu_graph.hpp"

using namespace fastbox;

namespace {

#define NEEDS_BF16 SKIP_UNLESS(__builtin_cpu_supports("avx512bf16") != 0, "this CPU has no bf16 instructions")

/// A network whose forward pass finds no copies: the reference.
template <typename Model>
struct CastInEveryPass : Model {
  using Model::Model;
  std::vector<at::Tensor> losses(const at::Tensor& rgb, const models::Targets& targets, const at::Tensor& seeds,
                                 const models::LossOptions& options, double images) override {
    const models::RoundedCopies none;
    const models::WithRoundedCopies guard(none);
    return Model::losses(rgb, targets, seeds, options, images);
  }
};

template <typename Model, typename Options>
std::unique_ptr<models::Network> make(bool with_copies, const Options& options) {
  if (with_copies) return std::make_unique<Model>(options);
  return std::make_unique<CastInEveryPass<Model>>(options);
}

std::unique_ptr<models::Network> model_of(const config::Settings& settings, bool with_copies) {
  const auto& wanted = settings.model;
  const models::CenterOptions center{wanted.encoder, wanted.width_multiple, 32, 4, 1};
  const models::FastBoxOptions fastbox{wanted.encoder, wanted.width_multiple, 32, 0.5, models::Gains::balanced(), 1};
  auto model = wanted.decoder == "center" ? make<models::Center>(with_copies, center)
                                          : make<models::FastBox>(with_copies, fastbox);
  model->initialise(1);
  model->encoder().freeze(wanted.freeze, /*train_batch_norm=*/true);
  return model;
}

config::Settings settings_with(const std::string& encoder, const std::string& decoder, const std::string& optimizer) {
  config::Settings settings;
  settings.model.encoder = encoder;
  settings.model.decoder = decoder;
  settings.model.width_multiple = 0.125;
  settings.train.batch = 2;
  settings.optimizer.name = optimizer;
  settings.optimizer.weight_decay = 0.1;
  settings.optimizer.average = 0.9;
  settings.parallel.shards = "off";
  settings.run.precision = "bf16";
  return settings;
}

train::BatchTensors images_of(int step, std::int64_t count, const models::Network& model) {
  auto generator = at::detail::createCPUGenerator(static_cast<std::uint64_t>(step));
  const std::int64_t rows = 64 / model.stride(), columns = 96 / model.stride();
  const at::Tensor image = at::rand({count, 64, 96, 3}, generator, at::kFloat) * 255;
  const at::Tensor some = (at::rand({count, rows, columns}, generator, at::kFloat) < 0.4).to(at::kFloat);
  return {image.permute({0, 3, 1, 2}),
          {some.unsqueeze(-1), some.unsqueeze(-1).expand({count, rows, columns, 4}) * 20,
           at::ones({count, rows, columns, 1}), some}};
}

/// Casts of parameters to bf16: one by one, or of a flat buffer of more than `least` elements.
struct Casts {
  int single = 0, flat = 0;
};
Casts casts;
constexpr std::int64_t least = 20'000;

std::unique_ptr<at::ObserverContext> note_cast(const at::RecordFunction& call) {
  const std::string name = call.name();
  if (name != "aten::_to_copy" && name != "aten::copy_") return nullptr;
  const auto inputs = call.inputs();
  const at::Tensor& first = inputs[0].toTensor();
  if (name == "aten::_to_copy") {
    const bool to_bf16 = inputs[1].isInt() && inputs[1].toScalarType() == at::kBFloat16;
    if (to_bf16 && first.is_leaf() && first.requires_grad()) ++casts.single;
  } else if (first.scalar_type() == at::kBFloat16 && first.dim() == 1 && first.numel() > least) {
    ++casts.flat;
  }
  return nullptr;
}

/// Counts this thread's casts for as long as it lives.
class CountCasts {
 public:
  CountCasts() : handle_(at::addThreadLocalCallback(at::RecordFunctionCallback(&note_cast).needsInputs(true))) {
    casts = {};
  }
  ~CountCasts() { at::removeCallback(handle_); }
  CountCasts(const CountCasts&) = delete;
  CountCasts& operator=(const CountCasts&) = delete;

 private:
  at::CallbackHandle handle_;
};

int casts_in_graph = 0;

/// Notes the casts that a GPU's graph would hold.
class CountingGraph : public test::FakeGraph {
  void capture(const std::function<void()>& work) override {
    const int before = casts.single + casts.flat;
    FakeGraph::capture(work);
    casts_in_graph += casts.single + casts.flat - before;
  }
  void replay() override {
    const int before = casts.single + casts.flat;
    FakeGraph::replay();
    casts_in_graph += casts.single + casts.flat - before;
  }
};

struct Course {
  std::vector<double> numbers;  ///< losses and gradient norms, step by step
  train::NamedTensors tensors;
  Casts casts;
};

train::NamedTensors clones(const train::NamedTensors& tensors) {
  train::NamedTensors copies;
  for (const auto& [name, tensor] : tensors) copies[name] = tensor.detach().clone();
  return copies;
}

/// Eight steps of two images, the last of one. With `disturbances`, others write the parameters between them.
Course train_course(const config::Settings& settings, bool with_copies, bool disturbances) {
  const auto model = model_of(settings, with_copies);
  train::TrainStep step(*model, test::world(), settings);
  Course course;
  const CountCasts counting;
  train::NamedTensors evaluated, state;
  for (int i = 0; i < 8; ++i) {
    const std::size_t images = i < 7 ? 2 : 1;
    std::vector<std::uint64_t> seeds(images, static_cast<std::uint64_t>(i));
    const auto report = step.run(images_of(i, static_cast<std::int64_t>(images), *model), seeds,
                                 static_cast<int>(images), 1e-3 / (1 + i));
    for (const double loss : report.losses) course.numbers.push_back(loss);
    course.numbers.push_back(report.gradient_norm);
    if (!disturbances) continue;
    const at::NoGradGuard no_gradient;
    step.settle();
    if (i == 0) {
      const train::WithEvaluatedWeights weights(step);
      course.numbers.push_back(model->predict(images_of(-1, 1, *model).image).confidence.sum().item<double>());
    }
    if (i == 1) evaluated = clones(step.evaluated_parameters()), state = clones(step.optimizer_state());
    if (i == 3) step.restore(evaluated, state, 2, "a copy");
    if (i == 4) model->named_parameters()["delta1"].mul_(1.5);
    if (i == 5) step.parameters().rbegin()->second.mul_(0.5);
  }
  step.settle();
  for (const auto& tensors : {step.parameters(), step.evaluated_parameters(), step.optimizer_state()})
    for (const auto& [name, tensor] : tensors)
      course.tensors[concat(course.tensors.size(), ' ', name)] = tensor.detach().clone();
  course.casts = casts;
  return course;
}

/// Returns what was cast where copies were in use.
Casts check_same_bits(const config::Settings& settings, bool disturbances) {
  INFO(settings.model.encoder << ", " << settings.model.decoder << ", " << settings.optimizer.name << ", "
                              << settings.parallel.scheme << (disturbances ? ", disturbed" : ""));
  const Course copied = train_course(settings, true, disturbances);
  const Course cast = train_course(settings, false, disturbances);
  CHECK(copied.numbers == cast.numbers);
  REQUIRE(copied.tensors.size() == cast.tensors.size());
  for (const auto& [name, tensor] : cast.tensors) {
    INFO(name);
    CHECK(at::equal(copied.tensors.at(name), tensor));
  }
  CHECK(cast.casts.single > 8 * 10);
  return copied.casts;
}

}  // namespace

TEST_CASE("every kind of layer and optimiser trains to the bits of autocast's casts", "[rounded_steps]") {
  NEEDS_BF16;
  for (const auto& [encoder, decoder, optimizer] :
       std::vector<std::array<std::string, 3>>{{"small", "center", "adam"},
                                               {"vgg16", "fastbox", "adamw"},
                                               {"googlenet", "fastbox", "lamb"},
                                               {"resnet50", "center", "sgd"}}) {
    const Casts found = check_same_bits(settings_with(encoder, decoder, optimizer), /*disturbances=*/false);
    CHECK(found.single == 0);
    // Before the first step; others than Adam's have no kernel that writes the copies.
    CHECK(found.flat == (optimizer.starts_with("adam") ? 1 : 9));
  }
}

TEST_CASE("and so where a checkpoint, an evaluation or anybody else writes the parameters", "[rounded_steps]") {
  NEEDS_BF16;
  for (const std::string scheme : {"synchronous", "pipelined", "local"}) {
    auto settings = settings_with("small", "fastbox", "adamw");
    settings.parallel.scheme = scheme;
    settings.parallel.local_steps = 2;
    settings.model.freeze = 1;
    check_same_bits(settings, /*disturbances=*/true);
  }
}

TEST_CASE("a recorded pass reads the copies, and holds no cast of them", "[rounded_steps]") {
  NEEDS_BF16;
  const test::FakeGpu gpu([](int) -> train::GpuGraph* { return new CountingGraph; });
  auto settings = settings_with("small", "fastbox", "adamw");
  settings.run.cuda_graph = "on";
  for (const bool disturbances : {false, true}) {
    test::calls = {};
    casts_in_graph = 0;
    train_course(settings, /*with_copies=*/true, disturbances);
    CHECK(test::calls.replays == 4);
    CHECK(casts_in_graph == 0);
    check_same_bits(settings, disturbances);
    CHECK(casts_in_graph > 0);  // of the reference
  }
}
