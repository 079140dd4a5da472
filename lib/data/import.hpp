// Unpacks KITTI's zip archives of the object data into KITTI's folders, and looks at what they hold.
//
//   data_object_image_2.zip   training/image_2/*.png  testing/image_2/*.png
//   data_object_label_2.zip   training/label_2/*.txt
//   data_object_calib.zip     training/calib/*.txt    testing/calib/*.txt
//
// Each file appears whole. A file that is there already with the archive's size and CRC-32 is left alone, so an import that was
// interrupted goes on where it was. One caller per folder; one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace fastbox::data {

struct ImportOptions {
  std::vector<std::filesystem::path> archives;
  std::filesystem::path root;
  bool replace = false;                                                 ///< files that are there and differ
  std::function<void(std::int64_t done, std::int64_t total)> progress;  ///< in files
};

struct ImportReport {
  struct Folder {
    std::size_t archived = 0;  ///< files of it in the archives
    std::size_t there = 0;     ///< in the folder, afterwards
  };
  std::map<std::string, Folder> folders;  ///< by "training/image_2"
  std::size_t written = 0, kept = 0;      ///< files; kept: they were there
  std::uint64_t written_bytes = 0;
  std::size_t other_entries = 0;    ///< of the archives, that are none of KITTI's and were left out
  std::vector<std::string> errors;  ///< files that are not what their folder holds: those are not written
  std::vector<std::string> notes;
  bool ok() const { return errors.empty(); }
};

/// Before the first byte is written, it reads all directories and compares the files that are there. Throws Error(data) as io::ZipReader
/// does, where the archives hold nothing of KITTI's, two of them a file in two versions, or a file differs that is there
/// (without `replace`); and Error(environment) where the disk has too little room or a file cannot be written.
///
/// Then it looks at each file: an image is an 8-bit RGB PNG (its header), a label parses, a calibration has P2 with 12 numbers;
/// and at the folders: each training image has a label and each label an image, where both folders have files, and
/// numbers are without gaps.
ImportReport import_archives(const ImportOptions& options);

/// For people; at most `most` lines each of errors and notes, then how many more there are.
std::string format_import(const ImportReport& report, std::size_t most = 20);

}  // namespace fastbox::data
