// PyTorch's files of a state_dict (.pth, .pt): named tensors, read without PyTorch and without obeying the file.
//
// Both forms: the zip of torch >= 1.6 (`data.pkl` and `data/KEY`, stored), and the one before it (five pickles and the raw
// storages), which torchvision's older ImageNet weights have. Tensors as in a safetensors file; a state_dict under
// "state_dict", "model_state_dict" or "model" beside other things is found. Whole modules, TorchScript and the tar form of
// torch before 0.1.10 are refused with a hint. Sources: torch/serialization.py, torch/_utils.py; docs/formats.md#weights.
// Thread-safe: a reader is immutable after its construction.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/safetensors.hpp"

namespace fastbox::io {

class Pickle;

/// Whether a file that begins so claims to be a zip archive, or one of PyTorch's older form.
bool is_zip(std::string_view bytes);
bool is_torch_legacy(std::string_view bytes);

/// A file read whole into memory and checked.
class TorchFile {
 public:
  /// Throws Error(data) naming file, byte or tensor where the file is damaged or cut off, wants anything done that a state_dict
  /// does not need, claims more than there is, or names something twice. A tensor whose elements do not lie one after another
  /// (transposed, channels last) is gathered; together these may not have more bytes than the file.
  explicit TorchFile(const std::filesystem::path& file);

  /// As above from bytes already in memory; `name` is for messages.
  TorchFile(std::string name, std::string bytes);

  // A copy's views would point into the original's bytes.
  TorchFile(const TorchFile&) = delete;
  TorchFile& operator=(const TorchFile&) = delete;
  TorchFile(TorchFile&&) = default;
  TorchFile& operator=(TorchFile&&) = default;

  /// Tensors of one storage share their bytes.
  const std::map<std::string, TensorView>& tensors() const { return tensors_; }

 private:
  using Storages = std::map<std::string_view, std::string_view>;  ///< key -> bytes

  void read_zip();
  void read_legacy();
  void take_tensors(const Pickle& pickle, const Storages& storages, const std::string& where);
  TensorView view(const Pickle& pickle, std::size_t place, const Storages& storages, const std::string& where);

  std::string name_;
  std::string bytes_;
  std::vector<std::vector<std::byte>> gathered_;
  std::size_t gathered_bytes_ = 0;
  std::map<std::string, TensorView> tensors_;
};

}  // namespace fastbox::io
