// Torch tensors to and from safetensors files.
//
// Thread-safe for distinct files and tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

#include "base/files.hpp"
#include "io/safetensors.hpp"

namespace fastbox::train {

using NamedTensors = std::map<std::string, at::Tensor>;

/// Writes the tensors' values, contiguous, whatever their strides and device. Throws Error(environment).
FileDigest write_tensors(const std::filesystem::path& file, const NamedTensors& tensors,
                         const std::map<std::string, std::string>& metadata = {});

/// A contiguous CPU tensor that owns its memory.
at::Tensor copy_of(const io::TensorView& view);

/// Contiguous CPU tensors that own their memory. Throws Error(data).
NamedTensors read_tensors(const std::filesystem::path& file);

/// Copies each of `from` into the tensor of the same name in `into`, converting type and device. Throws Error(data)
/// with one line for every name that is missing, left over or of another shape; then nothing has been copied.
void copy_by_name(const NamedTensors& from, NamedTensors& into, const std::string& source);

}  // namespace fastbox::train
