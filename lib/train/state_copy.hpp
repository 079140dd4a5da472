// A copy of everything that a checkpoint holds of the model and its optimiser, made while the ranks stand still.
//
// Owns its memory, which the next copy fills again. One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "train/tensor_file.hpp"

namespace fastbox::train {

struct StateCopy {
  std::map<std::string, at::Tensor> flats;  ///< by what they hold: "model", "m", "v", ...; on the CPU
  NamedTensors model, optimizer;            ///< views of them, by parameter
};

/// `from` into copy.flats[name], which is made where it is missing or does not fit. From a GPU or the CPU.
const at::Tensor& copy_flat(StateCopy& copy, const std::string& name, const at::Tensor& from);

}  // namespace fastbox::train
