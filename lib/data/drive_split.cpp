#include "data/drive_split.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/random.hpp"

namespace fastbox::data {
namespace {

constexpr std::uint64_t draws = 2000;
constexpr const char* no_object = "DontCare";

using Counts = std::map<std::string, std::size_t>;

struct Drive {
  std::vector<std::string> frames;
  Counts objects;
};

void add(Counts& sum, const Counts& more) {
  for (const auto& [type, count] : more) sum[type] += count;
}

/// [i][n]: whether some of the drives i, i + 1, .. have n frames together.
std::vector<std::vector<bool>> reachable_sums(const std::vector<Drive>& drives, std::size_t frames) {
  std::vector<std::vector<bool>> sums(drives.size() + 1, std::vector<bool>(frames + 1));
  sums.back()[0] = true;
  for (std::size_t i = drives.size(); i-- > 0;)
    for (std::size_t n = 0; n <= frames; ++n)
      sums[i][n] = sums[i + 1][n] || (n >= drives[i].frames.size() && sums[i + 1][n - drives[i].frames.size()]);
  return sums;
}

/// The sum nearest to `wanted` that leaves neither side empty; of two, the smaller.
std::size_t nearest_sum(const std::vector<bool>& reachable, double wanted) {
  std::size_t best = 0;
  for (std::size_t n = 1; n + 1 < reachable.size(); ++n)
    if (reachable[n] &&
        (best == 0 || std::abs(static_cast<double>(n) - wanted) < std::abs(static_cast<double>(best) - wanted)))
      best = n;
  return best;
}

/// A choice of drives with `sum` frames together.
std::vector<bool> draw(const std::vector<Drive>& drives, const std::vector<std::vector<bool>>& sums, std::size_t sum,
                       std::size_t frames, Random random) {
  std::vector<bool> chosen(drives.size());
  for (std::size_t i = 0; i < drives.size(); ++i) {
    const std::size_t size = drives[i].frames.size();
    const bool may_take = size <= sum && sums[i + 1][sum - size], may_leave = sums[i + 1][sum];
    chosen[i] = may_take && (!may_leave || random.chance(static_cast<double>(sum) / static_cast<double>(frames)));
    if (chosen[i]) sum -= size;
    frames -= size;
  }
  return chosen;
}

/// How far the chosen drives' share of each type is from `share`, in the mean over the types.
double imbalance(const std::vector<Drive>& drives, const std::vector<bool>& chosen, const Counts& all, double share) {
  Counts val;
  for (std::size_t i = 0; i < drives.size(); ++i)
    if (chosen[i]) add(val, drives[i].objects);
  double sum = 0;
  for (const auto& [type, count] : all)
    if (type != no_object && count > 0)
      sum += std::abs(static_cast<double>(val[type]) / static_cast<double>(count) - share);
  return sum / static_cast<double>(std::max<std::size_t>(all.size(), 1));
}

}  // namespace

DriveSplit split_by_drive(const std::vector<DriveFrame>& frames, double val_share, std::uint64_t seed) {
  std::map<std::string, Drive> by_name;
  Counts all;
  for (const auto& frame : frames) {
    auto& drive = by_name[frame.drive];
    drive.frames.push_back(frame.name);
    add(drive.objects, frame.objects);
    add(all, frame.objects);
  }
  if (by_name.size() < 2)
    fail(ExitCode::data, "the ", frames.size(), " frames are of ", by_name.size(),
         " drive, expected two drives or more: no split keeps a drive whole");
  std::vector<Drive> drives;
  for (auto& [name, drive] : by_name) drives.push_back(std::move(drive));

  const auto sums = reachable_sums(drives, frames.size());
  const std::size_t sum = nearest_sum(sums[0], val_share * static_cast<double>(frames.size()));
  std::vector<bool> best;
  double least = std::numeric_limits<double>::infinity();
  for (std::uint64_t i = 0; i < draws; ++i) {
    auto chosen = draw(drives, sums, sum, frames.size(), Random(seed, Purpose::drive_split, i));
    if (const double value = imbalance(drives, chosen, all, val_share); value < least)
      least = value, best = std::move(chosen);
  }

  DriveSplit split;
  for (std::size_t i = 0; i < drives.size(); ++i) {
    SplitSide& side = best[i] ? split.val : split.train;
    ++side.drives;
    side.frames.insert(side.frames.end(), drives[i].frames.begin(), drives[i].frames.end());
    add(side.objects, drives[i].objects);
  }
  for (SplitSide* side : {&split.train, &split.val}) std::sort(side->frames.begin(), side->frames.end());
  return split;
}

}  // namespace fastbox::data
