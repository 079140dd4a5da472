// A batch of frames of many sizes with changes of every kind, for fastbox::augment.
#pragma once

#include <ATen/ATen.h>
#include <opencv2/core.hpp>

#include <algorithm>
#include <cstring>
#include <vector>

#include "data/augment.hpp"
#include "train/augment_images.hpp"
#include "unit/data/plain_image.hpp"

namespace fastbox::test {

struct RandomFrames {
  int width = 0, height = 0;  ///< of the images
  std::vector<cv::Mat> frames;
  std::vector<data::ImageChange> changes;

  train::AugmentSize size() const { return train::augment_size(changes, height, width); }

  /// [images][bytes], with a little more room than the largest frame needs, which is not zero.
  at::Tensor packed() const {
    std::size_t most = 1;
    for (const auto& frame : frames) most = std::max(most, frame.total() * 3);
    const auto row = static_cast<std::int64_t>(most + 5);
    at::Tensor all = at::full({std::ssize(frames), row}, 255, at::TensorOptions(at::kByte));
    for (std::size_t i = 0; i < frames.size(); ++i)
      std::memcpy(all.data_ptr<std::uint8_t>() + static_cast<std::int64_t>(i) * row, frames[i].data,
                  frames[i].total() * 3);
    return all;
  }

  at::Tensor change_rows() const {
    at::Tensor rows = at::empty({std::ssize(changes), data::change_numbers}, at::TensorOptions(at::kDouble));
    if (!changes.empty())
      std::memcpy(rows.data_ptr<double>(), changes.data(), changes.size() * sizeof(data::ImageChange));
    return rows;
  }
};

/// Colours that formulas stumble over, one a pixel, and mixtures.
inline cv::Mat extreme_colours(int width, int height) {
  cv::Mat picture(height, width, CV_8UC3);
  Random random(11, Purpose::scene);
  for (auto& pixel : cv::Mat_<cv::Vec3b>(picture)) {
    const uchar levels[] = {0, 1, 127, 128, 254, 255};
    for (int c = 0; c < 3; ++c) pixel[c] = levels[random.below(6)];
  }
  return picture;
}

/// `tint`: saturation and hue change as well, as far as they may.
inline RandomFrames random_frames(int width, int height, bool colour, bool tint, std::uint64_t seed) {
  RandomFrames batch;
  batch.width = width, batch.height = height;
  config::AugmentationSettings jitter, still;
  jitter.scale = {0.6, 1.7};
  jitter.shift = 40;
  config::AugmentationSettings colours;
  if (!colour) colours.brightness = 0, colours.contrast = {1, 1};
  if (colour && seed % 2 == 1) colours.brightness = 300, colours.contrast = {0, 4};
  if (tint) colours.saturation = {0, 3}, colours.hue = 0.5;
  const std::vector<std::pair<int, int>> sizes = {{1224, 370}, {1242, 375}, {width, height}, {333, 131},
                                                  {64, 200},   {7, 5},      {1, 1},          {width, 2}};
  for (const auto& [frame_width, frame_height] : sizes)
    for (const bool moves : {false, true}) {
      Random random = data::image_stream(seed, 0, batch.frames.size());
      auto geometry = data::draw_geometry(moves ? jitter : still, random);
      geometry.flip = batch.frames.size() % 4 >= 2;
      const bool extreme = batch.frames.size() % 3 == 2;
      batch.frames.push_back(extreme ? extreme_colours(frame_width, frame_height)
                                     : noise(frame_width, frame_height, seed + batch.frames.size()));
      const auto region = data::visible_region(geometry, frame_width, frame_height, width, height);
      batch.changes.push_back(
          data::image_change(region, geometry.flip, data::draw_colour(colours, random), batch.frames.back()));
    }
  return batch;
}

}  // namespace fastbox::test
