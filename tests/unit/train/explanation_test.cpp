// The gradient equals finite differences; both ways to explain find what a network made by hand looks at.

#include <ATen/ATen.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "models/layers.hpp"
#include "random_network.hpp"
#include "support/support.hpp"
#include "train/explanation.hpp"

using namespace fastbox;

namespace {

constexpr int width = 160, height = 96, stride = 32, columns = width / stride;

config::Settings small_settings(const std::string& decoder, const std::string& precision = "fp32") {
  config::Settings settings;
  settings.model.encoder = "small";
  settings.model.decoder = decoder;
  settings.model.width = width;
  settings.model.height = height;
  settings.model.width_multiple = 0.25;
  settings.model.hidden = 32;
  settings.model.gains = "balanced";
  settings.targets.classes = {"Car=Car+Van", "Cyclist"};
  settings.evaluation.suppression = "standard";
  settings.evaluation.whole_pixels = false;
  settings.run.precision = precision;
  settings.run.device = "cpu";
  settings.run.seed = 3;
  return settings;
}

at::Tensor noise(std::uint64_t seed) {
  auto generator = models::seeded_generator(seed);
  return at::randint(0, 256, {1, 3, height, width}, generator).to(at::kFloat);
}

/// The picture as a frame of twice its size, so that detections are scaled.
data::EvaluationFrame frame_of(const at::Tensor& rgb) {
  data::EvaluationFrame frame;
  frame.name = "made";
  frame.frame_width = 2 * width, frame.frame_height = 2 * height;
  const at::Tensor pixels = rgb[0].permute({1, 2, 0}).contiguous();
  frame.image.assign(pixels.const_data_ptr<float>(), pixels.const_data_ptr<float>() + pixels.numel());
  return frame;
}

/// A cell's log-odds: (mean of its own red - 100) / 20 for class 0, the same of green for class 1.
class ColourNetwork : public models::Network {
 public:
  ColourNetwork() : Network(models::make_encoder("small", 0.25)) {}
  int stride() const override { return ::stride; }
  std::vector<std::string> loss_names() const override { return {}; }
  std::vector<at::Tensor> losses(const at::Tensor&, const models::Targets&, const at::Tensor&,
                                 const models::LossOptions&, double) override {
    return {};
  }
  std::vector<at::Tensor> outputs(const at::Tensor&, const at::Tensor&) override { return {}; }
  at::Tensor confidence_logits(const at::Tensor& rgb) override {
    const at::Tensor means = at::avg_pool2d(rgb, {::stride, ::stride}).narrow(1, 0, 2);
    return ((means - 100) / 20).permute({0, 2, 3, 1});
  }
  void initialise(std::uint64_t) override {}

