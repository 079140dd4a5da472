// The one order in which the shards of a batch are summed, whatever the number of ranks.
//
// Floating-point sums depend on their order. Shards 0 .. V-1 are the leaves of a fixed binary tree (a node of n leaves
// has the largest power of two below n on its left), so every rank count that hands each rank a contiguous range of
// leaves computes the same additions. A rank (or node of ranks) can finish the maximal subtrees that lie wholly in its
// range; the rest of the tree is summed across ranks. Plain values without torch or MPI; thread-safe.
#pragma once

#include <span>
#include <vector>

namespace fastbox::comm {

/// Leaves begin .. end-1. As a node of the tree: the sum of those leaves.
struct LeafRange {
  int begin = 0, end = 0;
  int size() const { return end - begin; }
  bool operator==(const LeafRange&) const = default;
};

class SumTree {
 public:
  /// Requires leaves >= 1.
  explicit SumTree(int leaves) : leaves_(leaves) {}

  int leaves() const { return leaves_; }
  LeafRange root() const { return {0, leaves_}; }

  /// Where a node of more than one leaf is split: its children are [begin, split) and [split, end).
  static int split(LeafRange node);

  /// Whether a and b, in this order, are the two children of a node of this tree.
  bool are_siblings(LeafRange a, LeafRange b) const;

  /// The largest nodes all of whose leaves are owned, in order. `owned`: disjoint ranges in order.
  std::vector<LeafRange> maximal_subtrees(std::span<const LeafRange> owned) const;
  std::vector<LeafRange> maximal_subtrees(LeafRange owned) const { return maximal_subtrees(std::span(&owned, 1)); }

 private:
  void collect(LeafRange node, std::span<const LeafRange> owned, std::vector<LeafRange>& found) const;

  int leaves_;
};

/// Which leaves part `index` of `count` holds: the tree's leaves in contiguous shares. Requires that count divides them.
LeafRange leaves_of(const SumTree& tree, int index, int count);

}  // namespace fastbox::comm
