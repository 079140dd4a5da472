#include "eval/suppression.hpp"

#include <algorithm>
#include <cmath>

#include "eval/decode_kernel.hpp"

namespace fastbox::eval {
namespace {

bool is_above(double confidence, float bound) {
  return static_cast<float>(confidence) > bound;
}

double intersection_over_union(const Candidate& a, const Candidate& b, bool whole_pixels) {
  return intersection_over_union(DecodedBox{a.cx, a.cy, a.w, a.h}, DecodedBox{b.cx, b.cy, b.w, b.h}, whole_pixels);
}

/// The original's cost, in tens of pixels: small differences tie.
double distance(const Candidate& a, const Candidate& b) {
  return std::trunc((std::abs(a.cx - b.cx) + std::abs(a.cy - b.cy) + std::abs(a.w - b.w) + std::abs(a.h - b.h)) / 10);
}

struct Accepted {
  Candidate box;
  double written;  ///< the confidence in the result
};

/// The overlapped box that is nearest to `candidate`, the earliest on ties; end() where it overlaps none.
std::vector<Accepted>::iterator nearest_overlapped(std::vector<Accepted>& accepted, const Candidate& candidate,
                                                   double tau, bool whole_pixels) {
  auto nearest = accepted.end();
  for (auto other = accepted.begin(); other != accepted.end(); ++other) {
    const Candidate& box = other->box;
    if (std::abs(candidate.cx - box.cx) > (candidate.w + box.w) / 1.5 ||
        std::abs(candidate.cy - box.cy) > (candidate.h + box.h) / 2 ||
        !(intersection_over_union(candidate, box, whole_pixels) > tau))
      continue;
    if (nearest == accepted.end() || distance(candidate, box) < distance(candidate, nearest->box)) nearest = other;
  }
  return nearest;
}

}  // namespace

double intersection_over_union(const Candidate& a, const Candidate& b) {
  return intersection_over_union(a, b, false);
}

std::vector<Candidate> stitch(const std::vector<Candidate>& candidates, double tau, bool whole_pixels) {
  std::vector<Accepted> accepted;
  for (const auto [lower, upper] : stitch_passes)
    for (const Candidate& candidate : candidates) {
      if (!is_above(candidate.confidence, lower)) continue;
      const auto other = nearest_overlapped(accepted, candidate, tau, whole_pixels);
      if (other == accepted.end()) {
        accepted.push_back({candidate, candidate.confidence});
        continue;
      }
      if (is_above(candidate.confidence, upper) || !(candidate.confidence > other->box.confidence) ||
          !(intersection_over_union(candidate, other->box, whole_pixels) > stitch_replacing_overlap))
        continue;
      const double written = other->box.confidence;
      accepted.erase(other);
      accepted.push_back({candidate, written});
    }
  std::vector<Candidate> boxes;
  for (const auto& [box, written] : accepted) {
    boxes.push_back(box);
    boxes.back().confidence = written;
  }
  return boxes;
}

std::vector<Candidate> suppress(const std::vector<Candidate>& candidates, double overlap) {
  std::vector<Candidate> order = candidates;
  std::stable_sort(order.begin(), order.end(),
                   [](const Candidate& a, const Candidate& b) { return a.confidence > b.confidence; });
  std::vector<Candidate> kept;
  for (const Candidate& candidate : order) {
    const auto covers = [&](const Candidate& other) { return intersection_over_union(candidate, other) > overlap; };
    if (std::none_of(kept.begin(), kept.end(), covers)) kept.push_back(candidate);
  }
  return kept;
}

std::vector<Candidate> suppress_softly(const std::vector<Candidate>& candidates, double minimum_score) {
  std::vector<Candidate> left = candidates, kept;
  while (!left.empty()) {
    const auto surest = std::max_element(
        left.begin(), left.end(), [](const Candidate& a, const Candidate& b) { return a.confidence < b.confidence; });
    kept.push_back(*surest);
    left.erase(surest);
    for (Candidate& other : left) {
      const double overlap = intersection_over_union(kept.back(), other);
      other.confidence *= std::exp(-overlap * overlap / soft_sigma);
    }
    std::erase_if(left, [&](const Candidate& one) { return !(one.confidence > minimum_score); });
  }
  return kept;
}

std::vector<io::Object> to_objects(const std::vector<Candidate>& boxes, const GridGeometry& grid, int frame_width,
                                   int frame_height, const ObjectOptions& options) {
  const double scale_x = static_cast<double>(frame_width) / grid.width;
  const double scale_y = static_cast<double>(frame_height) / grid.height;
  std::vector<io::Object> objects;
  for (const Candidate& box : boxes) {
    io::Object object;
    object.type = options.type;
    object.score = box.confidence;
    object.box = {(box.cx - box.w / 2) * scale_x, (box.cy - box.h / 2) * scale_y, (box.cx + box.w / 2) * scale_x,
                  (box.cy + box.h / 2) * scale_y};
    if (options.clip) {
      object.box.left = std::max(object.box.left, 0.0);
      object.box.top = std::max(object.box.top, 0.0);
      object.box.right = std::min(object.box.right, frame_width - 1.0);
      object.box.bottom = std::min(object.box.bottom, frame_height - 1.0);
      if (!(object.box.width() > 0 && object.box.height() > 0)) continue;
    }
    objects.push_back(std::move(object));
  }
  return objects;
}

}  // namespace fastbox::eval
