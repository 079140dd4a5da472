// Makes a training list and a validation list that have no drive in common.
//
// Pure function of its arguments; thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace fastbox::data {

/// What the split needs to know of a frame.
struct DriveFrame {
  std::string name, drive;
  std::map<std::string, std::size_t> objects;  ///< by type
};

struct SplitSide {
  std::vector<std::string> frames;  ///< in the order of names
  std::size_t drives = 0;
  std::map<std::string, std::size_t> objects;  ///< by type, DontCare among them
};

struct DriveSplit {
  SplitSide train, val;
};

/// Whole drives go to one side or the other. The validation side's frames are as near to `val_share` of all as whole drives
/// allow; of the many choices of drives that give that number of frames, 2000 are drawn from the seed, and the one is taken
/// whose validation share of each type's objects (DontCare aside) lies nearest to `val_share` in the mean. The order of
/// `frames` does not matter. Throws Error(data) where there are fewer than two drives. Requires 0 < val_share < 1.
DriveSplit split_by_drive(const std::vector<DriveFrame>& frames, double val_share, std::uint64_t seed);

}  // namespace fastbox::data
