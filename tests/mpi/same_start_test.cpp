// What ranks are to have in common is compared, and a difference is named, on every rank alike.
#include "train/same_start.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "config/run_file.hpp"
#include "mpi/ranks.hpp"
#include "support/support.hpp"

using namespace fastbox;

namespace {

bool is_last() {
  const auto& world = test::world();
  return world.size() > 1 && world.rank() == world.size() - 1;
}

train::NamedTensors tensors() {
  return {{"encoder.a", at::arange(6).to(at::kFloat)}, {"encoder.b", at::ones({3})}, {"head", at::zeros({2, 2})}};
}

std::string named_rank() {
  return concat("rank ", test::world().size() - 1);
}

}  // namespace

TEST_CASE("tensors: one bit of one of them on one rank is found and named", "[same_start]") {
  auto& world = test::world();
  auto mine = tensors();
  train::require_same_tensors(world, mine, "at the start");
  if (is_last()) mine.at("encoder.b").index_put_({1}, std::nextafter(1.0f, 2.0f));
  if (world.size() == 1) return train::require_same_tensors(world, mine, "after step 7");
  const auto error = test::caught([&] { train::require_same_tensors(world, mine, "after step 7"); });
  CHECK(error.code == ExitCode::numbers);
  CHECK(error.message.starts_with("after step 7, encoder.b of " + named_rank() + " is not rank 0's"));
}

TEST_CASE("gradient buckets that lie otherwise", "[same_start]") {
  auto& world = test::world();
  const auto plan_of = [](std::int64_t large) { return comm::plan_buckets({64, 256, 32, 128}, 32, large); };
  train::require_same_plan(world, plan_of(512));
  if (world.size() == 1) return;
  const auto error = test::caught([&] { train::require_same_plan(world, plan_of(is_last() ? 64 : 512)); });
  CHECK(error.code == ExitCode::usage);
  CHECK(error.message.starts_with(named_rank() + " has other gradient buckets than rank 0"));
}

TEST_CASE("run files: the key is named, with both values", "[same_start]") {
  auto& world = test::world();
  train::require_same_program(world, config::load("", {"run.seed=3"}));
  if (world.size() == 1) return;
  const auto error = test::caught(
      [&] { train::require_same_program(world, config::load("", {is_last() ? "run.seed=4" : "run.seed=3"})); });
  CHECK(error.code == ExitCode::usage);
  CHECK(error.message == concat(named_rank(), " has another run file than rank 0: 'seed: 3' on rank 0, 'seed: 4' on ",
                                named_rank(), "; all ranks need the same"));
}
