// A second implementation of the KITTI evaluation, written for plainness: every rule as a sentence of the
// issue, every threshold matched anew, nothing shared with lib/eval but the types.
//
// Test processes only.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "eval/average_precision.hpp"

namespace fastbox::test {

struct PlainQuestion {
  eval::Evaluator evaluator;
  std::size_t object_class, difficulty;

  std::string name() const { return std::array<const char*, 3>{"car", "pedestrian", "cyclist"}[object_class]; }
  std::string neighbour() const { return std::array<const char*, 3>{"van", "person_sitting", "-"}[object_class]; }
  double overlap() const { return object_class == 0 ? 0.7 : 0.5; }
  double height() const { return difficulty == 0 ? 40 : 25; }
};

inline double plain_shared(const io::Box& a, const io::Box& b) {
  const double w = std::min(a.right, b.right) - std::max(a.left, b.left);
  const double h = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  return w > 0 && h > 0 ? w * h : 0;
}

inline double plain_area(const io::Box& a) {
  return (a.right - a.left) * (a.bottom - a.top);
}

/// 1 counted, 0 ignored, -1 left out.
inline int plain_truth(const PlainQuestion& q, const io::Object& o) {
  if (lower(o.type) == q.neighbour()) return 0;
  if (lower(o.type) != q.name()) return -1;
  const double h = o.box.bottom - o.box.top;
  if (q.evaluator == eval::Evaluator::kitti2017 ? h <= q.height() : h < q.height()) return 0;
  if (o.occluded > static_cast<int>(q.difficulty)) return 0;
  return o.truncated > std::array<double, 3>{0.15, 0.3, 0.5}[q.difficulty] ? 0 : 1;
}

inline int plain_detection(const PlainQuestion& q, const io::Object& o) {
  const int h = static_cast<int>(std::fabs(o.box.bottom - o.box.top));
  if (q.evaluator != eval::Evaluator::kitti2012 && h < q.height()) return 0;
  return lower(o.type) == q.name() ? 1 : -1;
}

struct PlainCount {
  int hits = 0, false_positives = 0;
  std::vector<double> scores;
};

/// One frame; `threshold` is null in the first pass.
inline PlainCount plain_match(const PlainQuestion& q, const eval::FrameObjects& frame, const double* threshold) {
  PlainCount count;
  std::vector<bool> assigned(frame.detections.size());
  for (const auto& truth : frame.labels) {
    const int kind = plain_truth(q, truth);
    if (kind == -1) continue;
    int chosen = -1;
    double best = 0;
    for (int j = 0; j < static_cast<int>(frame.detections.size()); ++j) {
      const auto& det = frame.detections[static_cast<std::size_t>(j)];
      const int det_kind = plain_detection(q, det);
      if (det_kind == -1 || assigned[static_cast<std::size_t>(j)]) continue;
      if (threshold != nullptr && det.score < *threshold) continue;
      const double shared = plain_shared(det.box, truth.box);
      const double overlap = shared / (plain_area(det.box) + plain_area(truth.box) - shared);
      if (shared == 0 || overlap <= q.overlap()) continue;
      if (threshold == nullptr) {
        if (chosen == -1 || det.score > best) chosen = j, best = det.score;
      } else if (det_kind == 1) {
        const bool holds_ignored =
            chosen != -1 && plain_detection(q, frame.detections[static_cast<std::size_t>(chosen)]) == 0;
        if (chosen == -1 || holds_ignored || overlap > best) chosen = j, best = overlap;
      } else if (chosen == -1) {
        chosen = j;
      }
    }
    if (chosen == -1) continue;
    const auto index = static_cast<std::size_t>(chosen);
    assigned[index] = true;
    if (kind == 0 || plain_detection(q, frame.detections[index]) == 0) continue;
    ++count.hits;
    count.scores.push_back(frame.detections[index].score);
  }
  for (std::size_t j = 0; threshold != nullptr && j < frame.detections.size(); ++j) {
    const auto& det = frame.detections[j];
    if (assigned[j] || plain_detection(q, det) != 1 || det.score < *threshold) continue;
    const bool in_stuff = std::any_of(frame.labels.begin(), frame.labels.end(), [&](const auto& o) {
      const double shared = plain_shared(det.box, o.box);
      return lower(o.type) == "dontcare" && shared > 0 && shared / plain_area(det.box) > q.overlap();
    });
    if (!in_stuff) ++count.false_positives;
  }
  return count;
}

/// The 41 precisions.
inline std::vector<double> plain_precision(const PlainQuestion& q, const std::vector<eval::FrameObjects>& frames) {
  std::vector<double> scores, thresholds;
  int truths = 0;
  for (const auto& frame : frames) {
    const auto found = plain_match(q, frame, nullptr).scores;
    scores.insert(scores.end(), found.begin(), found.end());
    for (const auto& truth : frame.labels) truths += plain_truth(q, truth) == 1;
  }
  std::sort(scores.begin(), scores.end(), std::greater<>());
  double cur = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const double l = static_cast<double>(i + 1) / truths;
    const double r = i + 1 < scores.size() ? static_cast<double>(i + 2) / truths : l;
    if (r - cur < cur - l && i + 1 < scores.size()) continue;
    thresholds.push_back(scores[i]);
    cur += 1.0 / 40;
  }
  std::vector<double> precision(41, 0.0);
  for (std::size_t t = 0; t < thresholds.size(); ++t) {
    int hits = 0, false_positives = 0;
    for (const auto& frame : frames) {
      const PlainCount one = plain_match(q, frame, &thresholds[t]);
      hits += one.hits;
      false_positives += one.false_positives;
    }
    precision[t] = static_cast<double>(hits) / static_cast<double>(hits + false_positives);
  }
  for (std::size_t t = thresholds.size(); t-- > 0;) {
    double best = 0;
    for (std::size_t u = t; u < 41; ++u)
      if (precision[u] > best) best = precision[u];
    if (!std::isnan(precision[t])) precision[t] = best;
  }
  return precision;
}

}  // namespace fastbox::test
