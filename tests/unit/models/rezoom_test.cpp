// Rezoom against its composition of LibTorch's operators: samples, and the gradients of features and boxes.
#include "models/rezoom.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <vector>

#include "models/layers.hpp"
#include "models/rezoom_kernel.hpp"

using namespace fastbox;

namespace {

/// All of double. `early`: channels-last.
struct Case {
  at::Tensor early, box, gradient;
};

struct Sizes {
  std::int64_t images, channels, rows, columns;
};

/// Boxes around their cells, some of whose points fall outside the map.
Case make_case(const Sizes& of, double spread = 60) {
  auto generator = models::seeded_generator(8);
  const auto drawn = [&](at::IntArrayRef sizes, double deviation) {
    return at::empty(sizes).normal_(0, deviation, generator).to(at::kDouble);
  };
  return {drawn({of.images, of.channels, 4 * of.rows, 4 * of.columns}, 1).contiguous(at::MemoryFormat::ChannelsLast),
          drawn({of.images, of.rows, of.columns, 4}, spread),
          drawn({of.images, of.rows, of.columns, 9 * of.channels}, 1)};
}

struct Results {
  at::Tensor y, early, box;  // the samples and the gradients
};

template <typename Rezoom>
Results run(const Rezoom& rezoom, const Case& given, at::ScalarType features, at::ScalarType boxes) {
  const at::Tensor early = given.early.to(features).detach().clone().requires_grad_();
  const at::Tensor box = given.box.to(boxes).detach().clone().requires_grad_();
  const at::Tensor y = rezoom(early, box);
  y.backward(given.gradient.to(boxes));
  return {y.detach(), early.grad(), box.grad()};
}

Results run(const Case& given, at::ScalarType type) {
  return run(models::rezoom, given, type, type);
}

/// The largest difference over the largest value.
double difference(const at::Tensor& ours, const at::Tensor& expected) {
  REQUIRE(ours.sizes() == expected.sizes());
  const double most = expected.abs().max().item<double>();
  return (ours.to(at::kDouble) - expected).abs().max().item<double>() / (most > 0 ? most : 1);
}

void compare(const Case& given, at::ScalarType type, double tolerance) {
  INFO(given.early.sizes() << " in " << type);
  const Results ours = run(given, type), expected = run(models::plain_rezoom, given, type, type);
  CHECK(difference(ours.y, expected.y) < tolerance);
  CHECK(difference(ours.early, expected.early) < tolerance);
  CHECK(difference(ours.box, expected.box) < tolerance);
  CHECK(ours.y.is_contiguous());
  CHECK(ours.early.is_contiguous(at::MemoryFormat::ChannelsLast));
}

bool same_bits(const Results& a, const Results& b) {
  return at::equal(a.y, b.y) && at::equal(a.early, b.early) && at::equal(a.box, b.box);
}

}  // namespace

TEST_CASE("samples and both gradients are those of LibTorch's operators", "[rezoom]") {
  for (const Sizes& sizes : {Sizes{1, 8, 1, 1}, {2, 16, 2, 3}, {3, 40, 4, 7}, {1, 256, 3, 5}, {1, 264, 2, 2}}) {
    compare(make_case(sizes), at::kDouble, 1e-12);
    compare(make_case(sizes), at::kFloat, 1e-5);
  }
}

TEST_CASE("boxes far outside sample the map's edge and get no gradient", "[rezoom]") {
  const Case far = make_case({2, 16, 3, 4}, 1e5);
  compare(far, at::kDouble, 1e-12);
  Case outside = make_case({1, 8, 2, 2});
  outside.box.fill_(-1e4);
  outside.box.select(3, 2).fill_(3);
  outside.box.select(3, 3).fill_(3);
  compare(outside, at::kDouble, 1e-12);
  const Results ours = run(outside, at::kDouble);
  CHECK(at::count_nonzero(ours.box).item<std::int64_t>() == 0);
  CHECK(at::equal(ours.y[0][1][1].narrow(0, 0, 8), outside.early[0].select(1, 0).select(1, 0)));
}

