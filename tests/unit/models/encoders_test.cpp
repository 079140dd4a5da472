#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <set>

#include "models/batch_norm.hpp"
#include "models/fastbox.hpp"
#include "models/googlenet.hpp"
#include "models/resnet.hpp"
#include "models/vgg16.hpp"
#include "support/support.hpp"

using namespace fastbox;

namespace {

at::Tensor noise(at::IntArrayRef shape) {
  auto generator = at::detail::createCPUGenerator(3);
  return at::rand(shape, generator) * 255;
}

models::FastBoxOptions narrow(const std::string& encoder) {
  models::FastBoxOptions options;
  options.encoder = encoder;
  options.width_multiple = 0.125;
  options.hidden = 16;
  options.dropout = 0;
  return options;
}

std::int64_t count_of(const models::Encoder& encoder) {
  std::int64_t count = 0;
  for (const auto& parameter : encoder.parameters()) count += parameter.numel();
  return count;
}

/// A backward of something that depends on all outputs.
void backward(models::Network& network) {
  at::Tensor sum = at::zeros({});
  for (const auto& output : network.outputs(noise({2, 3, 64, 96}), {})) sum = sum + output.square().mean();
  sum.backward();
}

}  // namespace

// torchvision's counts: of its model, less its classifiers'.
TEST_CASE("the encoders have torchvision's parameters", "[encoders]") {
  CHECK(count_of(*models::make_encoder("vgg16_bn", 1)) == 14'723'136);
  CHECK(count_of(*models::make_encoder("resnet50", 1)) == 25'557'032 - 2'049'000);
  CHECK(count_of(*models::make_encoder("resnet101", 1)) == 44'549'160 - 2'049'000);
  CHECK(count_of(*models::make_encoder("googlenet", 1)) == 6'624'904 - 1'025'000);
}

TEST_CASE("channels are scaled to multiples of eight, at least eight", "[encoders]") {
  CHECK(models::scaled_by_eight(64, 0.3) == 16);
  CHECK(models::scaled_by_eight(64, 0.01) == 8);
  CHECK(models::scaled_by_eight(528, 1) == 528);
  for (const char* name : {"resnet50", "googlenet"}) {
    for (const double multiple : {0.1, 0.3, 0.77, 1.5}) {
      const auto encoder = models::make_encoder(name, multiple);
      for (const auto& kernel : encoder->kernels()) CHECK(kernel.size(0) % 8 == 0);
      CHECK(encoder->deep_channels() % 8 == 0);
    }
  }
}

TEST_CASE("the statistics follow the pass's images in training alone, as formulas say", "[encoders]") {
  models::BatchNorm norm(3, 1e-5);
  const at::Tensor x = at::randn({2, 3, 4, 5}, at::detail::createCPUGenerator(1), at::kDouble) * 3 + 1;
  norm.to(at::kDouble);
  const at::Tensor mean = x.mean({0, 2, 3}), variance = x.var(at::IntArrayRef({0, 2, 3}), /*unbiased=*/true);
  const at::Tensor expected =
      (x - mean.view({1, 3, 1, 1})) / (x.var(at::IntArrayRef({0, 2, 3}), false) + 1e-5).sqrt().view({1, 3, 1, 1});
  CHECK(at::allclose(norm.forward(x), expected));
  CHECK(at::allclose(norm.running_mean, 0.1 * mean));
  CHECK(at::allclose(norm.running_var, 0.9 + 0.1 * variance));
  const at::Tensor before = norm.running_mean.clone(), settled = (x - norm.running_mean.view({1, 3, 1, 1})) /
                                                                 (norm.running_var + 1e-5).sqrt().view({1, 3, 1, 1});
  norm.eval();
  CHECK(at::allclose(norm.forward(x), settled));
  norm.train();
  norm.freeze();
  CHECK(at::allclose(norm.forward(x), settled));
  CHECK(at::equal(norm.running_mean, before));
  CHECK_FALSE(norm.weight.requires_grad());
}

