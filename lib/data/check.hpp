// Looks through a KITTI folder for what would stop a training run, or spoil it silently.
//
// Reads everything, writes nothing; uses threads of its own, and reports in the order of the frames' names.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "data/fingerprint.hpp"
#include "data/overlap.hpp"

namespace fastbox::data {

/// Each problem is one line that begins with the file, and the line where there is one.
struct CheckReport {
  std::vector<std::string> errors;    ///< would stop a run, or teach it nonsense
  std::vector<std::string> warnings;  ///< worth a look
  std::vector<std::string> notes;
  std::size_t images = 0, labels = 0, pairs = 0;
  std::map<std::string, std::size_t> objects;        ///< by type
  std::map<std::pair<int, int>, std::size_t> sizes;  ///< images by width, height
  std::map<std::string, Fingerprint> fingerprints;   ///< of each readable image, by frame
  std::optional<ListOverlap> overlap;                ///< where check_overlap was asked
  bool ok() const { return errors.empty(); }
};

/// Checks images (complete 8-bit RGB PNG), labels (15 columns of numbers), boxes (inside their picture, at
/// least a pixel wide and high), that each image has a label, and the lists in splits/ (no frame twice, none
/// unknown; test.txt names frames of testing/ and is left alone). A label without an image is a note: a
/// partly downloaded KITTI is usable with a list of what is there. Throws Error(data) where the root or its
/// two folders are missing. `progress` is called by any thread, several at a time: done and all frames.
CheckReport check_data(const std::filesystem::path& root, int threads,
                       const std::function<void(std::size_t, std::size_t)>& progress = {});

/// Adds to the report what the two lists have in common, with a warning for each kind of it. `drives` may be null.
void check_overlap(const NamedList& train, const NamedList& val, const Drives* drives, CheckReport& report);

/// The report as text for people; at most `most` lines each of errors, warnings and notes, then how many more
/// there are.
std::string format_report(const CheckReport& report, std::size_t most = 20);

}  // namespace fastbox::data