TEST_CASE("points on features and on the map's edge take LibTorch's side", "[rezoom]") {
  Case given = make_case({1, 8, 12, 39});  // where rounding puts many features a little to the left
  // Points at whole features: the centres of cells are, and steps of 8 pixels; some end on the first or the last one.
  auto generator = models::seeded_generator(9);
  const at::Tensor whole = at::empty(given.box.sizes()).random_(-4, 5, generator).to(at::kDouble);
  given.box.copy_(whole * 8);
  given.box.narrow(3, 2, 2).mul_(4);
  compare(given, at::kDouble, 1e-12);
  compare(given, at::kFloat, 1e-5);
  given.box.zero_();
  given.box.select(3, 0).copy_(-16 - 32 * at::arange(39).view({1, 1, 39}));  // all at the left edge
  compare(given, at::kDouble, 1e-12);
  given.box.select(3, 0).copy_(8 * 155 - 16 - 32 * at::arange(39).view({1, 1, 39}));  // and at the right one
  compare(given, at::kDouble, 1e-12);
}

TEST_CASE("a part of the features' channels is sampled where it lies", "[rezoom]") {
  const Case given = make_case({2, 16, 3, 4});
  const at::Tensor wide =
      at::cat({given.early, given.early + 5}, 1).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
  const at::Tensor box = given.box.clone().requires_grad_();
  const at::Tensor y = models::rezoom(wide.narrow(1, 0, 16), box);
  y.backward(given.gradient);
  const Results expected = run(given, at::kDouble);
  CHECK(at::equal(y, expected.y));
  CHECK(at::equal(wide.grad().narrow(1, 0, 16), expected.early));
  CHECK(at::count_nonzero(wide.grad().narrow(1, 16, 16)).item<std::int64_t>() == 0);
  CHECK(at::equal(box.grad(), expected.box));
}

TEST_CASE("features of bf16 are sampled as those of float, and their gradient is rounded once", "[rezoom]") {
  Case given = make_case({2, 24, 3, 4});
  given.early = given.early.to(at::kBFloat16).to(at::kDouble);
  const Results ours = run(models::rezoom, given, at::kBFloat16, at::kFloat), exact = run(given, at::kFloat);
  CHECK(ours.y.scalar_type() == at::kFloat);
  CHECK(at::equal(ours.y, exact.y));
  CHECK(at::equal(ours.box, exact.box));
  CHECK(ours.early.scalar_type() == at::kBFloat16);
  CHECK(at::equal(ours.early, exact.early.to(at::kBFloat16)));
}

TEST_CASE("samples have the same bits at any number of threads, alone and in a batch", "[rezoom]") {
  const Case given = make_case({3, 64, 6, 9});
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const Results one = run(given, at::kFloat);
  at::set_num_threads(2);
  const Results two = run(given, at::kFloat);
  at::set_num_threads(before);
  CHECK(same_bits(one, two));
  const auto second = [](const at::Tensor& all) { return all.narrow(0, 1, 1); };
  const Results alone = run({second(given.early), second(given.box), second(given.gradient)}, at::kFloat);
  CHECK(same_bits({second(one.y), second(one.early), second(one.box)}, alone));
}

TEST_CASE("no boxes give no samples, and features without a gradient", "[rezoom]") {
  Case given = make_case({2, 8, 2, 2});
  given.box = given.box.narrow(1, 0, 0);
  given.gradient = given.gradient.narrow(1, 0, 0);
  const Results ours = run(given, at::kFloat);
  CHECK(ours.y.sizes() == at::IntArrayRef({2, 0, 2, 72}));
  CHECK(ours.early.sizes() == given.early.sizes());
  CHECK(at::count_nonzero(ours.early).item<std::int64_t>() == 0);
  const Case none{given.early.narrow(0, 0, 0), given.box.narrow(0, 0, 0), given.gradient.narrow(0, 0, 0)};
  CHECK(run(none, at::kFloat).early.sizes() == at::IntArrayRef({0, 8, 8, 8}));
}

