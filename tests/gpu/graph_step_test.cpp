// A training step recorded as a CUDA graph and replayed, against the same step queued kernel by kernel.
//
// Not to the bit: cuDNN may choose another algorithm, whose sums have another order. Momentum SGD, whose parameters move as
// smoothly as its gradients; Adam makes whole steps of a last bit.
#include <cmath>

#include "gpu/gradients_on_gpu.hpp"
#include "support/support.hpp"
#include "train/detector.hpp"
#include "train/train_step.hpp"
#include "unit/train/random_steps.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

constexpr int steps = 12;

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
    const auto report =
        step.run(images_of_step(i, images, model->stride(), device), dropout_seeds_of_step(i, images), images, 1e-3);
    course.losses.push_back(report.loss());
    if (i != 7) continue;
    const train::WithEvaluatedWeights weights(step);
    course.losses.push_back(
        model->predict(images_of_step(-1, 1, model->stride(), device).image).confidence.sum().item<double>());
  }
  course.after = step.optimizer().parameters().cpu();
  return course;
}

void check_courses(const std::string& encoder, const std::string& decoder, const std::string& precision,
                   double tolerance, c10::Device device) {
  INFO(encoder << ", " << decoder << ", " << precision);
  const Course plain = train_course(settings_of_step("off", encoder, decoder, precision), device);
  const Course recorded = train_course(settings_of_step("on", encoder, decoder, precision), device);
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