 private:
  models::Prediction see(const at::Tensor& rgb) override {
    const at::Tensor confidence = at::sigmoid(confidence_logits(rgb));
    return {confidence, at::zeros({rgb.size(0), confidence.size(1), confidence.size(2), 4})};
  }
};

/// The cell's own square in the frame of frame_of.
train::Detector::Found object_at(int row, int column, int object_class) {
  io::Object object;
  object.box = {2.0 * column * stride, 2.0 * row * stride, 2.0 * (column + 1) * stride, 2.0 * (row + 1) * stride};
  return {object, object_class, row * columns + column};
}

/// Black but for a bright cell at row 1, column 2, in the channel.
at::Tensor bright_cell(int channel) {
  at::Tensor rgb = at::zeros({1, 3, height, width});
  rgb[0][channel].narrow(0, stride, stride).narrow(1, 2 * stride, stride).fill_(200);
  return rgb;
}

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

TEST_CASE("the gradient equals finite differences, for both decoders", "[explanation]") {
  const std::string decoder = GENERATE("fastbox", "center");
  const int object_class = GENERATE(0, 1);
  CAPTURE(decoder, object_class);
  const auto settings = small_settings(decoder, "fp64");
  const auto network = test::random_network(settings);
  const at::Tensor rgb = noise(7).to(at::kDouble);
  const std::int64_t cells = (width / network->stride()) * (height / network->stride());
  const int cell = static_cast<int>(cells / 2 + 1);
  const at::Tensor gradient = train::confidence_gradient(*network, rgb, object_class, cell);
  REQUIRE(gradient.sizes() == at::IntArrayRef({3, height, width}));
  const auto logit = [&](const at::Tensor& image) {
    const at::NoGradGuard no_gradients;
    return network->confidence_logits(image).flatten(1, 2)[0][cell][object_class].item<double>();
  };
  // Where it is steepest, and at places of no distinction.
  const at::Tensor flat = gradient.flatten().contiguous();
  const at::Tensor places = at::cat({std::get<1>(flat.abs().topk(6)), at::arange(1000, 40000, 9007)});
  const double scale = flat.abs().max().item<double>();
  REQUIRE(scale > 0);
  for (std::int64_t i = 0; i < places.numel(); ++i) {
    const auto place = places[i].item<std::int64_t>();
    constexpr double step = 1e-3;
    at::Tensor up = rgb.contiguous().clone(), down = up.clone();
    up.view(-1)[place] += step;
    down.view(-1)[place] -= step;
    const double measured = (logit(up) - logit(down)) / (2 * step);
    CHECK(std::abs(flat[place].item<double>() - measured) < 1e-5 * scale);
  }
  for (const auto& parameter : network->parameters()) CHECK_FALSE(parameter.grad().defined());
}

TEST_CASE("the log-odds are those of the confidences that predict gives", "[explanation]") {
  const auto settings = small_settings("fastbox");
  const auto network = test::random_network(settings);
  const at::NoGradGuard no_gradients;
  CHECK(at::allclose(at::sigmoid(network->confidence_logits(noise(1))), network->predict(noise(1)).confidence, 1e-4,
                     1e-6));
  const auto center = test::random_network(small_settings("center"));
  const at::Tensor kept = center->predict(noise(1)).confidence, all = at::sigmoid(center->confidence_logits(noise(1)));
  CHECK(at::allclose(at::where(kept > 0, all, kept), kept));  // predict keeps peaks alone
}

TEST_CASE("a detection knows its cell and class", "[explanation]") {
  const std::string decoder = GENERATE("fastbox", "center"), suppression = GENERATE("standard", "stitch");
  CAPTURE(decoder, suppression);
  auto settings = small_settings(decoder);
  settings.evaluation.suppression = suppression;
  const auto network = test::random_network(settings);
  const train::Detector detector(*network, settings);
  const auto frame = frame_of(noise(2));
  const auto seen = detector.see(frame);
  const auto found = detector.found_in(seen, frame.frame_width, frame.frame_height);
  const auto objects = detector.objects_of(seen, frame.frame_width, frame.frame_height);
  REQUIRE(found.size() == objects.size());
  REQUIRE(found.size() > 3);
  const auto names = config::object_classes(settings);
  const int across = width / network->stride();
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto& [object, object_class, cell] = found[i];
    CHECK(object.score == objects[i].score);
    CHECK(object.box.left == objects[i].box.left);
    CHECK(object.type == names[static_cast<std::size_t>(object_class)].name);
    const at::Tensor box = seen.box.view({-1, 4})[cell];
    const double center = box[0].item<double>() + (cell % across + 0.5) * network->stride();
    const double right = center + box[2].item<double>() / 2;
    CHECK(object.box.right == Approx(std::min(2 * right, 2.0 * width - 1)));
    if (suppression == "standard")
      CHECK(object.score == Approx(seen.confidence[object_class].flatten()[cell].item<double>()));
  }
}