TEST_CASE("predicting leaves the statistics, training moves all of them", "[encoders]") {
  for (const char* name : {"vgg16_bn", "resnet50", "googlenet"}) {
    INFO(name);
    models::FastBox model(narrow(name));
    model.initialise(1);
    std::map<std::string, at::Tensor> before;
    for (const auto& [key, tensor] : model.tensors()) before[key] = tensor.clone();
    model.predict(noise({1, 3, 64, 96}));
    CHECK(model.is_training());
    for (const auto& [key, tensor] : model.tensors()) CHECK(at::equal(tensor, before.at(key)));
    backward(model);
    for (const auto& [key, tensor] : model.trained_statistics()) CHECK_FALSE(at::equal(tensor, before.at(key)));
    std::size_t buffers = 0;
    for (const auto& item : model.named_buffers()) buffers += item.key().find("running_") != std::string::npos;
    CHECK(buffers == model.trained_statistics().size());
  }
}

TEST_CASE("what is frozen has no gradient, is no trained parameter, and stays among the tensors", "[encoders]") {
  const std::map<std::string, int> stages = {{"vgg16", 5},     {"vgg16_bn", 5},  {"resnet50", 5},
                                             {"resnet101", 5}, {"googlenet", 4}, {"small", 5}};
  for (const auto& name : models::encoder_names()) {
    for (const int frozen : {0, 2}) {
      INFO(name << ", frozen " << frozen);
      models::FastBox model(narrow(name));
      model.initialise(1);
      auto& encoder = model.encoder();
      CHECK(encoder.stages() == stages.at(name));
      const std::size_t all = model.tensors().size();
      encoder.freeze(frozen, /*trains_batch_norm=*/true);
      CHECK(model.tensors().size() == all);
      backward(model);
      std::set<std::string> trained;
      for (const auto& [key, parameter] : model.parameters_in_forward_order()) trained.insert(key);
      for (const auto& parameter : encoder.named_parameters()) {
        INFO(parameter.key());
        const int stage = encoder.stage_of(parameter.key());
        CHECK(stage >= 1);
        CHECK((stage > frozen) == (trained.count("encoder." + parameter.key()) != 0));
        CHECK((stage > frozen) == parameter.value().grad().defined());
      }
      for (const auto& [key, tensor] : encoder.trained_statistics())
        CHECK(encoder.stage_of(key.substr(0, key.rfind('.'))) > frozen);
      CHECK(test::caught([&] { encoder.freeze(stages.at(name) + 1, true); }).mentions("expected at most"));
    }
  }
}

TEST_CASE("frozen batch normalisation has neither gradient nor trained statistics in any stage", "[encoders]") {
  models::FastBox model(narrow("resnet50"));
  model.initialise(1);
  model.encoder().freeze(0, /*trains_batch_norm=*/false);
  CHECK(model.trained_statistics().empty());
  for (const auto& [key, parameter] : model.parameters_in_forward_order())
    if (key.starts_with("encoder.")) CHECK(parameter.dim() == 4);
  CHECK(model.encoder().kernels().size() == 53);
}

TEST_CASE("vgg16 takes either normalisation, the small encoder its own alone", "[encoders]") {
  const at::Tensor image = noise({1, 3, 32, 32});
  const auto vgg = models::make_encoder("vgg16", 0.125);
  vgg->initialise(1);
  const at::Tensor own = vgg->forward(image).deep;
  vgg->use_normalisation(models::Normalisation::torchvision);
  CHECK_FALSE(at::allclose(vgg->forward(image).deep, own));
  const auto small = models::make_encoder("small", 0.5);
  CHECK(test::caught([&] { small->use_normalisation(models::Normalisation::torchvision); }).code == ExitCode::usage);
  CHECK(small->torchvision_name("stem.norm.weight").empty());
  CHECK(vgg->torchvision_name("layers.21.bias") == "features.21.bias");
}
