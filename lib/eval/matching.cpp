#include "eval/matching.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.hpp"

namespace fastbox::eval {
namespace {

constexpr std::array<double, difficulty_count> minimum_height = {40, 25, 25};  // pixels
constexpr std::array<int, difficulty_count> maximum_occlusion = {0, 1, 2};
constexpr std::array<double, difficulty_count> maximum_truncation = {0.15, 0.30, 0.50};
constexpr std::array<const char*, class_count> neighbours = {"van", "person_sitting", ""};

/// The official evaluator's mark of "none yet": a detection of this score or less finds nothing in the first
/// pass.
constexpr double no_score = -10'000'000;

std::uint32_t index_of(std::size_t place) {
  return static_cast<std::uint32_t>(place);
}

double intersection(const io::Box& a, const io::Box& b) {
  const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  return width <= 0 || height <= 0 ? 0 : width * height;
}

void require_numbers(const FrameObjects& frame, const std::vector<io::Object>& objects, const char* kind) {
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const auto& [left, top, right, bottom] = objects[i].box;
    if (std::isnan(left + top + right + bottom) || std::isnan(objects[i].score))
      fail(ExitCode::data, "frame ", frame.name, ": the box or score of ", kind, " ", i + 1,
           " is not a number, expected finite ones");
  }
}

}  // namespace

double intersection_over_union(const io::Box& a, const io::Box& b) {
  const double shared = intersection(a, b);
  if (shared == 0) return 0;
  return shared / (a.width() * a.height() + b.width() * b.height() - shared);
}

double intersection_over_area(const io::Box& a, const io::Box& b) {
  const double shared = intersection(a, b);
  return shared == 0 ? 0 : shared / (a.width() * a.height());
}

struct Matcher::Tally {
  std::int64_t hits = 0;
  std::int64_t accounted = 0;  ///< valid detections outside DontCare that are assigned, so no false positives
  std::int64_t found = 0;      ///< valid ground truths that hold a detection, so no misses
};

Matcher::Matcher(std::span<const FrameObjects> frames, Evaluator evaluator)
    : evaluator_(evaluator), frames_(std::ssize(frames)) {
  for (const auto& frame : frames) {
    require_numbers(frame, frame.labels, "label");
    require_numbers(frame, frame.detections, "detection");
    for (std::size_t c = 0; c < class_count; ++c) add_frame(frame, c);
  }
}

bool Matcher::is_ignored(const io::Object& label, std::size_t difficulty) const {
  const double height = label.box.height();
  const bool small =
      evaluator_ == Evaluator::kitti2017 ? height <= minimum_height[difficulty] : height < minimum_height[difficulty];
  return small || label.occluded > maximum_occlusion[difficulty] || label.truncated > maximum_truncation[difficulty];
}

/// The height rule comes before the class: a small detection of another class is a candidate, and then
/// ignored.
Matcher::Role Matcher::role_of(const io::Object& detection, bool is_of_class, std::size_t difficulty) const {
  const bool small =
      evaluator_ != Evaluator::kitti2012 && std::trunc(std::abs(detection.box.height())) < minimum_height[difficulty];
  if (small) return Role::ignored;
  return is_of_class ? Role::valid : Role::out;
}

struct Matcher::FrameDetections {
  std::vector<Detection> all;
  std::vector<bool> of_class;
  std::vector<bool> candidate;  ///< not out at every difficulty
  std::vector<bool> paired;     ///< overlaps a ground truth enough
};

Matcher::FrameDetections Matcher::describe(const std::vector<io::Object>& detections, std::size_t object_class) const {
  const std::size_t count = detections.size();
  FrameDetections found{std::vector<Detection>(count), std::vector<bool>(count), std::vector<bool>(count),
                        std::vector<bool>(count)};
  for (std::size_t j = 0; j < count; ++j) {
    found.of_class[j] = lower(detections[j].type) == class_names[object_class];
    found.all[j].score = detections[j].score;
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      found.all[j].role[d] = role_of(detections[j], found.of_class[j], d);
      if (found.all[j].role[d] != Role::out) found.candidate[j] = true;
    }
  }
  return found;
}

