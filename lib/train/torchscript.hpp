// A trained network as a TorchScript archive: what fastbox does from a resized frame to boxes, in ATen's operators.
//
// The network is traced in evaluation mode, decoding and suppression are source text (torchscript_source.hpp). Needs
// neither fastbox nor a Python class where it is loaded: torch.jit.load or torch::jit::load. One thread.
#pragma once

#include <string>

#include "config/settings.hpp"
#include "models/network.hpp"

namespace fastbox::train {

/// The archive's bytes. Its forward(images, frame_width = 0, frame_height = 0) takes N x 3 x H x W of numbers 0..255
/// (RGB, any type; H and W are model.height and width) and gives a dictionary an image: boxes (K x 4 float64: left, top,
/// right, bottom, pixels of the frame, or of the input where no frame size is given), scores (K float64) and labels
/// (K int64: the class's place in evaluation's list), in the order of Detector::detect. `network`: on the CPU in
/// float32 or float64; its tensors need no gradient afterwards. `metadata`: the archive's extra file fastbox.json.
std::string torchscript_archive(models::Network& network, const config::Settings& settings,
                                const std::string& metadata);

}  // namespace fastbox::train
