#include "models/rezoom.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/library.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "models/parallel.hpp"
#include "models/rezoom_loops.hpp"
#include "models/rezoom_tensors.hpp"

namespace fastbox::models {
namespace {

using Tensors = std::tuple<at::Tensor, at::Tensor>;

/// Pixels, samples or boxes that a thread takes at least, each of which moves so many numbers.
std::int64_t grain_of(std::int64_t numbers) {
  constexpr std::int64_t numbers_per_task = 1 << 15;
  return std::max<std::int64_t>(1, numbers_per_task / std::max<std::int64_t>(1, numbers));
}

at::Tensor rezoom_cpu(const at::Tensor& early, const at::Tensor& box) {
  const ZoomSizes sizes = zoom_sizes(early, box);
  const at::Tensor boxes = box.contiguous();
  const at::Tensor result =
      at::empty({sizes.images, sizes.rows, sizes.columns, zoom_points * sizes.channels}, boxes.options());
  with_element_of(early, [&](auto element) {
    using Element = decltype(element);
    using Number = NumberOf<Element>;
    const auto* const features = static_cast<const Element*>(early.const_data_ptr());
    const auto* const from = boxes.const_data_ptr<Number>();
    auto* const to = result.mutable_data_ptr<Number>();
    parallel_for(0, sizes.points(), grain_of(sizes.channels),
                 [&](std::int64_t first, std::int64_t last) { sample_points(features, from, sizes, first, last, to); });
  });
  return result;
}

/// Sorts every image's corners by their pixels, in the form of CornersByPixel; leaves out those of none.
void sort_corners(const std::vector<std::int32_t>& pixels, const ZoomSizes& sizes, std::vector<std::int64_t>& starts,
                  std::vector<std::int64_t>& corners) {
  const std::int64_t count = sizes.pixels_of_image(), of_image = sizes.points_of_image() * zoom_corners;
  parallel_for(0, sizes.images, 1, [&](std::int64_t first_image, std::int64_t last_image) {
    std::vector<std::int64_t> next(static_cast<std::size_t>(count));
    for (std::int64_t image = first_image; image < last_image; ++image) {
      std::int64_t* const from = starts.data() + image * (count + 1);
      const auto for_each = [&](const auto& work) {
        for (std::int64_t corner = image * of_image; corner < (image + 1) * of_image; ++corner) {
          const std::int64_t pixel = pixels[static_cast<std::size_t>(corner)];
          if (pixel != sizes.pixels()) work(corner, pixel - image * count);
        }
      };
      std::fill_n(from, count + 1, 0);
      for_each([&](std::int64_t, std::int64_t pixel) { ++from[pixel + 1]; });
      from[0] = image * of_image;
      for (std::int64_t pixel = 0; pixel < count; ++pixel) from[pixel + 1] += from[pixel];
      std::copy_n(from, count, next.begin());
      for_each([&](std::int64_t corner, std::int64_t pixel) {
        corners[static_cast<std::size_t>(next[static_cast<std::size_t>(pixel)]++)] = corner;
      });
    }
  });
}

template <typename Element>
void to_features(const NumberOf<Element>* gradient, const NumberOf<Element>* boxes, const ZoomSizes& sizes,
                 Element* to) {
  const auto count = static_cast<std::size_t>(sizes.points() * zoom_corners);
  std::vector<std::int32_t> pixels(count);
  std::vector<NumberOf<Element>> shares(count);
  parallel_for(0, sizes.points(), grain_of(zoom_corners), [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t point = first; point < last; ++point)
      corner_shares(boxes, sizes, point, pixels.data(), shares.data());
  });
  std::vector<std::int64_t> starts(static_cast<std::size_t>(sizes.pixels() + sizes.images)), corners(count);
  sort_corners(pixels, sizes, starts, corners);
  parallel_for(0, sizes.pixels(), grain_of(sizes.channels), [&](std::int64_t first, std::int64_t last) {
    gather_pixels(gradient, {starts.data(), corners.data(), shares.data()}, sizes, first, last, to);
  });
}

/// Of the features (channels-last) and of the boxes; undefined what is not asked for.
Tensors rezoom_backward_cpu(const at::Tensor& of_samples, const at::Tensor& early, const at::Tensor& box,
                            bool for_early, bool for_box) {
  const ZoomSizes sizes = zoom_sizes(early, box);
  const at::Tensor gradient = of_samples.contiguous(), boxes = box.contiguous();
  at::Tensor of_early, of_box;
  if (for_early) of_early = at::empty(early.sizes(), early.options(), at::MemoryFormat::ChannelsLast);
  if (for_box) of_box = at::empty(boxes.sizes(), boxes.options());
  with_element_of(early, [&](auto element) {
    using Element = decltype(element);
    using Number = NumberOf<Element>;
    const auto* const features = static_cast<const Element*>(early.const_data_ptr());
    const auto *const from = gradient.const_data_ptr<Number>(), *const at_boxes = boxes.const_data_ptr<Number>();
    if (for_early) to_features(from, at_boxes, sizes, static_cast<Element*>(of_early.mutable_data_ptr()));
    if (!for_box) return;
    auto* const to = of_box.mutable_data_ptr<Number>();
    parallel_for(0, sizes.boxes(), grain_of(zoom_points * sizes.channels), [&](std::int64_t first, std::int64_t last) {
      differentiate_boxes(features, at_boxes, from, sizes, first, last, to);
    });
  });
  return {of_early, of_box};
}

struct FusedRezoom : torch::autograd::Function<FusedRezoom> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& early, const at::Tensor& box) {
    static const auto handle = c10::Dispatcher::singleton()
                                   .findSchemaOrThrow("fastbox::rezoom", "")
                                   .typed<at::Tensor(const at::Tensor&, const at::Tensor&)>();
    context->save_for_backward({early, box});
    return handle.call(early, box);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    static const auto handle =
        c10::Dispatcher::singleton()
            .findSchemaOrThrow("fastbox::rezoom_backward", "")
            .typed<Tensors(const at::Tensor&, const at::Tensor&, const at::Tensor&, bool, bool)>();
    const auto saved = context->get_saved_variables();
    const auto [of_early, of_box] =
        handle.call(gradients[0], saved[0], saved[1], context->needs_input_grad(0), context->needs_input_grad(1));
    return {of_early, of_box};
  }
};

