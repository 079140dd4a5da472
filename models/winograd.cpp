#include "models/winograd.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/jit/frontend/tracer.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <vector>

#include "models/parallel.hpp"
#include "models/winograd_kernel.hpp"
#include "models/winograd_product.hpp"

namespace fastbox::models {
namespace {

using namespace winograd;

constexpr std::int64_t taps = 9;
constexpr std::int64_t pad = 16;  // floats: a line of the cache, so that rows or points do not all lie in one set of it

std::int64_t divided_up(std::int64_t count, std::int64_t by) {
  return (count + by - 1) / by;
}

/// Floats that begin a line of the cache.
at::Tensor scratch(std::int64_t floats) {
  return at::empty({floats}, at::kFloat);
}

/// One image of a batch.
Map image_of(const at::Tensor& maps, const at::Tensor& mask, std::int64_t image) {
  const std::int64_t at = image * maps.size(1) * maps.size(2) * maps.size(3);
  return {maps.const_data_ptr<float>() + at, mask.defined() ? mask.const_data_ptr<float>() + at : nullptr, maps.size(2),
          maps.size(3), maps.size(1)};
}

at::Tensor transformed_kernel(const at::Tensor& kernel, bool backward) {
  const KernelSize size = {kernel.size(0), kernel.size(1)};
  const std::int64_t rows = backward ? size.out : size.in, columns = backward ? size.in : size.out;
  const at::Tensor transformed = scratch(points * rows * columns);
  const float* const from = kernel.const_data_ptr<float>();
  float* const to = transformed.mutable_data_ptr<float>();
  parallel_for(0, divided_up(columns, panel_width), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t panel = begin; panel < end; ++panel)
      transform_kernel(from, size, backward, panel, to + panel * panel_width * points * rows);
  });
  return transformed;
}

/// How an image's tiles are cut for convolve(): a thread transforms a block's patches, then multiplies and gathers them
/// panel by panel, so that both lie in its own cache. Within a block, tiles that are multiplied together lie together.
struct Blocks {
  /// A larger block reads the transformed kernel less often, a smaller one stays in the cache: measured on a Zen 4 with
  /// 1 MiB of its own and 32 MiB shared.
  Blocks(std::int64_t tiles, std::int64_t images, std::int64_t channels, std::int64_t threads)
      : group(rows_together * channels * points + pad) {
    const std::int64_t most = channels <= 128 ? 2 * rows_together : 4 * rows_together;
    const std::int64_t all = divided_up(images * divided_up(tiles, most), threads) * threads;  // every thread the same
    size = divided_up(divided_up(tiles, std::max<std::int64_t>(1, all / images)), rows_together) * rows_together;
    count = divided_up(tiles, size);
  }

  std::int64_t patches() const { return size / rows_together * group; }
  std::int64_t products() const { return size * tile; }

  static constexpr std::int64_t tile = points * panel_width + pad;  ///< floats of a tile's products
  std::int64_t group;                                               ///< floats of rows_together tiles' patches
  std::int64_t size = 0, count = 0;                                 ///< tiles of a block; blocks of an image
};

/// The block's output. `from`: the input; `kernel`: transformed; `memory`: patches and products.
void convolve_block(const Map& from, const float* kernel, const Blocks& blocks, const Tiles& tiles,
                    const Finish& finish, float* memory, std::int64_t columns, float* to) {
  constexpr std::int64_t point_stride = rows_together * lanes, lanes_stride = points * point_stride;
  float* const products = memory + blocks.patches();
  const auto for_groups = [&](const auto& work) {
    for (std::int64_t first = 0; first < tiles.count; first += rows_together)
      work(first, std::min(rows_together, tiles.count - first), memory + first / rows_together * blocks.group);
  };
  for_groups([&](std::int64_t first, std::int64_t count, float* patches) {
    transform_patches(from, {tiles.first + first, count}, {patches, point_stride, lanes, lanes_stride});
  });
  for (std::int64_t panel = 0; panel * panel_width < columns; ++panel) {
    const std::int64_t width = width_of_panel(columns, panel);
    for (std::int64_t point = 0; point < points; ++point, kernel += from.channels * width)
      for_groups([&](std::int64_t first, std::int64_t count, const float* patches) {
        multiply({patches + point * point_stride, lanes_stride, kernel, width,
                  products + first * Blocks::tile + point * panel_width, Blocks::tile, count, width, from.channels});
      });
    gather_tiles(products, Blocks::tile, tiles, panel, finish, from.height, from.width, columns, to);
  }
}

