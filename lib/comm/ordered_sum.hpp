// Sums of gradients in the order of a SumTree, block by block, with the squared norm of each block on the way.
//
// An OrderedSum is made once for the nodes that are there (inputs) and those that are wanted (outputs); run() then works
// on any stretch of the buffers. Immutable, thread-safe, no allocation in run(). What it computes for an element depends
// on that element's inputs alone, so stretches may be shared out in any way.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "comm/sum_tree.hpp"

namespace fastbox::comm {

/// Elements of a block: the unit of sharing out, and of the squared norms.
inline constexpr std::int64_t block_elements = 1024;

inline std::int64_t blocks_of(std::int64_t elements) {
  return (elements + block_elements - 1) / block_elements;
}

class OrderedSum {
 public:
  /// Every output must be a node of the tree whose leaves the inputs cover; else Error(defect).
  OrderedSum(const std::vector<LeafRange>& inputs, const std::vector<LeafRange>& outputs);

  /// outputs[o][i] = the sum over the tree of inputs[..][i], for i in begin .. end-1. T: float or double. Where `squares`
  /// is given there must be one output: squares[b] is then the squared norm of block b (elements b * block_elements ..),
  /// and begin is a multiple of block_elements. An output may be the very buffer of its first input. `past_caches`: one
  /// output is written straight to memory, which spares reading it first: for buffers that no cache holds until they are
  /// read again. The same bits; what run() wrote may be published by a release store afterwards, as without it.
  template <typename T>
  void run(std::span<const T* const> inputs, std::span<T* const> outputs, std::int64_t begin, std::int64_t end,
           double* squares, bool past_caches = false) const;

 private:
  struct Add {
    int target, left, right;  // operands: inputs first, then outputs, then temporaries
  };
  int compile(LeafRange node, const std::vector<LeafRange>& inputs, int target, int depth);

  std::size_t inputs_, outputs_;
  int temporaries_ = 0;
  std::vector<Add> adds_;
  std::vector<Add> copies_;  // outputs that are inputs: target and left
};

/// The squared norm of each block of a buffer of `count` elements, as run() computes it: squares[blocks_of(count)].
template <typename T>
void block_squares(const T* values, std::int64_t count, double* squares);

}  // namespace fastbox::comm