/// The smallest maps are left to LibTorch: it divides by their sides less one.
bool has_kernel(const at::Tensor& early, const at::Tensor& box) {
  const at::ScalarType features = early.scalar_type(), boxes = box.scalar_type();
  const bool has_types = (boxes == at::kFloat && (features == at::kFloat || features == at::kBFloat16)) ||
                         (boxes == at::kDouble && features == at::kDouble);
  return has_types && (early.is_cpu() || early.is_cuda()) && early.device() == box.device() &&
         early.size(1) % lanes == 0 && early.stride(1) == 1 && early.size(2) > 1 && early.size(3) > 1 &&
         is_numbered(zoom_sizes(early, box)) && !torch::jit::tracer::isTracing();
}

}  // namespace

at::Tensor rezoom(const at::Tensor& early, const at::Tensor& box) {
  return has_kernel(early, box) ? FusedRezoom::apply(early, box) : plain_rezoom(early, box);
}

at::Tensor plain_rezoom(const at::Tensor& features, const at::Tensor& box) {
  const at::Tensor early = features.to(box.scalar_type());
  const std::int64_t b = box.size(0), gh = box.size(1), gw = box.size(2);
  const std::int64_t fh = early.size(2), fw = early.size(3);
  const at::TensorOptions options = box.options().requires_grad(false);
  const at::Tensor column = at::arange(gw, options).view({1, 1, gw}) * zoom_cell + zoom_cell / 2;
  const at::Tensor row = at::arange(gh, options).view({1, gh, 1}) * zoom_cell + zoom_cell / 2;
  const auto dx = box.select(3, 0), dy = box.select(3, 1), w = box.select(3, 2), h = box.select(3, 3);

  constexpr double offsets[] = {-0.25, 0.0, 0.25};  // of the box's size, from its centre
  std::vector<at::Tensor> grids;
  for (const double ow : offsets) {
    for (const double oh : offsets) {
      const at::Tensor x = ((dx + ow * w + column) / zoom_stride).clamp(0, static_cast<double>(fw - 1));
      const at::Tensor y = ((dy + oh * h + row) / zoom_stride).clamp(0, static_cast<double>(fh - 1));
      grids.push_back(at::stack({2 * x / (fw - 1) - 1, 2 * y / (fh - 1) - 1}, -1));  // grid_sample's -1..1
    }
  }
  const at::Tensor grid = at::stack(grids, 3).reshape({b, gh, gw * zoom_points, 2});
  constexpr int bilinear = 0, zero_padding = 0;
  return at::grid_sampler_2d(early, grid, bilinear, zero_padding, /*align_corners=*/true)
      .view({b, early.size(1), gh, gw, zoom_points})
      .permute({0, 2, 3, 4, 1})
      .reshape({b, gh, gw, zoom_points * early.size(1)});
}

}  // namespace fastbox::models

TORCH_LIBRARY_FRAGMENT(fastbox, library) {
  library.def("rezoom(Tensor early, Tensor box) -> Tensor");
  library.def(
      "rezoom_backward(Tensor gradient, Tensor early, Tensor box, bool for_early, bool for_box) -> (Tensor, Tensor)");
}

TORCH_LIBRARY_IMPL(fastbox, CPU, library) {
  library.impl("rezoom", &fastbox::models::rezoom_cpu);
  library.impl("rezoom_backward", &fastbox::models::rezoom_backward_cpu);
}
