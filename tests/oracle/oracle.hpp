// A file of reference numbers for the model: weights, a batch, outputs, losses, gradients and, perhaps, the parameters
// after three steps. Made by fastbox_twin.py or by another program that writes the same names.
//
// Test processes only; one thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <string>

#include "models/fastbox.hpp"
#include "models/loss.hpp"
#include "train/tensor_file.hpp"

namespace fastbox::test {

class Oracle {
 public:
  explicit Oracle(const std::filesystem::path& file);

  const at::Tensor& operator[](const std::string& name) const { return tensors_.at(name); }
  bool is_double() const;
  bool has_trained() const;

  /// FastBox of the file's encoder, batch, size, channels and type, with its weights; no dropout.
  std::unique_ptr<models::FastBox> model() const;
  models::Targets targets() const;
  const at::Tensor& image() const { return tensors_.at("batch/image"); }
  double images() const { return static_cast<double>(image().size(0)); }

 private:
  train::NamedTensors tensors_;
};

/// The largest difference as a share of the reference's largest absolute value.
double relative_difference(const at::Tensor& ours, const at::Tensor& reference);

/// A Python that has torch: FASTBOX_PYTHON, or the one beside the LibTorch of this build; empty where there is none.
std::string python_with_torch();

/// Runs the twin (the given script) with the arguments; false where that fails.
bool make_oracle(const std::filesystem::path& script, const std::filesystem::path& file, const std::string& arguments,
                 bool script_takes_command);

}  // namespace fastbox::test
