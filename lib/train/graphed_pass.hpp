// Forward and backward of one shape of batch, recorded once as a GPU's graph and replayed: hundreds of launches become one.
//
// Owns the graph and the memory that it reads: inputs are copied there. The first input settles the shape; others, as the
// last and smaller batch of a run, go the ordinary way. One thread.
#pragma once

#include <functional>
#include <memory>

#include "train/batch_tensors.hpp"
#include "train/gpu_graph.hpp"

namespace fastbox::train {

/// What a pass reads beside the parameters.
struct PassInput {
  BatchTensors batch;
  at::Tensor dropout_seeds;  ///< models::seed_tensor's, one an image; undefined: no dropout
  double divisor = 1;        ///< images that the loss is a mean over; a constant of the recording
};

class GraphedPass {
 public:
  /// Queues forward and backward; returns the loss's terms: [terms], where the input is.
  using Pass = std::function<at::Tensor(const PassInput&)>;

  /// `pass` is what is recorded; it must be good for as long as this object is.
  GraphedPass(std::unique_ptr<GpuGraph> graph, Pass pass);

  /// Whether run() takes the input.
  bool fits(const PassInput& input);

  /// Whether run() may be called: warm_up() has been, often enough.
  bool is_warm() const { return warm_ups_ >= enough; }

  /// An ordinary pass, on the stream that will be recorded.
  void warm_up(const std::function<void()>& ordinary_pass);

  /// Queues the pass on an input that fits; records it first where that is still to be done. Does not wait for the GPU. The
  /// next call overwrites what this one returns.
  const at::Tensor& run(const PassInput& input);

 private:
  static constexpr int enough = 3;  // as torch's make_graphed_callables

  std::unique_ptr<GpuGraph> graph_;
  Pass pass_;
  PassInput input_;   // what the graph reads; undefined before the first input
  at::Tensor terms_;  // what it writes
  int warm_ups_ = 0;
  bool is_recorded_ = false;
};

}  // namespace fastbox::train
