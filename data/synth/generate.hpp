// Synthetic KITTI: scenes drawn from a seed, with labels in KITTI's format, in KITTI's folder layout.
//
//   training/image_2/NNNNNN.png   training/label_2/NNNNNN.txt   splits/train.txt   splits/val.txt synth.json
//
// Frame i of a seed is a function of (seed, i) alone. render_scene may be called from any thread; generate
// starts threads of its own and returns when they have ended; one caller per folder.
#pragma once

#include <opencv2/core.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "io/kitti_label.hpp"

namespace fastbox::synth {

struct Scene {
  cv::Mat rgb;                      ///< H x W x 3 uint8, one of KITTI's four frame sizes
  std::vector<io::Object> objects;  ///< near to far, DontCare last; all 15 columns as drawn
};

/// Draws the scene. Its boxes are the painted silhouettes', clipped to 0 .. W-1 and 0 .. H-1; `occluded` is
/// measured on the pixels: 0 up to a tenth hidden, 1 up to half, 2 beyond. DontCare: under 18 pixels high,
/// beyond 70 m, or more than 85 % hidden.
Scene render_scene(std::uint64_t seed, std::uint64_t index);

struct Options {
  std::filesystem::path folder;
  int train = 0, val = 0;  ///< frames; those of val are numbered after those of train
  std::uint64_t seed = 1;
  int workers = 0;                                    ///< threads; 0: as many as the machine has
  std::function<void(int done, int total)> progress;  ///< called by one thread at a time; frames found count as done
};

/// Makes the data set, or finishes one that was interrupted; returns at once where it is complete. Throws
/// Error(usage) where the folder holds frames of another origin (seed, counts, generator) or a count is not
/// positive, and Error(environment) where a file cannot be written.
void generate(const Options& options);

}  // namespace fastbox::synth
