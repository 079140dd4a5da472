// Group normalisation with the sum and the ReLU that follow it, as one operator of the graph of gradients.
//
// On a CPU a normalisation is bound by memory, and LibTorch's takes three operators and, backward, passes over fp32 copies of
// bf16 maps. One pass to sum and one to write is what is left here. Elsewhere (another device, another layout or type, while
// a network is traced) LibTorch's own operators are used. Called by the thread that runs the network.
#pragma once

#include <ATen/core/Tensor.h>

namespace fastbox::models {

struct GroupNormOptions {
  bool activate = false;  ///< a ReLU at the end
  at::Tensor residual;    ///< as x; added after the normalisation; may be undefined
};

/// Groups of channels_per_group channels (Wu, He 2018; epsilon 1e-5). x: images x channels x height x width, fp32 or bf16, of
/// any layout, channels a multiple of channels_per_group; weight, bias: channels. No statistics over the batch, so no result depends
/// on the ranks; the bits do not depend on the threads either.
at::Tensor group_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      const GroupNormOptions& options);

/// The same by LibTorch's operators: what the fused one is proven by.
at::Tensor plain_group_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            const GroupNormOptions& options);

}  // namespace fastbox::models
