#include "models/group_norm.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/library.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <vector>

#include "models/group_norm_kernel.hpp"
#include "models/group_norm_tensors.hpp"
#include "models/parallel.hpp"

namespace fastbox::models {
namespace {

template <typename Element>
Element* moved(Element* from, std::int64_t by) {
  return from ? from + by : nullptr;
}

/// Batches of maps: where one image's are, and which images' blocks are worked through before the next images'.
struct Batch {
  explicit Batch(const at::Tensor& x)
      : images(x.size(0)), size{x.size(2) * x.size(3), x.size(1)}, stride(size.pixels * size.channels) {}

  /// `sums(image, block)` for some images' blocks, `between(image)`, then `writes(image, block)` while their maps are in the
  /// cache; each on all threads.
  template <typename Sums, typename Between, typename Writes>
  void for_blocks(const Sums& sums, const Between& between, const Writes& writes) const {
    constexpr std::int64_t elements_at_once = 1 << 20, elements_per_task = 1 << 15;
    const std::int64_t at_once = std::clamp<std::int64_t>(elements_at_once / stride, 1, images);
    const std::int64_t grain = std::max<std::int64_t>(1, elements_per_task / (size.block() * size.channels));
    for (std::int64_t first = 0; first < images; first += at_once) {
      const std::int64_t last = std::min(images, first + at_once), blocks = size.blocks();
      const auto over_blocks = [&](const auto& work) {
        parallel_for(first * blocks, last * blocks, grain, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i) work(i / blocks, i % blocks);
        });
      };
      over_blocks(sums);
      for (std::int64_t image = first; image < last; ++image) between(image);
      over_blocks(writes);
    }
  }

  /// Where the sums of a block lie, in memory for all.
  std::int64_t sums_at(std::int64_t image, std::int64_t block) const {
    return (image * size.blocks() + block) * 2 * size.channels;
  }

  std::int64_t images;
  MapSize size;
  std::int64_t stride;  ///< elements from one image's maps to the next's
};

/// `moments`: images x 2 x groups fp32.
GroupMoments moments_in(const at::Tensor& moments, std::int64_t image) {
  const std::int64_t groups = moments.size(2);
  float* mean = moments.mutable_data_ptr<float>() + image * 2 * groups;
  return {mean, mean + groups};
}

template <typename Element>
void normalise(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const GroupNormOptions& options,
               const at::Tensor& y, const at::Tensor& moments) {
  const Batch batch(x);
  const auto *in = elements<Element>(x), *residual = elements<Element>(options.residual);
  const auto *scale = weight.const_data_ptr<float>(), *shift = bias.const_data_ptr<float>();
  auto* out = elements<Element>(y);
  std::vector<float> sums(static_cast<std::size_t>(batch.sums_at(batch.images, 0)));
  batch.for_blocks(
      [&](std::int64_t image, std::int64_t block) {
        sum_block(in + image * batch.stride, batch.size, block, sums.data() + batch.sums_at(image, block));
      },
      [&](std::int64_t image) {
        moments_of(sums.data() + batch.sums_at(image, 0), batch.size, moments_in(moments, image));
      },
      [&](std::int64_t image, std::int64_t block) {
        const std::int64_t at = image * batch.stride;
        normalise_block<Element>(in + at, moved(residual, at), scale, shift, moments_in(moments, image), batch.size,
                                 block, options.activate, out + at);
      });
}

struct Gradients {
  at::Tensor x, residual, weight, bias;
};

/// What the forward pass left. `y`: undefined without a ReLU.
struct Kept {
  at::Tensor x, weight, moments, y;
};

template <typename Element>
void differentiate(const at::Tensor& gradient, const Kept& kept, const Gradients& to) {
  const Batch batch(kept.x);
  const std::int64_t channels = batch.size.channels;
  const auto *from = elements<Element>(gradient), *x = elements<Element>(kept.x), *y = elements<Element>(kept.y);
  auto *out = elements<Element>(to.x), *masked = elements<Element>(to.residual);
  const auto* weight = kept.weight.const_data_ptr<float>();
  std::vector<float> sums(static_cast<std::size_t>(batch.sums_at(batch.images, 0)));
  std::vector<double> of_images(static_cast<std::size_t>(batch.images * 2 * channels));
  std::vector<GradientFactors> factors(static_cast<std::size_t>(batch.images * batch.size.groups()));
  const auto factors_of = [&](std::int64_t image) { return factors.data() + image * batch.size.groups(); };
  const auto of_image = [&](std::int64_t image) { return of_images.data() + image * 2 * channels; };
  // With the masked gradient written, the second pass reads that one alone.
  const auto* again = masked ? masked : from;
  const auto* again_y = masked ? nullptr : y;
  batch.for_blocks(
      [&](std::int64_t image, std::int64_t block) {
        const std::int64_t at = image * batch.stride;
        sum_gradient_block<Element>(from + at, moved(y, at), x + at, moments_in(kept.moments, image), batch.size, block,
                                    sums.data() + batch.sums_at(image, block), moved(masked, at));
      },
      [&](std::int64_t image) {
        for (std::int64_t block = 0; block < batch.size.blocks(); ++block)
          for (std::int64_t i = 0; i < 2 * channels; ++i)
            of_image(image)[i] += sums[static_cast<std::size_t>(batch.sums_at(image, block) + i)];
        gradient_factors(of_image(image), weight, moments_in(kept.moments, image), batch.size, factors_of(image));
      },
      [&](std::int64_t image, std::int64_t block) {
        const std::int64_t at = image * batch.stride;
        gradient_block<Element>(again + at, moved(again_y, at), x + at, weight, factors_of(image), batch.size, block,
                                out + at);
      });
  for (std::int64_t c = 0; c < channels; ++c) {
    double of_bias = 0, of_weight = 0;
    for (std::int64_t image = 0; image < batch.images; ++image) {
      of_bias += of_image(image)[c];
      of_weight += of_image(image)[channels + c];
    }
    to.bias.mutable_data_ptr<float>()[c] = static_cast<float>(of_bias);
    to.weight.mutable_data_ptr<float>()[c] = static_cast<float>(of_weight);
  }
}

