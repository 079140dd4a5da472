// From files to memory: a frame's pixels and objects, from the cache where it has them, else decoded.
//
// Thread-safe.
#pragma once

#include <opencv2/core.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "data/dataset.hpp"
#include "data/frame_cache.hpp"
#include "io/kitti_label.hpp"

namespace fastbox::data {

/// A frame as it lies on disk, checked.
struct FrameContents {
  cv::Mat picture;                  ///< H x W x 3 uint8, RGB; it may be the cache's: never write to it
  std::vector<io::Object> objects;  ///< boxes clipped to the picture
};

/// A frame without its pixels.
struct FrameOutline {
  int width = 0, height = 0;        ///< pixels
  std::vector<io::Object> objects;  ///< as FrameContents'
};

/// Clips the objects' boxes to a picture of width x height (0 .. width, 0 .. height). A box partly outside is
/// clipped with a debug message; one wholly outside throws Error(data) naming the label file and the line.
void clip_to_picture(std::vector<io::Object>& objects, const std::filesystem::path& label, int width, int height);

class FrameReader {
 public:
  /// `cache`: of this data set, or nothing. With one, labels are kept as well: they are small.
  explicit FrameReader(Dataset dataset, std::shared_ptr<const FrameCache> cache = nullptr);

  const Dataset& dataset() const { return dataset_; }

  /// The picture may be a view of the cache, good as long as the reader. Throws Error(data) naming the file where the
  /// picture or the labels are bad.
  FrameContents read(std::size_t index);

  /// What read() would give: the pixels alone, and all but them, from the PNG's header and the labels, which are kept.
  cv::Mat picture(std::size_t index) const;
  std::shared_ptr<const FrameOutline> outline(std::size_t index);

 private:
  std::shared_ptr<const FrameOutline> known_outline(std::size_t index);
  void keep(std::size_t index, std::shared_ptr<const FrameOutline> outline);
  std::shared_ptr<const FrameOutline> read_outline(std::size_t index, int width, int height);

  Dataset dataset_;
  std::shared_ptr<const FrameCache> cache_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<const FrameOutline>> outlines_;  // by frame, null until read; guarded by mutex_
};

/// A frame for evaluation: resized, not augmented.
struct EvaluationFrame {
  std::string name;
  int frame_width = 0, frame_height = 0;  ///< of the original
  std::vector<float> image;               ///< [height][width][3], RGB, 0..255
  std::vector<io::Object> objects;        ///< as in the label file, in pixels of the original
};

/// What is done to a picture as it was decoded, before it is resized; may be empty.
using PictureChange = std::function<cv::Mat(const cv::Mat& rgb)>;

/// Throws Error(data) naming the file where the picture or the labels are bad.
EvaluationFrame load_for_evaluation(const Frame& frame, int width, int height, const PictureChange& change = {});

/// A picture in memory (H x W x 3 uint8, RGB), resized; without name and objects.
EvaluationFrame for_evaluation(const cv::Mat& picture, int width, int height);

/// The same for a file without a label.
EvaluationFrame load_picture(const std::filesystem::path& image, int width, int height);

}  // namespace fastbox::data
