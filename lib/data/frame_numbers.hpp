// KITTI numbers its frames 000000, 000001, ..: which of them are not there, and how to say so in few words.
//
// Pure functions; thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace fastbox::data {

constexpr std::size_t kitti_training_frames = 7481, kitti_testing_frames = 7518;

/// "000123".
std::string frame_number(std::size_t number);

/// Those of 000000 .. count - 1 that are not among `names`, in order.
std::vector<std::string> missing_numbers(const std::vector<std::string>& names, std::size_t count);

/// "000003, 000007 to 000009, 000020 and 12 more": runs of numbers are drawn together, and at most `most` of them named. Names that
/// are no six-digit numbers stand alone.
std::string runs_of_numbers(const std::vector<std::string>& names, std::size_t most = 8);

}  // namespace fastbox::data
