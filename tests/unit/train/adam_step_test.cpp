// Adam's update with decay and moving average in one pass: the bits of three passes, and of the function that a GPU runs.
#include "train/adam_step.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "support/support.hpp"
#include "train/adam_element.hpp"
#include "train/optimizer.hpp"

using namespace fastbox;

namespace {

/// Numbers of both signs and many sizes, a function of `which`.
at::Tensor numbers(std::int64_t count, int which, at::ScalarType type) {
  const at::Tensor i = at::arange(count, at::kDouble);
  return (at::sin(i * 0.37 + which) * at::exp(at::cos(i * 0.11 + which) * 4)).to(type);
}

/// What an update reads and writes.
struct Buffers {
  at::Tensor w, g, m, v, average;

  Buffers(std::int64_t count, at::ScalarType type)
      : w(numbers(count, 1, type)),
        g(numbers(count, 2, type)),
        m(numbers(count, 3, type)),
        v(numbers(count, 4, type).square()),
        average(numbers(count, 5, type)) {}

  bool operator==(const Buffers& other) const {
    return at::equal(w, other.w) && at::equal(m, other.m) && at::equal(v, other.v) && at::equal(average, other.average);
  }
};

const train::AdamNumbers step_numbers = {0.0123, 0.9, 0.999, 1e-5, 0.3};
constexpr double kept = 0.97, share = 0.07;

template <typename Number>
void check_against_elements(std::int64_t count) {
  const at::ScalarType type = c10::CppTypeToScalarType<Number>::value;
  Buffers ours(count, type), before(count, type);
  const at::Tensor decays = (at::arange((count + 3) / 4) % 3 == 0).to(at::kByte);
  train::adam_step(ours.w, ours.g, ours.m, ours.v, step_numbers, {decays, 4, kept}, {ours.average, share});
  auto factors = train::adam_factors<Number>(step_numbers.step_size, step_numbers.beta1, step_numbers.beta2,
                                             step_numbers.epsilon, step_numbers.gradient_scale, 1);
  bool same = true;
  double apart = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = [i](const at::Tensor& t) { return t.const_data_ptr<Number>()[i]; };
    factors.kept = decays[i / 4].item<int>() != 0 ? static_cast<Number>(kept) : Number(1);
    const auto one = train::adam_element(at(before.w), at(before.g), at(before.m), at(before.v), factors);
    same = same && one.w == at(ours.w) && one.m == at(ours.m) && one.v == at(ours.v);
    const Number average = train::moved_towards(at(before.average), one.w, static_cast<Number>(share));
    apart = std::max(apart, std::abs(static_cast<double>(average - at(ours.average))) /
                                (std::abs(static_cast<double>(average)) + 1));
  }
  INFO(count << " elements");
  CHECK(same);
  // torch's lerp may round once where ours rounds twice.
  CHECK(apart <= 2 * static_cast<double>(std::numeric_limits<Number>::epsilon()));
}

}  // namespace

