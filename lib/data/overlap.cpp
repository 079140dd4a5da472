#include "data/overlap.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <unordered_map>

#include "base/text.hpp"

namespace fastbox::data {
namespace {

constexpr long long frames_a_second = 10;  // KITTI's cameras
constexpr std::size_t most_examples = 3;

void compare_pictures(const NamedList& train, const NamedList& val,
                      const std::map<std::string, Fingerprint>& fingerprints, ListOverlap& overlap) {
  std::vector<std::pair<const std::string*, const Fingerprint*>> trained;
  std::unordered_map<std::string_view, const std::string*> by_pixels;
  for (const auto& name : train.frames) {
    const auto found = fingerprints.find(name);
    if (found == fingerprints.end()) continue;
    trained.emplace_back(&name, &found->second);
    by_pixels.emplace(found->second.pixels, &name);  // the first stays
  }
  const std::set<std::string_view> both(overlap.in_both.begin(), overlap.in_both.end());
  for (const auto& name : val.frames) {
    const auto found = fingerprints.find(name);
    if (found == fingerprints.end()) continue;
    ++overlap.compared;
    if (both.contains(name)) continue;
    if (const auto equal = by_pixels.find(found->second.pixels); equal != by_pixels.end()) {
      overlap.equal.push_back({*equal->second, name, 0});
      continue;
    }
    ListOverlap::Pair nearest{{}, name, near_distance + 1};
    for (const auto& [other, fingerprint] : trained)
      if (const int distance = difference_distance(found->second, *fingerprint); distance < nearest.distance)
        nearest.train = *other, nearest.distance = distance;
    if (nearest.distance <= near_distance) overlap.alike.push_back(nearest);
  }
}

ListOverlap::OfDrives compare_drives(const NamedList& train, const NamedList& val, const Drives& drives) {
  ListOverlap::OfDrives result;
  std::map<std::string_view, std::pair<std::set<long long>, std::vector<long long>>> by_drive;
  const auto place = [&](const std::string& name) {
    const auto found = drives.find(name);
    if (found == drives.end()) result.unknown.push_back(name);
    return found;
  };
  for (const auto& name : train.frames)
    if (const auto raw = place(name); raw != drives.end()) by_drive[raw->second.drive].first.insert(raw->second.number);
  for (const auto& name : val.frames)
    if (const auto raw = place(name); raw != drives.end())
      by_drive[raw->second.drive].second.push_back(raw->second.number);
  for (const auto& [drive, frames] : by_drive) {
    const auto& [trained, validated] = frames;
    result.train += trained.empty() ? 0 : 1;
    result.val += validated.empty() ? 0 : 1;
    if (trained.empty() || validated.empty()) continue;
    result.shared.push_back({std::string(drive), trained.size(), validated.size()});
    result.val_frames += validated.size();
    for (const long long number : validated) {
      const auto next = trained.lower_bound(number - frames_a_second);
      if (next != trained.end() && *next <= number + frames_a_second) ++result.within_a_second;
    }
  }
  return result;
}

std::string examples(const std::vector<std::string>& names) {
  const std::vector<std::string> first(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), most_examples)));
  return join(first, ", ") + (names.size() > most_examples ? ", .." : "");
}

std::string examples(const std::vector<ListOverlap::Pair>& pairs) {
  std::vector<std::string> parts;
  for (const auto& pair : pairs) parts.push_back(concat(pair.val, " and ", pair.train));
  return examples(parts);
}

}  // namespace

ListOverlap compare_lists(const NamedList& train, const NamedList& val,
                          const std::map<std::string, Fingerprint>& fingerprints, const Drives* drives) {
  ListOverlap overlap;
  overlap.train_list = train.name, overlap.val_list = val.name;
  overlap.train = train.frames.size(), overlap.val = val.frames.size();
  const std::set<std::string_view> trained(train.frames.begin(), train.frames.end());
  for (const auto& name : val.frames)
    if (trained.contains(name)) overlap.in_both.push_back(name);
  compare_pictures(train, val, fingerprints, overlap);
  if (drives != nullptr) overlap.drives = compare_drives(train, val, *drives);
  return overlap;
}

std::vector<std::string> overlap_warnings(const ListOverlap& overlap) {
  const std::string& list = overlap.val_list;
  std::vector<std::string> lines;
  if (!overlap.in_both.empty())
    lines.push_back(concat(list, ": ", overlap.in_both.size(), " of ", overlap.val,
                           " validation frames are trained on (", examples(overlap.in_both), ")"));
  if (!overlap.equal.empty())
    lines.push_back(concat(list, ": ", overlap.equal.size(), " of ", overlap.compared,
                           " validation pictures equal one that is trained on (", examples(overlap.equal), ")"));
  if (!overlap.alike.empty())
    lines.push_back(concat(list, ": ", overlap.alike.size(), " of ", overlap.compared,
                           " validation pictures look like one that is trained on (", examples(overlap.alike), ")"));
  if (!overlap.drives) return lines;
  const auto& drives = *overlap.drives;
  if (!drives.shared.empty())
    lines.push_back(concat(list, ": ", drives.val_frames, " of ", overlap.val, " validation frames are from ",
                           drives.shared.size(), " drives that are trained on, ", drives.within_a_second,
                           " of them within a second of a training frame (fastbox data split makes lists without)"));
  if (!drives.unknown.empty())
    lines.push_back(concat("the drives of ", drives.unknown.size(), " listed frames are not known (",
                           examples(drives.unknown), ")"));
  return lines;
}

std::string overlap_text(const ListOverlap& overlap) {
  std::string text = concat(overlap.train_list, " (", overlap.train, " frames) and ", overlap.val_list, " (",
                            overlap.val, "): ", overlap.in_both.size(), " frames in both, ", overlap.equal.size(),
                            " equal pictures, ", overlap.alike.size(), " that look alike");
  if (overlap.drives)
    text += concat("; ", overlap.drives->train, " and ", overlap.drives->val, " drives, ",
                   overlap.drives->shared.size(), " in both");
  return text;
}

}  // namespace fastbox::data
