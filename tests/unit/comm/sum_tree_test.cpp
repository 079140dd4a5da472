#include <catch2/catch.hpp>

#include <numeric>

#include "base/text.hpp"
#include "comm/sum_tree.hpp"

using fastbox::comm::LeafRange;
using fastbox::comm::leaves_of;
using fastbox::comm::SumTree;

namespace {

using Ranges = std::vector<LeafRange>;

}  // namespace

TEST_CASE("twelve shards: what 1, 2, 3, 4, 6 and 12 ranks can finish alone", "[sum_tree]") {
  const SumTree tree(12);
  CHECK(tree.maximal_subtrees({0, 12}) == Ranges{{0, 12}});
  CHECK(tree.maximal_subtrees({0, 6}) == Ranges{{0, 4}, {4, 6}});
  CHECK(tree.maximal_subtrees({6, 12}) == Ranges{{6, 8}, {8, 12}});
  CHECK(tree.maximal_subtrees({4, 8}) == Ranges{{4, 8}});
  CHECK(tree.maximal_subtrees({3, 6}) == Ranges{{3, 4}, {4, 6}});
  CHECK(tree.maximal_subtrees({9, 12}) == Ranges{{9, 10}, {10, 12}});
  CHECK(tree.maximal_subtrees({11, 12}) == Ranges{{11, 12}});
}

TEST_CASE("the subtrees of all ranks cover every leaf once, in order, for any tree", "[sum_tree]") {
  for (int leaves = 1; leaves <= 64; ++leaves)
    for (int ranks = 1; ranks <= leaves; ++ranks) {
      if (leaves % ranks != 0) continue;
      const SumTree tree(leaves);
      int next = 0;
      for (int rank = 0; rank < ranks; ++rank)
        for (const LeafRange part : tree.maximal_subtrees(leaves_of(tree, rank, ranks))) {
          REQUIRE(part.begin == next);
          next = part.end;
        }
      REQUIRE(next == leaves);
    }
}

TEST_CASE("leaves of a node that are not neighbours are several subtrees, neighbours are joined", "[sum_tree]") {
  const SumTree tree(8);
  const Ranges scattered = {{0, 2}, {4, 6}}, neighbours = {{0, 2}, {2, 4}, {7, 8}};
  CHECK(tree.maximal_subtrees(scattered) == scattered);
  CHECK(tree.maximal_subtrees(neighbours) == Ranges{{0, 4}, {7, 8}});
  CHECK(tree.maximal_subtrees(Ranges{}).empty());
}

TEST_CASE("siblings are the two children of one node", "[sum_tree]") {
  const SumTree tree(6);  // ((0 1)(2 3))(4 5)
  CHECK(tree.are_siblings({0, 1}, {1, 2}));
  CHECK(tree.are_siblings({0, 2}, {2, 4}));
  CHECK(tree.are_siblings({0, 4}, {4, 6}));
  CHECK_FALSE(tree.are_siblings({1, 2}, {2, 3}));
  CHECK_FALSE(tree.are_siblings({2, 4}, {4, 6}));
  CHECK_FALSE(tree.are_siblings({0, 1}, {2, 3}));
  CHECK_FALSE(tree.are_siblings({1, 2}, {0, 1}));
}
