#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "base/random.hpp"
#include "comm/ordered_sum.hpp"

using namespace fastbox;
using comm::LeafRange;
using comm::OrderedSum;
using comm::SumTree;

namespace {

constexpr std::int64_t elements = 2500;  // two blocks and a half

template <typename T>
std::vector<std::vector<T>> made_leaves(int count) {
  std::vector<std::vector<T>> leaves;
  for (int leaf = 0; leaf < count; ++leaf) {
    Random random(7, Purpose::shuffle, static_cast<std::uint64_t>(leaf));
    auto& values = leaves.emplace_back();
    for (std::int64_t i = 0; i < elements; ++i)
      values.push_back(static_cast<T>(random.normal() * std::exp(8 * random.normal())));
  }
  return leaves;
}

/// The definition, element by element.
template <typename T>
T sum_of(const std::vector<std::vector<T>>& leaves, LeafRange node, std::size_t i) {
  if (node.size() == 1) return leaves[static_cast<std::size_t>(node.begin)][i];
  const int middle = SumTree::split(node);
  return sum_of(leaves, {node.begin, middle}, i) + sum_of(leaves, {middle, node.end}, i);
}

/// The flat buffers of some nodes.
template <typename T>
std::vector<std::vector<T>> sums_of(const std::vector<std::vector<T>>& leaves, const std::vector<LeafRange>& nodes) {
  std::vector<std::vector<T>> sums;
  for (const auto node : nodes) {
    auto& values = sums.emplace_back();
    for (std::size_t i = 0; i < static_cast<std::size_t>(elements); ++i) values.push_back(sum_of(leaves, node, i));
  }
  return sums;
}

template <typename T>
std::vector<const T*> pointers(const std::vector<std::vector<T>>& buffers) {
  std::vector<const T*> found;
  for (const auto& buffer : buffers) found.push_back(buffer.data());
  return found;
}

}  // namespace

TEMPLATE_TEST_CASE("past the caches: the same bits and norms, aligned or not, in place or not", "[ordered_sum]", float,
                   double) {
  for (const int count : {1, 2, 5}) {
    const SumTree tree(count);
    const auto leaves = made_leaves<TestType>(count);
    const auto expected = sums_of(leaves, {tree.root()})[0];
    std::vector<LeafRange> nodes;
    for (int leaf = 0; leaf < count; ++leaf) nodes.push_back({leaf, leaf + 1});
    const OrderedSum sum(nodes, {tree.root()});
    std::vector<double> norms(static_cast<std::size_t>(comm::blocks_of(elements)));
    comm::block_squares(expected.data(), elements, norms.data());
    for (const int shift : {0, 1}) {
      INFO(count << " leaves, " << shift << " elements off");
      std::vector<TestType> memory(static_cast<std::size_t>(elements + shift + 1), TestType(-7));
      std::vector<double> squares(norms.size());
      TestType* const output = memory.data() + shift;
      sum.run<TestType>(pointers(leaves), std::span(&output, 1), 0, elements, squares.data(), true);
      REQUIRE(std::equal(expected.begin(), expected.end(), output));
      REQUIRE(squares == norms);
      REQUIRE(memory.back() == TestType(-7));
    }
    auto own = leaves;
    TestType* const first = own[0].data();
    sum.run<TestType>(pointers(own), std::span(&first, 1), 0, elements, nullptr, true);
    REQUIRE((own[0] == expected));
  }
}

TEMPLATE_TEST_CASE("whoever shares the leaves out, the sum has the same bits", "[ordered_sum]", float, double) {
  for (const int count : {1, 2, 3, 5, 7, 8, 12, 31}) {
    const SumTree tree(count);
    const auto leaves = made_leaves<TestType>(count);
    const auto expected = sums_of(leaves, {tree.root()})[0];
    for (int ranks = 1; ranks <= count; ++ranks) {
      if (count % ranks != 0) continue;
      std::vector<LeafRange> nodes;
      for (int rank = 0; rank < ranks; ++rank)
        for (const auto part : tree.maximal_subtrees(comm::leaves_of(tree, rank, ranks))) nodes.push_back(part);
      const auto inputs = sums_of(leaves, nodes);
      std::vector<TestType> result(static_cast<std::size_t>(elements));
      TestType* const output = result.data();
      // In two stretches, as two ranks would.
      const OrderedSum sum(nodes, {tree.root()});
      sum.run<TestType>(pointers(inputs), std::span(&output, 1), 0, comm::block_elements, nullptr);
      sum.run<TestType>(pointers(inputs), std::span(&output, 1), comm::block_elements, elements, nullptr);
      INFO(count << " leaves on " << ranks << " ranks");
      REQUIRE((result == expected));
    }
  }
}

TEST_CASE("some ranks' parts make a node's parts, in place as well", "[ordered_sum]") {
  const SumTree tree(12);
  const auto leaves = made_leaves<float>(12);
  const std::vector<LeafRange> inputs = {{0, 2}, {2, 3}, {3, 4}, {4, 6}}, outputs = {{0, 4}, {4, 6}};
  auto buffers = sums_of(leaves, inputs);
  const auto expected = sums_of(leaves, outputs);
  std::vector<float*> targets = {buffers[0].data(), buffers[3].data()};  // each the buffer of its first input
  OrderedSum(inputs, outputs).run<float>(pointers(buffers), targets, 0, elements, nullptr);
  CHECK((buffers[0] == expected[0]));
  CHECK((buffers[3] == expected[1]));
}

TEST_CASE("squared norms are of each block, however the stretches lie", "[ordered_sum]") {
  const auto leaves = made_leaves<float>(2);
  std::vector<float> result(static_cast<std::size_t>(elements));
  float* const output = result.data();
  std::vector<double> squares(3), again(3);
  const OrderedSum sum({{0, 1}, {1, 2}}, {{0, 2}});
  sum.run<float>(pointers(leaves), std::span(&output, 1), 2048, elements, squares.data());
  sum.run<float>(pointers(leaves), std::span(&output, 1), 0, 2048, squares.data());
  comm::block_squares(result.data(), elements, again.data());
  CHECK(squares == again);
  for (std::size_t block = 0; block < 3; ++block) {
    long double plain = 0;
    for (std::size_t i = block * 1024; i < std::min<std::size_t>(2500, (block + 1) * 1024); ++i)
      plain += static_cast<long double>(result[i]) * static_cast<long double>(result[i]);
    CHECK(squares[block] == Approx(static_cast<double>(plain)).epsilon(1e-14));
  }
}

TEST_CASE("a shard that nobody has is a defect", "[ordered_sum]") {
  CHECK_THROWS_AS(OrderedSum({{0, 1}}, {{0, 2}}), Error);
}