void Matcher::add_frame(const FrameObjects& frame, std::size_t object_class) {
  ClassFrames& all = classes_[object_class];
  FrameDetections found = describe(frame.detections, object_class);
  const std::size_t first_pair = all.pairs.size(), first_truth = all.truths.size();
  const double least = minimum_overlap[object_class];
  for (std::size_t j = 0; j < found.all.size(); ++j)
    if (found.of_class[j]) all.detected = true;
  for (const auto& label : frame.labels) {
    const std::string type = lower(label.type);
    if (type == "dontcare") {
      for (std::size_t j = 0; j < found.all.size(); ++j)
        if (found.of_class[j] && intersection_over_area(frame.detections[j].box, label.box) > least)
          found.all[j].in_dont_care = true;
      continue;
    }
    const bool neighbour = type == neighbours[object_class];
    if (!neighbour && type != class_names[object_class]) continue;
    GroundTruth truth{index_of(all.pairs.size()), 0, {}};
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      truth.ignored[d] = neighbour || is_ignored(label, d);
      all.ground_truths[d] += truth.ignored[d] ? 0 : 1;
    }
    for (std::size_t j = 0; j < found.all.size(); ++j) {
      if (!found.candidate[j]) continue;
      const double overlap = intersection_over_union(frame.detections[j].box, label.box);
      if (!(overlap > least)) continue;
      all.pairs.push_back({index_of(j), overlap});
      found.paired[j] = true;
    }
    truth.pairs_end = index_of(all.pairs.size());
    if (truth.pairs_end > truth.pairs_begin) all.truths.push_back(truth);
  }
  add_block(all, found, first_truth, first_pair);
}

/// Appends the detections that matter, the paired ones first, and points the frame's pairs at their new
/// places.
void Matcher::add_block(ClassFrames& all, const FrameDetections& found, std::size_t first_truth,
                        std::size_t first_pair) {
  Block block{index_of(first_truth), index_of(all.truths.size()), index_of(all.detections.size()), 0, 0};
  std::vector<std::uint32_t> place(found.all.size());
  for (std::size_t j = 0; j < found.all.size(); ++j) {
    if (!found.paired[j]) continue;
    place[j] = index_of(all.detections.size()) - block.detections_begin;
    all.detections.push_back(found.all[j]);
  }
  for (std::size_t p = first_pair; p < all.pairs.size(); ++p) all.pairs[p].detection = place[all.pairs[p].detection];
  block.paired_end = index_of(all.detections.size());
  for (std::size_t j = 0; j < found.all.size(); ++j)
    if (!found.paired[j] && found.of_class[j]) all.detections.push_back(found.all[j]);
  block.detections_end = index_of(all.detections.size());
  if (block.detections_end > block.detections_begin) all.blocks.push_back(block);
}

void Matcher::collect_scores(const ClassFrames& all, std::size_t difficulty, std::vector<double>& scores) const {
  std::vector<bool> assigned;
  for (const Block& block : all.blocks) {
    assigned.assign(block.paired_end - block.detections_begin, false);
    for (auto t = block.truths_begin; t < block.truths_end; ++t) {
      const GroundTruth& truth = all.truths[t];
      double best_score = no_score;
      std::size_t best = 0;
      for (auto p = truth.pairs_begin; p < truth.pairs_end; ++p) {
        const auto j = all.pairs[p].detection;
        const Detection& detection = all.detections[block.detections_begin + j];
        if (assigned[j] || detection.role[difficulty] == Role::out || !(detection.score > best_score)) continue;
        best_score = detection.score;
        best = j;
      }
      if (best_score == no_score) continue;
      assigned[best] = true;
      const bool ignored = all.detections[block.detections_begin + best].role[difficulty] == Role::ignored;
      if (!truth.ignored[difficulty] && !ignored) scores.push_back(best_score);
    }
  }
}

FirstPass Matcher::first_pass() const {
  FirstPass found;
  found.frames = frames_;
  for (std::size_t c = 0; c < class_count; ++c) {
    found.detected[c] = classes_[c].detected;
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      found.ground_truths[c][d] = classes_[c].ground_truths[d];
      collect_scores(classes_[c], d, found.scores[c][d]);
    }
  }
  return found;
}

