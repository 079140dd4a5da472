// A small KITTI folder for tests: frames of noise, each with a few labels.
#pragma once

#include <opencv2/core.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/random.hpp"
#include "data/dataset.hpp"
#include "io/image.hpp"
#include "io/kitti_label.hpp"

namespace fastbox::test {

inline io::Object object(const std::string& type, double left, double top, double right, double bottom) {
  io::Object result;
  result.type = type;
  result.box = {left, top, right, bottom};
  return result;
}

inline void write_frame(const std::filesystem::path& root, const std::string& name, int width, int height,
                        const std::vector<io::Object>& objects) {
  cv::Mat picture(height, width, CV_8UC3);
  Random random(std::hash<std::string>()(name), Purpose::scene);
  for (std::size_t i = 0; i < picture.total() * 3; ++i) picture.data[i] = static_cast<uchar>(random.below(256));
  create_folders(data::image_folder(root));
  create_folders(data::label_folder(root));
  io::write_picture(data::image_folder(root) / (name + ".png"), picture);
  write_file_atomically(data::label_folder(root) / (name + ".txt"), io::format_labels(objects));
}

/// Frames 000000, 000001, ..., their sizes differing by a pixel or two.
inline std::vector<std::string> write_frames(const std::filesystem::path& root, int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    names.push_back("00000" + std::to_string(i));
    const double left = 10 + 8 * i;
    write_frame(root, names.back(), 150 + i % 3, 60 + i % 2,
                {object("Car", left, 20, left + 40, 45), object("DontCare", 100, 5, 140, 20),
                 object("Pedestrian", 5, 10, 15, 40)});
  }
  return names;
}

}  // namespace fastbox::test
