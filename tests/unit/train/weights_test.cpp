#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "config/contradictions.hpp"
#include "models/fastbox.hpp"
#include "support/support.hpp"
#include "train/detector.hpp"
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

TEST_CASE("with torchvision's names, what may not be left over is listed as well", "[weights]") {
  const test::ScratchFolder folder;
  auto model = small_model();
  train::write_tensors(folder / "w", {{"features.0.weight", at::ones({2, 3})},
                                      {"features.0.bias", at::ones({2})},
                                      {"features.2.weight", at::ones({7})},
                                      {"fc.bias", at::ones({9})}});
  const auto only_fc = [](const std::string& theirs) { return theirs.starts_with("fc."); };
  const auto refused = test::caught([&] { train::load_weights(folder / "w", model, as_in_vgg16, only_fc); });
  CHECK(refused.code == ExitCode::data);
  CHECK(refused.mentions("\n  features.2.weight: not part of the model, shape [7]"));
  CHECK_FALSE(refused.mentions("fc.bias: not"));
  CHECK(at::equal(model.at("encoder.layers.0.weight"), at::zeros({2, 3})));
  CHECK(train::load_weights(folder / "w", model, as_in_vgg16).unused.size() == 2);
}

namespace {

config::Settings narrow(const std::string& name) {
  config::Settings settings;
  settings.model.encoder = name;
  settings.model.width_multiple = 0.0625;
  settings.model.hidden = 8;
  return settings;
}

/// A file as torchvision would have it of an encoder with so few channels.
void write_as_torchvision(const std::filesystem::path& file, const config::Settings& settings) {
  const auto model = train::make_model(settings, c10::kCPU);
  NamedTensors theirs = {{"fc.weight", at::zeros({2, 2})}};
  for (const auto& [name, tensor] : model->tensors()) {
    if (!name.starts_with("encoder.")) continue;
    const std::string own = name.substr(std::string("encoder.").size());
    theirs[model->encoder().torchvision_name(own)] = at::rand_like(tensor);
    if (own.ends_with("running_var"))
      theirs[own.substr(0, own.rfind('.')) + ".num_batches_tracked"] = at::tensor({7}, at::kLong);
  }
  train::write_tensors(file, theirs);
}

}  // namespace

TEST_CASE("a ResNet-101's weights are no ResNet-50's, nor the other way round", "[weights]") {
  const test::ScratchFolder folder;
  const auto fifty = narrow("resnet50"), hundred = narrow("resnet101");
  write_as_torchvision(folder / "50", fifty);
  write_as_torchvision(folder / "101", hundred);
  const auto start = [&](const config::Settings& settings, const char* file) {
    auto model_settings = settings.model;
    model_settings.weights = (folder / file).string();
    return train::start_from_weights(*train::make_model(settings, c10::kCPU), model_settings);
  };
  CHECK(test::caught([&] { start(fifty, "101"); }).mentions("layer3.10.bn1.bias: not part of the model"));
  CHECK(test::caught([&] { start(hundred, "50"); }).mentions("layer3.10.bn1.bias in the file): missing"));
  const auto account = start(fifty, "50");
  CHECK(account.loaded.size() == 53 * 5);
  CHECK(account.unused.size() == 53 + 1);
  CHECK(train::account_text("50", account).ends_with("; unused in the file: fc.weight, 53 of num_batches_tracked"));
}

TEST_CASE("the input normalisation goes with the weights, unless it is given", "[weights]") {
  const test::ScratchFolder folder;
  auto settings = narrow("vgg16");
  write_as_torchvision(folder / "theirs", settings);
  const auto features = [](models::Network& model) {
    return model.encoder().forward(at::full({1, 3, 32, 32}, 200.0f)).deep.detach();
  };
  settings.model.weights = (folder / "theirs").string();
  const auto model = train::make_model(settings, c10::kCPU);
  train::start_from_weights(*model, settings.model);
  CHECK(settings.model.normalisation == "torchvision");

  // As a checkpoint: our names, and what it says of itself.
  train::write_tensors(folder / "ours", model->tensors(), train::weights_metadata(settings.model));
  auto again = narrow("vgg16");
  again.model.weights = (folder / "ours").string();
  const auto second = train::make_model(again, c10::kCPU);
  CHECK(train::start_from_weights(*second, again.model).own_names);
  CHECK(again.model.normalisation == "torchvision");
  CHECK(at::equal(features(*second), features(*model)));

  // From the checkpoint's run file alone.
  const auto third = train::make_model(settings, c10::kCPU);
  NamedTensors tensors = third->tensors();
  train::copy_by_name(model->tensors(), tensors, "the model");
  CHECK(at::equal(features(*third), features(*model)));

  auto given = narrow("vgg16");
  given.model.weights = settings.model.weights;
  given.model.normalisation = "own";
  const auto fourth = train::make_model(given, c10::kCPU);
  train::start_from_weights(*fourth, given.model);
  CHECK(given.model.normalisation == "own");
  CHECK_FALSE(at::equal(features(*fourth), features(*model)));
  CHECK(train::weights_metadata(given.model).empty());
}

TEST_CASE("batch normalisation is trained from random weights, and frozen with given ones", "[weights]") {
  config::ModelSettings model;
  model.encoder = "googlenet";
  CHECK(train::trains_batch_norm(model));
  model.weights = "some";
  CHECK_FALSE(train::trains_batch_norm(model));
  model.batch_norm = "train";
  CHECK(train::trains_batch_norm(model));
  model.encoder = "vgg16";
  CHECK_FALSE(train::trains_batch_norm(model));
}

TEST_CASE("the run file knows which encoders have batch normalisation", "[weights]") {
  for (const auto& name : models::encoder_names()) {
    INFO(name);
    CHECK(config::has_batch_norm(name) == models::has_batch_norm(name));
  }
}
