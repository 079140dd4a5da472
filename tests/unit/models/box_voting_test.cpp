#include "models/box_voting.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "models/center.hpp"

namespace fastbox {
namespace {

constexpr int stride = 4;

/// A grid of 6 x 8 cells whose boxes all say the object with this centre and size.
models::Prediction one_object(double x, double y, double w, double h) {
  models::Prediction seen{at::zeros({1, 6, 8, 1}), at::zeros({1, 6, 8, 4})};
  for (int i = 0; i < 6; ++i)
    for (int j = 0; j < 8; ++j)
      seen.box[0][i][j].copy_(at::tensor({x - (j + 0.5) * stride, y - (i + 0.5) * stride, w, h}));
  return seen;
}

TEST_CASE("a peak's box is the mean of those around it that overlap it, and other cells keep theirs", "[box_voting]") {
  models::Prediction seen = one_object(14, 10, 12, 8);
  seen.confidence[0][2][3] = 0.9;
  seen.confidence[0][5][7] = 0.01;
  CHECK(at::allclose(models::voted_boxes(seen, 2, 0.01, stride), seen.box, 0, 1e-5));  // all agree
  seen.box[0][2][4] += at::tensor({1.0, 2.0, 3.0, 4.0}, at::kFloat);                   // near enough to vote
  seen.box[0][1][2] += at::tensor({50.0, 0.0, 0.0, 0.0}, at::kFloat);                  // another object
  seen.box[0][2][7] += at::tensor({1.0, 2.0, 3.0, 4.0}, at::kFloat);                   // too far away
  seen.box[0][5][7] += at::tensor({1.0, 0.0, 0.0, 0.0}, at::kFloat);                   // not sure enough to be voted on
  at::Tensor expected = seen.box.clone();
  expected[0][2][3] += at::tensor({1.0, 2.0, 3.0, 4.0}, at::kFloat) / 8;
  CHECK(at::allclose(models::voted_boxes(seen, 1, 0.01, stride), expected, 0, 1e-5));
  seen.confidence.zero_();
  CHECK(at::equal(models::voted_boxes(seen, 1, 0.01, stride), seen.box));  // no peaks
}

TEST_CASE("at the grid's edge fewer vote, each image has its own, and a box without area stays", "[box_voting]") {
  models::Prediction seen = one_object(2, 2, 12, 8), other = one_object(30, 22, 9, 9);
  seen.box[0][0][1][2] += 4;
  other.box[0][5][6][3] += 2;
  seen.box = at::cat({seen.box, other.box});
  seen.confidence = at::zeros({2, 6, 8, 3});
  seen.confidence[0][0][0][2] = 0.5;  // of any class
  seen.confidence[1][5][7][0] = 0.5;
  at::Tensor expected = seen.box.clone();
  expected[0][0][0][2] += 1;  // four vote
  expected[1][5][7][3] += 0.5;
  CHECK(at::allclose(models::voted_boxes(seen, 1, 0, stride), expected, 0, 1e-5));
  seen.box[0][0][0].copy_(at::tensor({1.0, 1.0, 0.0, 0.0}));
  const at::Tensor voted = models::voted_boxes(seen, 1, 0, stride);
  CHECK(at::equal(voted[0][0][0], seen.box[0][0][0]));
}

TEST_CASE("the center decoder votes when it is asked to, at no other confidence", "[box_voting]") {
  models::CenterOptions options;
  options.width_multiple = 0.25, options.hidden = 16, options.cell = 4, options.classes = 2;
  models::Center model(options);
  model.initialise(1);
  const at::Tensor image = at::rand({1, 3, 64, 96}).mul(255).contiguous(at::MemoryFormat::ChannelsLast);
  models::Looks looks;
  const auto plain = model.predict(image, looks);
  looks.voting = 2;
  const auto voted = model.predict(image, looks);
  CHECK(at::equal(voted.confidence, plain.confidence));
  CHECK(at::allclose(voted.box, models::voted_boxes(plain, 2, 0, 4)));
  CHECK_FALSE(at::equal(voted.box, plain.box));
}

}  // namespace
}  // namespace fastbox
