// A frame's pixels in memory from whoever moves them on: page-locked, for a copy to a GPU.
//
// Owns the memory together with its giver's deleter. One thread at a time.
#pragma once

#include <opencv2/core.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace fastbox::data {

/// Gives so many bytes for as long as the result lives. Called from any thread.
using MemorySource = std::function<std::shared_ptr<void>(std::size_t bytes)>;

class FramePixels {
 public:
  /// Copies a picture, H x W x 3 uint8. The memory is kept for the next one, and taken from `source` anew only where a
  /// picture has outgrown it.
  void take(const cv::Mat& rgb, const MemorySource& source);

  /// [frame_height][frame_width][3], packed; of the last picture.
  const std::uint8_t* data() const { return static_cast<const std::uint8_t*>(memory_.get()); }
  std::size_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<void> memory_;
  std::size_t bytes_ = 0, capacity_ = 0;
};

/// Room for a frame of so many bytes, and for those that are a little larger: KITTI's differ by 3 %.
constexpr std::size_t room_for_frame(std::size_t bytes) {
  return bytes + bytes / 8;
}

}  // namespace fastbox::data
