// One rank's images of one step, with their targets, as the network takes them.
//
// Plain memory, no torch: the trainer wraps it. Buffers keep their size from step to step. Pixels are
// channels-last, [image][row][column][R, G, B], because the network runs so: no copy reorders them.
//
// Where a GPU makes the images, a batch holds their frames and how each is to be changed instead.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/frame_pixels.hpp"
#include "data/image_change.hpp"
#include "data/target.hpp"

namespace fastbox::data {

struct Batch {
  std::uint64_t first_sample = 0;  ///< the run's number of the first image's sample; the others follow on
  int images = 0;                  ///< may be 0 where a step has fewer images than there are ranks
  int height = 0, width = 0;       ///< pixels
  Grid grid;
  std::vector<float> image;           ///< [images][height][width][3], RGB, 0..255; empty where there are frames
  std::vector<FramePixels> frames;    ///< [images], or empty
  std::vector<ImageChange> changes;   ///< [images] from each frame to its image, or empty
  std::vector<float> confidence;      ///< [images][rows][columns][classes]
  std::vector<float> box;             ///< [images][rows][columns][4]
  std::vector<float> weight;          ///< [images][rows][columns]
  std::vector<float> mask;            ///< [images][rows][columns][classes]
  std::vector<std::string> names;     ///< [images] frame names
  TargetCounts counts;                ///< over the images
  std::vector<std::string> replaced;  ///< a line for each frame that could not be read: what it was, what came instead

  /// Sizes the buffers for so many images, or for frames in their place.
  void resize(int image_count, int image_height, int image_width, const Grid& cells, bool of_frames = false);

  std::span<float> pixels_of(int index);  ///< [height][width][3]
  TargetSpans targets_of(int index);
};

/// The images that a batch of frames stands for, [images][height][width][3], made on this thread.
std::vector<float> images_of(const Batch& batch);

}  // namespace fastbox::data
