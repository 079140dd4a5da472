#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <chrono>
#include <thread>

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

comm::AveragerOptions tiny_buckets() {
  comm::AveragerOptions options;
  options.first_bucket_mib = 64.0 / (1 << 20);
  options.bucket_mib = 256.0 / (1 << 20);
  return options;
}

/// The summed gradient of parameter i, in its own shape and layout.
at::Tensor gradient_of(const GradientAverager& averager,
                       const std::vector<GradientAverager::NamedParameter>& parameters, std::size_t i) {
  const auto& slot = averager.plan().slots[averager.plan().slot_of_parameter[i]];
  return averager.gradient().as_strided(parameters[i].second.sizes(), parameters[i].second.strides(), slot.offset);
}

/// A step of one pass for each of this rank's leaves.
template <typename Backward>
GradientAverager::Report step_of(GradientAverager& averager, const Backward& backward) {
  averager.begin();
  for (int leaf = averager.leaves().begin; leaf < averager.leaves().end; ++leaf) {
    averager.begin_pass(leaf, true, true);
    backward(leaf);
    averager.end_pass();
  }
  return averager.wait();
}

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

TEST_CASE("the sum over the ranks is every parameter's gradient, in any layout", "[gradient_averager]") {
  auto& world = test::world();
  for (const auto type : {at::kFloat, at::kDouble}) {
    auto parameters = make_parameters(type);
    GradientAverager averager(world, parameters, tiny_buckets());
    REQUIRE(averager.plan().buckets.size() > 3);
    for (int step = 0; step < 3; ++step) {
      const auto report = step_of(averager, [&](int) { loss_of(parameters, world.rank() + 1, none).backward(); });
      CHECK(report.unused.empty());
      const double factor = world.size() * (world.size() + 1) / 2.0;
      double squares = 0;
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        const at::Tensor expected = static_cast<double>(i + 1) * factor * parameters[i].second.detach();
        CHECK(at::allclose(gradient_of(averager, parameters, i), expected, 1e-5));
        CHECK_FALSE(parameters[i].second.grad().defined());
        squares += expected.to(at::kDouble).square().sum().item<double>();
      }
      CHECK(report.squared_norm == Approx(squares).epsilon(1e-5));
      CHECK(averager.squared_norm_of(averager.gradient()) == report.squared_norm);
    }
  }
}

TEST_CASE("a parameter that the loss does not reach is named and has a gradient of zero", "[gradient_averager]") {
  auto& world = test::world();
  auto parameters = make_parameters();
  GradientAverager averager(world, parameters, tiny_buckets());
  for (const std::size_t left_out : {none, std::size_t{3}, std::size_t{3}}) {
    const auto report = step_of(averager, [&](int) { loss_of(parameters, 1, left_out).backward(); });
    CHECK(report.unused == (left_out == none ? std::vector<std::string>{} : std::vector<std::string>{"p3"}));
    CHECK((gradient_of(averager, parameters, 3).abs().sum().item<double>() == 0) == (left_out != none));
    CHECK(gradient_of(averager, parameters, 2).abs().sum().item<double>() > 0);
  }
}

TEST_CASE("a rank without images takes part with nothing", "[gradient_averager]") {
  auto& world = test::world();
  auto parameters = make_parameters();
  GradientAverager averager(world, parameters, tiny_buckets());
  const bool idle = world.size() > 1 && world.rank() == world.size() - 1;
  step_of(averager, [&](int) { loss_of(parameters, 1, none).backward(); });
  const auto report = step_of(averager, [&](int) {
    if (!idle) loss_of(parameters, 1, none).backward();
  });
  CHECK(report.unused.size() == (idle ? parameters.size() : 0));
  const double others = std::max(1, world.size() - 1);
  CHECK(at::allclose(gradient_of(averager, parameters, 0), others * parameters[0].second.detach()));
}

TEST_CASE("ranks that finish backward in another order still match their buckets", "[gradient_averager]") {
  auto& world = test::world();
  auto parameters = make_parameters();
  GradientAverager averager(world, parameters, tiny_buckets());
  step_of(averager, [&](int) {
    // One backward per parameter, forwards on even ranks and backwards on odd ones.
    for (std::size_t k = 0; k < parameters.size(); ++k) {
      const std::size_t i = world.rank() % 2 == 0 ? k : parameters.size() - 1 - k;
      (0.5 * parameters[i].second.square().sum()).backward();
    }
  });
  for (std::size_t i = 0; i < parameters.size(); ++i)
    CHECK(at::allclose(gradient_of(averager, parameters, i), world.size() * parameters[i].second.detach()));
}

TEST_CASE("micro-batches add up, and a parameter may miss some of them", "[gradient_averager]") {
  auto& world = test::world();
  auto parameters = make_parameters();
  GradientAverager averager(world, parameters, tiny_buckets());
  averager.begin();
  for (int pass = 0; pass < 3; ++pass) {
    averager.begin_pass(averager.leaves().begin, pass == 0, pass == 2);
    loss_of(parameters, 1 + pass, pass == 1 ? none : 4).backward();  // p4 in the middle one only
    averager.end_pass();
  }
  CHECK(averager.wait().unused.empty());
  CHECK(at::allclose(gradient_of(averager, parameters, 0), 6.0 * world.size() * parameters[0].second.detach()));
  CHECK(at::allclose(gradient_of(averager, parameters, 4), 5.0 * 2 * world.size() * parameters[4].second.detach()));
}

