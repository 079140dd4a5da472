#include "train/mixed_precision.hpp"

#include <ATen/autocast_mode.h>

#include "base/error.hpp"

namespace fastbox::train {
namespace {

bool cpu_has_bf16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

}  // namespace

MixedPrecision::MixedPrecision(bool on, c10::DeviceType device, const models::RoundedCopies* copies)
    : on_(on), device_(device) {
  if (!on_) return;
  if (device_ == c10::kCPU && !cpu_has_bf16())
    fail(ExitCode::environment,
         "run.precision: bf16, but this CPU has no bf16 instructions (AVX512_BF16): fp32 is faster here");
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  at::autocast::increment_nesting();
  if (copies != nullptr) copies_.emplace(*copies);
}

MixedPrecision::~MixedPrecision() {
  if (!on_) return;
  // Its own copies of parameters, which change with the next update.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, false);
}

}  // namespace fastbox::train
