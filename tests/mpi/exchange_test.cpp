// Every algorithm against plain sums, over several steps and sets of buffers, whatever the ranks and nodes.
#include <catch2/catch.hpp>

#include <cmath>
#include <condition_variable>
#include <mutex>

#include "base/error.hpp"
#include "base/random.hpp"
#include "comm/exchange.hpp"
#include "comm/ordered_sum.hpp"
#include "mpi/ranks.hpp"

using namespace fastbox;
using namespace fastbox::comm;

namespace {

constexpr std::int64_t elements = 6000;

ExchangeLayout layout_of(Element element, int shards, int sets) {
  ExchangeLayout layout;
  layout.elements = elements;
  layout.buckets = {{0, 1, 0, 1008}, {1, 1, 1008, 4000}, {2, 1, 5008, 992}};
  layout.element = element;
  layout.sets = sets;
  layout.ordered = shards > 0;
  layout.tree = SumTree(shards > 0 ? shards : test::world().size());
  return layout;
}

/// Element i of a leaf's gradient in a step: a function of all three.
template <typename T>
T value_of(int step, int leaf, std::int64_t i) {
  Random random(static_cast<std::uint64_t>(step), Purpose::shuffle, static_cast<std::uint64_t>(leaf),
                static_cast<std::uint64_t>(i));
  return static_cast<T>(random.normal());
}

template <typename T>
T sum_of(int step, LeafRange node, std::int64_t i) {
  if (node.size() == 1) return value_of<T>(step, node.begin, i);
  const int middle = SumTree::split(node);
  return sum_of<T>(step, {node.begin, middle}, i) + sum_of<T>(step, {middle, node.end}, i);
}

/// Waits for buckets as the averager does.
class Waiter {
 public:
  std::function<void()> one() {
    return [this] {
      const std::lock_guard lock(mutex_);
      ++done_;
      changed_.notify_one();
    };
  }
  void wait_for(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int done_ = 0;
};

/// The results of some steps, each checked by `check(step, values, squared norm)`.
template <typename T, typename Check>
void exchange_steps(Exchange& exchange, const ExchangeLayout& layout, const Check& check) {
  auto& world = test::world();
  Waiter waiter;
  for (int step = 0; step < 5; ++step) {
    const int set = step % layout.sets;
    for (std::size_t p = 0; p < exchange.parts().size(); ++p)
      for (std::int64_t i = 0; i < elements; ++i)
        static_cast<T*>(exchange.part(set, p))[i] = sum_of<T>(step, exchange.parts()[p], i);
    for (std::size_t b = 0; b < layout.buckets.size(); ++b)
      world.mpi().post([&, b] { exchange.start(set, b, waiter.one()); });
    waiter.wait_for((step + 1) * static_cast<int>(layout.buckets.size()));
    check(step, static_cast<const T*>(exchange.result(set)), exchange.squared_norm(set));
  }
  world.barrier();
}

template <typename T>
bool is_ordered_sum(int step, const T* result, LeafRange root) {
  for (std::int64_t i = 0; i < elements; ++i)
    if (result[i] != sum_of<T>(step, root, i)) return false;
  return true;
}

template <typename T>
void check_ordered(const std::string& algorithm, Element element, int shards, int sets) {
  auto& world = test::world();
  const auto layout = layout_of(element, shards, sets);
  const auto exchange = make_exchange(world, layout, {algorithm, false});
  INFO(algorithm << ", " << shards << " shards, " << sets << " sets");
  exchange_steps<T>(*exchange, layout, [&](int step, const T* result, double squared_norm) {
    CHECK(is_ordered_sum(step, result, layout.tree.root()));
    double plain = 0;
    for (const auto& bucket : layout.buckets) {
      std::vector<double> squares(static_cast<std::size_t>(blocks_of(bucket.count)));
      block_squares(result + bucket.offset, bucket.count, squares.data());
      for (const double square : squares) plain += square;
    }
    CHECK(squared_norm == plain);
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
