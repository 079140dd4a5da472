#include "data/frame_pixels.hpp"

#include <cstring>

namespace fastbox::data {

void FramePixels::take(const cv::Mat& rgb, const MemorySource& source) {
  CV_Assert(rgb.type() == CV_8UC3 && !rgb.empty());
  const std::size_t row = 3 * static_cast<std::size_t>(rgb.cols);
  bytes_ = row * static_cast<std::size_t>(rgb.rows);
  if (bytes_ > capacity_) {
    memory_.reset();  // first: page-locked memory is scarce
    capacity_ = 0;
    memory_ = source(room_for_frame(bytes_));
    capacity_ = room_for_frame(bytes_);
  }
  auto* to = static_cast<std::uint8_t*>(memory_.get());
  for (int y = 0; y < rgb.rows; ++y, to += row) std::memcpy(to, rgb.ptr(y), row);
}

}  // namespace fastbox::data
