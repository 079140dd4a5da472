#include "train/adam_step.hpp"

#include <ATen/ATen.h>
#include <torch/library.h>

#include "models/parallel.hpp"
#include "train/adam_kernel.hpp"

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
  const AdamFactors<Number> factors{static_cast<Number>(step_size),     static_cast<Number>(beta1),
                                    static_cast<Number>(beta2),         static_cast<Number>(1 - beta1),
                                    static_cast<Number>(1 - beta2),     static_cast<Number>(epsilon),
                                    static_cast<Number>(gradient_scale)};
  models::parallel_for(0, parameters.numel(), grain, [&](std::int64_t begin, std::int64_t end) {
    adam_kernel(w + begin, g + begin, first + begin, second + begin, end - begin, factors);
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
