// Gradients on GPUs: which way they take, what NCCL refuses, and that nothing is read before it is there. The GPU is a
// fake; tests/gpu has the same sums on real ones.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include <cmath>

#include "comm/gradient_averager.hpp"
#include "mpi/exchange_steps.hpp"
#include "mpi/fake_gpu.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

std::string own_gpu() {
  return concat("GPU-", world().rank());
}

ExchangeOptions on_gpu(const std::string& algorithm) {
  return {algorithm, false, 0};
}

ExitCode code_of(const ExchangeLayout& layout, const ExchangeOptions& options) {
  try {
    make_exchange(world(), layout, options);
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::done;
}

}  // namespace

TEST_CASE("ranks with a GPU each sum there, the same bits on all and the norm of those bits", "[gpu_exchange]") {
  const FakeGpu gpu(own_gpu());
  for (const auto element : {Element::float32, Element::float64})
    for (const int sets : {1, 2}) {
      const auto layout = layout_of(element, 0, sets);
      const auto exchange = make_exchange(world(), layout, on_gpu("auto"));
      CHECK(exchange->name() == (world().size() == 1 ? "none" : "nccl"));
      REQUIRE(exchange->on_gpu());
      const auto check = [&](int step, const auto* result, double squared_norm) {
        double largest = 0;
        for (std::int64_t i = 0; i < elements; ++i)
          largest =
              std::max(largest, std::abs(static_cast<double>(result[i]) - sum_of<double>(step, layout.tree.root(), i)));
        CHECK(largest < 1e-5);
        CHECK(squared_norm == squared_norm_of(layout, result));
        world().require_equal(std::string(reinterpret_cast<const char*>(result), elements * sizeof *result), "sum");
      };
      if (element == Element::float32)
        exchange_steps<float>(*exchange, layout, check);
      else
        exchange_steps<double>(*exchange, layout, check);
    }
}

TEST_CASE("ranks that share a GPU go through page-locked memory, in any algorithm's order", "[gpu_exchange]") {
  FakeGpu gpu("GPU-of-all");
  for (const std::string algorithm : {"auto", "mpi", "shared", "hierarchical"}) {
    if (algorithm == "shared" && world().nodes() > 1) continue;
    for (const int shards : {0, 12})
      for (const int sets : {1, 2}) {
        if (algorithm == "mpi" && shards > 0) continue;
        gpu.written = 0;
        const auto layout = layout_of(Element::float32, shards, sets);
        const auto exchange = make_exchange(world(), layout, on_gpu(algorithm));
        INFO(algorithm << " is " << exchange->name() << ", " << shards << " shards, " << sets << " sets");
        CHECK(exchange->on_gpu());
        CHECK((exchange->name().find(" through page-locked memory") != std::string::npos) == (world().size() > 1));
        CHECK((gpu.locked >= elements * 4) == (world().size() > 1));
        exchange_steps<float>(*exchange, layout, [&](int step, const float* result, double squared_norm) {
          if (shards > 0) CHECK(is_ordered_sum(step, result, layout.tree.root()));
          CHECK(result[7] == Approx(sum_of<double>(step, layout.tree.root(), 7)).margin(1e-5));
          CHECK(squared_norm == squared_norm_of(layout, result));
        });
        CHECK(gpu.written == 5 * static_cast<std::int64_t>(layout.buckets.size()));
      }
    CHECK(gpu.locked == 0);
  }
}

TEST_CASE("memory that cannot be page-locked serves all the same", "[gpu_exchange]") {
  FakeGpu gpu("GPU-of-all");
  gpu.locks_memory = false;
  const auto layout = layout_of(Element::float32, 12, 1);
  const auto exchange = make_exchange(world(), layout, on_gpu("auto"));
  exchange_steps<float>(*exchange, layout, [&](int step, const float* result, double) {
    CHECK(is_ordered_sum(step, result, layout.tree.root()));
  });
}

