// The ordered sum of one bucket between nodes: each node's leader sums one slice of it for all.
//
// Every node sends each other node that one's slice of its partial sums (MPI_Ialltoallv), sums its own slice in the
// tree's order and passes the result round (MPI_Iallgatherv): as many bytes as the best unordered allreduce where a node
// has one partial sum. In bf16 partial sums and result are rounded once each, with error feedback, and summed in float32.
// Leaders only, on the MPI thread. The object outlives its operations.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "comm/exchange.hpp"
#include "comm/ordered_sum.hpp"

namespace fastbox::comm {

class NodeSum {
 public:
  /// One bucket under way.
  class Operation {
   public:
    virtual ~Operation() = default;
    /// Goes on as far as it can without waiting; true once the result is whole.
    virtual bool poll() = 0;
  };

  /// `leaders`: a communicator of this object's own, one rank a node in the nodes' order. `parts[node]`: what it has.
  NodeSum(MPI_Comm leaders, const ExchangeLayout& layout, std::vector<std::vector<LeafRange>> parts, bool bf16);

  /// `inputs`: the flat buffers of this node's partial sums; `result`: the flat buffer of the sum. Buckets are started in
  /// the same order on all nodes.
  std::unique_ptr<Operation> start(const std::vector<const void*>& inputs, void* result, std::size_t bucket);

  /// Flat buffers of what rounding has lost so far: of each partial sum, then of the result. Empty without bf16.
  std::vector<float*> residuals();

 private:
  template <typename T>
  class Running;

  MPI_Comm leaders_;
  const ExchangeLayout& layout_;
  std::vector<std::vector<LeafRange>> parts_;
  int me_ = 0;
  bool bf16_;
  OrderedSum sum_;
  std::vector<std::vector<float>> residuals_;
};

}  // namespace fastbox::comm
