// From which of KITTI's recordings ("drives") each frame of the object data was taken.
//
// Frames of one drive show the same streets and cars, a tenth of a second apart: a list for validation that shares drives
// with the one for training measures what was learnt by heart. Thread-safe: no state.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace fastbox::data {

struct RawFrame {
  std::string drive;     ///< "2011_09_26_drive_0005_sync"
  long long number = 0;  ///< of the drive's frames, ten a second
};

/// Frame name -> where it was recorded.
using Drives = std::map<std::string, RawFrame>;

/// Reads either of
///   KITTI's object development kit: train_mapping.txt, lines "date drive number", with train_rand.txt in the same folder,
///     which gives for each frame 000000, 000001, .. the line of train_mapping.txt, counted from 1, separated by commas;
///   a table of lines "frame TAB drive TAB number".
/// Throws Error(data) naming file and line for what is neither, for a frame or a raw frame that is named twice, and where
/// train_rand.txt is missing or names a line that is not there.
Drives read_drives(const std::filesystem::path& file);

}  // namespace fastbox::data
