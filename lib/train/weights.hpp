// A run that starts from weights: our own, or an encoder's of torchvision's, with an account of every tensor.
//
// The file is any that io/weights_file.hpp reads. Files with our names must have all of the model's; files with
// torchvision's have the encoder's, and the decoder stays as it was drawn. Thread-safe for distinct tensors.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "train/tensor_file.hpp"

namespace fastbox::train {

/// The name that torchvision's state_dict has for one of our tensors ("encoder.layers.0.weight" -> "features.0.weight");
/// "" for a tensor that torchvision's model lacks.
using ForeignName = std::function<std::string(const std::string& own)>;

/// For a model of which torchvision has none.
inline std::string own_names_only(const std::string&) {
  return "";
}

/// What became of every tensor; names in alphabetical order.
struct WeightsAccount {
  std::string form;                 ///< of the file: "safetensors" or "PyTorch"
  bool own_names = true;            ///< false: torchvision's
  std::vector<std::string> loaded;  ///< of the model: taken from the file
  std::vector<std::string> drawn;   ///< of the model: not in such a file, left as they were
  std::vector<std::string> unused;  ///< of the file
};

/// Copies the file's tensors into `model`'s, converting type and device. "module.", which DataParallel puts before every name,
/// is taken off. Throws Error(data) as the readers do, or with one line for every tensor that is missing or of another shape;
/// then nothing has been copied.
WeightsAccount load_weights(const std::filesystem::path& file, NamedTensors& model, const ForeignName& foreign_name);

/// For the log, in a line or two: "FILE (PyTorch, torchvision's names): loaded 26 tensors; drawn at random: ..; unused: ..".
std::string account_text(const std::filesystem::path& file, const WeightsAccount& account);

}  // namespace fastbox::train
