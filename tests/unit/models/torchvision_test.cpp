// Every encoder that torchvision has against torchvision's own, beside the test: from a file of weights with torchvision's
// names, the features on the same image. Skipped without a Python that has torchvision.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <catch2/catch.hpp>

#include "models/fastbox.hpp"
#include "oracle/oracle.hpp"
#include "support/support.hpp"
#include "train/detector.hpp"
#include "train/weights.hpp"

using namespace fastbox;

namespace {

/// Without importing it, which takes seconds.
bool has_torchvision() {
  constexpr const char* find = "import importlib.util, sys; sys.exit(not importlib.util.find_spec(\"torchvision\"))";
  return !test::python_with_torch().empty() &&
         std::system(concat("'", test::python_with_torch(), "' -c '", find, "'").c_str()) == 0;
}

/// Ours from the file, all of it frozen, as model.weights alone asks for.
std::unique_ptr<models::Network> network_from(const std::filesystem::path& weights, const std::string& encoder,
                                              train::WeightsAccount& account) {
  config::Settings settings;
  settings.model.encoder = encoder;
  settings.model.hidden = 8;
  settings.model.weights = weights.string();
  auto network = train::make_model(settings, c10::kCPU);
  account = train::start_from_weights(*network, settings.model);
  CHECK(settings.model.normalisation == "torchvision");
  return network;
}

/// `convolutions`: of the encoder. `normalised`: whether each has batch normalisation, else a bias.
void compare(const std::string& encoder, std::size_t convolutions, bool normalised) {
  const test::ScratchFolder folder;
  const auto files = folder / "torchvision";
  REQUIRE(std::system(concat("OMP_NUM_THREADS=1 '", test::python_with_torch(),
                             "' tests/oracle/torchvision_features.py '", files.string(), "' ", encoder)
                          .c_str()) == 0);
  const auto expected = train::read_tensors(files / "features.safetensors");
  for (const char* weights : {"weights.pth", "weights.safetensors"}) {
    INFO(encoder << " from " << weights);
    train::WeightsAccount account;
    const auto network = network_from(files / weights, encoder, account);
    CHECK_FALSE(account.own_names);
    const std::size_t per_convolution = normalised ? 1 + 4 : 2, biases = encoder == "vgg16_bn" ? 1 : 0;
    CHECK(account.loaded.size() == convolutions * (per_convolution + biases));
    CHECK(account.drawn.size() == 6);  // the decoder's
    CHECK_FALSE(account.unused.empty());
    const at::NoGradGuard no_gradient;
    // In training mode: frozen statistics must not move.
    const auto features = network->encoder().forward(expected.at("image"));
    CHECK(network->encoder().early_channels() == features.early.size(1));
    CHECK(network->encoder().deep_channels() == features.deep.size(1));
    CHECK(features.early.sizes() == expected.at("early").sizes());
    CHECK(features.deep.sizes() == expected.at("deep").sizes());
    CHECK(expected.at("deep").count_nonzero().item<std::int64_t>() > 0);
    CHECK(test::relative_difference(features.early, expected.at("early")) < 1e-5);
    CHECK(test::relative_difference(features.deep, expected.at("deep")) < 1e-5);
  }
}

constexpr const char* why_not = "no Python with torchvision (scripts/setup --cuda makes one)";

}  // namespace

TEST_CASE("vgg16's features are torchvision's", "[torchvision_vgg16]") {
  SKIP_UNLESS(has_torchvision(), why_not);
  compare("vgg16", 13, false);
}

TEST_CASE("vgg16_bn's features are torchvision's", "[torchvision_vgg16_bn]") {
  SKIP_UNLESS(has_torchvision(), why_not);
  compare("vgg16_bn", 13, true);
}

TEST_CASE("resnet50's features are torchvision's", "[torchvision_resnet50]") {
  SKIP_UNLESS(has_torchvision(), why_not);
  compare("resnet50", 1 + 3 * 16 + 4, true);
}

TEST_CASE("resnet101's features are torchvision's", "[torchvision_resnet101]") {
  SKIP_UNLESS(has_torchvision(), why_not);
  compare("resnet101", 1 + 3 * 33 + 4, true);
}

TEST_CASE("googlenet's features are torchvision's", "[torchvision_googlenet]") {
  SKIP_UNLESS(has_torchvision(), why_not);
  compare("googlenet", 3 + 9 * 6, true);
}
