// The exported archive, loaded as C++ loads any, finds what Detector finds.

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/serialization/import.h>

#include <catch2/catch.hpp>
#include <sstream>

#include "models/layers.hpp"
#include "random_network.hpp"
#include "support/support.hpp"
#include "train/detector.hpp"
#include "train/torchscript.hpp"

using namespace fastbox;

namespace {

constexpr int frame_width = 400, frame_height = 150;

config::Settings small_settings(const std::string& encoder, const std::string& decoder) {
  config::Settings settings;
  settings.model.encoder = encoder;
  settings.model.decoder = decoder;
  settings.model.width = 160;
  settings.model.height = 96;
  settings.model.width_multiple = 0.25;
  settings.model.hidden = 32;
  settings.model.gains = "balanced";
  settings.targets.classes = {"Car=Car+Van", "Cyclist"};
  settings.run.device = "cpu";
  settings.run.seed = 3;
  return settings;
}

data::EvaluationFrame noise(const config::ModelSettings& size, std::uint64_t seed) {
  data::EvaluationFrame frame;
  frame.frame_width = frame_width, frame.frame_height = frame_height;
  auto generator = models::seeded_generator(seed);
  const at::Tensor pixels = at::randint(0, 256, {size.height, size.width, 3}, generator).to(at::kFloat);
  frame.image.assign(pixels.const_data_ptr<float>(), pixels.const_data_ptr<float>() + pixels.numel());
  return frame;
}

torch::jit::Module loaded(const std::string& archive, std::string& metadata) {
  std::istringstream stream(archive);
  torch::jit::ExtraFilesMap files = {{"fastbox.json", ""}};
  auto module = torch::jit::load(stream, std::nullopt, files);
  metadata = files["fastbox.json"];
  return module;
}

std::size_t check_same(const config::Settings& settings) {
  const auto network = test::random_network(settings);
  const train::Detector detector(*network, settings);
  std::string metadata;
  auto module = loaded(train::torchscript_archive(*network, settings, "{}"), metadata);
  CHECK(metadata == "{}");
  const auto first = noise(settings.model, 1), second = noise(settings.model, 2);
  std::vector<at::Tensor> images;
  for (const auto* frame : {&first, &second})
    images.push_back(at::tensor(frame->image).view({settings.model.height, settings.model.width, 3}).to(at::kByte));
  const auto found =
      module.forward({at::stack(images).permute({0, 3, 1, 2}), frame_width, frame_height}).toListRef().vec();
  REQUIRE(found.size() == images.size());
  const auto classes = config::object_classes(settings);
  std::size_t objects = 0;
  for (std::size_t k = 0; k < found.size(); ++k) {
    const auto expected = detector.detect(k == 0 ? first : second);
    const auto answer = found[k].toGenericDict();
    const at::Tensor boxes = answer.at("boxes").toTensor(), scores = answer.at("scores").toTensor(),
                     labels = answer.at("labels").toTensor();
    REQUIRE(boxes.sizes() == at::IntArrayRef({static_cast<std::int64_t>(expected.size()), 4}));
    objects += expected.size();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      const auto& box = expected[i].box;
      const double edges[] = {box.left, box.top, box.right, box.bottom};
      for (int e = 0; e < 4; ++e) CHECK(boxes[row][e].item<double>() == Approx(edges[e]).margin(1e-4).epsilon(0));
      CHECK(scores[row].item<double>() == Approx(expected[i].score).margin(1e-6).epsilon(0));
      CHECK(classes[static_cast<std::size_t>(labels[row].item<std::int64_t>())].name == expected[i].type);
    }
  }
  return objects;
}

}  // namespace

// In float64: a rounding of the last digit cannot decide which box survives.
TEST_CASE("every decoder, suppression and rounding: the same objects in the same order", "[torchscript]") {
  for (const std::string decoder : {"fastbox", "center"})
    for (const std::string suppression : {"stitch", "standard", "soft"})
      for (const bool whole_pixels : {true, false}) {
        auto settings = small_settings("small", decoder);
        settings.evaluation.suppression = suppression;
        settings.evaluation.whole_pixels = whole_pixels;
        settings.evaluation.mirror = suppression == "soft";
        settings.evaluation.shifts = decoder == "center" && suppression != "stitch" ? 3 : 1;
        settings.evaluation.zoom = decoder == "center" && suppression != "standard" ? 1.4 : 1;
        settings.run.precision = "fp64";
        settings.evaluation.temperature = suppression == "standard" ? 1.7 : 1;
        CAPTURE(decoder, suppression, whole_pixels);
        CHECK(check_same(settings) > 4);
      }
}

TEST_CASE("every encoder, in both decoders", "[torchscript]") {
  for (const std::string encoder : {"vgg16", "vgg16_bn", "resnet50", "resnet101", "googlenet"})
    for (const std::string decoder : {"fastbox", "center"}) {
      CAPTURE(encoder, decoder);
      auto settings = small_settings(encoder, decoder);
      settings.evaluation.suppression = "standard";
      settings.evaluation.minimum_score = 1e-6;
      // So many layers of random weights give boxes of 1e7 pixels: fp32 has no digits left for 1e-4 of one.
      if (encoder == "resnet101") settings.run.precision = "fp64";
      CHECK(check_same(settings) > 0);
    }
}

TEST_CASE("the input normalisation of pretrained weights, cells of 4 pixels and float64", "[torchscript]") {
  auto settings = small_settings("resnet50", "center");
  settings.model.normalisation = "torchvision";
  settings.model.cell = 4;
  settings.run.precision = "fp64";
  CHECK(check_same(settings) > 4);
}

TEST_CASE("only operators of ATen's; tensors named as in the checkpoint", "[torchscript]") {
  const auto settings = small_settings("small", "center");
  const auto network = test::random_network(settings);
  std::string metadata;
  auto module = loaded(train::torchscript_archive(*network, settings, "{}"), metadata);
  const auto tensors = network->tensors();
  std::size_t seen = 0;
  for (const auto& item : module.attr("network").toModule().named_parameters()) {
    REQUIRE(tensors.count(item.name) == 1);
    CHECK(at::equal(tensors.at(item.name), item.value));
    CHECK_FALSE(item.value.requires_grad());
    ++seen;
  }
  CHECK(seen == tensors.size());
  const auto graph = module.get_method("forward").graph()->copy();
  torch::jit::Inline(*graph);
  std::size_t nodes = 0;
  const std::function<void(const torch::jit::Block*)> visit = [&](const torch::jit::Block* block) {
    for (const auto* node : block->nodes()) {
      const std::string kind = node->kind().ns().toUnqualString();
      CAPTURE(node->kind().toQualString());
      CHECK((kind == "aten" || kind == "prim"));
      CHECK(node->kind() != c10::prim::PythonOp);
      ++nodes;
      for (const auto* inner : node->blocks()) visit(inner);
    }
  };
  visit(graph->block());
  CHECK(nodes > 100);
}

TEST_CASE("an image of another size is refused by name", "[torchscript]") {
  const auto settings = small_settings("small", "center");
  const auto network = test::random_network(settings);
  std::string metadata;
  auto module = loaded(train::torchscript_archive(*network, settings, "{}"), metadata);
  CHECK_THROWS_WITH(module.forward({at::zeros({1, 3, 64, 64})}), Catch::Contains("expected N x 3 x 96 x 160"));
}
