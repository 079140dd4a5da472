#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "comm/gradient_averager.hpp"
#include "mpi/ranks.hpp"

using namespace fastbox;
using comm::GradientAverager;

namespace {

/// Parameters of uneven sizes, the same on every rank; tiny buckets so that there are many.
std::vector<GradientAverager::NamedParameter> make_parameters(at::ScalarType type = at::kFloat) {
  std::vector<GradientAverager::NamedParameter> parameters;
  const std::vector<std::vector<std::int64_t>> shapes = {{3, 5}, {17}, {4, 4, 2, 2}, {1}, {100, 3}, {2, 2}};
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    at::Tensor t = at::full(shapes[i], 0.5 + static_cast<double>(i), type);
    if (t.dim() == 4) t = t.contiguous(at::MemoryFormat::ChannelsLast);
    parameters.emplace_back(concat("p", i), t.set_requires_grad(true));
  }
  return parameters;
}

constexpr comm::AveragerOptions tiny_buckets{64.0 / (1 << 20), 256.0 / (1 << 20)};

/// A loss whose gradient for parameter i is (i + 1) * weight * p: known without autograd.
at::Tensor loss_of(const std::vector<GradientAverager::NamedParameter>& parameters, double weight,
                   std::size_t leave_out) {
  at::Tensor loss = at::zeros({}, parameters[0].second.options().requires_grad(false));
  for (std::size_t i = 0; i < parameters.size(); ++i)
    if (i != leave_out) loss = loss + 0.5 * static_cast<double>(i + 1) * weight * parameters[i].second.square().sum();
  return loss;
}

constexpr std::size_t none = SIZE_MAX;

}  // namespace

TEST_CASE("the sum over the ranks lands in every gradient, in any layout", "[gradient_averager]") {
  auto& world = test::world();
  for (const auto type : {at::kFloat, at::kDouble}) {
    auto parameters = make_parameters(type);
    GradientAverager averager(world, parameters, tiny_buckets);
    REQUIRE(averager.plan().buckets.size() > 3);
    for (int step = 0; step < 3; ++step) {
      averager.begin();
      loss_of(parameters, world.rank() + 1, none).backward();
      const auto report = averager.finish();
      CHECK(report.unused.empty());
      const double factor = world.size() * (world.size() + 1) / 2.0;
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        const at::Tensor& p = parameters[i].second;
        CHECK(at::allclose(p.grad(), static_cast<double>(i + 1) * factor * p.detach(), 1e-5));
        CHECK(p.grad().is_alias_of(averager.gradient()));
      }
    }
  }
}

TEST_CASE("a parameter that the loss does not reach is named and has a gradient of zero", "[gradient_averager]") {
  auto& world = test::world();
  auto parameters = make_parameters();
  GradientAverager averager(world, parameters, tiny_buckets);
  for (int step = 0; step < 2; ++step) {
    averager.begin();
    loss_of(parameters, 1, 3).backward();
    CHECK(averager.finish().unused == std::vector<std::string>{"p3"});
    CHECK(parameters[3].second.grad().abs().sum().item<double>() == 0);
    CHECK(parameters[2].second.grad().abs().sum().item<double>() > 0);
  }
}

TEST_CASE("a rank without images takes part with nothing", "[gradient_averager]") {
  auto& world = test::world();
  auto parameters = make_parameters();
  GradientAverager averager(world, parameters, tiny_buckets);
  averager.begin();
  const bool idle = world.size() > 1 && world.rank() == world.size() - 1;
  if (!idle) loss_of(parameters, 1, none).backward();
  CHECK(averager.finish().unused.size() == (idle ? parameters.size() : 0));
  const double others = std::max(1, world.size() - 1);
  CHECK(at::allclose(parameters[0].second.grad(), others * parameters[0].second.detach()));
}

TEST_CASE("ranks that finish backward in another order still match their buckets", "[gradient_averager]") {
  auto& world = test::world();
  auto parameters = make_parameters();
  GradientAverager averager(world, parameters, tiny_buckets);
  averager.begin();
  // One backward per parameter, forwards on even ranks and backwards on odd ones.
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    const std::size_t i = world.rank() % 2 == 0 ? k : parameters.size() - 1 - k;
    (0.5 * parameters[i].second.square().sum()).backward();
  }
  averager.finish();
  for (const auto& [name, p] : parameters) CHECK(at::allclose(p.grad(), world.size() * p.detach()));
}
