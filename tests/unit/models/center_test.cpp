// The center decoder: its loss by hand, what it reads from maps, and that it learns.
#include "models/center.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <cmath>

#include "models/center_loss.hpp"
#include "support/support.hpp"

using namespace fastbox;

namespace {

double value(const at::Tensor& t) {
  return t.item<double>();
}

at::Tensor row(const std::vector<double>& values) {
  return at::tensor(values, at::kDouble);
}

models::CenterOptions tiny(int cell, int classes) {
  models::CenterOptions options;
  options.width_multiple = 0.25;
  options.hidden = 16;
  options.cell = cell;
  options.classes = classes;
  return options;
}

at::Tensor distance_iou(const at::Tensor& reach, const at::Tensor& truth) {
  return models::distance_overlap(reach, truth, models::overlap_of(reach, truth).iou);
}

at::Tensor picture(int images) {
  return (at::sin(at::arange(images * 3 * 64 * 96).to(at::kFloat) * 0.01) + 1).mul(127).view({images, 3, 64, 96});
}

}  // namespace

TEST_CASE("the focal loss: centres, their surroundings, and the rest", "[center]") {
  const at::Tensor loss = models::penalty_reduced_focal(row({0, 0, std::log(3.0)}), row({1, 0.5, 0}));
  CHECK(value(loss[0]) == Approx(0.25 * std::log(2.0)));           // (1 - p)^2 (-log p), p = 1/2
  CHECK(value(loss[1]) == Approx(0.0625 * 0.25 * std::log(2.0)));  // (1/2)^4 p^2 (-log(1 - p))
  CHECK(value(loss[2]) == Approx(0.5625 * std::log(4.0)));         // p = 3/4
}

TEST_CASE("where the score is the overlap, inner cells learn their own IoU", "[center]") {
  const at::Tensor loss = models::overlap_focal(row({0, std::log(3.0), 0, std::log(3.0)}), row({1, 0.5, 0.4, 0}),
                                                row({0.75, 1, 1, 1}), row({4, 1, 1, 1}));
  CHECK(value(loss[0]) == Approx(2 * std::log(2.0)));                        // sqrt(4), p = 1/2
  CHECK(value(loss[1]) == Approx(std::log(4.0 / 3)));                        // p = 3/4, q = 1
  CHECK(value(loss[2]) == Approx(std::pow(0.6, 4) * 0.25 * std::log(2.0)));  // too far out: as in the other loss
  CHECK(value(loss[3]) == Approx(0.5625 * std::log(4.0)));
}

TEST_CASE("overlaps of boxes about a point", "[center]") {
  const at::Tensor square = row({1, 1, 1, 1});
  CHECK(value(models::overlap_of(square, square).generalised) == Approx(1));
  CHECK(value(models::overlap_of(row({1, 1, 3, 1}), square).iou) == Approx(0.5));
  // Twice as wide to the right: 4 shared, 6 joint, which fills the hull.
  CHECK(value(models::overlap_of(row({1, 1, 2, 1}), square).generalised) == Approx(4.0 / 6));
  // Apart: (-1..1)^2 and (3..5) x (-1..1): nothing shared, 8 joint, a hull of 12.
  CHECK(value(models::overlap_of(square, row({-3, 1, 5, 1})).generalised) == Approx(-4.0 / 12));
  // There the centres are 4 apart, and the hull's diagonal is sqrt(36 + 4).
  CHECK(value(distance_iou(square, row({-3, 1, 5, 1}))) == Approx(-16.0 / 40));
  // Half as wide with the left edge in common: half shared, centres 1/2 apart, a hull of 2 x 2. And with the same centre.
  CHECK(value(distance_iou(row({1, 1, 0, 1}), square)) == Approx(0.5 - 0.25 / 8));
  CHECK(value(distance_iou(row({0.5, 1, 0.5, 1}), square)) == Approx(0.5));
  // (dx, dy, w, h) = (2, 0, 6, 4): left 1, top 2, right 5, bottom 2.
  CHECK(at::equal(models::reaches_of(row({2, 0, 6, 4})), row({1, 2, 5, 2})));
}

