#include "models/pixel_shuffle.hpp"

#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/jit/frontend/tracer.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/vector_clones.hpp"
#include "models/parallel.hpp"
#include "models/vectors.hpp"

namespace fastbox::models {
namespace {

/// Of the small map: W pixels of 4C numbers, and the two rows of 2W pixels of C numbers that they become.
struct Row {
  std::int64_t width, channels;  // W and C
};

template <typename Bits>
FASTBOX_INLINE void spread_row(const Bits* from, const Row& row, Bits* upper, Bits* lower) {
  const std::int64_t channels = row.channels;
  for (std::int64_t x = 0; x < row.width; ++x, from += 4 * channels, upper += 2 * channels, lower += 2 * channels)
    for (std::int64_t c = 0; c < channels; ++c) {
      upper[c] = from[4 * c], upper[channels + c] = from[4 * c + 1];
      lower[c] = from[4 * c + 2], lower[channels + c] = from[4 * c + 3];
    }
}

template <typename Bits>
FASTBOX_INLINE void gather_row(const Bits* upper, const Bits* lower, const Row& row, Bits* to) {
  const std::int64_t channels = row.channels;
  for (std::int64_t x = 0; x < row.width; ++x, to += 4 * channels, upper += 2 * channels, lower += 2 * channels)
    for (std::int64_t c = 0; c < channels; ++c) {
      to[4 * c] = upper[c], to[4 * c + 1] = upper[channels + c];
      to[4 * c + 2] = lower[c], to[4 * c + 3] = lower[channels + c];
    }
}

// A clone is made of a function and not of a template; numbers are moved as bits, bf16's and fp32's.
FASTBOX_VECTOR_CLONES void spread(const std::uint16_t* from, const Row& row, std::uint16_t* upper,
                                  std::uint16_t* lower) {
  spread_row(from, row, upper, lower);
}
FASTBOX_VECTOR_CLONES void spread(const std::uint32_t* from, const Row& row, std::uint32_t* upper,
                                  std::uint32_t* lower) {
  spread_row(from, row, upper, lower);
}
FASTBOX_VECTOR_CLONES void gather(const std::uint16_t* upper, const std::uint16_t* lower, const Row& row,
                                  std::uint16_t* to) {
  gather_row(upper, lower, row, to);
}
FASTBOX_VECTOR_CLONES void gather(const std::uint32_t* upper, const std::uint32_t* lower, const Row& row,
                                  std::uint32_t* to) {
  gather_row(upper, lower, row, to);
}

/// work(row, small map's row, large map's upper row, its lower one), for all rows on all threads. Both dense and
/// channels-last.
template <typename Bits, typename Work>
void for_rows(const at::Tensor& small, const at::Tensor& large, const Work& work) {
  constexpr std::int64_t numbers_per_task = 1 << 15;
  const Row row{small.size(3), large.size(1)};
  const std::int64_t of_row = row.width * 4 * row.channels, rows = small.size(0) * small.size(2);
  auto* const of_small = static_cast<Bits*>(small.mutable_data_ptr());
  auto* const of_large = static_cast<Bits*>(large.mutable_data_ptr());
  parallel_for(0, rows, std::max<std::int64_t>(1, numbers_per_task / of_row),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t y = begin; y < end; ++y)
                   work(row, of_small + y * of_row, of_large + y * of_row, of_large + y * of_row + of_row / 2);
               });
}

template <typename Bits>
void shuffle(const at::Tensor& small, const at::Tensor& large) {
  for_rows<Bits>(small, large,
                 [](const Row& row, const Bits* from, Bits* upper, Bits* lower) { spread(from, row, upper, lower); });
}

template <typename Bits>
void unshuffle(const at::Tensor& large, const at::Tensor& small) {
  for_rows<Bits>(small, large,
                 [](const Row& row, Bits* to, const Bits* upper, const Bits* lower) { gather(upper, lower, row, to); });
}

bool is_wide(const at::Tensor& maps) {
  return maps.element_size() == sizeof(std::uint32_t);
}

at::Tensor empty_maps(at::IntArrayRef sizes, const at::Tensor& like) {
  return at::empty(sizes, like.options(), at::MemoryFormat::ChannelsLast);
}

struct Shuffle : torch::autograd::Function<Shuffle> {
  static at::Tensor forward(torch::autograd::AutogradContext*, const at::Tensor& x) {
    RECORD_FUNCTION("fastbox::pixel_shuffle", std::vector<c10::IValue>());
    const at::Tensor y = empty_maps({x.size(0), x.size(1) / 4, 2 * x.size(2), 2 * x.size(3)}, x);
    is_wide(x) ? shuffle<std::uint32_t>(x, y) : shuffle<std::uint16_t>(x, y);
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext*,
                                                 const torch::autograd::variable_list& gradients) {
    RECORD_FUNCTION("fastbox::pixel_shuffle_backward", std::vector<c10::IValue>());
    const at::Tensor of_y = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor of_x = empty_maps({of_y.size(0), of_y.size(1) * 4, of_y.size(2) / 2, of_y.size(3) / 2}, of_y);
    is_wide(of_y) ? unshuffle<std::uint32_t>(of_y, of_x) : unshuffle<std::uint16_t>(of_y, of_x);
    return {of_x};
  }
};

}  // namespace

at::Tensor pixel_shuffle(const at::Tensor& x) {
  const bool has_kernel = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  if (!has_kernel || !x.is_cpu() || x.dim() != 4 || x.numel() == 0 || x.size(1) % 4 != 0 ||
      torch::jit::tracer::isTracing())
    return at::pixel_shuffle(x, 2).contiguous(at::MemoryFormat::ChannelsLast);
  return Shuffle::apply(x.contiguous(at::MemoryFormat::ChannelsLast));
}

}  // namespace fastbox::models
