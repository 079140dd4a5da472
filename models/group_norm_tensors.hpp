// Group normalisation's tensors as its kernels see them: what the CPU's code and the GPU's have in common. C++17.
#pragma once

#include <ATen/core/Tensor.h>

#include "models/maps.hpp"

namespace fastbox::models {

/// work(element), an element of the maps' type: fp32, or else bf16.
template <typename Work>
void with_element(const at::Tensor& maps, const Work& work) {
  maps.scalar_type() == at::kFloat ? work(float()) : work(Bf16());
}

/// A tensor's memory; null for an undefined one.
template <typename Element>
Element* elements(const at::Tensor& tensor) {
  return tensor.defined() ? static_cast<Element*>(tensor.mutable_data_ptr()) : nullptr;
}

}  // namespace fastbox::models
