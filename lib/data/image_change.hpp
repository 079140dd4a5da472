// What makes a frame into an image of the network, as plain numbers: a row of a tensor, on a CPU or a GPU.
//
// C++17, because the CUDA plugin's compiler knows no more.
#pragma once

namespace fastbox::data {

/// augment.hpp's Region, mirroring and Colour, and the size of the frame that they change.
struct ImageChange {
  double left = 0, top = 0, right = 0, bottom = 0;  ///< what is seen, in pixels of the frame; may reach outside of it
  double flip = 0;                                  ///< 1: left to right, 0: not
  double brightness = 0, contrast = 1, saturation = 1, hue = 0;
  double frame_width = 0, frame_height = 0;  ///< pixels
};

constexpr int change_numbers = 11;
static_assert(sizeof(ImageChange) == change_numbers * sizeof(double), "a row of a tensor");

}  // namespace fastbox::data
