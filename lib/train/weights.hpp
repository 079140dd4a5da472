// A run that starts from weights: our own, or an encoder's of torchvision's, with an account of every tensor.
//
// The file is any that io/weights_file.hpp reads. Files with our names must have all of the model's; files with
// torchvision's have the encoder's, and the decoder stays as it was drawn. Thread-safe for distinct tensors.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "models/network.hpp"
#include "train/tensor_file.hpp"

namespace fastbox::train {

/// The name that torchvision's state_dict has for one of our tensors ("encoder.layers.0.weight" -> "features.0.weight");
/// "" for a tensor that torchvision's model lacks.
using ForeignName = std::function<std::string(const std::string& own)>;

/// Whether a tensor of torchvision's model may stay unused: its classifier's. Another that is unused shows that the file is
/// of another model.
using MayLeave = std::function<bool(const std::string& theirs)>;

/// For files of any model.
inline bool may_leave_all(const std::string&) {
  return true;
}

/// What became of every tensor; names in alphabetical order.
struct WeightsAccount {
  std::string form;                             ///< of the file: "safetensors" or "PyTorch"
  bool own_names = true;                        ///< false: torchvision's
  std::vector<std::string> loaded;              ///< of the model: taken from the file
  std::vector<std::string> drawn;               ///< of the model: not in such a file, left as they were
  std::vector<std::string> unused;              ///< of the file
  std::map<std::string, std::string> metadata;  ///< of the file
};

/// Copies the file's tensors into `model`'s, converting type and device. "module.", which DataParallel puts before every name,
/// is taken off. Throws Error(data) as the readers do, or with one line for every tensor that is missing, of another shape, or (with
/// torchvision's names) left over against `may_leave`; then nothing has been copied.
WeightsAccount load_weights(const std::filesystem::path& file, NamedTensors& model, const ForeignName& foreign_name,
                            const MayLeave& may_leave = may_leave_all);

/// The same for a network and settings.weights. Input normalisation `auto` is settled: the weights' own, in the network
/// and in `settings`, so that a checkpoint's run file tells it. Throws as load_weights does.
WeightsAccount start_from_weights(models::Network& network, config::ModelSettings& settings);

/// What a model.safetensors says beside its tensors, so that another run may start from it.
std::map<std::string, std::string> weights_metadata(const config::ModelSettings& settings);

/// For the log, in a line or two: "FILE (PyTorch, torchvision's names): loaded 26 tensors; drawn at random: ..; unused: ..".
std::string account_text(const std::filesystem::path& file, const WeightsAccount& account);

}  // namespace fastbox::train
