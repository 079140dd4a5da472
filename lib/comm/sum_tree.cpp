#include "comm/sum_tree.hpp"

#include <bit>

namespace fastbox::comm {

int SumTree::split(LeafRange node) {
  return node.begin + static_cast<int>(std::bit_floor(static_cast<unsigned>(node.size() - 1)));
}

bool SumTree::are_siblings(LeafRange a, LeafRange b) const {
  if (a.end != b.begin) return false;
  const LeafRange parent{a.begin, b.end};
  LeafRange node = root();
  while (node.size() > parent.size()) {
    const int middle = split(node);
    if (parent.end <= middle)
      node.end = middle;
    else if (parent.begin >= middle)
      node.begin = middle;
    else
      return false;
  }
  return node == parent && split(node) == a.end;
}

void SumTree::collect(LeafRange node, std::span<const LeafRange> owned, std::vector<LeafRange>& found) const {
  bool any = false;
  for (const LeafRange& range : owned) {
    if (range.begin <= node.begin && node.end <= range.end) {
      found.push_back(node);
      return;
    }
    if (range.begin < node.end && node.begin < range.end) any = true;
  }
  if (!any || node.size() == 1) return;
  const int middle = split(node);
  collect({node.begin, middle}, owned, found);
  collect({middle, node.end}, owned, found);
}

std::vector<LeafRange> SumTree::maximal_subtrees(std::span<const LeafRange> owned) const {
  std::vector<LeafRange> joined;  // [0, 2) and [2, 4) together own the node [0, 4)
  for (const LeafRange& range : owned) {
    if (!joined.empty() && joined.back().end == range.begin)
      joined.back().end = range.end;
    else if (range.size() > 0)
      joined.push_back(range);
  }
  std::vector<LeafRange> found;
  collect(root(), joined, found);
  return found;
}

LeafRange leaves_of(const SumTree& tree, int index, int count) {
  const int each = tree.leaves() / count;
  return {index * each, (index + 1) * each};
}

}  // namespace fastbox::comm
