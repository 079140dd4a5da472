#include "train/state_copy.hpp"

#include <ATen/ATen.h>

#include "base/memory.hpp"
#include "models/parallel.hpp"

namespace fastbox::train {

const at::Tensor& copy_flat(StateCopy& copy, const std::string& name, const at::Tensor& from) {
  at::Tensor& to = copy.flats[name];
  if (!to.defined() || to.numel() != from.numel() || to.scalar_type() != from.scalar_type())
    to = at::empty(from.sizes(), from.options().device(at::kCPU));
  if (!from.is_cpu() || !from.is_contiguous()) {
    to.copy_(from);
    return to;
  }
  constexpr std::int64_t piece = 1 << 20;  // bytes
  const auto* source = static_cast<const std::byte*>(from.const_data_ptr());
  auto* target = static_cast<std::byte*>(to.mutable_data_ptr());
  models::parallel_for(0, static_cast<std::int64_t>(from.nbytes()), piece, [&](std::int64_t begin, std::int64_t end) {
    copy_past_cache(target + begin, source + begin, static_cast<std::size_t>(end - begin));
  });
  return to;
}

}  // namespace fastbox::train
