// What one image costs a model: arithmetic by parameter, and the memory that forward keeps for backward.
//
// Found by running forward once on small images, walking the graph that autograd made of it, and scaling by area: every
// layer is a convolution or a product per cell of the grid, so both grow with the number of cells exactly, whatever the
// encoder. One thread at a time for one model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/network.hpp"

namespace fastbox::train {

struct ParameterCost {
  std::string name;
  std::int64_t count = 0;    ///< elements
  double forward_flop = 0;   ///< per image, in the layer that it is the kernel or matrix of; 2 for a multiply-add
  double backward_flop = 0;  ///< the gradient of the kernel, and that of the input where the input has one
};

struct ModelCost {
  std::vector<ParameterCost> parameters;  ///< that are trained, in the order of the forward pass
  double frozen_flop = 0;                 ///< per image, forward: in the layers of the others
  double activation_elements = 0;         ///< per image: what lives from forward until backward, the outputs included

  double forward_flop() const;
  double backward_flop() const;
  std::int64_t count() const;
};

/// `model`: on the CPU, in float32; it is not changed. `width` and `height`: of the
/// network's input, multiples of 32.
ModelCost cost_of(models::Network& model, int width, int height);

}  // namespace fastbox::train
