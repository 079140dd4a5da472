#include "train/adam_step.hpp"

#include <ATen/ATen.h>
#include <torch/library.h>

#include <algorithm>
#include <optional>
#include <type_traits>

#include "base/error.hpp"
#include "models/maps.hpp"
#include "models/parallel.hpp"
#include "train/adam_kernel.hpp"

namespace fastbox::train {
namespace {

using OptionalTensor = std::optional<at::Tensor>;

constexpr std::int64_t grain = 1 << 15;  // elements a thread takes at least

/// work(first, last, flag) for the stretches of [begin, end) whose blocks have one flag, each as long as it goes.
template <typename Work>
void for_equal_flags(const std::uint8_t* flags, std::int64_t block, std::int64_t begin, std::int64_t end,
                     const Work& work) {
  while (begin < end) {
    const std::uint8_t flag = flags[begin / block];
    std::int64_t next = begin / block + 1;
    while (next * block < end && flags[next] == flag) ++next;
    const std::int64_t last = std::min(end, next * block);
    work(begin, last, flag);
    begin = last;
  }
}

template <typename Number>
void step(const at::Tensor& parameters, const at::Tensor& gradient, const at::Tensor& m, const at::Tensor& v,
          models::Bf16* rounded, const std::uint8_t* decays, std::int64_t block, const AdamFactors<Number>& decaying) {
  Number* const w = parameters.data_ptr<Number>();
  const Number* const g = gradient.const_data_ptr<Number>();
  Number* const first = m.data_ptr<Number>();
  Number* const second = v.data_ptr<Number>();
  AdamFactors<Number> plain = decaying;
  plain.kept = 1;
  const auto stretch = [&](std::int64_t begin, std::int64_t end, const AdamFactors<Number>& factors) {
    if constexpr (std::is_same_v<Number, float>)
      adam_kernel(w + begin, g + begin, first + begin, second + begin, rounded == nullptr ? nullptr : rounded + begin,
                  end - begin, factors);
    else
      adam_kernel(w + begin, g + begin, first + begin, second + begin, end - begin, factors);
  };
  models::parallel_for(0, parameters.numel(), grain, [&](std::int64_t begin, std::int64_t end) {
    if (decays == nullptr) return stretch(begin, end, plain);
    for_equal_flags(decays, block, begin, end, [&](std::int64_t from, std::int64_t to, std::uint8_t decay) {
      stretch(from, to, decay != 0 ? decaying : plain);
    });
  });
}

void adam_step_cpu(at::Tensor& parameters, const at::Tensor& gradient, at::Tensor& m, at::Tensor& v,
                   const OptionalTensor& decays, const OptionalTensor& average, const OptionalTensor& rounded,
                   double step_size, double beta1, double beta2, double epsilon, double gradient_scale,
                   std::int64_t block, double kept, double average_share) {
  auto* const bf16 = rounded ? reinterpret_cast<models::Bf16*>(rounded->data_ptr<at::BFloat16>()) : nullptr;
  AT_DISPATCH_FLOATING_TYPES(parameters.scalar_type(), "adam_step", [&] {
    step<scalar_t>(parameters, gradient, m, v, bf16, decays ? decays->const_data_ptr<std::uint8_t>() : nullptr, block,
                   adam_factors<scalar_t>(step_size, beta1, beta2, epsilon, gradient_scale, kept));
  });
  if (average) average->lerp_(parameters, average_share);
}

}  // namespace

void adam_step(at::Tensor& parameters, const at::Tensor& gradient, at::Tensor& m, at::Tensor& v,
               const AdamNumbers& numbers, const WeightDecay& decay, const MovingAverage& average,
               const at::Tensor& rounded) {
  if (decay.blocks.defined() && (parameters.numel() + decay.block - 1) / decay.block != decay.blocks.numel())
    fail(ExitCode::defect, decay.blocks.numel(), " blocks of ", decay.block, " elements, for ", parameters.numel());
  if (rounded.defined() && (parameters.scalar_type() != at::kFloat || rounded.scalar_type() != at::kBFloat16 ||
                            rounded.numel() != parameters.numel()))
    fail(ExitCode::defect, rounded.numel(), " elements of ", at::toString(rounded.scalar_type()), " for ",
         parameters.numel(), " of ", at::toString(parameters.scalar_type()), " rounded, expected BFloat16 and Float");
  static const auto handle = c10::Dispatcher::singleton()
                                 .findSchemaOrThrow("fastbox::adam_step", "")
                                 .typed<void(at::Tensor&, const at::Tensor&, at::Tensor&, at::Tensor&,
                                             const OptionalTensor&, const OptionalTensor&, const OptionalTensor&,
                                             double, double, double, double, double, std::int64_t, double, double)>();
  const auto where_defined = [](const at::Tensor& t) { return t.defined() ? OptionalTensor(t) : std::nullopt; };
  handle.call(parameters, gradient, m, v, where_defined(decay.blocks), where_defined(average.values),
              where_defined(rounded), numbers.step_size, numbers.beta1, numbers.beta2, numbers.epsilon,
              numbers.gradient_scale, decay.block, decay.kept, average.share);
}

}  // namespace fastbox::train

TORCH_LIBRARY(fastbox, library) {
  library.def(
      "adam_step(Tensor(a!) parameters, Tensor gradient, Tensor(b!) m, Tensor(c!) v, Tensor? decays, "
      "Tensor(d!)? average, Tensor(e!)? rounded, float step_size, float beta1, float beta2, float epsilon, "
      "float gradient_scale, int block, float kept, float average_share) -> ()");
}

TORCH_LIBRARY_IMPL(fastbox, CPU, library) {
  library.impl("adam_step", &fastbox::train::adam_step_cpu);
}
