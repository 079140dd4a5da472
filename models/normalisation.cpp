#include "models/normalisation.hpp"

#include <ATen/ATen.h>
#include <ATen/TracerMode.h>

#include <array>
#include <vector>

namespace fastbox::models {
namespace {

constexpr std::array<double, 3> bgr_means = {103.939, 116.779, 123.68};
constexpr std::array<double, 3> rgb_means = {255 * 0.485, 255 * 0.456, 255 * 0.406};
constexpr std::array<double, 3> rgb_deviations = {255 * 0.229, 255 * 0.224, 255 * 0.225};

/// Rounded once, to the image's type. Made where the image is: copied there from the host, a GPU would be waited for.
at::Tensor by_channel(const std::array<double, 3>& values, const at::Tensor& like) {
  const at::tracer::impl::NoTracerDispatchMode constant;  // a trace would record the memory without its numbers
  std::vector<at::Tensor> channels;
  for (const double value : values) channels.push_back(at::full({1}, value, like.options()));
  return at::cat(channels).view({1, 3, 1, 1});
}

}  // namespace

at::Tensor caffe_normalised(const at::Tensor& rgb) {
  return (rgb.flip(1) - by_channel(bgr_means, rgb)).contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor imagenet_normalised(const at::Tensor& rgb) {
  return ((rgb - by_channel(rgb_means, rgb)) / by_channel(rgb_deviations, rgb))
      .contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace fastbox::models
