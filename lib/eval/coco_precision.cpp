#include "eval/coco_precision.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/error.hpp"

namespace fastbox::eval {
namespace {

constexpr std::size_t threshold_count = 10, recall_count = 101, area_count = 4, limit_count = 3;
constexpr std::array<std::size_t, limit_count> limits = {1, 10, 100};  // detections per frame and class
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

struct AreaRange {
  double low, high;
  bool excludes(double area) const { return area < low || area > high; }
};
constexpr std::array<AreaRange, area_count> areas = {
    {{0, 1e10}, {0, 32 * 32}, {32 * 32, 96 * 96}, {96 * 96, 1e10}}};  // all, small, medium, large

/// numpy.linspace(low, high, count), to the bit.
template <std::size_t count>
constexpr std::array<double, count> evenly(double low, double high) {
  std::array<double, count> values{};
  const double step = (high - low) / static_cast<double>(count - 1);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<double>(i) * step + low;
  values[count - 1] = high;
  return values;
}
constexpr auto thresholds = evenly<threshold_count>(0.5, 0.95);
constexpr auto recalls = evenly<recall_count>(0, 1);
constexpr std::size_t threshold_75 = 5;

/// A set of thresholds, a bit each.
using Bits = std::uint16_t;

/// bbIou() of maskApi.c, with its roundings.
double overlap(const CocoBox& detection, const CocoTruth& truth) {
  const CocoBox &d = detection, &g = truth.box;
  const double w = std::fmin(d.w + d.x, g.w + g.x) - std::fmax(d.x, g.x);
  if (w <= 0) return 0;
  const double h = std::fmin(d.h + d.y, g.h + g.y) - std::fmax(d.y, g.y);
  if (h <= 0) return 0;
  const double intersection = w * h;
  return intersection / (truth.is_crowd ? d.area() : d.area() + g.area() - intersection);
}

/// A detection that is among its frame's best, and at which thresholds it is what.
struct Judged {
  double score = 0;
  std::size_t rank = 0;  ///< within its frame
  std::array<Bits, area_count> hit{}, false_positive{};
};

struct ClassSum {
  std::vector<Judged> detections;  ///< in the order of frames, the best first in each
  std::array<std::int64_t, area_count> ground_truths{};
};

struct Pair {
  std::size_t truth;
  double overlap;
};

/// The truth that the detection takes at one threshold; -1 for none. Counted truths come before ignored ones,
/// and within each kind a later one of equal overlap before an earlier one.
std::ptrdiff_t best_of(const std::vector<Pair>& pairs, const std::vector<CocoTruth>& truths,
                       const std::vector<bool>& ignored, const std::vector<Bits>& taken, std::size_t threshold) {
  std::ptrdiff_t best = -1;
  double least = thresholds[threshold];
  for (const bool kind : {false, true}) {
    for (const auto& pair : pairs) {
      if (ignored[pair.truth] != kind || pair.overlap < least) continue;
      if ((taken[pair.truth] >> threshold & 1) != 0 && !truths[pair.truth].is_crowd) continue;
      least = pair.overlap;
      best = static_cast<std::ptrdiff_t>(pair.truth);
    }
    if (best >= 0) break;
  }
  return best;
}

/// Judges some of a frame's detections (in the order of their rank) for one range of areas.
void judge(const std::vector<CocoTruth>& truths, const std::vector<const CocoDetection*>& detections,
           const std::vector<std::vector<Pair>>& pairs, std::size_t area, std::span<Judged> judged, ClassSum& sum) {
  std::vector<bool> ignored;
  for (const auto& truth : truths) ignored.push_back(truth.is_crowd || areas[area].excludes(truth.box.area()));
  sum.ground_truths[area] += std::count(ignored.begin(), ignored.end(), false);

  std::vector<Bits> taken(truths.size());
  for (std::size_t d = 0; d < detections.size(); ++d) {
    const bool excluded = areas[area].excludes(detections[d]->box.area());
    for (std::size_t t = 0; t < threshold_count; ++t) {
      const Bits bit = static_cast<Bits>(1u << t);
      const std::ptrdiff_t best = best_of(pairs[d], truths, ignored, taken, t);
      if (best < 0) {
        if (!excluded) judged[d].false_positive[area] |= bit;
        continue;
      }
      taken[static_cast<std::size_t>(best)] |= bit;
      if (!ignored[static_cast<std::size_t>(best)]) judged[d].hit[area] |= bit;
    }
  }
}

void add_frame(const std::vector<CocoTruth>& truths, const std::vector<CocoDetection>& all, ClassSum& sum) {
  std::vector<const CocoDetection*> detections;
  for (const auto& detection : all) detections.push_back(&detection);
  std::stable_sort(detections.begin(), detections.end(), [](auto* a, auto* b) { return a->score > b->score; });
  detections.resize(std::min(detections.size(), limits.back()));

  const std::size_t first = sum.detections.size();
  std::vector<std::vector<Pair>> pairs(detections.size());
  for (std::size_t d = 0; d < detections.size(); ++d) {
    sum.detections.push_back({detections[d]->score, d, {}, {}});
    for (std::size_t g = 0; g < truths.size(); ++g) {
      const double value = overlap(detections[d]->box, truths[g]);
      if (value >= thresholds[0]) pairs[d].push_back({g, value});
    }
  }
  for (std::size_t a = 0; a < area_count; ++a)
    judge(truths, detections, pairs, a, std::span(sum.detections).subspan(first), sum);
}

/// Mean of the precisions at the 101 recalls. `order`: the class's detections from the best down.
double precision_of(const ClassSum& sum, const std::vector<std::size_t>& order, std::size_t area,
                    std::size_t threshold) {
  const auto truths = static_cast<double>(sum.ground_truths[area]);
  std::vector<double> recall, precision;
  double hits = 0, false_positives = 0;
  for (const std::size_t i : order) {
    hits += sum.detections[i].hit[area] >> threshold & 1;
    false_positives += sum.detections[i].false_positive[area] >> threshold & 1;
    recall.push_back(hits / truths);
    precision.push_back(hits / (false_positives + hits + std::numeric_limits<double>::epsilon()));
  }
  for (std::size_t i = precision.size(); i-- > 1;) precision[i - 1] = std::max(precision[i - 1], precision[i]);
  double total = 0;
  for (const double wanted : recalls) {
    const auto reached = std::lower_bound(recall.begin(), recall.end(), wanted);
    if (reached == recall.end()) break;  // the others are 0
    total += precision[static_cast<std::size_t>(reached - recall.begin())];
  }
  return total / recall_count;
}

/// Mean over the thresholds of the largest recall, at so many detections per frame.
double recall_of(const ClassSum& sum, std::size_t area, std::size_t limit) {
  std::int64_t hits = 0;
  for (const auto& detection : sum.detections)
    if (detection.rank < limit) hits += std::popcount(detection.hit[area]);
  return static_cast<double>(hits) / static_cast<double>(sum.ground_truths[area]) / threshold_count;
}

CocoFigures figures_of(const ClassSum& sum) {
  std::vector<std::size_t> order(sum.detections.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return sum.detections[a].score > sum.detections[b].score; });