std::tuple<at::Tensor, at::Tensor> group_norm_cpu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                                                  const std::optional<at::Tensor>& residual, bool activate) {
  const at::Tensor y = at::empty_like(x);
  const at::Tensor moments = at::empty({x.size(0), 2, x.size(1) / channels_per_group}, weight.options());
  const GroupNormOptions options{activate, residual.value_or(at::Tensor())};
  with_element(x, [&](auto element) { normalise<decltype(element)>(x, weight, bias, options, y, moments); });
  return {y, moments};
}

using GradientTensors = std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor>;

GradientTensors group_norm_backward_cpu(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight,
                                        const at::Tensor& moments, const std::optional<at::Tensor>& y, bool adds) {
  const Kept kept{x, weight, moments, y.value_or(at::Tensor())};
  Gradients to{at::empty_like(x), {}, at::empty_like(weight), at::empty_like(weight)};
  if (adds && kept.y.defined()) to.residual = at::empty_like(x);
  with_element(x, [&](auto element) { differentiate<decltype(element)>(gradient, kept, to); });
  return {to.x, to.weight, to.bias, to.residual};
}

struct FusedGroupNorm : torch::autograd::Function<FusedGroupNorm> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const std::optional<at::Tensor>& residual, bool activate) {
    static const auto handle =
        c10::Dispatcher::singleton()
            .findSchemaOrThrow("fastbox::group_norm", "")
            .typed<std::tuple<at::Tensor, at::Tensor>(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                                      const std::optional<at::Tensor>&, bool)>();
    const at::AutoDispatchBelowADInplaceOrView plain_tensors;
    const auto [y, moments] = handle.call(x, weight, bias, residual, activate);
    context->save_for_backward({x, weight, moments, activate ? y : at::Tensor()});
    context->saved_data["adds"] = residual.has_value();
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    static const auto handle = c10::Dispatcher::singleton()
                                   .findSchemaOrThrow("fastbox::group_norm_backward", "")
                                   .typed<GradientTensors(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                                          const at::Tensor&, const std::optional<at::Tensor>&, bool)>();
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &y = saved[3];
    const at::Tensor gradient = gradients[0].to(x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
    const bool adds = context->saved_data["adds"].toBool();
    auto [of_x, of_weight, of_bias, masked] =
        handle.call(gradient, x, saved[1], saved[2], y.defined() ? std::optional(y) : std::nullopt, adds);
    // Without a ReLU, what is added gets the gradient as it came.
    return {of_x, of_weight, of_bias, adds && !y.defined() ? gradient : masked, at::Tensor()};
  }
};

bool is_fusible(const at::Tensor& x, const at::Tensor& weight) {
  const bool has_kernel = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  return has_kernel && (x.is_cpu() || x.is_cuda()) && weight.scalar_type() == at::kFloat && x.numel() > 0 &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast) && !torch::jit::tracer::isTracing();
}

}  // namespace

at::Tensor group_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      const GroupNormOptions& options) {
  if (!is_fusible(x, weight)) return plain_group_norm(x, weight, bias, options);
  std::optional<at::Tensor> residual;
  if (options.residual.defined())
    residual = options.residual.to(x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
  return FusedGroupNorm::apply(x, weight, bias, residual, options.activate);
}

at::Tensor plain_group_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            const GroupNormOptions& options) {
  at::Tensor y = at::group_norm(x, x.size(1) / channels_per_group, weight, bias, group_norm_epsilon);
  if (options.residual.defined()) y = options.residual + y;
  return options.activate ? at::relu(y) : y;
}

}  // namespace fastbox::models

TORCH_LIBRARY_FRAGMENT(fastbox, library) {
  library.def("group_norm(Tensor x, Tensor weight, Tensor bias, Tensor? residual, bool activate) -> (Tensor, Tensor)");
  library.def(
      "group_norm_backward(Tensor gradient, Tensor x, Tensor weight, Tensor moments, Tensor? y, bool adds) "
      "-> (Tensor, Tensor, Tensor, Tensor)");
}

TORCH_LIBRARY_IMPL(fastbox, CPU, library) {
  library.impl("group_norm", &fastbox::models::group_norm_cpu);
  library.impl("group_norm_backward", &fastbox::models::group_norm_backward_cpu);
}