TEST_CASE("what nccl cannot do it refuses by name", "[gpu_exchange]") {
  const auto ordered = layout_of(Element::float32, 12, 1), plain = layout_of(Element::float32, 0, 1);
  {
    const FakeGpu gpu(own_gpu());
    CHECK_THROWS_WITH(make_exchange(world(), ordered, on_gpu("nccl")), Catch::Contains("nccl cannot keep the order"));
    CHECK(code_of(ordered, on_gpu("nccl")) == ExitCode::usage);
    CHECK_THROWS_WITH(make_exchange(world(), plain, {"nccl", true, 0}), Catch::Contains("parallel.wire: bf16"));
    CHECK_THROWS_WITH(make_exchange(world(), plain, {"nccl", false, -1}),
                      Catch::Contains("rank 0 computes on the CPU") && Catch::Contains("run.device to cuda"));
    CHECK(code_of(plain, {"nccl", false, -1}) == ExitCode::usage);
    // The last rank alone has none: all ranks say so.
    const bool is_last = world().rank() == world().size() - 1;
    CHECK_THROWS_WITH(make_exchange(world(), plain, {"nccl", false, is_last ? -1 : 0}),
                      Catch::Contains(concat("rank ", world().size() - 1, " computes on the CPU")));
  }
  {
    const FakeGpu gpu(own_gpu(), /*nccl=*/false);
    CHECK_THROWS_WITH(make_exchange(world(), plain, on_gpu("nccl")), Catch::Contains("built without NCCL"));
    CHECK(code_of(plain, on_gpu("nccl")) == ExitCode::environment);
    CHECK(make_exchange(world(), plain, on_gpu("auto"))->name() != "nccl");
  }
  if (world().size() > 1) {
    const FakeGpu gpu("GPU-of-all");
    CHECK_THROWS_WITH(make_exchange(world(), plain, on_gpu("nccl")),
                      Catch::Contains("ranks 0 and 1 share GPU-of-all") && Catch::Contains("choose mpi or shared"));
    CHECK(code_of(plain, on_gpu("nccl")) == ExitCode::usage);
  }
}

TEST_CASE("without the plugin a GPU's gradients are refused", "[gpu_exchange]") {
  CHECK(code_of(layout_of(Element::float32, 0, 1), on_gpu("auto")) == ExitCode::environment);
}

TEST_CASE("a GPU that fails wakes whoever waits, and says so there", "[gpu_exchange]") {
  for (const std::string& identity : {own_gpu(), std::string("GPU-of-all")}) {
    FakeGpu gpu(identity);
    const auto layout = layout_of(Element::float32, 0, 1);
    const auto exchange = make_exchange(world(), layout, on_gpu("auto"));
    INFO(exchange->name());
    gpu.breaks = true;
    Waiter waiter;
    for (std::size_t b = 0; b < layout.buckets.size(); ++b) {
      exchange->ready(0, b);
      world().mpi().post([&, b] { exchange->start(0, b, waiter.one()); });
    }
    waiter.wait_for(static_cast<int>(layout.buckets.size()));
    CHECK_THROWS_WITH(exchange->check(), "the GPU has fallen off the bus");
    world().barrier();
  }
}

TEST_CASE("the averager's gradients are the same through a GPU as through none", "[gpu_exchange]") {
  for (const std::string& identity : {own_gpu(), std::string("GPU-of-all")}) {
    const FakeGpu gpu(identity);
    std::vector<comm::GradientAverager::NamedParameter> parameters;
    for (const std::int64_t size : {7, 300, 41})
      parameters.emplace_back(concat("p", size), at::full({size}, 0.5, at::kFloat).set_requires_grad(true));
    comm::AveragerOptions options;
    options.first_bucket_mib = options.bucket_mib = 64.0 / (1 << 20);
    options.sets = 2;
    options.exchange = on_gpu("auto");
    comm::GradientAverager averager(world(), parameters, options);
    INFO(averager.exchange().name());
    REQUIRE(averager.plan().buckets.size() > 1);
    const double ranks = world().size(), of_all = ranks * (ranks + 1) / 2;
    for (int step = 0; step < 5; ++step) {
      averager.begin();
      averager.begin_pass(averager.leaves().begin, true, true);
      at::Tensor loss = at::zeros({});
      for (const auto& [name, p] : parameters) loss = loss + (step + world().rank() + 1.0) * p.sum();
      loss.backward();
      averager.end_pass();
      const auto report = averager.wait();
      const double expected = step * ranks + of_all;
      for (const auto& slot : averager.plan().slots)
        CHECK(at::all(averager.gradient().narrow(0, slot.offset, slot.count) == expected).item<bool>());
      CHECK(report.squared_norm == Approx(348 * expected * expected));
    }
    const at::Tensor flat = at::full({averager.plan().elements}, 1.0 + world().rank());
    averager.average(flat, 1 / ranks);
    CHECK(at::allclose(flat, at::full_like(flat, (ranks + 1) / 2)));
  }
}