  CocoFigures figures;
  figures.ground_truths = sum.ground_truths[0];
  figures.values.fill(unknown);
  const auto set = [&](CocoFigure figure, std::size_t offset, double value) {
    figures.values[static_cast<std::size_t>(figure) + offset] = value;
  };
  for (std::size_t a = 0; a < area_count; ++a) {
    if (sum.ground_truths[a] == 0) continue;
    std::array<double, threshold_count> precision{};
    for (std::size_t t = 0; t < threshold_count; ++t) precision[t] = precision_of(sum, order, a, t);
    const double mean = std::accumulate(precision.begin(), precision.end(), 0.0) / threshold_count;
    if (a > 0) {
      set(CocoFigure::ap_small, a - 1, mean);
      set(CocoFigure::ar_small, a - 1, recall_of(sum, a, limits.back()));
      continue;
    }
    set(CocoFigure::ap, 0, mean);
    set(CocoFigure::ap50, 0, precision[0]);
    set(CocoFigure::ap75, 0, precision[threshold_75]);
    for (std::size_t m = 0; m < limit_count; ++m) set(CocoFigure::ar_1, m, recall_of(sum, a, limits[m]));
  }
  return figures;
}

CocoFigures mean_of(const std::vector<CocoFigures>& classes) {
  CocoFigures mean;
  for (const auto& one : classes) mean.ground_truths += one.ground_truths;
  for (std::size_t i = 0; i < coco_figure_count; ++i) {
    double total = 0;
    int count = 0;
    for (const auto& one : classes)
      if (!std::isnan(one.values[i])) total += one.values[i], ++count;
    mean.values[i] = count > 0 ? total / count : unknown;
  }
  return mean;
}

}  // namespace

CocoResult coco_precision(std::span<const CocoFrame> frames, const Rules& rules) {
  static_assert(thresholds[threshold_75] == 0.75);
  std::vector<const CocoFrame*> by_id;
  for (const auto& frame : frames) by_id.push_back(&frame);
  std::sort(by_id.begin(), by_id.end(), [](auto* a, auto* b) { return a->image_id < b->image_id; });
  for (std::size_t i = 1; i < by_id.size(); ++i)
    if (by_id[i - 1]->image_id == by_id[i]->image_id)
      fail(ExitCode::data, "frames ", by_id[i - 1]->name, " and ", by_id[i]->name, " are both COCO's image ",
           by_id[i]->image_id, ", expected a number of its own for each");

  CocoResult result;
  result.frames = std::ssize(frames);
  result.rules = rules;
  for (std::size_t c = 0; c < rules.classes.size(); ++c) {
    ClassSum sum;
    for (const auto* frame : by_id) add_frame(frame->truths[c], frame->detections[c], sum);
    result.classes.push_back(figures_of(sum));
  }
  result.all = mean_of(result.classes);
  return result;
}

}  // namespace fastbox::eval
