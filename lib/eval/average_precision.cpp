#include "eval/average_precision.hpp"

#include <algorithm>
#include <functional>

#include "base/error.hpp"
#include "eval/matching.hpp"

namespace fastbox::eval {
void FirstPass::merge(const FirstPass& other) {
  frames += other.frames;
  for (std::size_t c = 0; c < detected.size(); ++c) {
    detected[c] = detected[c] || other.detected[c];
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      ground_truths[c][d] += other.ground_truths[c][d];
      scores[c][d].insert(scores[c][d].end(), other.scores[c][d].begin(), other.scores[c][d].end());
    }
  }
}

std::vector<double> FirstPass::to_numbers() const {
  std::vector<double> numbers = {static_cast<double>(frames), static_cast<double>(detected.size())};
  for (std::size_t c = 0; c < detected.size(); ++c) {
    numbers.push_back(detected[c] ? 1 : 0);
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      numbers.push_back(static_cast<double>(ground_truths[c][d]));
      numbers.push_back(static_cast<double>(scores[c][d].size()));
      numbers.insert(numbers.end(), scores[c][d].begin(), scores[c][d].end());
    }
  }
  return numbers;
}

FirstPass FirstPass::from_numbers(std::span<const double> numbers) {
  const auto take = [&](std::size_t count) {
    if (count > numbers.size())
      fail(ExitCode::defect, "a first pass ends ", count - numbers.size(), " numbers too early");
    const auto part = numbers.first(count);
    numbers = numbers.subspan(count);
    return part;
  };
  const auto frames = static_cast<std::int64_t>(take(1)[0]);
  FirstPass found(static_cast<std::size_t>(take(1)[0]));
  found.frames = frames;
  for (std::size_t c = 0; c < found.detected.size(); ++c) {
    found.detected[c] = take(1)[0] != 0;
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      found.ground_truths[c][d] = static_cast<std::int64_t>(take(1)[0]);
      const auto scores = take(static_cast<std::size_t>(take(1)[0]));
      found.scores[c][d].assign(scores.begin(), scores.end());
    }
  }
  if (!numbers.empty()) fail(ExitCode::defect, "a first pass has ", numbers.size(), " numbers too many");
  return found;
}

/// getThresholds() of the official evaluator. The steps of 1/40 are added up, not multiplied: the rounding is
/// part of the result.
std::vector<std::size_t> sample_places(std::size_t scores, std::int64_t ground_truths) {
  const auto truths = static_cast<double>(ground_truths);
  std::vector<std::size_t> places;
  double current = 0;
  for (std::size_t i = 0; i < scores; ++i) {
    const bool last = i + 1 == scores;
    const double left = static_cast<double>(i + 1) / truths;
    const double right = last ? left : static_cast<double>(i + 2) / truths;
    if (right - current < current - left && !last) continue;
    places.push_back(i);
    current += 1.0 / (slot_count - 1.0);
  }
  if (places.size() > slot_count) fail(ExitCode::defect, places.size(), " thresholds, expected at most 41");
  return places;
}

std::vector<double> sample_thresholds(std::vector<double> scores, std::int64_t ground_truths) {
  std::sort(scores.begin(), scores.end(), std::greater<>());
  std::vector<double> thresholds;
  for (const std::size_t place : sample_places(scores.size(), ground_truths)) thresholds.push_back(scores[place]);
  return thresholds;
}

Thresholds sample_thresholds(const FirstPass& found) {
  Thresholds thresholds(found.detected.size());
  for (std::size_t c = 0; c < thresholds.size(); ++c)
    for (std::size_t d = 0; d < difficulty_count; ++d)
      thresholds[c][d] = sample_thresholds(found.scores[c][d], found.ground_truths[c][d]);
  return thresholds;
}

void Counts::merge(const Counts& other) {
  std::transform(numbers.begin(), numbers.end(), other.numbers.begin(), numbers.begin(), std::plus<>());
}

AveragePrecision average_precision(std::int64_t ground_truths, std::vector<double> thresholds,
                                   std::span<const SlotCounts> counts) {
  AveragePrecision result;
  result.ground_truths = ground_truths;
  result.thresholds = std::move(thresholds);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto hits = static_cast<double>(counts[i].hits);
    result.precision[i] = hits / (hits + static_cast<double>(counts[i].false_positives));
    result.recall.push_back(hits / (hits + static_cast<double>(counts[i].misses)));
  }
  // A NaN stays in its slot and never reaches another: max_element's comparisons with it are false.
  for (auto slot = result.precision.begin(); slot != result.precision.begin() + std::ssize(counts); ++slot)
    *slot = *std::max_element(slot, result.precision.end());

  double sum11 = 0, sum40 = 0, sum41 = 0;
  for (std::size_t i = 0; i < slot_count; ++i) {
    if (i % 4 == 0) sum11 += result.precision[i];
    if (i > 0) sum40 += result.precision[i];
    sum41 += result.precision[i];
  }
  result.ap11 = sum11 / 11 * 100;
  result.ap40 = sum40 / 40 * 100;
  result.mean41 = sum41 / 41 * 100;
  return result;
}

KittiResult average_precision(const FirstPass& found, const Counts& counts, const Thresholds& thresholds,
                              const Rules& rules) {
  KittiResult result;
  result.frames = found.frames;
  result.rules = rules;
  result.detected = found.detected;
  result.classes.resize(found.detected.size());
  for (std::size_t c = 0; c < result.classes.size(); ++c)
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      std::vector<SlotCounts> slots;
      for (std::size_t i = 0; i < thresholds[c][d].size(); ++i)
        slots.push_back({counts.at(Counts::hits, c, d, i), counts.at(Counts::false_positives, c, d, i),
                         counts.at(Counts::misses, c, d, i)});
      result.classes[c][d] = average_precision(found.ground_truths[c][d], thresholds[c][d], slots);
    }
  return result;
}

KittiResult evaluate(std::span<const FrameObjects> frames, const Rules& rules) {
  const Matcher matcher(frames, rules);
  const FirstPass found = matcher.first_pass();
  const Thresholds thresholds = sample_thresholds(found);
  return average_precision(found, matcher.second_pass(thresholds), thresholds, rules);
}

}  // namespace fastbox::eval
