// Which frames a run uses: KITTI's folder, and a list of frame names whose images and labels are all there.
//
// Layout under the root: training/image_2/NAME.png (8-bit RGB), training/label_2/NAME.txt (KITTI's 15
// columns), splits/{train,val}.txt (optional lists). Immutable after construction, so any thread may read it;
// holds paths only, no pixels (see frame_reader.hpp).
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "config/settings.hpp"

namespace fastbox::data {

/// One frame: its name ("000123") and where its picture and its label file lie.
struct Frame {
  std::string name;
  std::filesystem::path image, label;
};

std::filesystem::path image_folder(const std::filesystem::path& root);  ///< ROOT/training/image_2
std::filesystem::path label_folder(const std::filesystem::path& root);  ///< ROOT/training/label_2

class Dataset {
 public:
  /// Looks for every named frame's image and label under the root. `source` tells in messages where the names
  /// come from: a list's path (then messages give the line) or words. Throws Error(data) where the root or
  /// one of its two folders is missing (saying what was expected), no frame is named, or images or labels are
  /// missing (the first of them, and how many).
  Dataset(std::filesystem::path root, const std::vector<std::string>& names, std::string source);

  std::size_t size() const { return frames_.size(); }
  const Frame& operator[](std::size_t index) const { return frames_[index]; }
  const std::vector<Frame>& frames() const { return frames_; }
  const std::filesystem::path& root() const { return root_; }
  const std::string& source() const { return source_; }

 private:
  std::filesystem::path root_;
  std::string source_;
  std::vector<Frame> frames_;
};

enum class Part { train, val };

/// The list that data.train or data.val names: an absolute path, else found from the root, else from the run
/// file's folder. Empty setting: ROOT/splits/{train,val}.txt where there is one, else an empty path, which
/// stands for KittiBox's own split. Throws Error(data) naming both places where a named list is in neither.
std::filesystem::path find_list(const config::DataSettings& settings, const std::filesystem::path& run_folder,
                                Part part);

/// KittiBox's split of KITTI's 7481 frames: 000000..006999 for training, 007000..007480 for validation.
std::vector<std::string> kittibox_split(Part part);

/// The part's frames as the settings name them; data.root is found from the working directory. Throws
/// Error(usage) where data.root is empty, and as find_list, io::read_split_list and the constructor do.
Dataset open_dataset(const config::DataSettings& settings, const std::filesystem::path& run_folder, Part part);

/// The names that are in both, in the first one's order: frames that are trained on and then evaluated.
std::vector<std::string> frames_in_both(const Dataset& train, const Dataset& val);

/// Logs one warning where frames_in_both is not empty.
void warn_of_frames_in_both(const Dataset& train, const Dataset& val);

}  // namespace fastbox::data
