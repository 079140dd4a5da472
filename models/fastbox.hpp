// FastBox: an encoder and KittiBox's decoder, which looks twice. Formulas: docs/model.md.
//
// A first prediction per cell of a stride-32 grid from the deep features; then nine bilinear samples of the early
// features at each predicted box (rezoom) correct confidence and box. One device, one process; used by one thread at a
// time. The module owns its parameters, named as the PyTorch twin names them (encoder.*, ip, box_out, confs_out,
// delta1, delta2, delta_boxes). Several classes share a softmax with the background, and a cell has one box.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/network.hpp"

namespace fastbox::models {

/// Constant factors inside the decoder. KittiBox's suit pretrained VGG features with their values of hundreds; for an
/// encoder that starts at random and gives values of order one, `balanced` brings every layer's input to order one.
/// (With KittiBox's, 1 / 1000 starves the second look, and 50 makes its confidence jump by a logit a step under Adam.)
struct Gains {
  double deep = 0.1, zoom = 1e-3, delta_logits = 50;

  static Gains kittibox() { return {}; }
  static Gains balanced() { return {0.2, 1, 1}; }
};

struct FastBoxOptions {
  std::string encoder = "vgg16";
  double width_multiple = 1;  ///< scale of the encoder's channel counts
  int hidden = 500;           ///< channels of the decoder's hidden layer
  double dropout = 0.5;
  Gains gains;
  int classes = 1;  ///< beside the background
};

/// Boxes as in Targets.
struct Output {
  at::Tensor logits;        ///< B x gh x gw x (1 + C): background, classes
  at::Tensor box;           ///< B x gh x gw x 4
  at::Tensor delta_logits;  ///< B x gh x gw x (1 + C): the corrected confidence
  at::Tensor delta_box;     ///< B x gh x gw x 4: added to box
};

class FastBox : public Network {
 public:
  static constexpr int cell = 32;         ///< pixels
  static constexpr int early_used = 256;  ///< the decoder uses at most so many early channels

  explicit FastBox(const FastBoxOptions& options);

  /// `rgb`: B x 3 x H x W, 0..255. `dropout_seeds`: in training, seed_tensor's of the images; undefined: no dropout.
  Output forward(const at::Tensor& rgb, const at::Tensor& dropout_seeds = {});

  int stride() const override { return cell; }
  std::vector<std::string> loss_names() const override;
  std::vector<at::Tensor> losses(const at::Tensor& rgb, const Targets& targets, const at::Tensor& dropout_seeds,
                                 const LossOptions& options, double global_images) override;
  std::vector<at::Tensor> outputs(const at::Tensor& rgb, const at::Tensor& dropout_seeds) override;

  at::Tensor confidence_logits(const at::Tensor& rgb) override;

  /// The encoder's parameters as it says, the decoder's U(-0.1, 0.1).
  void initialise(std::uint64_t seed) override;

 private:
  Prediction see(const at::Tensor& rgb) override;
  at::Tensor dropped(const at::Tensor& x, const at::Tensor& seeds, std::uint64_t which) const;

  FastBoxOptions options_;
  at::Tensor ip_, box_out_, confs_out_, delta1_, delta2_, delta_boxes_;
};

}  // namespace fastbox::models
