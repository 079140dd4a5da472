// What a .cu file registers for GPUs, kept to be used on the CPU while a test asks for it: included instead of LibTorch's macro.
#pragma once

#include <torch/library.h>

#undef TORCH_LIBRARY_IMPL
#define TORCH_LIBRARY_IMPL(operators, key, library)                                       \
  static void register_emulated(torch::Library&);                                         \
  static const bool is_registered = fastbox::test::keep_registration(&register_emulated); \
  static void register_emulated(torch::Library& library)

namespace fastbox::test {

/// Called before main; true.
bool keep_registration(void (*registration)(torch::Library&));

}  // namespace fastbox::test
