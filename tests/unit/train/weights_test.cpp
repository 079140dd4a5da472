#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "support/support.hpp"
#include "train/weights.hpp"

using namespace fastbox;
using train::NamedTensors;

namespace {

/// "encoder.layers.N" -> "features.N", as VGG16's are called.
std::string as_in_vgg16(const std::string& own) {
  const std::string ours = "encoder.layers.";
  return own.starts_with(ours) ? "features." + own.substr(ours.size()) : "";
}

NamedTensors small_model() {
  return {{"encoder.layers.0.weight", at::zeros({2, 3})},
          {"encoder.layers.0.bias", at::zeros({2})},
          {"ip", at::zeros({4})}};
}

const std::vector<std::string> encoder = {"encoder.layers.0.bias", "encoder.layers.0.weight"};

}  // namespace

TEST_CASE("our own names: every tensor of the model comes from the file", "[weights]") {
  const test::ScratchFolder folder;
  train::write_tensors(folder / "w", {{"encoder.layers.0.weight", at::ones({2, 3}, at::kDouble)},
                                      {"encoder.layers.0.bias", at::full({2}, 2.0f)},
                                      {"ip", at::full({4}, 3.0f)},
                                      {"more", at::ones({1})}});
  auto model = small_model();
  const auto account = train::load_weights(folder / "w", model, as_in_vgg16);
  CHECK(account.own_names);
  CHECK(account.loaded == std::vector<std::string>{encoder[0], encoder[1], "ip"});
  CHECK(account.drawn.empty());
  CHECK(account.unused == std::vector<std::string>{"more"});
  CHECK(at::equal(model.at("encoder.layers.0.weight"), at::ones({2, 3})));
  CHECK(at::equal(model.at("ip"), at::full({4}, 3.0f)));
  CHECK(train::account_text("w", account) == "w (safetensors): loaded 3 tensors; unused in the file: more");
}

TEST_CASE("torchvision's names: the encoder comes from the file, the decoder stays", "[weights]") {
  const test::ScratchFolder folder;
  for (const std::string prefix : {"", "module."}) {
    train::write_tensors(folder / "w", {{prefix + "features.0.weight", at::ones({2, 3})},
                                        {prefix + "features.0.bias", at::full({2}, 2.0f)},
                                        {prefix + "classifier.0.weight", at::ones({5, 5})}});
    auto model = small_model();
    const auto account = train::load_weights(folder / "w", model, as_in_vgg16);
    CHECK_FALSE(account.own_names);
    CHECK(account.loaded == encoder);
    CHECK(account.drawn == std::vector<std::string>{"ip"});
    CHECK(account.unused == std::vector<std::string>{"classifier.0.weight"});
    CHECK(at::equal(model.at("encoder.layers.0.bias"), at::full({2}, 2.0f)));
    CHECK(at::equal(model.at("ip"), at::zeros({4})));
    CHECK(train::account_text("w", account) ==
          "w (safetensors, torchvision's names): loaded 2 tensors; drawn at random: ip; unused in the file: "
          "classifier.0.weight");
  }
}

TEST_CASE("a file of PyTorch's is read as any", "[weights]") {
  NamedTensors model = {{"encoder.0.weight", at::zeros({2, 1, 1, 1})}, {"encoder.0.bias", at::zeros({2})}};
  for (const std::string form : {"zip", "legacy"}) {
    const auto account =
        train::load_weights("tests/unit/io/torch_files/" + form + "-module-state.pth", model,
                            [](const std::string& own) { return own.substr(std::string("encoder.").size()); });
    CHECK(account.form == "PyTorch");
    CHECK(account.loaded.size() == 2);
    CHECK(account.unused.size() == 5);  // the batch normalisation's, with num_batches_tracked
    CHECK(at::equal(model.at("encoder.0.bias"), at::tensor({1.0f, 2.0f})));
  }
}

TEST_CASE("what is missing or of another shape is listed, and nothing is copied", "[weights]") {
  const test::ScratchFolder folder;
  auto model = small_model();
  const auto refusal = [&](const NamedTensors& tensors) {
    train::write_tensors(folder / "w", tensors);
    const auto caught = test::caught([&] { train::load_weights(folder / "w", model, as_in_vgg16); });
    CHECK(caught.code == ExitCode::data);
    for (const auto& [name, tensor] : model) CHECK(at::equal(tensor, at::zeros(tensor.sizes())));
    return caught.message;
  };
  const std::string own =
      refusal({{"ip", at::ones({5})}, {"encoder.layers.0.bias", at::ones({2})}, {"x", at::ones({1})}});
  CHECK(own.find("\n  encoder.layers.0.weight: missing, expected shape [2, 3]") != std::string::npos);
  CHECK(own.find("\n  ip: shape [5], expected [4]") != std::string::npos);
  CHECK(own.find("\n  unused in the file: x") != std::string::npos);
  const std::string foreign = refusal({{"features.0.weight", at::ones({2, 4})}, {"features.1.weight", at::ones({1})}});
  CHECK(foreign.find("\n  encoder.layers.0.bias (features.0.bias in the file): missing, expected shape [2]") !=
        std::string::npos);
  CHECK(foreign.find("\n  encoder.layers.0.weight (features.0.weight in the file): shape [2, 4], expected [2, 3]") !=
        std::string::npos);
  CHECK(foreign.find("\n  unused in the file: features.1.weight") != std::string::npos);
}

TEST_CASE("a file of other names is refused, also where the encoder has no other names", "[weights]") {
  const test::ScratchFolder folder;
  auto model = small_model();
  train::write_tensors(folder / "w", {{"backbone.weight", at::ones({2})}});
  const auto none = [](const std::string&) { return std::string(); };
  CHECK(test::caught([&] { train::load_weights(folder / "w", model, none); })
            .mentions(
                "has no tensor of this model's, expected names such as encoder.layers.0.bias; it has backbone.weight"));
  CHECK(test::caught([&] {
          train::load_weights(folder / "w", model, as_in_vgg16);
        }).mentions("features.0.bias in the file): missing"));
}
