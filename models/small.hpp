// A small encoder made for CPUs: residual stages with group normalisation, no statistics over the batch.
//
// Stem: a 4x4 convolution of stride 4. Stages at strides 4, 8, 16 and 32. `early` joins the stride-8 stage with what the
// deeper ones saw (top-down, as in a feature pyramid), so that the second look knows its surroundings.
#pragma once

#include <memory>
#include <vector>

#include "models/encoder.hpp"
#include "models/layers.hpp"

namespace fastbox::models {

/// conv 3x3 -> norm -> SiLU -> conv 3x3 -> norm, plus the input (through a 1x1 of the same stride where the shape changes).
class ResidualBlock : public torch::nn::Module {
 public:
  ResidualBlock(int in, int out, int stride);
  at::Tensor forward(const at::Tensor& x) const;
  void initialise(at::Generator& generator);

 private:
  std::shared_ptr<Convolution> first_, second_, shortcut_;  // shortcut_ is null where the shape stays
  std::shared_ptr<GroupNorm> first_norm_, second_norm_;
};

class Small : public Encoder {
 public:
  explicit Small(double width_multiple = 1);
  Features forward(const at::Tensor& rgb) override;
  void initialise(std::uint64_t seed) override;

 private:
  std::shared_ptr<Convolution> stem_, lateral8_, lateral16_, lateral32_;
  std::shared_ptr<GroupNorm> stem_norm_;
  std::vector<std::vector<std::shared_ptr<ResidualBlock>>> stages_;  // strides 4, 8, 16, 32
};

}  // namespace fastbox::models
