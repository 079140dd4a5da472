// Random changes of a training frame: mirror, zoom and shift, brightness, contrast, saturation, hue.
//
// Drawing (what change) is apart from applying (to pixels and boxes), so that either can be tested alone.
// The functions are thread-safe. Streams of random numbers are functions of the run's seed and of what they are for,
// never of ranks, workers or steps.
//
// One image's stream is Random(seed, augmentation, epoch, global sample index): its geometry and, with colour
// "image", its colour. With colour "batch" all images of a global batch share one colour change, from
// Random(seed, augmentation, UINT64_MAX, global index of the batch's first sample); no epoch is UINT64_MAX.
//
// With scale {1, 1} and shift 0 this is KittiBox's augmentation: the whole frame resized to the network's
// size.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/random.hpp"
#include "config/settings.hpp"
#include "data/image_change.hpp"
#include "data/resize.hpp"
#include "data/target.hpp"

namespace fastbox::data {

struct Geometry {
  bool flip = false;
  double scale = 1;                 ///< zoom about the frame's centre; > 1 enlarges
  double shift_x = 0, shift_y = 0;  ///< pixels of the network's input, before the flip
};

struct Colour {
  double brightness = 0;  ///< added
  double contrast = 1;    ///< factor about each channel's mean over the image
  double saturation = 1;  ///< factor
  double hue = 0;         ///< turns
};

/// The two streams named above.
Random image_stream(std::uint64_t seed, std::uint64_t epoch, std::uint64_t sample);
Random batch_stream(std::uint64_t seed, std::uint64_t first_sample);

/// Each draws the same number of random numbers whatever the settings.
Geometry draw_geometry(const config::AugmentationSettings& settings, Random& random);
Colour draw_colour(const config::AugmentationSettings& settings, Random& random);

/// The part of a frame of frame_width x frame_height that fills a network input of width x height (before the
/// flip).
Region visible_region(const Geometry& geometry, int frame_width, int frame_height, int width, int height);

/// A positive rectangle of which less than this share of its area stays in view is ignored instead, by its class.
constexpr double smallest_visible_share = 0.3;

/// Boxes of the original frame as rectangles of the network's input: scaled, mirrored, clipped to it.
/// Rectangles wholly out of view are dropped; the order is kept.
std::vector<Rectangle> place_objects(const std::vector<io::Object>& objects, const ObjectRoles& roles,
                                     const Region& region, bool flip, int width, int height);

/// All that ImageMaker is told of the frame `rgb`, as numbers. Requires what make() does.
ImageChange image_change(const Region& region, bool flip, const Colour& colour, const cv::Mat& rgb);

/// From a frame's pixels to the network's, in one go and row by row: resized (RowResizer), mirrored, coloured, as
/// floats.
///
/// Brightness, contrast about each channel's mean over the resized picture, saturation (in HSV, clipped to 0..1), hue;
/// clipped to 0..255 last. Formulas as tf.image's random_brightness, random_contrast, random_saturation and random_hue.
/// One thread at a time; buffers are kept from image to image.
class ImageMaker {
 public:
  /// `rgb`: H x W x 3 uint8. Writes floats [height][width][3] in 0..255 of the region, mirrored if `flip`. Requires
  /// out.size() == height * width * 3 and |colour.hue| <= 1/2.
  void make(const cv::Mat& rgb, const Region& region, bool flip, const Colour& colour, int width, int height,
            std::span<float> out);

  /// The same from numbers.
  void make(const cv::Mat& rgb, const ImageChange& change, int width, int height, std::span<float> out);

 private:
  RowResizer resizer_;
  cv::Mat bytes_;  // the resized picture's rows, or one of them; a Mat's memory is aligned for vectors
};

}  // namespace fastbox::data
