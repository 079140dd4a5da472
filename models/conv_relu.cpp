#include "models/conv_relu.hpp"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/library.h>

#include <array>
#include <tuple>
#include <vector>

#include "models/conv_relu_kernel.hpp"
#include "models/padded_channels.hpp"
#include "models/parallel.hpp"
#include "models/rounded_copies.hpp"

namespace fastbox::models {
namespace {

using TwoTensors = std::tuple<at::Tensor, at::Tensor>;

constexpr std::array<std::int64_t, 2> dilation = {1, 1}, no_padding = {0, 0};

at::Tensor conv_relu_cpu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, at::IntArrayRef stride,
                         at::IntArrayRef padding) {
  return at::conv2d(x, weight, bias.to(x.scalar_type()), stride, padding).relu_();
}

/// oneDNN gives the bias's gradient along with the weight's, so here is none.
TwoTensors conv_relu_mask_cpu(const at::Tensor& gradient, const at::Tensor& y) {
  return {at::threshold_backward(gradient, y, 0), at::Tensor()};
}

/// One stretch, as a GPU's block does it. `lanes`: memory for lanes x channels sums; `sums`: channels.
template <typename Element>
void mask_stretch(const Element* gradient, const Element* y, const MapShares& shares, std::int64_t stretch,
                  Element* masked, std::vector<float>& lanes, float* sums) {
  lanes.assign(static_cast<std::size_t>(shares.lanes * shares.channels), 0);
  const std::int64_t begin = stretch * shares.stretch, end = end_of_stretch(shares, stretch);
  for (std::int64_t pixel = begin; pixel < end; ++pixel) {
    float* const lane = lanes.data() + (pixel - begin) % shares.lanes * shares.channels;
    for (std::int64_t c = 0, at = pixel * shares.channels; c < shares.channels; ++c, ++at) {
      masked[at] = masked_by_relu(gradient[at], y[at]);
      lane[c] += static_cast<float>(masked[at]);
    }
  }
  for (std::int64_t c = 0; c < shares.channels; ++c) {
    sums[c] = 0;
    for (std::int64_t lane = 0; lane < shares.lanes; ++lane)
      sums[c] += lanes[static_cast<std::size_t>(lane * shares.channels + c)];
  }
}

template <typename Element>
void mask_and_sum(const at::Tensor& gradient, const at::Tensor& y, at::Tensor& masked, at::Tensor& of_bias) {
  const std::int64_t channels = y.size(1);
  const MapShares shares = share_out(y.numel() / channels, channels, vector_width<Element>(channels));
  std::vector<float> sums(static_cast<std::size_t>(shares.stretches * channels));
  const Element *const from = gradient.const_data_ptr<Element>(), *const given = y.const_data_ptr<Element>();
  Element* const to = masked.mutable_data_ptr<Element>();
  parallel_for(0, shares.stretches, 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> lanes;
    for (std::int64_t i = begin; i < end; ++i)
      mask_stretch(from, given, shares, i, to, lanes, sums.data() + i * channels);
  });
  for (std::int64_t c = 0; c < channels; ++c) {
    float sum = 0;
    for (std::int64_t group = 0; group < groups_of_stretches; ++group)
      sum += sum_of_group(sums.data(), shares, c, group);
    of_bias.mutable_data_ptr<float>()[c] = sum;
  }
}

std::tuple<at::Tensor, at::Tensor> relu_bias_backward_cpu(const at::Tensor& gradient, const at::Tensor& y) {
  const at::Tensor from = gradient.contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor given = y.contiguous(at::MemoryFormat::ChannelsLast);
  at::Tensor masked = at::empty_like(from), of_bias = at::empty({y.size(1)}, y.options().dtype(at::kFloat));
  if (y.scalar_type() == at::kFloat)
    mask_and_sum<float>(from, given, masked, of_bias);
  else
    mask_and_sum<at::BFloat16>(from, given, masked, of_bias);
  return {masked, of_bias};
}

template <typename Element>
void add_bias(at::Tensor& y, const at::Tensor& bias) {
  constexpr std::int64_t pixels_per_task = 1 << 10;
  const std::int64_t channels = y.size(1);
  auto* const maps = y.mutable_data_ptr<Element>();
  const auto* const added = bias.const_data_ptr<Element>();
  parallel_for(0, y.numel() / channels, pixels_per_task, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t pixel = begin; pixel < end; ++pixel)
      for (std::int64_t c = 0, at = pixel * channels; c < channels; ++c, ++at)
        maps[at] = biased_relu(maps[at], added[c]);
  });
}

void add_bias_relu_cpu(at::Tensor& y, const at::Tensor& bias) {
  TORCH_CHECK(y.is_contiguous(at::MemoryFormat::ChannelsLast),
              "add_bias_relu_: maps in another order than channels-last");
  if (y.scalar_type() == at::kFloat)
    add_bias<float>(y, bias);
  else
    add_bias<at::BFloat16>(y, bias);
}

