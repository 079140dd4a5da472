// A training step recorded as a CUDA graph and replayed, against the same step queued kernel by kernel.
//
// Not to the bit: cuDNN may choose another algorithm, whose sums have another order. Momentum SGD, whose parameters move as
// smoothly as its gradients; Adam makes whole steps of a last bit.
#include <cmath>

#include "base/random.hpp"
#include "gpu/gradients_on_gpu.hpp"
#include "support/support.hpp"
#include "train/detector.hpp"
#include "train/train_step.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

constexpr int steps = 12;

config::Settings settings_with(const std::string& graph, const std::string& encoder, const std::string& decoder,
                               const std::string& precision) {
  config::Settings settings;
  settings.model.encoder = encoder;
  settings.model.decoder = decoder;
  settings.model.width_multiple = 0.25;
  settings.model.hidden = 32;
  settings.model.gains = "balanced";
  settings.train.batch = 4;
  settings.optimizer.name = "sgd";
  settings.optimizer.average = 0.9;
  settings.run.precision = precision;
  settings.run.cuda_graph = graph;
  return settings;
}

train::BatchTensors images_of(int step, std::int64_t count, std::int64_t stride, c10::Device device) {
  auto generator = at::detail::createCPUGenerator(static_cast<std::uint64_t>(step));
  const std::int64_t rows = 96 / stride, columns = 160 / stride;
  const at::Tensor image = at::rand({count, 96, 160, 3}, generator, at::kFloat) * 255;
  const at::Tensor some = (at::rand({count, rows, columns}, generator, at::kFloat) < 0.4).to(at::kFloat);
  return {image.to(device).permute({0, 3, 1, 2}),
          {some.unsqueeze(-1).to(device), (some.unsqueeze(-1).expand({count, rows, columns, 4}) * 20).to(device),
           at::ones({count, rows, columns, 1}).to(device), some.to(device)}};
}

struct Course {
  std::vector<double> losses;
  at::Tensor before, after;  ///< the parameters, flat
};

/// The last step is of fewer images; an evaluation comes between.
Course train_course(const config::Settings& settings, c10::Device device) {
  const auto model = train::make_model(settings, device);
  train::TrainStep step(*model, world(), settings);
  Course course;
  course.before = step.optimizer().parameters().cpu();
  for (int i = 0; i < steps; ++i) {
    const int images = i + 1 < steps ? 4 : 3;
    std::vector<std::uint64_t> seeds;
    for (int k = 0; k < images; ++k)
      seeds.push_back(Random(1, Purpose::dropout, static_cast<std::uint64_t>(4 * i + k)).bits());
    const auto report = step.run(images_of(i, images, model->stride(), device), seeds, images, 1e-3);
    course.losses.push_back(report.loss());
    if (i != 7) continue;
    const train::WithEvaluatedWeights weights(step);
    course.losses.push_back(
        model->predict(images_of(-1, 1, model->stride(), device).image).confidence.sum().item<double>());
  }
  course.after = step.optimizer().parameters().cpu();
  return course;
}

void check_courses(const std::string& encoder, const std::string& decoder, const std::string& precision,
                   double tolerance, c10::Device device) {
  INFO(encoder << ", " << decoder << ", " << precision);
  const Course plain = train_course(settings_with("off", encoder, decoder, precision), device);
  const Course recorded = train_course(settings_with("on", encoder, decoder, precision), device);
  REQUIRE(at::equal(recorded.before, plain.before));
  for (std::size_t i = 0; i < plain.losses.size(); ++i) {
    INFO("number " << i);
    CHECK(std::isfinite(plain.losses[i]));
    CHECK(recorded.losses[i] == Approx(plain.losses[i]).epsilon(tolerance));
  }
  const at::Tensor change = plain.after - plain.before, apart = recorded.after - plain.after;
  REQUIRE(change.norm().item<double>() > 0);
  CHECK((apart.norm() / change.norm()).item<double>() < 10 * tolerance);
}

}  // namespace

TEST_CASE("steps replayed from a graph are those queued kernel by kernel", "[graph_step]") {
  const auto gpu = gpu_of_rank();
  SKIP_UNLESS(gpu, "there is no GPU here");
  for (const std::string decoder : {"center", "fastbox"}) {
    check_courses("small", decoder, "fp32", 1e-3, *gpu);
    check_courses("small", decoder, "bf16", 2e-2, *gpu);
  }
  check_courses("vgg16", "fastbox", "fp32", 1e-3, *gpu);
  check_courses("googlenet", "fastbox", "fp32", 1e-2, *gpu);  // batch normalisation, trained
}
