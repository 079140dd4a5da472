#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "models/dropout.hpp"
#include "models/fastbox.hpp"
#include "models/loss.hpp"
#include "support/support.hpp"

using namespace fastbox;

namespace {

models::FastBoxOptions small_options() {
  models::FastBoxOptions options;
  options.encoder = "small";
  options.width_multiple = 0.25;
  options.hidden = 16;
  return options;
}

at::Tensor noise(at::IntArrayRef shape) {
  auto generator = at::detail::createCPUGenerator(3);
  return at::rand(shape, generator) * 255;
}

}  // namespace

TEST_CASE("the full model has the reference's parameters", "[fastbox]") {
  models::FastBox model(models::FastBoxOptions{});
  std::int64_t encoder = 0, decoder = 0;
  for (const auto& [name, parameter] : model.parameters_in_forward_order())
    (name.starts_with("encoder.") ? encoder : decoder) += parameter.numel();
  CHECK(encoder == 14'714'688);
  CHECK(decoder == 618'680);
  CHECK(model.encoder().kernels().size() == 13);
}

TEST_CASE("every encoder gives the decoder a grid of stride 32", "[fastbox]") {
  for (const auto& name : models::encoder_names()) {
    INFO(name);
    auto options = small_options();
    options.encoder = name;
    models::FastBox model(options);
    model.initialise(1);
    const auto out = model.forward(noise({2, 3, 64, 96}));
    CHECK(out.logits.sizes() == at::IntArrayRef({2, 2, 3, 2}));
    CHECK(out.box.sizes() == at::IntArrayRef({2, 2, 3, 4}));
    CHECK(out.delta_logits.sizes() == at::IntArrayRef({2, 2, 3, 2}));
    CHECK(out.delta_box.sizes() == at::IntArrayRef({2, 2, 3, 4}));
    CHECK(at::isfinite(out.delta_box).all().item<bool>());
  }
  CHECK(test::caught([] { models::make_encoder("vgg61", 1); }).mentions("unknown encoder 'vgg61'"));
}

TEST_CASE("initial weights are a function of the seed", "[fastbox]") {
  models::FastBox a(small_options()), b(small_options()), c(small_options());
  a.initialise(5), b.initialise(5), c.initialise(6);
  const auto pa = a.parameters(), pb = b.parameters(), pc = c.parameters();
  bool any_differs = false;
  for (std::size_t i = 0; i < pa.size(); ++i) {
    CHECK(at::equal(pa[i], pb[i]));
    any_differs = any_differs || !at::equal(pa[i], pc[i]);
  }
  CHECK(any_differs);
}

TEST_CASE("an image's outputs depend on its own dropout seed, not on the batch around it", "[fastbox]") {
  models::FastBox model(small_options());
  model.initialise(1);
  const at::Tensor images = noise({2, 3, 64, 96});
  const auto both = model.forward(images, models::seed_tensor({11, 12}, at::kCPU));
  const auto alone = model.forward(images.narrow(0, 1, 1), models::seed_tensor({12}, at::kCPU));
  CHECK(at::allclose(both.delta_box[1], alone.delta_box[0], 1e-4, 1e-4));
  const auto other = model.forward(images.narrow(0, 1, 1), models::seed_tensor({13}, at::kCPU));
  CHECK_FALSE(at::allclose(both.delta_box[1], other.delta_box[0], 1e-4, 1e-4));
}

TEST_CASE("the losses of two halves of a batch add up to the whole's", "[fastbox]") {
  models::FastBox model(small_options());
  model.initialise(1);
  model.to(at::kDouble);
  const at::Tensor images = noise({4, 3, 64, 96}).to(at::kDouble);
  const at::Tensor confidence = (noise({4, 2, 3}) > 128).to(at::kDouble),
                   mask = (noise({4, 2, 3}) > 50).to(at::kDouble);
  const at::Tensor box = noise({4, 2, 3, 4}).to(at::kDouble) * confidence.unsqueeze(-1);
  const auto loss = [&](std::int64_t begin, std::int64_t count) {
    const auto part = [&](const at::Tensor& t) { return t.narrow(0, begin, count); };
    const auto out = model.forward(part(images));
    const models::Targets targets{part(confidence).unsqueeze(-1), part(box), part(mask).unsqueeze(-1),
                                  part(confidence)};
    return models::losses(out, targets, model.encoder().kernels(), {}, 4).total().item<double>();
  };
  CHECK(loss(0, 1) + loss(1, 3) == Approx(loss(0, 4)).epsilon(1e-12));
}