TEST_CASE("the gradient of a network that looks at one cell lies in that cell", "[explanation]") {
  ColourNetwork network;
  const int channel = GENERATE(0, 1);
  const auto explanation = train::explain(network, small_settings("fastbox"), frame_of(bright_cell(channel)),
                                          object_at(1, 2, channel), train::ExplainBy::gradient);
  CHECK(explanation.map.size() == cv::Size(width, height));
  CHECK(explanation.largest == Approx(1.0 / (20 * stride * stride)));
  CHECK(explanation.confidence == Approx(sigmoid(5)));
  CHECK(explanation.even == Approx(1.0 * stride * stride / (width * height)));
  CHECK(explanation.inside == Approx(1));  // smoothing, which carries some of it out, comes after
  CHECK(explanation.map.at<float>(48, 80) == Approx(explanation.largest).epsilon(0.01));
  CHECK(explanation.map.at<float>(16, 16) < 1e-3 * explanation.largest);
}

TEST_CASE("covering an object lowers its confidence, covering another place does not", "[explanation]") {
  ColourNetwork network;
  const at::Tensor rgb = bright_cell(0);
  const auto explanation = train::explain(network, small_settings("fastbox"), frame_of(rgb), object_at(1, 2, 0),
                                          train::ExplainBy::occlusion);
  constexpr int patch = 11;  // a third of 32
  const double covered = (200.0 * (stride * stride - patch * patch) + train::occlusion_grey * patch * patch);
  CHECK(explanation.largest == Approx(sigmoid(5) - sigmoid((covered / (stride * stride) - 100) / 20)));
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const bool inside = y >= stride && y < 2 * stride && x >= 2 * stride && x < 3 * stride;
      const bool far =
          y < stride - patch || y >= 2 * stride + patch || x < 2 * stride - patch || x >= 3 * stride + patch;
      const float value = explanation.map.at<float>(y, x);
      if (inside != (value > 0) && (inside || far)) FAIL(x << ", " << y << ": " << value);
    }
  CHECK(explanation.inside > 0.6);
  CHECK(explanation.even == Approx(1.0 / 9));  // three boxes' widths, and the three of which the picture is high

  SECTION("nothing is to be seen where nothing lowers it") {
    const auto none = train::explain(network, small_settings("fastbox"), frame_of(rgb), object_at(1, 2, 1),
                                     train::ExplainBy::occlusion);
    CHECK(cv::countNonZero(none.map) == 0);
    CHECK(std::isnan(none.inside));
  }
}

TEST_CASE("a box that reaches out of the frame, and one of no size, are explained too", "[explanation]") {
  ColourNetwork network;
  const auto by = GENERATE(train::ExplainBy::gradient, train::ExplainBy::occlusion);
  auto found = object_at(0, 0, 0);
  found.object.box = {-50, -40, 30, 500};
  const auto outside = train::explain(network, small_settings("fastbox"), frame_of(noise(1)), found, by);
  CHECK((outside.even > 0 && outside.even < 1));
  found.object.box = {200, 100, 190, 100};
  const auto empty = train::explain(network, small_settings("fastbox"), frame_of(noise(1)), found, by);
  CHECK(empty.even == 0);
}

TEST_CASE("a run in bf16 is explained in float32", "[explanation]") {
  const auto settings = small_settings("center"), lower = small_settings("center", "bf16");
  const auto network = test::random_network(settings);
  const auto frame = frame_of(noise(5));
  for (const auto by : {train::ExplainBy::gradient, train::ExplainBy::occlusion}) {
    const auto one = train::explain(*network, settings, frame, object_at(1, 1, 0), by);
    const auto other = train::explain(*network, lower, frame, object_at(1, 1, 0), by);
    CHECK(cv::norm(one.map, other.map, cv::NORM_INF) == 0);
  }
}

TEST_CASE("a network whose numbers are not finite has no explanation", "[explanation]") {
  ColourNetwork network;
  at::Tensor rgb = bright_cell(0);
  rgb[0][0][40][70] = std::nan("");
  const auto problem = test::caught([&] {
    train::explain(network, small_settings("fastbox"), frame_of(rgb), object_at(1, 2, 0), train::ExplainBy::gradient);
  });
  CHECK(problem.code == ExitCode::numbers);
  CHECK(problem.mentions("made: the explanation of a detection is not finite"));
  CHECK(test::caught([] { train::explain_by_named("guess"); }).code == ExitCode::usage);
}