/// x * kernel, or the gradient x brought back through the kernel; x counts where `mask`, if defined, is above 0.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& mask, const at::Tensor& kernel, bool backward,
                    const Finish& finish) {
  const std::int64_t images = x.size(0), height = x.size(2), width = x.size(3), columns = kernel.size(backward ? 1 : 0);
  const at::Tensor y = at::empty({images, columns, height, width}, x.options(), at::MemoryFormat::ChannelsLast);
  const at::Tensor transformed = transformed_kernel(kernel, backward);
  const std::int64_t tiles = tiles_of(height, width), threads = at::get_num_threads();
  const Blocks blocks(tiles, images, x.size(1), threads);
  const std::int64_t each = blocks.patches() + blocks.products(), all = images * blocks.count;
  const std::int64_t workers = std::min(threads, all);
  const at::Tensor memory = scratch(workers * each);
  std::atomic<std::int64_t> next = 0;
  parallel_for(0, workers, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t worker = begin; worker < end; ++worker)
      for (std::int64_t i = next++; i < all; i = next++) {
        const std::int64_t image = i / blocks.count, first = i % blocks.count * blocks.size;
        convolve_block(image_of(x, mask, image), transformed.const_data_ptr<float>(), blocks,
                       {first, std::min(blocks.size, tiles - first)}, finish,
                       memory.mutable_data_ptr<float>() + worker * each, columns,
                       y.mutable_data_ptr<float>() + image * height * width * columns);
      }
  });
  return y;
}

/// The sums over tiles that an image's gradients of kernel and bias are made of: all threads transform a block of
/// tiles, then each multiplies at its points; within a parallel loop, one thread does.
class TileSums {
 public:
  TileSums(std::int64_t in, std::int64_t out, std::int64_t block) : in_(in), out_(out), block_(block) {}

  std::int64_t product_stride() const { return in_ * out_ + pad; }  ///< floats from point to point

  /// `products`: 36 x product_stride, to be out x in each; `bias`: out.
  void take(const Map& x, const Map& gradient, const Tiles& tiles, float* products, double* bias) const {
    const at::Tensor memory = scratch(points * (patches() + gradients()) + block_ * out_);
    const Scratch to = {memory.mutable_data_ptr<float>(), memory.mutable_data_ptr<float>() + points * patches(),
                        memory.mutable_data_ptr<float>() + points * (patches() + gradients())};
    std::fill_n(bias, out_, 0.0);
    for (std::int64_t done = 0; done < tiles.count; done += block_) {
      const Tiles some = {tiles.first + done, std::min(block_, tiles.count - done)};
      transform(x, gradient, some, to);
      multiply(to, some.count, /*adds=*/done > 0, products, bias);
    }
  }

 private:
  struct Scratch {
    float *patches, *gradients, *sums;
  };

  std::int64_t patch_row() const { return in_ + pad; }
  std::int64_t gradient_row() const { return out_ + pad; }
  std::int64_t patches() const { return block_ * patch_row() + pad; }
  std::int64_t gradients() const { return block_ * gradient_row() + pad; }

  void transform(const Map& x, const Map& gradient, const Tiles& tiles, const Scratch& to) const {
    parallel_for(0, tiles.count, 1, [&](std::int64_t begin, std::int64_t end) {
      const Tiles some = {tiles.first + begin, end - begin};
      transform_patches(x, some, {to.patches + begin * patch_row(), patches(), patch_row(), lanes});
      transform_gradients(gradient, some, {to.gradients + begin * gradient_row(), gradients(), gradient_row(), lanes},
                          to.sums + begin * out_);
    });
  }

