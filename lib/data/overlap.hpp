// What a training list and a validation list have in common: frames, pictures, drives.
//
// Whatever they share makes validation figures better than they are. Pure function; thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/drives.hpp"
#include "data/fingerprint.hpp"

namespace fastbox::data {

struct ListOverlap {
  /// A validation frame and the training frame that looks most like it (the first of several in the training list).
  struct Pair {
    std::string train, val;
    int distance = 0;  ///< of the difference hashes
  };
  struct SharedDrive {
    std::string drive;
    std::size_t train = 0, val = 0;  ///< frames
  };
  /// By frames whose drive is known.
  struct OfDrives {
    std::size_t train = 0, val = 0;    ///< drives
    std::vector<SharedDrive> shared;   ///< by name
    std::size_t val_frames = 0;        ///< validation frames of shared drives
    std::size_t within_a_second = 0;   ///< of these, those recorded within a second of a training frame
    std::vector<std::string> unknown;  ///< listed frames whose drive is not known
  };

  std::string train_list, val_list;  ///< as messages name them
  std::size_t train = 0, val = 0;    ///< listed frames
  std::size_t compared = 0;          ///< validation frames whose picture could be compared
  std::vector<std::string> in_both;  ///< frames, in the validation list's order
  std::vector<Pair> equal, alike;    ///< other frames: the same pixels; at most near_distance apart
  std::optional<OfDrives> drives;    ///< where drives were given
};

/// A list and what messages call it.
struct NamedList {
  std::string name;
  std::vector<std::string> frames;
};

/// Frames without a fingerprint (they have no readable picture) are not compared by picture.
ListOverlap compare_lists(const NamedList& train, const NamedList& val,
                          const std::map<std::string, Fingerprint>& fingerprints, const Drives* drives);

/// A warning for each kind of thing that is in common, with its first examples; none where nothing is.
std::vector<std::string> overlap_warnings(const ListOverlap& overlap);

/// One line: "train.txt and val.txt: 0 frames in both, 0 equal pictures, 3 alike; 12 drives in both, ...".
std::string overlap_text(const ListOverlap& overlap);

}  // namespace fastbox::data