TEST_CASE("a box of NaN has samples of NaN, gives the features no gradient and leaves the other boxes alone",
          "[rezoom]") {
  Case given = make_case({1, 8, 2, 3});
  given.box[0][1][2][0] = std::numeric_limits<double>::quiet_NaN();
  const Results ours = run(given, at::kDouble), expected = run(models::plain_rezoom, given, at::kDouble, at::kDouble);
  CHECK(ours.y[0][1][2].isnan().all().item<bool>());
  CHECK(at::allclose(ours.y, expected.y, 1e-12, 1e-12, /*equal_nan=*/true));
  CHECK(at::allclose(ours.early, expected.early, 1e-12, 1e-12));
  CHECK(ours.box[0][1][2][0].item<double>() == 0);
  CHECK(at::allclose(ours.box.narrow(1, 0, 1), expected.box.narrow(1, 0, 1), 1e-12, 1e-12));
}

TEST_CASE("only the gradients that are asked for are computed", "[rezoom]") {
  const Case given = make_case({1, 8, 2, 3});
  const Results all = run(given, at::kDouble);
  const at::Tensor early = given.early.clone().requires_grad_(), box = given.box.clone().requires_grad_();
  models::rezoom(early, given.box).backward(given.gradient);
  models::rezoom(given.early, box).backward(given.gradient);
  CHECK(at::equal(early.grad(), all.early));
  CHECK(at::equal(box.grad(), all.box));
}

TEST_CASE("what has no kernel is sampled all the same", "[rezoom]") {
  const auto check = [](const at::Tensor& early, const at::Tensor& box) {
    CHECK(at::allclose(models::rezoom(early, box), models::plain_rezoom(early, box), 0, 0, /*equal_nan=*/true));
  };
  const Case given = make_case({1, 8, 2, 3}), odd = make_case({1, 12, 2, 3});
  check(odd.early, odd.box);                      // channels
  check(given.early.contiguous(), given.box);     // layout
  check(given.early.to(at::kFloat), given.box);   // types
  check(given.early.narrow(2, 0, 1), given.box);  // a side of one feature
}

TEST_CASE("the first of sorted numbers that is not below another", "[rezoom]") {
  const std::vector<std::int32_t> sorted = {0, 0, 2, 2, 2, 3, 7, 9, 9};
  for (std::size_t count = 0; count <= sorted.size(); ++count)
    for (std::int32_t value = -1; value < 11; ++value) {
      const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(count);
      CHECK(models::first_not_below(sorted.data(), static_cast<std::int32_t>(count), value) ==
            std::lower_bound(sorted.begin(), end, value) - sorted.begin());
    }
}

/// What rezoom.cu runs, on this machine.
TEST_CASE("a stable sort of all corners gathers the bits that the CPU's counting does", "[rezoom]") {
  const Case given = make_case({2, 24, 4, 5}, 200);
  const at::Tensor box = given.box.to(at::kFloat), gradient = given.gradient.to(at::kFloat);
  models::ZoomSizes sizes{2, 4, 5, 16, 20, 24};
  const at::Tensor pixels = at::empty({sizes.points() * models::zoom_corners}, at::kInt),
                   shares = at::empty(pixels.sizes());
  for (std::int64_t point = 0; point < sizes.points(); ++point)
    models::corner_shares(box.const_data_ptr<float>(), sizes, point, pixels.mutable_data_ptr<std::int32_t>(),
                          shares.mutable_data_ptr<float>());
  const auto [sorted, corners] = at::sort(pixels, /*stable=*/true, 0, /*descending=*/false);
  const auto start = [&, &keys = sorted](std::int64_t pixel) {
    return models::first_not_below(keys.const_data_ptr<std::int32_t>(), static_cast<std::int32_t>(keys.numel()),
                                   static_cast<std::int32_t>(pixel));
  };
  const at::Tensor features = at::empty({2, 24, 16, 20}, at::MemoryFormat::ChannelsLast);
  for (std::int64_t pixel = 0; pixel < sizes.pixels(); ++pixel)
    for (std::int64_t c = 0; c < sizes.channels; c += models::lanes)
      models::store_lanes(models::gathered_lanes(gradient.const_data_ptr<float>() + c, sizes.channels,
                                                 corners.const_data_ptr<std::int64_t>(), shares.const_data_ptr<float>(),
                                                 start(pixel), start(pixel + 1)),
                          features.mutable_data_ptr<float>() + pixel * sizes.channels + c);
  CHECK(at::equal(features, run(given, at::kFloat).early));
}
