// What a frame costs before the network sees it, measured on this machine as it is now.
//
// Pure functions of files and clock; thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "config/settings.hpp"
#include "data/frame_pixels.hpp"
#include "data/frame_reader.hpp"

namespace fastbox::data {

/// Seconds of one thread.
struct FrameCost {
  double read = 0;  ///< decoded, or found in the cache; with its labels
  double make = 0;  ///< resized, augmented and written as floats; of frames in place of images: copied
  double sum() const { return read + make; }
};

/// The sample's frame, read and made as the loader does it, into `image` ([height][width][3] floats).
FrameCost time_sample(FrameReader& reader, const config::Settings& settings, std::uint64_t sample,
                      std::vector<float>& image);

/// The same where the loader hands on frames: read, and copied into `frame`.
FrameCost time_sample(FrameReader& reader, std::uint64_t sample, FramePixels& frame);

/// The least of a few frames: the first also pays for memory and files that nobody has touched yet. Nothing (0) where
/// no frame can be read: the loader says so at its turn. `of_images`: or the loader hands on frames.
FrameCost time_frames(const Dataset& dataset, std::shared_ptr<const FrameCache> cache, const config::Settings& settings,
                      int frames, bool of_images);

}  // namespace fastbox::data
