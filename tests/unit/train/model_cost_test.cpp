#include "train/model_cost.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

#include "train/detector.hpp"

using namespace fastbox;

namespace {

train::ModelCost cost_of(const std::string& encoder, double width_multiple, int width, int height) {
  config::Settings settings;
  settings.model.encoder = encoder;
  settings.model.width_multiple = width_multiple;
  const auto model = train::make_model(settings, c10::kCPU);
  return train::cost_of(*model, width, height);
}

const train::ParameterCost& named(const train::ModelCost& cost, const std::string& name) {
  const auto found = std::find_if(cost.parameters.begin(), cost.parameters.end(),
                                  [&](const auto& parameter) { return parameter.name == name; });
  REQUIRE(found != cost.parameters.end());
  return *found;
}

}  // namespace

TEST_CASE("KittiBox's model: 293.7 GFLOP forward, 879.5 in training", "[model_cost]") {
  const auto cost = cost_of("vgg16", 1, 1248, 384);
  CHECK(cost.forward_flop() == Approx(293.7e9).margin(0.05e9));
  CHECK(cost.forward_flop() + cost.backward_flop() == Approx(879.5e9).margin(0.05e9));

  // conv1_1: 3x3 over 3 channels into 64 at every pixel, and no gradient of the picture.
  const auto& first = named(cost, "encoder.layers.0.weight");
  CHECK(first.forward_flop == 2.0 * 27 * 64 * 1248 * 384);
  CHECK(first.backward_flop == first.forward_flop);
  const auto& hidden = named(cost, "ip");
  CHECK(hidden.forward_flop == 2.0 * 512 * 500 * 39 * 12);
  CHECK(hidden.backward_flop == 2 * hidden.forward_flop);
  CHECK(named(cost, "encoder.layers.0.bias").forward_flop == 0);
}

TEST_CASE("the activations hold every convolution's output and not much more", "[model_cost]") {
  // VGG16's thirteen convolutions: elements at each of 32 x 32 pixels' area.
  const double convolutions = 2 * 64 * 1024 + 2 * 128 * 256 + 3 * 256 * 64 + 3 * 512 * 16 + 3 * 512 * 4;
  const double in_cells = cost_of("vgg16", 1, 1248, 384).activation_elements / (39 * 12);
  CHECK(in_cells > convolutions);
  CHECK(in_cells < 2 * convolutions);
}

TEST_CASE("every kernel and matrix is found in every encoder, and grows with the area", "[model_cost]") {
  for (const auto& encoder : models::encoder_names()) {
    INFO(encoder);
    const auto cost = cost_of(encoder, 0.25, 64, 64), larger = cost_of(encoder, 0.25, 320, 96);
    config::Settings settings;
    settings.model.encoder = encoder;
    settings.model.width_multiple = 0.25;
    const auto tensors = train::make_model(settings, c10::kCPU)->tensors();
    for (std::size_t i = 0; i < cost.parameters.size(); ++i) {
      INFO(cost.parameters[i].name);
      const bool additive = tensors.at(cost.parameters[i].name).dim() < 2;
      CHECK((cost.parameters[i].forward_flop > 0) != additive);
      CHECK(larger.parameters[i].forward_flop == Approx(cost.parameters[i].forward_flop * 30 / 4));
    }
    CHECK(larger.activation_elements == Approx(cost.activation_elements * 30 / 4));
  }
}

TEST_CASE("a frozen stage costs its forward alone, and leaves model and statistics as they are", "[model_cost]") {
  config::Settings settings;
  settings.model.encoder = "resnet50";
  settings.model.width_multiple = 0.25;
  const auto whole = train::make_model(settings, c10::kCPU);
  settings.model.freeze = 2;
  const auto part = train::make_model(settings, c10::kCPU);
  std::map<std::string, at::Tensor> before;
  for (const auto& [name, tensor] : part->tensors()) before[name] = tensor.detach().clone();
  const auto all = train::cost_of(*whole, 64, 64), some = train::cost_of(*part, 64, 64);
  CHECK(all.frozen_flop == 0);
  CHECK(some.frozen_flop > 0);
  CHECK(some.forward_flop() == Approx(all.forward_flop()));
  CHECK(some.backward_flop() < all.backward_flop() - some.frozen_flop);
  CHECK(some.parameters.size() == part->parameters_in_forward_order().size());
  CHECK(some.parameters.size() < all.parameters.size());
  for (const auto& [name, tensor] : part->tensors()) CHECK(at::equal(tensor, before.at(name)));
}