TEST_CASE("with two sets a step's exchange lasts into the next step", "[gradient_averager]") {
  auto& world = test::world();
  auto parameters = make_parameters();
  auto options = tiny_buckets();
  options.sets = 2;
  GradientAverager averager(world, parameters, options);
  for (int step = 0; step < 6; ++step) {
    averager.begin();
    averager.begin_pass(averager.leaves().begin, true, true);
    loss_of(parameters, step + 1, none).backward();
    averager.end_pass();
    if (step == 0) continue;
    CHECK(averager.steps_under_way() == 2);
    averager.wait();
    const at::Tensor expected = static_cast<double>(step * world.size()) * parameters[0].second.detach();
    CHECK(at::allclose(gradient_of(averager, parameters, 0), expected));
  }
  averager.wait();
  CHECK(averager.steps_under_way() == 0);
}

TEST_CASE("flat buffers are averaged, and a step without exchange stays this rank's own", "[gradient_averager]") {
  auto& world = test::world();
  auto parameters = make_parameters();
  GradientAverager averager(world, parameters, tiny_buckets());
  const at::Tensor flat = at::full({averager.plan().elements}, 1.0 + world.rank());
  averager.average(flat, 1.0 / world.size());
  CHECK(at::allclose(flat, at::full_like(flat, (world.size() + 1) / 2.0)));

  averager.begin(/*exchange=*/false);
  averager.begin_pass(averager.leaves().begin, true, true);
  loss_of(parameters, world.rank() + 1, none).backward();
  averager.end_pass();
  averager.wait();
  CHECK(at::allclose(gradient_of(averager, parameters, 0), (1.0 + world.rank()) * parameters[0].second.detach()));
}

TEST_CASE("an exception amid a step leaves the buckets under way to the MPI thread", "[gradient_averager]") {
  auto& world = test::world();
  for (const std::string algorithm : {"mpi", "auto"}) {
    INFO(algorithm);
    const std::int64_t before = world.standing().buckets_done;
    std::int64_t buckets = 0;
    try {
      auto parameters = make_parameters();
      auto options = tiny_buckets();
      options.exchange.algorithm = algorithm;
      GradientAverager averager(world, parameters, options);
      buckets = static_cast<std::int64_t>(averager.plan().buckets.size());
      // The first rank's buckets wait for the others' after its averager is gone.
      if (!world.is_first()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
      averager.begin();
      averager.begin_pass(averager.leaves().begin, true, true);
      loss_of(parameters, 1, none).backward();
      throw Error(ExitCode::data, "amid a step");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::data);
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (world.standing().buckets_done < before + buckets && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    CHECK(world.standing().buckets_done == before + buckets);
    world.barrier();
  }
}

TEST_CASE("gradients that a recording has written are exchanged when they are told of", "[gradient_averager]") {
  auto& world = test::world();
  auto parameters = make_parameters();
  GradientAverager averager(world, parameters, tiny_buckets());
  const auto check = [&](const GradientAverager::Report& report, double factor) {
    CHECK(report.unused == std::vector<std::string>{"p3"});
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const at::Tensor expected = static_cast<double>(i + 1) * factor * parameters[i].second.detach();
      CHECK(at::allclose(gradient_of(averager, parameters, i), i == 3 ? at::zeros_like(expected) : expected, 1e-5));
    }
    CHECK(averager.squared_norm_of(averager.gradient()) == report.squared_norm);
  };
  const double ranks = world.size() * (world.size() + 1) / 2.0;
  CHECK_THROWS_WITH(averager.take_recorded(), Catch::Contains("no pass has been recorded"));
  for (int step = 0; step < 5; ++step) {
    averager.begin();
    const std::int64_t ready = world.standing().buckets_ready;
    if (step % 2 == 0) {  // recorded steps and plain ones take turns
      averager.begin_recording();
      loss_of(parameters, (1 + step) * (world.rank() + 1), 3).backward();
      averager.end_recording();
      CHECK(world.standing().buckets_ready == ready);
      averager.take_recorded();
    } else {
      averager.begin_pass(averager.leaves().begin, true, true);
      loss_of(parameters, (1 + step) * (world.rank() + 1), 3).backward();
      averager.end_pass();
    }
    check(averager.wait(), (1 + step) * ranks);
  }
}

TEST_CASE("a recording is of one pass", "[gradient_averager]") {
  auto parameters = make_parameters();
  auto options = tiny_buckets();
  options.sets = 2;
  GradientAverager averager(test::world(), parameters, options);
  averager.begin();
  CHECK_THROWS_WITH(averager.begin_recording(), Catch::Contains("1 leaves and 2 sets"));
}
