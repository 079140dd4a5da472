#include "train/gradient_histograms.hpp"

#include <ATen/ATen.h>

#include "base/error.hpp"

namespace fastbox::train {
namespace {

template <typename T>
io::Histogram count(const at::Tensor& tensor) {
  return io::histogram_of(std::span(tensor.const_data_ptr<T>(), static_cast<std::size_t>(tensor.numel())));
}

}  // namespace

io::Histograms histograms_of(const NamedTensors& tensors) {
  io::Histograms histograms;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.is_non_overlapping_and_dense()) fail(ExitCode::defect, name, ": its values do not lie side by side");
    const at::Tensor host = tensor.cpu();
    histograms.emplace_back(name, host.scalar_type() == at::kDouble ? count<double>(host) : count<float>(host));
  }
  return histograms;
}

}  // namespace fastbox::train