  void multiply(const Scratch& from, std::int64_t count, bool adds, float* products, double* bias) const {
    constexpr std::int64_t width = 128;  // columns of a task
    const std::int64_t across = divided_up(in_, width), tasks = points * across;
    parallel_for(0, tasks + 1, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t task = begin; task < std::min(end, tasks); ++task) {
        const std::int64_t point = task / across, column = task % across * width;
        multiply_transposed(
            {from.gradients + point * gradients(), gradient_row(), from.patches + point * patches() + column,
             patch_row(), products + point * product_stride() + column, in_, out_, std::min(width, in_ - column),
             count},
            adds);
      }
      if (end > tasks)
        for (std::int64_t i = 0; i < count * out_; ++i) bias[i % out_] += from.sums[i];
    });
  }

  std::int64_t in_, out_, block_;
};

struct KernelGradient {
  at::Tensor kernel, bias;
};

/// The gradients of kernel and bias, image by image. An image's tiles are cut into parts that are summed each alone,
/// how many follows from the sizes; so the bits are the same whether threads take a part each, or all threads part
/// after part.
class KernelGradients {
 public:
  KernelGradients(const at::Tensor& x, const at::Tensor& gradient, const at::Tensor& mask, const at::Tensor& kernel)
      : x_(x),
        gradient_(gradient),
        mask_(mask),
        out_(kernel.size(0)),
        in_(kernel.size(1)),
        tiles_(tiles_of(x.size(2), x.size(3))),
        parts_(parts(tiles_, in_ * out_)),
        part_(divided_up(tiles_, parts_)),
        sums_(in_, out_, even(part_, in_ * out_ <= few_products ? few_tiles : many_tiles)),
        found_{at::empty_like(kernel), at::empty({out_}, kernel.options())} {}

  KernelGradient run() {
    const std::int64_t images = x_.size(0), threads = at::get_num_threads();
    // As many images at once as give every thread a part, where their sums are not too large.
    const std::int64_t fit = most_sums / (parts_ * points * in_ * out_);
    const std::int64_t together = std::clamp<std::int64_t>(std::min(fit, divided_up(threads, parts_)), 1, images);
    const at::Tensor memory = scratch(together * parts_ * products());
    std::vector<double> bias(static_cast<std::size_t>(together * parts_ * out_));
    for (std::int64_t first = 0; first < images; first += together) {
      const std::int64_t tasks = std::min(together, images - first) * parts_;
      const auto take = [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t task = begin; task < end; ++task) {
          const std::int64_t image = first + task / parts_, tile = task % parts_ * part_;
          sums_.take(image_of(x_, {}, image), image_of(gradient_, mask_, image), {tile, std::min(part_, tiles_ - tile)},
                     memory.mutable_data_ptr<float>() + task * products(), bias.data() + task * out_);
        }
      };
      if (tasks < threads)
        take(0, tasks);
      else
        parallel_for(0, tasks, 1, take);
      for (std::int64_t task = 0; task < tasks; task += parts_)
        add_image(first + task / parts_, memory.mutable_data_ptr<float>() + task * products(),
                  bias.data() + task * out_);
    }
    return found_;
  }

 private:
  static constexpr std::int64_t few_products = 128 * 256;             // channels in times out
  static constexpr std::int64_t few_tiles = 64, many_tiles = 256;     // of a block: few stay in a core's cache
  static constexpr std::int64_t most_parts = 16, fewest_tiles = 224;  // of a part
  static constexpr std::int64_t most_sums = 10 << 20;                 // floats of all parts together

  static std::int64_t parts(std::int64_t tiles, std::int64_t channels) {
    std::int64_t count = 1;
    while (channels <= few_products && 2 * count <= most_parts && 2 * count * fewest_tiles <= tiles &&
           2 * count * points * channels <= most_sums)
      count *= 2;
    return count;
  }

  /// At most `most`, and `count` in equal pieces.
  static std::int64_t even(std::int64_t count, std::int64_t most) { return divided_up(count, divided_up(count, most)); }

  std::int64_t products() const { return points * sums_.product_stride(); }

  /// `sums`, `of_bias`: of the image's parts, which are added up in place.
  void add_image(std::int64_t image, float* sums, const double* of_bias) {
    const std::int64_t stride = sums_.product_stride();
    float *const kernel = found_.kernel.mutable_data_ptr<float>(), *const bias = found_.bias.mutable_data_ptr<float>();
    parallel_for(0, out_, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t part = 1; part < parts_; ++part)
        for (std::int64_t point = 0; point < points; ++point) {
          float *const to = sums + point * stride, *const from = to + part * products();
          for (std::int64_t i = begin * in_; i < end * in_; ++i) to[i] += from[i];
        }
      for (std::int64_t row = begin; row < end; ++row)
        gather_kernel(sums + row * in_, stride, in_, /*adds=*/image > 0, kernel + row * taps * in_);
    });
    for (std::int64_t c = 0; c < out_; ++c) {
      double sum = 0;
      for (std::int64_t part = 0; part < parts_; ++part) sum += of_bias[part * out_ + c];
      bias[c] = image == 0 ? static_cast<float>(sum) : bias[c] + static_cast<float>(sum);
    }
  }

  at::Tensor x_, gradient_, mask_;
  std::int64_t out_, in_, tiles_, parts_, part_;
  TileSums sums_;
  KernelGradient found_;
};

