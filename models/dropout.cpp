#include "models/dropout.hpp"

#include <ATen/ATen.h>
#include <torch/library.h>

#include <cmath>
#include <cstring>

#include "models/dropout_kernel.hpp"
#include "models/parallel.hpp"

namespace fastbox::models {
namespace {

constexpr std::int64_t of_whole = 65536;  // what 16 bits part a probability into

template <typename Element>
void draw(const at::Tensor& seeds, std::uint64_t which, const DropoutMask<Element>& one, at::Tensor& masks) {
  const std::int64_t* const of_image = seeds.const_data_ptr<std::int64_t>();
  auto* const out = masks.mutable_data_ptr<Element>();
  parallel_for(0, masks.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t image = begin; image < end; ++image) {
      const std::uint64_t state = dropout_state(of_image[image], which);
      for (std::int64_t n = 0; n < one.numbers(); ++n) draw_elements(state, one, n, out + image * one.elements);
    }
  });
}

at::Tensor dropout_mask_cpu(const at::Tensor& seeds, std::int64_t which, at::IntArrayRef shape,
                            std::int64_t dropped_below, double kept, at::ScalarType type) {
  at::Tensor masks = at::empty(shape, seeds.options().dtype(type));
  if (masks.numel() == 0) return masks;
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kBFloat16, at::kHalf, type, "dropout_mask", [&] {
    draw<scalar_t>(seeds.contiguous(), static_cast<std::uint64_t>(which),
                   {masks.numel() / masks.size(0), static_cast<std::uint32_t>(dropped_below),
                    static_cast<scalar_t>(static_cast<float>(kept))},
                   masks);
  });
  return masks;
}

}  // namespace

at::Tensor seed_tensor(const std::vector<std::uint64_t>& seeds, c10::Device device) {
  const at::Tensor host = at::empty({static_cast<std::int64_t>(seeds.size())}, at::kLong);
  std::memcpy(host.mutable_data_ptr(), seeds.data(), seeds.size() * sizeof(std::uint64_t));
  // From memory that is not page-locked CUDA takes what it needs before it returns, so `host` may go.
  return host.to(device, at::kLong, /*non_blocking=*/true);
}

at::Tensor dropout_mask(const at::Tensor& seeds, std::uint64_t which, at::IntArrayRef shape_of_one, double probability,
                        const at::TensorOptions& options) {
  static const auto handle =
      c10::Dispatcher::singleton()
          .findSchemaOrThrow("fastbox::dropout_mask", "")
          .typed<at::Tensor(const at::Tensor&, std::int64_t, at::IntArrayRef, std::int64_t, double, at::ScalarType)>();
  std::vector<std::int64_t> shape = {seeds.size(0)};
  shape.insert(shape.end(), shape_of_one.begin(), shape_of_one.end());
  const std::int64_t dropped_below = std::lround(probability * static_cast<double>(of_whole));
  const double kept = static_cast<double>(of_whole) / static_cast<double>(of_whole - dropped_below);
  return handle.call(seeds, static_cast<std::int64_t>(which), shape, dropped_below, kept,
                     c10::typeMetaToScalarType(options.dtype()));
}

at::Tensor dropout_mask(const std::vector<std::uint64_t>& seeds, std::uint64_t which, at::IntArrayRef shape_of_one,
                        double probability, const at::TensorOptions& options) {
  return dropout_mask(seed_tensor(seeds, options.device()), which, shape_of_one, probability, options);
}

}  // namespace fastbox::models

TORCH_LIBRARY_FRAGMENT(fastbox, library) {
  library.def(
      "dropout_mask(Tensor seeds, int which, int[] shape, int dropped_below, float kept, ScalarType type) -> Tensor");
}

TORCH_LIBRARY_IMPL(fastbox, CPU, library) {
  library.impl("dropout_mask", &fastbox::models::dropout_mask_cpu);
}
