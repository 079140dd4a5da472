#include "train/model_cost.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

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
    for (std::size_t i = 0; i < cost.parameters.size(); ++i) {
      INFO(cost.parameters[i].name);
      const std::string& name = cost.parameters[i].name;
      const bool additive = name.ends_with(".bias") || name.find("norm.") != std::string::npos;
      CHECK((cost.parameters[i].forward_flop > 0) != additive);
      CHECK(larger.parameters[i].forward_flop == Approx(cost.parameters[i].forward_flop * 30 / 4));
    }
    CHECK(larger.activation_elements == Approx(cost.activation_elements * 30 / 4));
  }
}
