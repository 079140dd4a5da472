// Group normalisation with the sum and the ReLU that follow it, as one operator of the graph of gradients.
//
// A normalisation is bound by memory, and LibTorch's takes three operators and, backward, passes over fp32 copies of bf16
// maps; on a GPU it also wants its maps in another order than convolutions do. One pass to sum and one to write is what is
// left here: fastbox::group_norm and fastbox::group_norm_backward of torch's dispatcher, the CPU's in group_norm.cpp, the
// GPU's in group_norm.cu, which the CUDA plugin registers. Elsewhere (another device, another layout or type, while a
// network is traced) LibTorch's own operators are used. Called by the thread that runs the network.
#pragma once

#include <ATen/core/Tensor.h>

namespace fastbox::models {

struct GroupNormOptions {
  bool activate = false;  ///< a ReLU at the end
  at::Tensor residual;    ///< as x; added after the normalisation; may be undefined
};

/// Groups of channels_per_group channels (Wu, He 2018; epsilon 1e-5). x: images x channels x height x width, fp32 or bf16, of
/// any layout, channels a multiple of channels_per_group; weight, bias: channels. No statistics over the batch, so no result depends
/// on the ranks; the bits do not depend on the threads either. A GPU's sums have another order than a CPU's.
at::Tensor group_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      const GroupNormOptions& options);

/// The same by LibTorch's operators: what the fused one is proven by.
at::Tensor plain_group_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            const GroupNormOptions& options);

}  // namespace fastbox::models
