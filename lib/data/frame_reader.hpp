// From files to memory: a frame's pixels and objects, decoded once and kept where the cache allows it.
//
// Thread-safe. The cache holds pictures at their original size, up to its limit and then no more: when every
// frame is wanted once an epoch in a random order, throwing one out for another gains nothing.
#pragma once

#include <opencv2/core.hpp>

#include <cstddef>
#include <mutex>
#include <vector>

#include "config/settings.hpp"
#include "data/dataset.hpp"
#include "io/kitti_label.hpp"

namespace fastbox::data {

/// A frame as it lies on disk, checked.
struct FrameContents {
  cv::Mat picture;                  ///< H x W x 3 uint8, RGB; shared with the cache: never write to it
  std::vector<io::Object> objects;  ///< boxes clipped to the picture
};

/// Clips the objects' boxes to a picture of width x height (0 .. width, 0 .. height). A box partly outside is
/// clipped with a debug message; one wholly outside throws Error(data) naming the label file and the line.
void clip_to_picture(std::vector<io::Object>& objects, const std::filesystem::path& label, int width, int height);

class FrameReader {
 public:
  /// Throws Error(usage) for a data.cache that is neither ram nor off.
  FrameReader(Dataset dataset, const config::DataSettings& settings);

  const Dataset& dataset() const { return dataset_; }

  /// Throws Error(data) naming the file where the picture or the labels are bad.
  FrameContents read(std::size_t index);

  std::size_t cached_bytes() const;  ///< of pictures

 private:
  Dataset dataset_;
  std::size_t limit_;  // bytes
  mutable std::mutex mutex_;
  std::size_t bytes_ = 0;
  std::vector<FrameContents> kept_;  // by frame; an empty picture: not cached
};

/// A frame for evaluation: resized, not augmented.
struct EvaluationFrame {
  std::string name;
  int frame_width = 0, frame_height = 0;  ///< of the original
  std::vector<float> image;               ///< [height][width][3], RGB, 0..255
  std::vector<io::Object> objects;        ///< as in the label file, in pixels of the original
};

/// Throws Error(data) naming the file where the picture or the labels are bad.
EvaluationFrame load_for_evaluation(const Frame& frame, int width, int height);

/// The same for a picture without a label.
EvaluationFrame load_picture(const std::filesystem::path& image, int width, int height);

}  // namespace fastbox::data