TEST_CASE("the loss is a share of the global batch's, and weights silence cells", "[center]") {
  const at::Tensor logits = at::zeros({1, 1, 2, 1}, at::kDouble), reach = at::ones({1, 1, 2, 4}, at::kDouble);
  models::Targets targets;
  targets.confidence = row({1, 0}).view({1, 1, 2, 1});
  targets.box = row({0, 0, 2, 2, 0, 0, 0, 0}).view({1, 1, 2, 4});
  targets.mask = row({1, 0}).view({1, 1, 2, 1});
  targets.weight = row({3, 0}).view({1, 1, 2});
  models::LossOptions options;
  options.confidence = 2, options.box = 5;
  auto terms = models::losses_of_cells(logits, reach, targets, options, 4);
  CHECK(value(terms.confidence) == Approx(2 * 0.25 * std::log(2.0) / 4));
  CHECK(value(terms.box) == Approx(0));
  targets.box = row({0, 0, 2, 4, 0, 0, 0, 0}).view({1, 1, 2, 4});  // IoU 1/2, which fills the hull
  terms = models::losses_of_cells(logits, reach, targets, options, 4);
  CHECK(value(terms.box) == Approx(5 * 3 * 0.5 / 4));
  targets.box = row({1, 0, 4, 2, 0, 0, 0, 0}).view({1, 1, 2, 4});  // the same, to the right: centres 1 apart, 4 x 2
  options.box_by_distance = true;
  CHECK(value(models::losses_of_cells(logits, reach, targets, options, 4).box) == Approx(5 * 3 * (0.5 + 1.0 / 20) / 4));
  options.score_is_overlap = true;
  terms = models::losses_of_cells(logits, reach, targets, options, 4);
  CHECK(value(terms.confidence) == Approx(2 * std::sqrt(3.0) * std::log(2.0) / 4));  // the same at p = 1/2 for any IoU
}

TEST_CASE("a fresh network sees nothing much, at each cell size, under each encoder", "[center]") {
  for (const std::string encoder : {"small", "vgg16"}) {
    for (const int cell : {4, 8}) {
      auto options = tiny(cell, 3);
      options.encoder = encoder;
      if (encoder == "vgg16") options.width_multiple = 0.125;
      models::Center model(options);
      model.initialise(1);
      const auto seen = model.predict(picture(2));
      CHECK(seen.confidence.sizes() == at::IntArrayRef({2, 64 / cell, 96 / cell, 3}));
      CHECK(seen.box.sizes() == at::IntArrayRef({2, 64 / cell, 96 / cell, 4}));
      CHECK(value(seen.confidence.max().to(at::kDouble)) < 0.2);
      CHECK(model.parameters_in_forward_order().front().first.starts_with("encoder."));
    }
  }
}

TEST_CASE("only peaks keep their confidence", "[center]") {
  models::Center model(tiny(8, 1));
  model.initialise(1);
  const at::Tensor seen = model.predict(picture(1)).confidence.view({8, 12});
  int peaks = 0;
  for (int i = 0; i < 8; ++i) {
    for (int j = 0; j < 12; ++j) {
      const float here = seen[i][j].item<float>();
      if (here == 0) continue;
      ++peaks;
      for (int y = std::max(i - 1, 0); y <= std::min(i + 1, 7); ++y)
        for (int x = std::max(j - 1, 0); x <= std::min(j + 1, 11); ++x) CHECK(seen[y][x].item<float>() <= here);
    }
  }
  CHECK(peaks > 0);
  CHECK(peaks < 40);
}

