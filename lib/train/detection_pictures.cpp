#include "train/detection_pictures.hpp"

#include <algorithm>

#include "eval/drawing.hpp"
#include "io/image.hpp"

namespace fastbox::train {
namespace {

constexpr int widest = 480;  // pixels: some 130 KB of a road scene

}  // namespace

io::EventPictures detection_pictures(std::span<const eval::FrameObjects> frames, const data::Dataset& dataset,
                                     int most) {
  io::EventPictures pictures;
  for (std::size_t i = 0; i < std::min(frames.size(), static_cast<std::size_t>(most)); ++i) {
    auto [rgb, detections, ground_truth] =
        eval::shrink({io::read_frame(dataset[i].image), frames[i].detections, frames[i].labels}, widest);
    eval::draw_objects(rgb, detections, ground_truth);
    pictures.emplace_back(frames[i].name, io::EventPicture{rgb.cols, rgb.rows, io::encode_png(rgb)});
  }
  return pictures;
}

}  // namespace fastbox::train
