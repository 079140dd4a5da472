// LARS and LAMB over one flat buffer: steps whose length is set layer by layer, for large batches.
//
// Layers are stretches of the flat buffers; what lies between them (padding) is left alone. On a CPU each layer takes
// two fused passes, its norms summed in double over chunks of fixed size added in order: the same bits at any number of
// threads. Elsewhere torch's own kernels do the same, without waiting for the device. Thread-safe for distinct tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace fastbox::train {

/// One parameter's stretch of the flat buffers.
struct Layer {
  std::int64_t offset = 0, count = 0;  ///< elements
  bool is_matrix = false;              ///< a matrix or kernel, which is decayed and trust-scaled; else a bias or norm
};

struct LarsFactors {
  double learning_rate, momentum, trust, weight_decay;
  double gradient_scale;  ///< what the gradient is multiplied by before all else: the clip
};

/// LARS (You, Gitman, Ginsburg 2017, "Large batch training of convolutional networks", arXiv:1708.03888, algorithm 1).
/// In place, for each layer with g = gradient * gradient_scale, w its parameters and v its velocity:
///
///   local = trust ||w|| / (||g|| + weight_decay ||w||)
///   v = momentum v + learning_rate local (g + weight_decay w);   w = w - v
///
/// local is 1 where ||w|| or ||g|| is 0, and in biases and norms, which are not decayed either. All tensors: one
/// dimension, contiguous, of one length, float type and device.
void lars_step(const at::Tensor& parameters, const at::Tensor& gradient, const at::Tensor& velocity,
               const std::vector<Layer>& layers, const LarsFactors& factors);

struct LambFactors {
  double learning_rate, beta1, beta2, epsilon, weight_decay;
  double gradient_scale;  ///< as LarsFactors'
  std::int64_t step;      ///< t, from 1
};

/// LAMB (You et al. 2020, "Large batch optimization for deep learning: training BERT in 76 minutes", arXiv:1904.00962,
/// algorithm 2, phi the identity). In place, for each layer with g = gradient * gradient_scale:
///
///   m = beta1 m + (1 - beta1) g;   v = beta2 v + (1 - beta2) g^2
///   u = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon) + weight_decay w
///   w = w - learning_rate ||w|| / ||u|| u
///
/// The ratio is 1 where either norm is 0, and in biases and norms, which are not decayed either. Tensors as lars_step's;
/// `scratch`, of the parameters' length, is overwritten.
void lamb_step(const at::Tensor& parameters, const at::Tensor& gradient, const at::Tensor& m, const at::Tensor& v,
               const at::Tensor& scratch, const std::vector<Layer>& layers, const LambFactors& factors);

/// The same on any device by torch's kernels: what the above do on a GPU. Norms in the tensors' own type.
void lars_step_by_torch(const at::Tensor& parameters, const at::Tensor& gradient, const at::Tensor& velocity,
                        const std::vector<Layer>& layers, const LarsFactors& factors);
void lamb_step_by_torch(const at::Tensor& parameters, const at::Tensor& gradient, const at::Tensor& m,
                        const at::Tensor& v, const at::Tensor& scratch, const std::vector<Layer>& layers,
                        const LambFactors& factors);

}  // namespace fastbox::train
