#include "eval/matching.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.hpp"

namespace fastbox::eval {
namespace {

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
  std::int32_t hits = 0;
  std::int32_t accounted = 0;  ///< valid detections that are not excused and are assigned, so no false positives
  std::int32_t found = 0;      ///< valid ground truths that hold a detection, so no misses

  Tally& operator+=(const Tally& other) {
    hits += other.hits;
    accounted += other.accounted;
    found += other.found;
    return *this;
  }
  Tally operator-(const Tally& other) const {
    return {hits - other.hits, accounted - other.accounted, found - other.found};
  }
};

Matcher::Matcher(std::span<const FrameObjects> frames, const Rules& rules, std::span<const Stratum> strata)
    : rules_(rules),
      strata_(strata.begin(), strata.end()),
      every_(0),
      frames_(index_of(frames.size())),
      classes_(rules.classes.size()) {
  if (strata.size() > std::numeric_limits<Strata>::digits)
    fail(ExitCode::defect, strata.size(), " strata, expected at most ", std::numeric_limits<Strata>::digits);
  for (std::size_t s = 0; s < strata_.size(); ++s) every_ |= Strata{1} << s;
  for (std::uint32_t f = 0; f < frames_; ++f) {
    require_numbers(frames[f], frames[f].labels, "label");
    require_numbers(frames[f], frames[f].detections, "detection");
    for (std::size_t c = 0; c < class_count(); ++c) add_frame(frames[f], f, c);
  }
}

/// The strata in which a ground truth of the class is ignored.
Matcher::Strata Matcher::ignoring(const io::Object& label) const {
  const double height = label.box.height();
  const auto at_most = [&](double limit) {
    return rules_.evaluator == Evaluator::kitti2017 ? height <= limit : height < limit;
  };
  Strata ignored = 0;
  for (std::size_t s = 0; s < strata_.size(); ++s) {
    const Stratum& one = strata_[s];
    // An infinite height has no band above it.
    const bool above = !std::isinf(one.height_to) && !at_most(one.height_to);
    if (at_most(one.minimum_height) || at_most(one.height_from) || above || label.occluded > one.maximum_occlusion ||
        label.occluded < one.minimum_occlusion || label.truncated > one.maximum_truncation ||
        label.truncated <= one.truncation_above)
      ignored |= Strata{1} << s;
  }
  return ignored;
}

/// The strata in which a detection is ignored. This comes before the class: a small detection of another class
/// is a candidate, and then ignored.
Matcher::Strata Matcher::too_small(const io::Object& detection) const {
  if (rules_.evaluator == Evaluator::kitti2012) return 0;
  const double height = std::trunc(std::abs(detection.box.height()));
  Strata small = 0;
  for (std::size_t s = 0; s < strata_.size(); ++s)
    if (height < strata_[s].minimum_height) small |= Strata{1} << s;
  return small;
}

/// The strata of whose heights a detection is not.
Matcher::Strata Matcher::outside(const io::Object& detection) const {
  const double height = std::abs(detection.box.height());
  Strata outside = 0;
  for (std::size_t s = 0; s < strata_.size(); ++s)
    if (height < strata_[s].height_from || (height >= strata_[s].height_to && !std::isinf(strata_[s].height_to)))
      outside |= Strata{1} << s;
  return outside;
}

struct Matcher::FrameDetections {
  std::vector<Detection> all;
  std::vector<bool> of_class;
  std::vector<bool> paired;  ///< overlaps a ground truth enough
};

Matcher::FrameDetections Matcher::describe(const std::vector<io::Object>& detections, std::size_t object_class) const {
  const std::size_t count = detections.size();
  FrameDetections found{std::vector<Detection>(count), std::vector<bool>(count), std::vector<bool>(count)};
  for (std::size_t j = 0; j < count; ++j) {
    found.of_class[j] = lower(detections[j].type) == rules_.classes[object_class].name;
    Detection& one = found.all[j];
    one.score = detections[j].score;
    one.ignored = too_small(detections[j]);
    one.valid = found.of_class[j] ? every_ & ~one.ignored : 0;
    one.excused = outside(detections[j]);
    one.index = index_of(j);
  }
  return found;
}

void Matcher::add_frame(const FrameObjects& frame, std::uint32_t index, std::size_t object_class) {
  ClassFrames& all = classes_[object_class];
  FrameDetections found = describe(frame.detections, object_class);
  const std::size_t first_pair = all.pairs.size(), first_truth = all.truths.size();
  const ClassRules& rules = rules_.classes[object_class];
  const double least = rules.minimum_overlap;
  for (std::size_t j = 0; j < found.all.size(); ++j)
    if (found.of_class[j]) all.detected = true;
  for (std::size_t i = 0; i < frame.labels.size(); ++i) {
    const io::Object& label = frame.labels[i];
    const std::string type = lower(label.type);
    if (type == "dontcare") {
      for (std::size_t j = 0; j < found.all.size(); ++j)
        if (found.of_class[j] && intersection_over_area(frame.detections[j].box, label.box) > least)
          found.all[j].excused = every_;
      continue;
    }
    const bool neighbour = rules.ignores(type);
    if (!neighbour && !rules.counts(type)) continue;
    GroundTruth truth{index_of(all.pairs.size()), 0, index, index_of(i), neighbour ? every_ : ignoring(label)};
    for (std::size_t s = 0; s < strata_.size(); ++s) all.ground_truths[s] += (truth.ignored >> s & 1) != 0 ? 0 : 1;
    for (std::size_t j = 0; j < found.all.size(); ++j) {
      if ((found.all[j].valid | found.all[j].ignored) == 0) continue;
      const double overlap = intersection_over_union(frame.detections[j].box, label.box);
      if (!(overlap > least)) continue;
      all.pairs.push_back({index_of(j), overlap});
      found.paired[j] = true;
    }
    truth.pairs_end = index_of(all.pairs.size());
    if (truth.pairs_end > truth.pairs_begin)
      all.truths.push_back(truth);
    else if (truth.ignored != every_)
      all.unpaired.push_back(truth);
  }
  add_block(all, found, index, first_truth, first_pair);
}

/// Appends the detections that matter, the paired ones first, and points the frame's pairs at their new
/// places.
void Matcher::add_block(ClassFrames& all, const FrameDetections& found, std::uint32_t frame, std::size_t first_truth,
                        std::size_t first_pair) {
  Block block{frame, index_of(first_truth), index_of(all.truths.size()), index_of(all.detections.size()), 0, 0};
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

/// Calls assign(ground truth, detection) for each truth that finds one: the surest.
template <typename Assign>
void Matcher::first_match(const ClassFrames& all, const Block& block, Strata stratum, std::vector<bool>& assigned,
                          const Assign& assign) {
  assigned.assign(block.paired_end - block.detections_begin, false);
  for (auto t = block.truths_begin; t < block.truths_end; ++t) {
    const GroundTruth& truth = all.truths[t];
    double best_score = no_score;
    std::size_t best = 0;
    for (auto p = truth.pairs_begin; p < truth.pairs_end; ++p) {
      const auto j = all.pairs[p].detection;
      const Detection& detection = all.detections[block.detections_begin + j];
      const bool out = ((detection.valid | detection.ignored) & stratum) == 0;
      if (assigned[j] || out || !(detection.score > best_score)) continue;
      best_score = detection.score;
      best = j;
    }
    if (best_score == no_score) continue;
    assigned[best] = true;
    assign(truth, all.detections[block.detections_begin + best]);
  }
}

/// Calls record(frame, score) for each score that the first pass records.
template <typename Record>
void Matcher::record_scores(const ClassFrames& all, Strata stratum, const Record& record) {
  std::vector<bool> assigned;
  for (const Block& block : all.blocks)
    first_match(all, block, stratum, assigned, [&](const GroundTruth& truth, const Detection& detection) {
      if (((truth.ignored | detection.ignored) & stratum) == 0) record(block.frame, detection.score);
    });
}

/// computeStatistics() of the official evaluator for detections of at least the threshold: calls
/// assign(ground truth, detection).
template <typename Assign>
void Matcher::match(const ClassFrames& all, const Block& block, Strata stratum, double threshold,
                    std::vector<bool>& assigned, const Assign& assign) {
  assigned.assign(block.paired_end - block.detections_begin, false);
  for (auto t = block.truths_begin; t < block.truths_end; ++t) {
    const GroundTruth& truth = all.truths[t];
    const Pair* held = nullptr;
    bool held_ignored = false;
    for (auto p = truth.pairs_begin; p < truth.pairs_end; ++p) {
      const Pair& pair = all.pairs[p];
      const Detection& detection = all.detections[block.detections_begin + pair.detection];
      if (assigned[pair.detection] || detection.score < threshold) continue;
      if ((detection.valid & stratum) != 0) {
        if (held != nullptr && !held_ignored && !(pair.overlap > held->overlap)) continue;
        held = &pair;
        held_ignored = false;
      } else if ((detection.ignored & stratum) != 0 && held == nullptr) {
        held = &pair;
        held_ignored = true;
      }
    }
    if (held == nullptr) continue;
    assigned[held->detection] = true;
    assign(truth, all.detections[block.detections_begin + held->detection]);
  }
}

Matcher::Tally Matcher::tally(const ClassFrames& all, const Block& block, Strata stratum, double threshold,
                              std::vector<bool>& assigned) {
  Tally sum;
  match(all, block, stratum, threshold, assigned, [&](const GroundTruth& truth, const Detection& detection) {
    const bool counts = (truth.ignored & stratum) == 0, valid = (detection.valid & stratum) != 0;
    if (counts) ++sum.found;
    if (counts && valid) ++sum.hits;
    if (valid && (detection.excused & stratum) == 0) ++sum.accounted;
  });
  return sum;
}

std::int64_t Matcher::ground_truths(std::size_t object_class, std::size_t stratum) const {
  return classes_[object_class].ground_truths[stratum];
}

std::vector<std::int64_t> Matcher::ground_truths_by_frame(std::size_t object_class, std::size_t stratum) const {
  std::vector<std::int64_t> counted(frames_);
  for (const auto* truths : {&classes_[object_class].truths, &classes_[object_class].unpaired})
    for (const GroundTruth& truth : *truths) counted[truth.frame] += (truth.ignored >> stratum & 1) != 0 ? 0 : 1;
  return counted;
}

std::vector<double> Matcher::found_scores(std::size_t object_class, std::size_t stratum) const {
  std::vector<double> scores;
  record_scores(classes_[object_class], Strata{1} << stratum,
                [&](std::uint32_t, double score) { scores.push_back(score); });
  return scores;
}

/// A frame's matching changes only at thresholds that let one more of its paired detections in, so it is
/// matched there and the differences are summed up from the highest threshold down.
std::vector<SlotCounts> Matcher::count(std::size_t object_class, std::size_t stratum,
                                       std::span<const double> thresholds) const {
  const ClassFrames& all = classes_[object_class];
  const Strata bit = Strata{1} << stratum;
  const auto slot_of = [&](const Detection& detection) {  // of the first threshold that lets it in
    return static_cast<std::size_t>(
        std::lower_bound(thresholds.begin(), thresholds.end(), detection.score, std::greater<>()) - thresholds.begin());
  };
  std::vector<Tally> change(thresholds.size() + 1);
  std::vector<std::int64_t> candidates(thresholds.size() + 1);  // for false positives
  std::vector<std::size_t> slots;
  std::vector<bool> assigned;
  for (const Block& block : all.blocks) {
    slots.clear();
    for (auto j = block.detections_begin; j < block.detections_end; ++j) {
      const Detection& detection = all.detections[j];
      if (((detection.valid | detection.ignored) & bit) == 0) continue;
      const std::size_t slot = slot_of(detection);
      if ((detection.valid & ~detection.excused & bit) != 0) ++candidates[slot];
      if (j < block.paired_end && slot < thresholds.size()) slots.push_back(slot);
    }
    std::sort(slots.begin(), slots.end());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    Tally before;
    for (const std::size_t slot : slots) {
      const Tally now = tally(all, block, bit, thresholds[slot], assigned);
      change[slot] += now - before;
      before = now;
    }
  }
  std::vector<SlotCounts> counts;
  Tally sum;
  std::int64_t sum_candidates = 0;
  for (std::size_t slot = 0; slot < thresholds.size(); ++slot) {
    sum += change[slot];
    sum_candidates += candidates[slot];
    counts.push_back({sum.hits, sum_candidates - sum.accounted, all.ground_truths[stratum] - sum.found});
  }
  return counts;
}

std::vector<Step> Matcher::steps(std::size_t object_class, std::size_t stratum) const {
  const ClassFrames& all = classes_[object_class];
  const Strata bit = Strata{1} << stratum;
  std::vector<Step> parts;
  record_scores(all, bit, [&](std::uint32_t frame, double score) { parts.push_back({score, frame, 0, 0, 0, 1}); });
  std::vector<double> scores;
  std::vector<bool> assigned;
  for (const Block& block : all.blocks) {
    scores.clear();
    for (auto j = block.detections_begin; j < block.detections_end; ++j) {
      const Detection& detection = all.detections[j];
      if ((detection.valid & ~detection.excused & bit) != 0)
        parts.push_back({detection.score, block.frame, 0, 1, 0, 0});
      if (j < block.paired_end && ((detection.valid | detection.ignored) & bit) != 0) scores.push_back(detection.score);
    }
    std::sort(scores.begin(), scores.end(), std::greater<>());
    scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
    Tally before;
    for (const double score : scores) {
      const Tally now = tally(all, block, bit, score, assigned);
      const Tally change = now - before;
      parts.push_back({score, block.frame, change.hits, -change.accounted, -change.found, 0});
      before = now;
    }
  }
  std::sort(parts.begin(), parts.end(),
            [](const Step& a, const Step& b) { return a.score != b.score ? a.score > b.score : a.frame < b.frame; });
  std::vector<Step> steps;
  for (const Step& part : parts) {
    if (steps.empty() || steps.back().score != part.score || steps.back().frame != part.frame)
      steps.push_back({part.score, part.frame, 0, 0, 0, 0});
    Step& step = steps.back();
    step.hits += part.hits;
    step.false_positives += part.false_positives;
    step.misses += part.misses;
    step.recorded += part.recorded;
  }
  std::erase_if(steps, [](const Step& step) {
    return step.hits == 0 && step.false_positives == 0 && step.misses == 0 && step.recorded == 0;
  });
  return steps;
}

std::vector<Judgement> Matcher::judgements(std::size_t object_class, std::size_t stratum) const {
  const ClassFrames& all = classes_[object_class];
  const Strata bit = Strata{1} << stratum;
  std::vector<Judgement> judgements;
  std::vector<bool> assigned;
  for (const Block& block : all.blocks) {
    first_match(all, block, bit, assigned, [&](const GroundTruth& truth, const Detection& detection) {
      if (((truth.ignored | detection.ignored) & bit) == 0) judgements.push_back({block.frame, detection.score, true});
    });
    for (auto j = block.detections_begin; j < block.detections_end; ++j) {
      const Detection& detection = all.detections[j];
      const bool held = j < block.paired_end && assigned[j - block.detections_begin];
      if (!held && (detection.valid & ~detection.excused & bit) != 0)
        judgements.push_back({block.frame, detection.score, false});
    }
  }
  return judgements;
}

std::vector<FrameErrors> Matcher::errors(std::size_t object_class, std::size_t stratum, double threshold) const {
  const ClassFrames& all = classes_[object_class];
  const Strata bit = Strata{1} << stratum;
  std::vector<FrameErrors> errors(frames_);
  for (const GroundTruth& truth : all.unpaired)
    if ((truth.ignored & bit) == 0) errors[truth.frame].missed.push_back(truth.label);
  std::vector<bool> assigned;
  for (const Block& block : all.blocks) {
    FrameErrors& frame = errors[block.frame];
    std::vector<bool> found(block.truths_end - block.truths_begin);
    match(all, block, bit, threshold, assigned, [&](const GroundTruth& truth, const Detection&) {
      found[static_cast<std::size_t>(&truth - &all.truths[block.truths_begin])] = true;
    });
    for (auto t = block.truths_begin; t < block.truths_end; ++t)
      if (!found[t - block.truths_begin] && (all.truths[t].ignored & bit) == 0)
        frame.missed.push_back(all.truths[t].label);
    for (auto j = block.detections_begin; j < block.detections_end; ++j) {
      const Detection& detection = all.detections[j];
      const bool held = j < block.paired_end && assigned[j - block.detections_begin];
      if (!held && (detection.valid & ~detection.excused & bit) != 0 && !(detection.score < threshold))
        frame.false_positives.push_back(detection.index);
    }
  }
  for (FrameErrors& frame : errors) {
    std::sort(frame.missed.begin(), frame.missed.end());
    std::sort(frame.false_positives.begin(), frame.false_positives.end());
  }
  return errors;
}

void Matcher::require_difficulties() const {
  if (!std::equal(strata_.begin(), strata_.end(), difficulties.begin(), difficulties.end()))
    fail(ExitCode::defect, "a matcher of ", strata_.size(), " other strata, expected the three difficulties");
}

FirstPass Matcher::first_pass() const {
  require_difficulties();
  FirstPass found(class_count());
  found.frames = frames_;
  for (std::size_t c = 0; c < class_count(); ++c) {
    found.detected[c] = detected(c);
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      found.ground_truths[c][d] = ground_truths(c, d);
      found.scores[c][d] = found_scores(c, d);
    }
  }
  return found;
}

Counts Matcher::second_pass(const Thresholds& thresholds) const {
  require_difficulties();
  Counts counts(class_count());
  for (std::size_t c = 0; c < class_count(); ++c)
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      const auto slots = count(c, d, thresholds[c][d]);
      for (std::size_t i = 0; i < slots.size(); ++i) {
        counts.at(Counts::hits, c, d, i) = slots[i].hits;
        counts.at(Counts::false_positives, c, d, i) = slots[i].false_positives;
        counts.at(Counts::misses, c, d, i) = slots[i].misses;
      }
    }
  return counts;
}

}  // namespace fastbox::eval
