// Weights as people have them: a file's form is found by its own first bytes, never by its name.
//
// Thread-safe: a reader is immutable after its construction.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <variant>

#include "io/safetensors.hpp"
#include "io/torch_file.hpp"

namespace fastbox::io {

/// Named tensors of a safetensors file, or of a state_dict that torch.save wrote in its zip form or the one before it.
class WeightsFile {
 public:
  /// Throws Error(data) as the readers do, and where the file is of none of these forms.
  explicit WeightsFile(const std::filesystem::path& file);

  /// As above from bytes already in memory; `name` is for messages.
  WeightsFile(const std::string& name, std::string bytes);

  /// The bytes belong to this object.
  const std::map<std::string, TensorView>& tensors() const;

  /// What the writer noted; a PyTorch file has none.
  std::map<std::string, std::string> metadata() const;

  /// For people: "safetensors" or "PyTorch".
  const char* form() const;

 private:
  std::variant<SafetensorsFile, TorchFile> file_;
};

}  // namespace fastbox::io
