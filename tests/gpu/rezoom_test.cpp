// Rezoom on a GPU against its twin on the CPU: the same bits, samples and gradients, in every run.
#include "models/rezoom.hpp"

#include "gpu/kernel_place.hpp"
#include "models/layers.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

/// `early`: channels-last, channels of which the first `used` are sampled.
struct Case {
  at::Tensor early, box, gradient;
  std::int64_t used;
};

Case make_case(std::int64_t images, std::int64_t channels, std::int64_t used, double spread) {
  auto generator = models::seeded_generator(8);
  const auto drawn = [&](at::IntArrayRef sizes, double deviation) {
    return at::empty(sizes).normal_(0, deviation, generator);
  };
  return {drawn({images, channels, 24, 28}, 1).contiguous(at::MemoryFormat::ChannelsLast),
          drawn({images, 6, 7, 4}, spread), drawn({images, 6, 7, 9 * used}, 1), used};
}

struct Results {
  at::Tensor y, early, box;  // the samples and the gradients
};

Results run(const Case& given, at::ScalarType features, at::ScalarType boxes, c10::Device device = at::kCPU) {
  const at::Tensor early = given.early.to(features).to(device).detach().clone().requires_grad_();
  const at::Tensor box = given.box.to(boxes).to(device).detach().clone().requires_grad_();
  const at::Tensor y = models::rezoom(early.narrow(1, 0, given.used), box);
  y.backward(given.gradient.to(boxes).to(device));
  return {y.detach().cpu(), early.grad().cpu(), box.grad().cpu()};
}

void check_same(const Results& a, const Results& b) {
  CHECK(at::equal(a.y, b.y));
  CHECK(at::equal(a.early, b.early));
  CHECK(at::equal(a.box, b.box));
}

}  // namespace

TEST_CASE("a GPU's samples and both gradients have the CPU's bits, in every run", "[rezoom]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  const std::vector<std::pair<at::ScalarType, at::ScalarType>> types = {
      {at::kFloat, at::kFloat}, {at::kBFloat16, at::kFloat}, {at::kDouble, at::kDouble}};
  for (const auto& [features, boxes] : types)
    for (const double spread : {0., 60., 1e4})
      for (const auto& given : {make_case(1, 8, 8, spread), make_case(3, 40, 24, spread),
                                make_case(2, 512, 256, spread), make_case(1, 264, 264, spread)}) {
        INFO(features << given.early.sizes() << ", boxes of " << spread << " pixels");
        const auto on_gpu = [&, features = features, boxes = boxes] {
          return run(given, features, boxes, gpu->device());
        };
        const Results ours = gpu->run(on_gpu);
        check_same(ours, run(given, features, boxes));
        check_same(ours, gpu->run(on_gpu));
      }
}

TEST_CASE("no boxes on a GPU give no samples, and features without a gradient", "[rezoom]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  Case given = make_case(2, 8, 8, 60);
  given.box = given.box.narrow(1, 0, 0);
  given.gradient = given.gradient.narrow(1, 0, 0);
  check_same(gpu->run([&] { return run(given, at::kFloat, at::kFloat, gpu->device()); }),
             run(given, at::kFloat, at::kFloat));
}

TEST_CASE("a GPU samples features that begin anywhere in its memory", "[rezoom]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  const Case given = make_case(1, 20, 8, 60);
  const at::Tensor box = gpu->copy(given.box), early = gpu->copy(given.early);
  for (const std::int64_t first : {0, 3})  // twenty channels a pixel: not every pixel lies at 16 bytes
    CHECK(at::equal(gpu->run([&] { return models::rezoom(early.narrow(1, first, 8), box); }).cpu(),
                    models::rezoom(given.early.narrow(1, first, 8), given.box)));
}

TEST_CASE("a GPU's samples are those of LibTorch's operators", "[rezoom]") {
  const auto gpu = KernelPlace::find();
  SKIP_UNLESS(gpu, no_gpu);
  const Case given = make_case(2, 24, 24, 60);
  const at::Tensor box = gpu->copy(given.box.to(at::kDouble)), early = gpu->copy(given.early.to(at::kDouble));
  const at::Tensor ours = gpu->run([&] { return models::rezoom(early, box); });
  CHECK(at::allclose(ours, models::plain_rezoom(early, box), 1e-9, 1e-9));
}