struct WinogradConvolution : torch::autograd::Function<WinogradConvolution> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias, bool activate) {
    RECORD_FUNCTION("fastbox::winograd_convolution", std::vector<c10::IValue>());
    const float* const added = bias.has_value() ? bias->const_data_ptr<float>() : nullptr;
    const at::Tensor y = convolve(x, {}, weight, /*backward=*/false, {added, activate});
    context->save_for_backward({x, weight, activate ? y : at::Tensor()});
    context->saved_data["has_bias"] = bias.has_value();
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    RECORD_FUNCTION("fastbox::winograd_convolution_backward", std::vector<c10::IValue>());
    enum Operand { x, weight, bias };
    const auto saved = context->get_saved_variables();
    const at::Tensor &from = saved[0], &kernel = saved[1], &mask = saved[2];
    const at::Tensor gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    const bool for_weight = context->needs_input_grad(weight);
    const bool for_bias = context->saved_data["has_bias"].toBool() && context->needs_input_grad(bias);
    at::Tensor of_x;
    if (context->needs_input_grad(x)) of_x = convolve(gradient, mask, kernel, /*backward=*/true, {});
    KernelGradient found;
    if (for_weight || for_bias) found = KernelGradients(from, gradient, mask, kernel).run();
    return {of_x, for_weight ? found.kernel : at::Tensor(), for_bias ? found.bias : at::Tensor(), at::Tensor()};
  }
};

}  // namespace

bool suits_winograd(const at::Tensor& x, const at::Tensor& weight) {
  const auto is_plain = [](const at::Tensor& tensor) {
    return tensor.is_cpu() && tensor.scalar_type() == at::kFloat && tensor.dim() == 4 &&
           tensor.is_contiguous(at::MemoryFormat::ChannelsLast);
  };
  if (!is_plain(x) || !is_plain(weight) || at::autocast::is_autocast_enabled(at::kCPU) ||
      torch::jit::tracer::isTracing())
    return false;
  if (weight.size(2) != 3 || weight.size(3) != 3 || x.size(0) == 0) return false;
  const std::int64_t out = weight.size(0), in = weight.size(1);
  // With fewer tiles, the kernel's transform costs what the products save: 10 tiles take as long as the direct
  // convolution at 192 channels and 9 at 512, 16 seven tenths at 512 and half at 64.
  constexpr std::int64_t fewest_tiles = 12;
  return in % lanes == 0 && out % lanes == 0 && tiles_of(x.size(2), x.size(3)) >= fewest_tiles;
}

at::Tensor winograd_convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool activate) {
  std::optional<at::Tensor> added;
  if (bias.defined()) added = bias;
  return WinogradConvolution::apply(x, weight, added, activate);
}

}  // namespace fastbox::models
