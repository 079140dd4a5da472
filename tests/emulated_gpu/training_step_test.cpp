// Whole training steps with each operator of ours a GPU's kernel, against the CPU's: that they fit together.
//
// Convolutions and all else are LibTorch's on this CPU, in both. What a step does on a GPU beyond operators (graphs, copies, the
// exchange) is not in it.
#include <cmath>

#include "gpu/kernel_place.hpp"
#include "support/support.hpp"
#include "support/world.hpp"
#include "train/detector.hpp"
#include "train/train_step.hpp"
#include "unit/train/random_steps.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

constexpr int steps = 4;

struct Course {
  std::vector<double> numbers;  ///< losses and norms of gradients
  at::Tensor parameters;
};

Course train_course(const config::Settings& settings) {
  const auto model = train::make_model(settings, at::kCPU);
  train::TrainStep step(*model, world(), settings);
  Course course;
  for (int i = 0; i < steps; ++i) {
    const auto report = step.run(images_of_step(i, 2, model->stride(), at::kCPU), dropout_seeds_of_step(i, 2), 2, 1e-3);
    course.numbers.push_back(report.loss());
    course.numbers.push_back(report.gradient_norm);
  }
  course.parameters = step.optimizer().parameters().clone();
  return course;
}

void compare(const std::string& encoder, const std::string& decoder, const std::string& precision,
             const std::string& optimizer, double tolerance) {
  CAPTURE(encoder, decoder, precision, optimizer);
  const auto gpu = KernelPlace::find();
  REQUIRE(gpu);
  auto settings = settings_of_step("off", encoder, decoder, precision);
  settings.optimizer.name = optimizer;
  settings.run.convolution = "direct";  // the GPU's operator of convolution, bias and ReLU has no Winograd
  const Course plain = train_course(settings);
  const auto on_gpu = [&] { return train_course(settings); };
  const Course ours = gpu->run(on_gpu), again = gpu->run(on_gpu);
  for (std::size_t i = 0; i < plain.numbers.size(); ++i) {
    CAPTURE(i);
    CHECK(std::isfinite(plain.numbers[i]));
    CHECK(ours.numbers[i] == Approx(plain.numbers[i]).epsilon(tolerance));
    CHECK(again.numbers[i] == ours.numbers[i]);
  }
  CHECK(at::equal(again.parameters, ours.parameters));
}

}  // namespace

TEST_CASE("training steps by a GPU's kernels are the CPU's, and the same in every run", "[training_step]") {
  for (const std::string decoder : {"center", "fastbox"}) {
    compare("small", decoder, "fp32", "adam", 1e-4);
    compare("small", decoder, "bf16", "sgd", 2e-2);
  }
  compare("vgg16", "fastbox", "fp32", "sgd", 1e-4);
}
