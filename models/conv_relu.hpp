// A convolution with bias and the ReLU that follows, as one operator of the graph of gradients.
//
// On a GPU LibTorch makes of the three a convolution and two passes over its output, and backward three passes over
// the gradient; here cuDNN adds the bias and takes the maximum before it writes, and one pass masks the gradient and
// sums the bias's. On a CPU oneDNN does the like for the bias, and LibTorch's own operators are called. Operators of
// torch's dispatcher: fastbox::conv_relu and, for its way back, conv_relu_mask (the masked gradient, and the bias's where
// no convolution has to sum it); and what the GPU's code of them is made of, relu_bias_backward and add_bias_relu_. The
// CPU's code is in conv_relu.cpp, the GPU's twin in conv_relu.cu, which the CUDA plugin registers. Called by the thread
// that runs the network.
#pragma once

#include <ATen/core/Tensor.h>

namespace fastbox::models {

/// relu(x * weight + bias). x: images x in x height x width, of any layout, fp32 or bf16; weight: out x in x kernel x
/// kernel, of the same type; bias: out, of that type or fp32. stride, padding: pixels, down and across. Keeps x,
/// weight and the result for the way back. Within autocast the operands are rounded to its type as those of at::conv2d
/// are. A NaN before the ReLU stays one on a CPU; on a GPU it may become 0, which cuDNN's maximum gives.
at::Tensor conv_relu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, at::IntArrayRef stride,
                     at::IntArrayRef padding);

/// The same by LibTorch's operators: what the other one is proven by, and what other types, and a network that is
/// traced, get.
at::Tensor plain_conv_relu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                           at::IntArrayRef stride, at::IntArrayRef padding);

struct MaskedGradient {
  at::Tensor masked;  ///< as the gradient: 0 where y is
  at::Tensor bias;    ///< channels, fp32: the masked gradient's sum over images and pixels, in an order that is fixed
};

/// `gradient`, `y`: images x channels x height x width, fp32 or bf16, not empty; y is what the ReLU gave.
MaskedGradient relu_bias_backward(const at::Tensor& gradient, const at::Tensor& y);

/// In place: max(y + bias, 0). y: as above, in channels-last order; bias: channels, of y's type.
void add_bias_relu_(at::Tensor& y, const at::Tensor& bias);

}  // namespace fastbox::models
