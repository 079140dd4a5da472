// A small encoder made for CPUs: residual stages with group normalisation, so no statistics over the batch.
//
// Stem: a 4x4 convolution of stride 4. Stages at strides 8, 16 and 32, most of the work at low resolution. `early`
// joins the stride-8 stage with what the deeper ones saw (top-down, as in a feature pyramid: Lin et al. 2017), so that
// the second look knows its surroundings.
#pragma once

#include <memory>
#include <vector>

#include "models/encoder.hpp"
#include "models/layers.hpp"

namespace fastbox::models {

/// ReLU(x + norm(conv3x3(ReLU(norm(conv3x3(x)))))): He et al. 2015, with group normalisation.
class ResidualBlock : public torch::nn::Module {
 public:
  explicit ResidualBlock(int channels);
  at::Tensor forward(const at::Tensor& x) const;
  void initialise(at::Generator& generator);

 private:
  std::shared_ptr<NormalisedConvolution> first_, second_;
};

class Small : public Encoder {
 public:
  explicit Small(double width_multiple = 1);
  Features forward(const at::Tensor& rgb) override;
  bool early_knows_deep() const override { return true; }
  void initialise(std::uint64_t seed) override;

 private:
  struct Stage {
    std::shared_ptr<NormalisedConvolution> down;  // halves the resolution
    std::vector<std::shared_ptr<ResidualBlock>> blocks;
  };

  std::shared_ptr<NormalisedConvolution> stem_, smooth_;
  std::vector<Stage> stages_;                           // strides 8, 16, 32
  std::vector<std::shared_ptr<Convolution>> laterals_;  // of the stages
};

}  // namespace fastbox::models
