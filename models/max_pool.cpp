#include "models/max_pool.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/library.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "models/max_pool_kernel.hpp"
#include "models/parallel.hpp"

namespace fastbox::models {
namespace {

constexpr int side = 2;

/// The maps of all images, pooled row by pooled row.
struct Rows {
  explicit Rows(at::IntArrayRef x)
      : count(x[0] * (x[2] / side)), row{x[3] / side, x[1]}, rows(x[2] / side), height(x[2]), width(x[3] * x[1]) {}

  std::int64_t count;
  PooledRow row;
  std::int64_t rows;    ///< of one image, pooled
  std::int64_t height;  ///< of one image
  std::int64_t width;   ///< elements of a row of x

  /// work(pooled row, element of x where its upper row begins), on all threads.
  template <typename Work>
  void for_each(const Work& work) const {
    constexpr std::int64_t elements_per_task = 1 << 15;
    const std::int64_t grain = std::max<std::int64_t>(1, elements_per_task / std::max<std::int64_t>(1, side * width));
    parallel_for(0, count, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) work(i, (i / rows * height + i % rows * side) * width);
    });
  }
};

template <typename Element>
void pool(const at::Tensor& x, const at::Tensor& y, const at::Tensor& which) {
  const Rows rows(x.sizes());
  const std::int64_t stride = rows.row.columns * rows.row.channels;
  const auto* in = static_cast<const Element*>(x.const_data_ptr());
  auto* out = static_cast<Element*>(y.mutable_data_ptr());
  auto* bytes = which.numel() > 0 ? which.mutable_data_ptr<std::uint8_t>() : nullptr;
  rows.for_each([&](std::int64_t i, std::int64_t upper) {
    pool_row(in + upper, in + upper + rows.width, rows.row, out + i * stride, bytes ? bytes + i * stride : nullptr);
  });
}

template <typename Element>
void spread(const at::Tensor& gradient, const at::Tensor& which, const at::Tensor& x) {
  const Rows rows(x.sizes());
  const std::int64_t stride = rows.row.columns * rows.row.channels;
  const auto* from = static_cast<const Element*>(gradient.const_data_ptr());
  const auto* bytes = which.const_data_ptr<std::uint8_t>();
  auto* to = static_cast<Element*>(x.mutable_data_ptr());
  rows.for_each([&](std::int64_t i, std::int64_t upper) {
    spread_row(from + i * stride, bytes + i * stride, rows.row, to + upper, to + upper + rows.width);
  });
}

using MapsAndBytes = std::tuple<at::Tensor, at::Tensor>;

/// `which`: empty unless `indices`.
MapsAndBytes max_pool2_cpu(const at::Tensor& maps, bool indices) {
  const at::Tensor x = maps.contiguous(at::MemoryFormat::ChannelsLast);
  const at::IntArrayRef sizes = x.sizes();
  const at::Tensor y =
      at::empty({sizes[0], sizes[1], sizes[2] / side, sizes[3] / side}, x.options(), at::MemoryFormat::ChannelsLast);
  const at::TensorOptions bytes = x.options().dtype(at::kByte);
  const at::Tensor which =
      indices ? at::empty(y.sizes(), bytes, at::MemoryFormat::ChannelsLast) : at::empty({0}, bytes);
  if (x.scalar_type() == at::kFloat)
    pool<float>(x, y, which);
  else
    pool<Bf16>(x, y, which);
  return {y, which};
}

at::Tensor max_pool2_backward_cpu(const at::Tensor& of_maxima, const at::Tensor& which, at::IntArrayRef sizes) {
  const at::Tensor gradient = of_maxima.contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor x = at::empty(sizes, gradient.options(), at::MemoryFormat::ChannelsLast);
  // Pixels beyond the last whole pair have no part in it.
  if (sizes[2] % side != 0 || sizes[3] % side != 0) x.zero_();
  if (gradient.scalar_type() == at::kFloat)
    spread<float>(gradient, which, x);
  else
    spread<Bf16>(gradient, which, x);
  return x;
}

MapsAndBytes max_pool2(const at::Tensor& x, bool indices) {
  static const auto handle = c10::Dispatcher::singleton()
                                 .findSchemaOrThrow("fastbox::max_pool2", "")
                                 .typed<MapsAndBytes(const at::Tensor&, bool)>();
  return handle.call(x, indices);
}

at::Tensor max_pool2_backward(const at::Tensor& gradient, const at::Tensor& which, at::IntArrayRef sizes) {
  static const auto handle = c10::Dispatcher::singleton()
                                 .findSchemaOrThrow("fastbox::max_pool2_backward", "")
                                 .typed<at::Tensor(const at::Tensor&, const at::Tensor&, at::IntArrayRef)>();
  return handle.call(gradient, which, sizes);
}

struct FusedMaxPool : torch::autograd::Function<FusedMaxPool> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x) {
    const auto [y, which] = max_pool2(x, x.requires_grad());
    context->save_for_backward({which});
    context->saved_data["sizes"] = x.sizes();
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const std::vector<std::int64_t> sizes = context->saved_data["sizes"].toIntVector();
    return {max_pool2_backward(gradients[0], context->get_saved_variables()[0], sizes)};
  }
};

bool has_kernel(const at::Tensor& x) {
  return (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) && (x.is_cpu() || x.is_cuda()) &&
         x.dim() == 4 && x.size(1) % lanes == 0 && x.numel() > 0 && x.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         !torch::jit::tracer::isTracing();
}

}  // namespace

at::Tensor max_pool(const at::Tensor& x) {
  return has_kernel(x) ? FusedMaxPool::apply(x) : plain_max_pool(x);
}

at::Tensor plain_max_pool(const at::Tensor& x) {
  return at::max_pool2d(x, {side, side}, {side, side});
}

}  // namespace fastbox::models

TORCH_LIBRARY_FRAGMENT(fastbox, library) {
  library.def("max_pool2(Tensor x, bool indices) -> (Tensor, Tensor)");
  library.def("max_pool2_backward(Tensor gradient, Tensor which, int[] sizes) -> Tensor");
}

TORCH_LIBRARY_IMPL(fastbox, CPU, library) {
  library.impl("max_pool2", &fastbox::models::max_pool2_cpu);
  library.impl("max_pool2_backward", &fastbox::models::max_pool2_backward_cpu);
}