// A network's cost is read from its graph, where this name tells a convolution (train/model_cost.cpp).
struct FusedConvRelu : torch::autograd::Function<FusedConvRelu> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, at::IntArrayRef stride, at::IntArrayRef padding) {
    static const auto handle = c10::Dispatcher::singleton()
                                   .findSchemaOrThrow("fastbox::conv_relu", "")
                                   .typed<at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                                     at::IntArrayRef, at::IntArrayRef)>();
    const at::Tensor y = handle.call(x, weight, rounded_values_of(bias), stride, padding);
    context->save_for_backward({x, weight, y});
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    return y;
  }

  /// `gradients` is emptied once it is masked: of the largest maps, one more would be there at the peak.
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list& gradients) {
    static const auto handle = c10::Dispatcher::singleton()
                                   .findSchemaOrThrow("fastbox::conv_relu_mask", "")
                                   .typed<TwoTensors(const at::Tensor&, const at::Tensor&)>();
    enum Operand { x, weight, bias };
    const auto saved = context->get_saved_variables();
    const bool needs_x = context->needs_input_grad(x), needs_weight = context->needs_input_grad(weight),
               needs_bias = context->needs_input_grad(bias);
    const auto [masked, bias_sum] = handle.call(gradients[0], saved[2]);
    gradients.clear();
    const bool bias_is_left = needs_bias && !bias_sum.defined();
    at::Tensor of_x, of_weight, of_bias;
    if (needs_x || needs_weight || bias_is_left) {
      const std::array<std::int64_t, 1> bias_sizes = {saved[1].size(0)};
      std::tie(of_x, of_weight, of_bias) = at::convolution_backward(
          masked, saved[0], saved[1], at::IntArrayRef(bias_sizes), context->saved_data["stride"].toIntVector(),
          context->saved_data["padding"].toIntVector(), dilation, /*transposed=*/false, no_padding, /*groups=*/1,
          {needs_x, needs_weight, bias_is_left});
    }
    if (needs_bias && bias_sum.defined()) of_bias = bias_sum;
    return {of_x, of_weight, of_bias, at::Tensor(), at::Tensor()};
  }
};

at::Tensor fused(const ConvolutionOperands& given, const at::Tensor& bias, at::IntArrayRef stride,
                 at::IntArrayRef padding) {
  const auto [x, weight] = padded_where_it_pays(given, stride, padding);
  return FusedConvRelu::apply(x, weight, bias, stride, padding);
}

bool has_kernel(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const bool type = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  return type && (x.is_cpu() || x.is_cuda()) && x.dim() == 4 && x.numel() > 0 &&
         weight.scalar_type() == x.scalar_type() && bias.defined() &&
         (bias.scalar_type() == x.scalar_type() || bias.scalar_type() == at::kFloat);
}

}  // namespace

at::Tensor conv_relu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, at::IntArrayRef stride,
                     at::IntArrayRef padding) {
  const c10::DeviceType device = x.device().type();
  if (torch::jit::tracer::isTracing() || !(x.is_cpu() || x.is_cuda()))
    return plain_conv_relu(x, weight, bias, stride, padding);
  if (!at::autocast::is_autocast_enabled(device))
    return has_kernel(x, weight, bias) ? fused({x, weight}, bias, stride, padding)
                                       : plain_conv_relu(x, weight, bias, stride, padding);
  // As autocast does for at::conv2d: in the graph, so that gradients come back in the operands' own types. The
  // operator rounds the bias itself: in the graph it stays in fp32, as the sum that may be its gradient is.
  const at::ScalarType type = at::autocast::get_autocast_dtype(device);
  const at::Tensor rounded = at::autocast::cached_cast(type, x, device);
  const at::Tensor kernel = at::autocast::cached_cast(type, operand_of(weight), device);
  if (!has_kernel(rounded, kernel, bias)) return plain_conv_relu(x, weight, bias, stride, padding);
  const c10::impl::ExcludeDispatchKeyGuard done(at::autocast::get_autocast_dispatch_key_from_device_type(device));
  return fused({rounded, kernel}, bias, stride, padding);
}

at::Tensor plain_conv_relu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                           at::IntArrayRef stride, at::IntArrayRef padding) {
  return at::conv2d(x, weight, bias, stride, padding).relu_();
}

MaskedGradient relu_bias_backward(const at::Tensor& gradient, const at::Tensor& y) {
  static const auto handle = c10::Dispatcher::singleton()
                                 .findSchemaOrThrow("fastbox::relu_bias_backward", "")
                                 .typed<std::tuple<at::Tensor, at::Tensor>(const at::Tensor&, const at::Tensor&)>();
  const auto [masked, bias] = handle.call(gradient, y);
  return {masked, bias};
}

void add_bias_relu_(at::Tensor& y, const at::Tensor& bias) {
  static const auto handle = c10::Dispatcher::singleton()
                                 .findSchemaOrThrow("fastbox::add_bias_relu_", "")
                                 .typed<void(at::Tensor&, const at::Tensor&)>();
  handle.call(y, bias);
}

}  // namespace fastbox::models

TORCH_LIBRARY_FRAGMENT(fastbox, library) {
  library.def("conv_relu(Tensor x, Tensor weight, Tensor bias, int[] stride, int[] padding) -> Tensor");
  library.def("conv_relu_mask(Tensor gradient, Tensor y) -> (Tensor, Tensor)");
  library.def("relu_bias_backward(Tensor gradient, Tensor y) -> (Tensor, Tensor)");
  library.def("add_bias_relu_(Tensor(a!) y, Tensor bias) -> ()");
}

TORCH_LIBRARY_IMPL(fastbox, CPU, library) {
  library.impl("conv_relu", &fastbox::models::conv_relu_cpu);
  library.impl("conv_relu_mask", &fastbox::models::conv_relu_mask_cpu);
  library.impl("relu_bias_backward", &fastbox::models::relu_bias_backward_cpu);
  library.impl("add_bias_relu_", &fastbox::models::add_bias_relu_cpu);
}