TEST_CASE("the mirrored twin's view is mirrored back", "[center]") {
  models::Center model(tiny(4, 2));
  model.initialise(1);
  const at::Tensor image = picture(1);
  const auto both = model.predict(image, {true}), twin = model.predict(at::flip(image, {3}), {true});
  CHECK(at::allclose(both.confidence, at::flip(twin.confidence, {2}), 1e-4, 1e-6));
  const at::Tensor back = at::tensor({-1, 1, 1, 1}, at::kFloat);
  CHECK(at::allclose(both.box, at::flip(twin.box, {2}) * back, 1e-4, 1e-3));
}

TEST_CASE("moved looks are moved back, and the mean is what peaks", "[center]") {
  for (const int cell : {4, 8}) {
    models::Center model(tiny(cell, 2));
    model.initialise(1);
    const at::Tensor image = picture(1);
    // Each look by hand: the moved image's maps, and the cells that the image moved to.
    const int moves[4][2] = {{0, 0}, {16, 16}, {16, 0}, {0, 16}};  // right, down
    at::Tensor confidence = at::zeros({1, 64 / cell, 96 / cell, 2}), reach = at::zeros({1, 64 / cell, 96 / cell, 4});
    for (int shifts = 1; shifts <= 4; ++shifts) {
      const auto [x, y] = moves[shifts - 1];
      const at::Tensor moved = at::replication_pad2d(image, {x, x, y, y});  // by 32 in all where it is moved
      const at::NoGradGuard no_gradient;
      const auto maps = model.outputs(moved, {});
      const auto cells = [&](const at::Tensor& map) {
        return map.slice(1, y / cell, y / cell + 64 / cell).slice(2, x / cell, x / cell + 96 / cell);
      };
      confidence += at::sigmoid(cells(maps[0])), reach += cells(maps[1]);
      const auto seen = model.predict(image, {false, shifts});
      const at::Tensor is_peak = seen.confidence.gt(0);
      CHECK(is_peak.any().item<bool>());
      CHECK(at::allclose(seen.confidence, (confidence / shifts) * is_peak, 1e-5, 1e-7));
      const at::Tensor mean = reach / shifts;
      CHECK(at::allclose(seen.box.select(3, 0), (mean.select(3, 2) - mean.select(3, 0)) / 2, 1e-4, 1e-3));
      CHECK(at::allclose(seen.box.select(3, 3), mean.select(3, 1) + mean.select(3, 3), 1e-5, 1e-3));
    }
  }
}

/// Sees one object at the same place of the image, in whatever size that comes, surest at its centre.
class OneObject : public models::Center {
 public:
  explicit OneObject(int cell) : Center(tiny(cell, 1)) {}

 protected:
  models::Prediction see(const at::Tensor& rgb) override {
    const double x_scale = static_cast<double>(rgb.size(3)) / 96, y_scale = static_cast<double>(rgb.size(2)) / 64;
    const auto centres = [&](std::int64_t cells) { return (at::arange(cells, at::kFloat) + 0.5) * stride(); };
    const at::Tensor x = centres(rgb.size(3) / stride()), y = centres(rgb.size(2) / stride()).unsqueeze(1);
    const at::Tensor dx = (50 * x_scale - x).expand({y.size(0), x.size(0)}), dy = 31 * y_scale - y;
    const at::Tensor confidence = (1 - (dx / (100 * x_scale)).abs() - (dy / (100 * y_scale)).abs()).clamp_min(0);
    const at::Tensor box =
        at::stack({dx, dy.expand_as(dx), at::full_like(dx, 40 * x_scale), at::full_like(dx, 20 * y_scale)}, -1);
    return {confidence.unsqueeze(0).unsqueeze(-1), box.unsqueeze(0)};
  }
};

