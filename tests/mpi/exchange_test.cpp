// Every algorithm against plain sums, over several steps and sets of buffers, whatever the ranks and nodes.
#include <catch2/catch.hpp>

#include <cmath>

#include "base/error.hpp"
#include "mpi/exchange_steps.hpp"

using namespace fastbox;
using namespace fastbox::test;

namespace {

template <typename T>
void check_ordered(const std::string& algorithm, Element element, int shards, int sets) {
  auto& world = test::world();
  const auto layout = layout_of(element, shards, sets);
  const auto exchange = make_exchange(world, layout, {algorithm, false});
  INFO(algorithm << ", " << shards << " shards, " << sets << " sets");
  exchange_steps<T>(*exchange, layout, [&](int step, const T* result, double squared_norm) {
    CHECK(is_ordered_sum(step, result, layout.tree.root()));
    CHECK(squared_norm == squared_norm_of(layout, result));
  });
}

bool on_one_node() {
  return test::world().nodes() == 1;
}

}  // namespace

TEST_CASE("shards are summed in the tree's order on any ranks and nodes", "[exchange]") {
  for (const std::string algorithm : {"shared", "hierarchical", "auto"}) {
    if (algorithm == "shared" && !on_one_node()) continue;
    for (const int shards : {12, 24})
      for (const int sets : {1, 2}) {
        check_ordered<float>(algorithm, Element::float32, shards, sets);
        check_ordered<double>(algorithm, Element::float64, shards, sets);
      }
  }
}

TEST_CASE("without shards every algorithm gives the sum, the same on all ranks", "[exchange]") {
  auto& world = test::world();
  for (const std::string algorithm : {"mpi", "shared", "hierarchical", "auto"}) {
    if (algorithm == "shared" && !on_one_node()) continue;
    const auto layout = layout_of(Element::float32, 0, 2);
    const auto exchange = make_exchange(world, layout, {algorithm, false});
    INFO(algorithm << " is " << exchange->name());
    exchange_steps<float>(*exchange, layout, [&](int step, const float* result, double) {
      double largest = 0;
      for (std::int64_t i = 0; i < elements; ++i)
        largest = std::max(largest, std::abs(static_cast<double>(result[i]) -
                                             static_cast<double>(sum_of<double>(step, layout.tree.root(), i))));
      CHECK(largest < 1e-5);
      world.require_equal(std::string(reinterpret_cast<const char*>(result), elements * sizeof(float)), "sum");
    });
  }
}

TEST_CASE("bf16 rounds once each way, equally on all ranks, and loses nothing over the steps", "[exchange]") {
  auto& world = test::world();
  if (world.size() == 1) return;  // nothing travels
  for (const std::string algorithm : {"mpi", "hierarchical"}) {
    const auto layout = layout_of(Element::float32, 0, 1);
    const auto exchange = make_exchange(world, layout, {algorithm, true});
    const bool travels = algorithm == "mpi" || world.nodes() > 1;
    std::vector<double> error(static_cast<std::size_t>(elements));
    INFO(algorithm);
    exchange_steps<float>(*exchange, layout, [&](int step, const float* result, double) {
      double largest = 0;
      for (std::size_t i = 0; i < static_cast<std::size_t>(elements); ++i) {
        const double exact = sum_of<double>(step, layout.tree.root(), static_cast<std::int64_t>(i));
        largest = std::max(largest, std::abs(static_cast<double>(result[i]) - exact));
        error[i] += static_cast<double>(result[i]) - exact;
      }
      // Values of about 1, a rounding of each and of their sum, and last step's residuals: 2^-9 of the magnitude each.
      CHECK(largest < 0.15);
      CHECK((largest > 1e-4) == travels);
      world.require_equal(std::string(reinterpret_cast<const char*>(result), elements * sizeof(float)), "sum");
    });
    CHECK(exchange->residuals().empty() == !(travels && (algorithm == "mpi" || world.node_rank() == 0)));
    // What is still owed after five steps is what the last roundings lost, not five times that.
    double owed = 0;
    for (const double e : error) owed = std::max(owed, std::abs(e));
    CHECK(owed < 0.15);
  }
}

TEST_CASE("what an algorithm cannot do it refuses by name", "[exchange]") {
  auto& world = test::world();
  const auto ordered = layout_of(Element::float32, 12, 1), plain = layout_of(Element::float32, 0, 1);
  const auto doubles = layout_of(Element::float64, 0, 1);
  CHECK_THROWS_WITH(make_exchange(world, ordered, {"mpi", false}), Catch::Contains("mpi cannot keep the order"));
  CHECK_THROWS_WITH(make_exchange(world, ordered, {"auto", true}), Catch::Contains("bf16 rounds"));
  CHECK_THROWS_WITH(make_exchange(world, doubles, {"mpi", true}), Catch::Contains("fp32"));
  CHECK_THROWS_WITH(make_exchange(world, plain, {"ring", false}), Catch::Contains("'ring', expected auto, mpi"));
  if (!on_one_node())
    CHECK_THROWS_WITH(make_exchange(world, plain, {"shared", false}), Catch::Contains("choose hierarchical"));
}
