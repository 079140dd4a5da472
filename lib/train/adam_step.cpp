#include "train/adam_step.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <cmath>

namespace fastbox::train {
namespace {

constexpr std::int64_t grain = 1 << 15;  // elements a thread takes at least

template <typename Number>
void step(const at::Tensor& parameters, const at::Tensor& gradient, const at::Tensor& m, const at::Tensor& v,
          double step_size, double beta1, double beta2, double epsilon, double gradient_scale) {
  Number* const w = parameters.data_ptr<Number>();
  const Number* const g = gradient.const_data_ptr<Number>();
  Number* const first = m.data_ptr<Number>();
  Number* const second = v.data_ptr<Number>();
  const auto b1 = static_cast<Number>(beta1), b2 = static_cast<Number>(beta2);
  const auto c1 = static_cast<Number>(1 - beta1), c2 = static_cast<Number>(1 - beta2);
  const auto size = static_cast<Number>(step_size), eps = static_cast<Number>(epsilon);
  const auto scale = static_cast<Number>(gradient_scale);
  at::parallel_for(0, parameters.numel(), grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const Number scaled = g[i] * scale;
      first[i] = b1 * first[i] + c1 * scaled;
      second[i] = b2 * second[i] + c2 * scaled * scaled;
      w[i] -= size * first[i] / (std::sqrt(second[i]) + eps);
    }
  });
}

void adam_step_cpu(at::Tensor& parameters, const at::Tensor& gradient, at::Tensor& m, at::Tensor& v, double step_size,
                   double beta1, double beta2, double epsilon, double gradient_scale) {
  AT_DISPATCH_FLOATING_TYPES(parameters.scalar_type(), "adam_step", [&] {
    step<scalar_t>(parameters, gradient, m, v, step_size, beta1, beta2, epsilon, gradient_scale);
  });
}

}  // namespace

void adam_step(at::Tensor& parameters, const at::Tensor& gradient, at::Tensor& m, at::Tensor& v, double step_size,
               double beta1, double beta2, double epsilon, double gradient_scale) {
  static const auto handle = c10::Dispatcher::singleton()
                                 .findSchemaOrThrow("fastbox::adam_step", "")
                                 .typed<void(at::Tensor&, const at::Tensor&, at::Tensor&, at::Tensor&, double, double,
                                             double, double, double)>();
  handle.call(parameters, gradient, m, v, step_size, beta1, beta2, epsilon, gradient_scale);
}

}  // namespace fastbox::train

TORCH_LIBRARY(fastbox, library) {
  library.def(
      "adam_step(Tensor(a!) parameters, Tensor gradient, Tensor(b!) m, Tensor(c!) v, float step_size, float beta1, "
      "float beta2, float epsilon, float gradient_scale) -> ()");
}

TORCH_LIBRARY_IMPL(fastbox, CPU, library) {
  library.impl("adam_step", &fastbox::train::adam_step_cpu);
}
