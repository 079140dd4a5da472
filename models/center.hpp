// A decoder of our own beside FastBox's: a map of object centres for each class, and a box at each cell.
//
// The encoder's features at stride 8 (with those of stride 32 added, unless the encoder has done so) pass a 3x3
// convolution; for cells of 4 pixels a further one doubles the resolution by rearranging channels (pixel shuffle: Shi et
// al. 2016). Two 1x1 convolutions then give each cell a logit a class and the logarithms of what the box reaches left,
// top, right and bottom of the cell's centre, in strides. Boxes are read where a class's map has a peak among its eight
// neighbours. Sources: Zhou et al. 2019, "Objects as Points"; Tian et al. 2019, "FCOS", for the reaches.
//
// One device, one process; used by one thread at a time.
#pragma once

#include "models/layers.hpp"
#include "models/network.hpp"

namespace fastbox::models {

struct CenterOptions {
  std::string encoder = "small";
  double width_multiple = 1;  ///< scale of the encoder's channel counts
  int hidden = 64;            ///< channels of the decoder; a multiple of channels_per_group (twice that for cells of 4)
  int cell = 8;               ///< pixels: 4 or 8
  int classes = 1;
};

class Center : public Network {
 public:
  /// Throws Error(usage) for options that do not fit.
  explicit Center(const CenterOptions& options);

  int stride() const override { return options_.cell; }
  std::vector<std::string> loss_names() const override;
  std::vector<at::Tensor> losses(const at::Tensor& rgb, const Targets& targets, const at::Tensor& dropout_seeds,
                                 const LossOptions& options, double global_images) override;
  std::vector<at::Tensor> outputs(const at::Tensor& rgb, const at::Tensor& dropout_seeds) override;
  at::Tensor confidence_logits(const at::Tensor& rgb) override;
  void initialise(std::uint64_t seed) override;

 private:
  struct Maps {
    at::Tensor logits;  ///< B x gh x gw x C
    at::Tensor reach;   ///< B x gh x gw x 4: left, top, right, bottom, pixels
  };
  Maps forward(const at::Tensor& rgb);
  Prediction see(const at::Tensor& rgb) override;
  void settle(Prediction& seen) const override;

  CenterOptions options_;
  std::shared_ptr<Convolution> early_, deep_;  // to `hidden` channels; null where the encoder has joined them
  std::shared_ptr<NormalisedConvolution> tower_, fine_;
  std::shared_ptr<Convolution> expand_;  // null with cells of 8 pixels
  std::shared_ptr<Convolution> confidence_, box_;
};

}  // namespace fastbox::models