/// computeStatistics() of the official evaluator for detections of at least the threshold.
Matcher::Tally Matcher::match_block(const ClassFrames& all, const Block& block, std::size_t difficulty,
                                    double threshold, std::vector<bool>& assigned) const {
  Tally tally;
  assigned.assign(block.paired_end - block.detections_begin, false);
  for (auto t = block.truths_begin; t < block.truths_end; ++t) {
    const GroundTruth& truth = all.truths[t];
    const Pair* held = nullptr;
    bool held_ignored = false;
    for (auto p = truth.pairs_begin; p < truth.pairs_end; ++p) {
      const Pair& pair = all.pairs[p];
      const Detection& detection = all.detections[block.detections_begin + pair.detection];
      if (assigned[pair.detection] || detection.score < threshold) continue;
      if (detection.role[difficulty] == Role::valid) {
        if (held != nullptr && !held_ignored && !(pair.overlap > held->overlap)) continue;
        held = &pair;
        held_ignored = false;
      } else if (detection.role[difficulty] == Role::ignored && held == nullptr) {
        held = &pair;
        held_ignored = true;
      }
    }
    if (held == nullptr) continue;
    assigned[held->detection] = true;
    if (!truth.ignored[difficulty]) ++tally.found;
    if (held_ignored) continue;
    if (!truth.ignored[difficulty]) ++tally.hits;
    if (!all.detections[block.detections_begin + held->detection].in_dont_care) ++tally.accounted;
  }
  return tally;
}

/// A frame's matching changes only at thresholds that let one more of its paired detections in, so it is
/// matched there and the differences are summed up from the highest threshold down.
void Matcher::count(std::size_t object_class, std::size_t difficulty, const std::vector<double>& thresholds,
                    Counts& counts) const {
  const ClassFrames& all = classes_[object_class];
  const auto slot_of = [&](const Detection& detection) {  // of the first threshold that lets it in
    return static_cast<std::size_t>(
        std::lower_bound(thresholds.begin(), thresholds.end(), detection.score, std::greater<>()) - thresholds.begin());
  };
  std::vector<Tally> change(thresholds.size() + 1);
  std::vector<std::int64_t> valid(thresholds.size() + 1);
  std::vector<std::size_t> slots;
  std::vector<bool> assigned;
  for (const Block& block : all.blocks) {
    slots.clear();
    for (auto j = block.detections_begin; j < block.detections_end; ++j) {
      const Detection& detection = all.detections[j];
      if (detection.role[difficulty] == Role::out) continue;
      const std::size_t slot = slot_of(detection);
      if (detection.role[difficulty] == Role::valid && !detection.in_dont_care) ++valid[slot];
      if (j < block.paired_end && slot < thresholds.size()) slots.push_back(slot);
    }
    std::sort(slots.begin(), slots.end());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    Tally before;
    for (const std::size_t slot : slots) {
      const Tally now = match_block(all, block, difficulty, thresholds[slot], assigned);
      change[slot].hits += now.hits - before.hits;
      change[slot].accounted += now.accounted - before.accounted;
      change[slot].found += now.found - before.found;
      before = now;
    }
  }
  Tally sum;
  std::int64_t sum_valid = 0;
  for (std::size_t slot = 0; slot < thresholds.size(); ++slot) {
    sum.hits += change[slot].hits;
    sum.accounted += change[slot].accounted;
    sum.found += change[slot].found;
    sum_valid += valid[slot];
    counts.at(Counts::hits, object_class, difficulty, slot) = sum.hits;
    counts.at(Counts::false_positives, object_class, difficulty, slot) = sum_valid - sum.accounted;
    counts.at(Counts::misses, object_class, difficulty, slot) = all.ground_truths[difficulty] - sum.found;
  }
}

Counts Matcher::second_pass(const Thresholds& thresholds) const {
  Counts counts;
  for (std::size_t c = 0; c < class_count; ++c)
    for (std::size_t d = 0; d < difficulty_count; ++d) count(c, d, thresholds[c][d], counts);
  return counts;
}

}  // namespace fastbox::eval