TEST_CASE("decay, step and average in one pass have the bits of three passes", "[adam_step]") {
  for (const auto type : {at::kFloat, at::kDouble}) {
    for (const std::int64_t block : {1, 2, 16}) {
      for (const std::int64_t count : {1, 15, 16, 17, 1000, 100'003}) {
        INFO(at::toString(type) << ", " << count << " elements in blocks of " << block);
        Buffers one(count, type), three(count, type);
        const std::int64_t blocks = (count + block - 1) / block;
        const at::Tensor decays = (at::arange(blocks) % 5 < 2).to(at::kByte);
        train::adam_step(one.w, one.g, one.m, one.v, step_numbers, {decays, block, kept}, {one.average, share});

        const at::Tensor of_element = decays.repeat_interleave(block).narrow(0, 0, count);
        three.w.copy_(at::where(of_element == 1, three.w * kept, three.w));
        train::adam_step(three.w, three.g, three.m, three.v, step_numbers);
        three.average.lerp_(three.w, share);
        CHECK(one == three);
      }
    }
  }
}

TEST_CASE("the kernel's elements are the portable function's", "[adam_step]") {
  for (const std::int64_t count : {1, 7, 64, 1003}) {
    check_against_elements<float>(count);
    check_against_elements<double>(count);
  }
}

TEST_CASE("the weights rounded along have the bits of a cast, and leave the update's as they were", "[adam_step]") {
  for (const std::int64_t count : {1, 15, 16, 17, 1000, 100'003}) {
    INFO(count << " elements");
    Buffers with(count, at::kFloat), without(count, at::kFloat);
    // Halves between two neighbours, numbers next to them, zeros of both signs, and what overflows.
    const at::Tensor special =
        at::tensor({0x3f808000, 0x3f818000, 0x3f808001, 0x3f807fff, 0, static_cast<int>(0x80000000), 0x7f7fffff,
                    static_cast<int>(0xbf818000), 0x7f800000, 0x00800001},
                   at::kInt)
            .view(at::kFloat);
    const std::int64_t some = std::min<std::int64_t>(count, special.numel());
    for (Buffers* buffers : {&with, &without}) {  // whose weights stay what they are
      buffers->w.narrow(0, 0, some).copy_(special.narrow(0, 0, some));
      for (const at::Tensor& t : {buffers->g, buffers->m}) t.narrow(0, 0, some).zero_();
    }
    const at::Tensor decays = (at::arange((count + 15) / 16) % 3 == 1).to(at::kByte);
    const at::Tensor rounded = at::full({count}, 7, at::kBFloat16);
    train::adam_step(with.w, with.g, with.m, with.v, step_numbers, {decays, 16, kept}, {with.average, share}, rounded);
    train::adam_step(without.w, without.g, without.m, without.v, step_numbers, {decays, 16, kept},
                     {without.average, share});
    CHECK(with == without);
    CHECK(at::equal(with.w.narrow(0, 0, some), special.narrow(0, 0, some)));
    CHECK(at::equal(rounded.view(at::kShort), with.w.to(at::kBFloat16).view(at::kShort)));
  }
}

TEST_CASE("the moving average is exact at both ends and between them where torch's is", "[adam_step]") {
  for (const float share_of_new : {0.0f, 0.001f, 0.499f, 0.5f, 0.9f, 1.0f}) {
    for (const auto& [from, to] : std::vector<std::pair<float, float>>{{1, 3}, {-2e-3f, 7e5f}, {5, 5}, {1e-30f, -1}}) {
      const float ours = train::moved_towards(from, to, share_of_new);
      CHECK(ours ==
            Approx((1 - double(share_of_new)) * double(from) + double(share_of_new) * double(to)).margin(1e-30));
      if (share_of_new == 0) CHECK(ours == from);
      if (share_of_new == 1) CHECK(ours == to);
    }
  }
}

TEST_CASE("AdamW's layers decay, whatever they begin at, and nothing else does", "[adam_step]") {
  config::OptimizerSettings settings;
  settings.name = "adamw";
  settings.weight_decay = 0.1;
  settings.average = 0.9;
  settings.clip_norm = 0;
  const std::vector<std::vector<train::Layer>> plans = {
      {{0, 30, true}, {32, 5, false}, {48, 100, true}, {160, 7, false}},
      {{0, 3, false}, {3, 30, true}, {33, 6, false}, {39, 20, true}},
      {{0, 167, false}},
      {}};
  for (const auto& layers : plans) {
    const at::Tensor w = numbers(167, 1, at::kFloat);
    at::Tensor plain = w.clone(), m = at::zeros_like(w), v = at::zeros_like(w);
    const at::Tensor average = w.clone();
    for (const train::Layer& layer : layers) {  // what lies between them is zero, as in a TrainStep
      const std::int64_t end = layer.offset + layer.count;
      const std::int64_t next = (end + 15) / 16 * 16;
      if (layer.offset % 16 == 0 && next <= 167)
        for (const at::Tensor& t : {w, plain, average}) t.narrow(0, end, next - end).zero_();
    }
    train::Optimizer optimizer(settings, w, layers);
    for (int t = 1; t <= 4; ++t) {
      const at::Tensor g = plain.ne(0).to(at::kFloat) * numbers(167, t, at::kFloat);
      optimizer.step(g, 1, 0.01);
      for (const train::Layer& layer : layers)
        if (layer.is_matrix) plain.narrow(0, layer.offset, layer.count).mul_(1 - 0.01 * settings.weight_decay);
      const double correction1 = 1 - std::pow(0.9, t), correction2 = std::sqrt(1 - std::pow(0.999, t));
      train::adam_step(plain, g, m, v,
                       {0.01 * correction2 / correction1, 0.9, 0.999, settings.epsilon * correction2, 1});
      average.lerp_(plain, optimizer.average_share());
    }
    CHECK(at::equal(optimizer.parameters(), plain));
    CHECK(at::equal(optimizer.evaluated(), average));
  }
}

TEST_CASE("what cannot hold the rounded weights is refused", "[adam_step]") {
  for (const auto& [type, rounded] :
       std::vector<std::pair<at::ScalarType, at::Tensor>>{{at::kFloat, at::zeros({32}, at::kBFloat16)},
                                                          {at::kFloat, at::zeros({33}, at::kHalf)},
                                                          {at::kDouble, at::zeros({33}, at::kBFloat16)}}) {
    Buffers buffers(33, type);
    const auto refused = test::caught([&, &into = rounded] {
      train::adam_step(buffers.w, buffers.g, buffers.m, buffers.v, step_numbers, {}, {}, into);
    });
    CHECK(refused.code == ExitCode::defect);
    CHECK(refused.mentions("expected BFloat16 and Float"));
  }
}

TEST_CASE("blocks that do not cover the buffer are refused", "[adam_step]") {
  Buffers buffers(33, at::kFloat);
  const auto refused = test::caught([&] {
    train::adam_step(buffers.w, buffers.g, buffers.m, buffers.v, step_numbers, {at::ones({2}, at::kByte), 16, kept});
  });
  CHECK(refused.code == ExitCode::defect);
  CHECK(refused.mentions("2 blocks of 16 elements, for 33"));
}