TEST_CASE("an enlarged look comes back to the cells that it was enlarged from", "[center]") {
  const double zoom = GENERATE(1.3, 1.5, 2.0);  // 1.3: 128 x 96 pixels, not the same times in both directions
  for (const int cell : {4, 8}) {
    CAPTURE(zoom, cell);
    OneObject model(cell);
    const auto plain = model.predict(picture(1), {}), both = model.predict(picture(1), {false, 1, zoom});
    CHECK(both.box.sizes() == plain.box.sizes());
    // At the very edge the enlarged grid's outermost centres lie inside.
    const auto inner = [](const at::Tensor& map) { return map.slice(1, 1, -1).slice(2, 1, -1); };
    CHECK(at::allclose(inner(both.box), inner(plain.box), 1e-5, 1e-3));
    CHECK(at::equal(both.confidence.gt(0).nonzero(), plain.confidence.gt(0).nonzero()));
    CHECK(at::allclose(both.confidence.max(), plain.confidence.max(), 0, 0.05));
  }
}

TEST_CASE("an enlarged look is one of the mean, mirrored twice", "[center]") {
  models::Center model(tiny(4, 2));
  model.initialise(1);
  const at::Tensor image = picture(1);
  const at::Tensor large = at::upsample_bicubic2d(image, {96, 160}, false).clamp(0, 255);
  const at::NoGradGuard no_gradient;
  at::Tensor confidence = at::zeros({1, 2, 16, 24});
  for (const bool mirrored : {false, true}) {
    const auto turned = [&](const at::Tensor& maps) { return mirrored ? at::flip(maps, {3}) : maps; };
    const auto seen = [&](const at::Tensor& rgb) {
      return turned(at::sigmoid(model.outputs(turned(rgb), {})[0]).permute({0, 3, 1, 2}));
    };
    confidence += seen(image) + at::upsample_bilinear2d(seen(large), {16, 24}, false);
  }
  const auto looked = model.predict(image, {true, 1, 1.6});
  const at::Tensor is_peak = looked.confidence.gt(0);
  CHECK(is_peak.any().item<bool>());
  CHECK(at::allclose(looked.confidence, confidence.permute({0, 2, 3, 1}) / 4 * is_peak, 1e-4, 1e-6));
}

TEST_CASE("it learns one box by heart", "[center]") {
  models::Center model(tiny(8, 1));
  model.initialise(1);
  const at::Tensor image = picture(1);
  models::Targets targets;
  targets.confidence = at::zeros({1, 8, 12, 1});
  targets.box = at::zeros({1, 8, 12, 4});
  targets.mask = at::ones({1, 8, 12, 1});
  targets.weight = at::zeros({1, 8, 12});
  targets.confidence[0][3][5][0] = 1;
  targets.weight[0][3][5] = 1;
  targets.box[0][3][5].copy_(at::tensor({1.f, -2.f, 30.f, 14.f}));
  models::LossOptions options;
  options.box = 1, options.weight_decay = 0;
  const auto parameters = model.parameters();
  for (int step = 0; step < 400; ++step) {
    const auto terms = model.losses(image, targets, {}, options, 1);
    (terms[0] + terms[1]).backward();
    const at::NoGradGuard no_gradient;
    for (const auto& p : parameters) {
      p.sub_(p.grad().clamp(-1, 1), 0.05 * (1 - step / 400.0));
      p.mutable_grad() = at::Tensor();
    }
  }
  const auto seen = model.predict(image);
  const at::Tensor confidence = seen.confidence.view({8, 12});
  CHECK(confidence[3][5].item<float>() > 0.5);
  CHECK(confidence[3][5].item<float>() == confidence.max().item<float>());
  CAPTURE(seen.box[0][3][5]);
  CHECK(at::allclose(seen.box[0][3][5], at::tensor({1.f, -2.f, 30.f, 14.f}), 0, 2));
}

TEST_CASE("options that do not fit are refused", "[center]") {
  auto options = tiny(4, 1);
  options.hidden = 24;
  CHECK(test::caught([&] { models::Center{options}; }).mentions("multiple of 16"));
  options = tiny(16, 1);
  CHECK(test::caught([&] { models::Center{options}; }).mentions("model.cell: 16"));
}
