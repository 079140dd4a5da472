// A frame's three channels filled up with zeros, for a GPU that convolves eight faster than three.
//
// A GPU's matrix units load 16 bytes at a time: eight channels of bf16. cuDNN's kernels for fewer either fill up by
// themselves or do without those units, and which it is depends on GPU, library and sizes. So both are tried where a
// convolution is first met, and the faster one is kept. Which it is says fastbox::padding_pays of torch's
// dispatcher, which only a GPU has (padded_channels.cu, in the CUDA plugin): on a CPU nothing is padded. Called by the
// thread that runs the network.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/constant_pad_nd.h>

namespace fastbox::models {

constexpr std::int64_t full_channels = 8;

struct ConvolutionOperands {
  at::Tensor x;       ///< images x channels x height x width
  at::Tensor weight;  ///< out x channels x kernel x kernel
};

/// Both with zeros up to full_channels channels, in channels-last order, of which they have fewer: the same result but for
/// the order of sums. In the graph of gradients: the zeros' gradients are dropped.
/// Here, since the plugin calls it and the program lends it no functions.
inline ConvolutionOperands padded(const ConvolutionOperands& operands) {
  const auto full = [](const at::Tensor& tensor) {
    return at::constant_pad_nd(tensor.contiguous(at::MemoryFormat::ChannelsLast),
                               {0, 0, 0, 0, 0, full_channels - tensor.size(1)})
        .contiguous(at::MemoryFormat::ChannelsLast);  // of one channel, both orders are
  };
  return {full(operands.x), full(operands.weight)};
}

/// padded() where that is faster, padding included, and as they are elsewhere. stride, padding: pixels, down and across.
ConvolutionOperands padded_where_it_pays(const ConvolutionOperands& operands, at::IntArrayRef stride,
                                         at::IntArrayRef padding);

}  // namespace fastbox::models
