#include "report/metrics_lines.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "io/json_text.hpp"

namespace fastbox::report {
namespace {

using Json = nlohmann::json;

const Json& inner(const Json& object, const char* key) {
  static const Json none;
  const auto found = object.find(key);
  return found == object.end() ? none : *found;
}

template <std::size_t count>
std::array<double, count> numbers_in(const Json& object, const std::array<const char*, count>& names) {
  std::array<double, count> numbers;
  for (std::size_t i = 0; i < count; ++i) numbers[i] = number_in(object, names[i]);
  return numbers;
}

std::optional<Straggler> straggler_in(const Json& line) {
  const Json& json = inner(line, "straggler");
  const auto rank = whole_in(json, "rank");
  if (!rank) return std::nullopt;
  const Json& cause = inner(json, "cause");
  return Straggler{*rank, cause.is_string() ? cause.get<std::string>() : "unknown", number_in(json, "late_seconds")};
}

Interval interval_in(const Json& line, std::int64_t step, std::int64_t samples) {
  Interval interval;
  interval.step = step;
  interval.samples = samples;
  interval.ranks = whole_in(line, "ranks").value_or(0);
  interval.loss = number_in(line, "loss");
  interval.learning_rate = number_in(line, "learning_rate");
  interval.gradient_norm = number_in(line, "gradient_norm");
  interval.images_per_second = number_in(line, "images_per_second");
  interval.losses = numbers_in(inner(line, "losses"), loss_names);
  interval.stages = numbers_in(inner(line, "time"), stage_names);
  if (const Json& ranks = inner(line, "rank_times"); ranks.is_array())
    for (const auto& rank : ranks) interval.rank_times.push_back(numbers_in(rank, rank_stage_names));
  interval.straggler = straggler_in(line);
  return interval;
}

Evaluation evaluation_in(const Json& line, std::int64_t step, std::int64_t samples, const std::string& object_class) {
  Evaluation evaluation;
  evaluation.step = step;
  evaluation.samples = samples;
  const Json& ap = inner(line, "ap");
  const Json& figures = ap.is_object() ? inner(ap, object_class.c_str()) : ap;
  const char* const difficulties[] = {"easy", "moderate", "hard"};
  for (std::size_t d = 0; d < 3 && figures.is_object(); ++d) {
    const Json& one = inner(figures, difficulties[d]);
    evaluation.figures[d] = {number_in(one, "ap40"), number_in(one, "ap11"), number_in(one, "mean41")};
  }
  evaluation.milliseconds_per_image = number_in(line, "milliseconds_per_image");
  evaluation.seconds = number_in(line, "evaluation_seconds");
  return evaluation;
}

void add_told(double& sum, double seconds) {
  if (std::isfinite(seconds)) sum = std::isfinite(sum) ? sum + seconds : seconds;
}

/// Steps and images of each interval, from those before it.
void measure(std::vector<Interval>& intervals) {
  std::stable_sort(intervals.begin(), intervals.end(),
                   [](const Interval& a, const Interval& b) { return a.step < b.step; });
  std::int64_t step = 0, samples = 0;
  for (auto& interval : intervals) {
    interval.steps = std::max<std::int64_t>(interval.step - step, 0);
    interval.images = std::max<std::int64_t>(interval.samples - samples, 0);
    if (interval.images_per_second > 0)
      interval.seconds = static_cast<double>(interval.images) / interval.images_per_second;
    step = interval.step;
    samples = interval.samples;
  }
}

/// Sums weighted by steps; a NaN stays one.
void add_weighted(Interval& sum, const Interval& one) {
  const auto steps = static_cast<double>(one.steps);
  const auto add = [&](double& to, double value) { to += steps * value; };
  add(sum.loss, one.loss);
  add(sum.gradient_norm, one.gradient_norm);
  for (std::size_t i = 0; i < 5; ++i) {
    add(sum.losses[i], one.losses[i]);
    add(sum.stages[i], one.stages[i]);
  }
}

Interval joined_of(const Interval* first, const Interval* last) {
  Interval sum = *(last - 1);
  if (last - first == 1) return sum;
  sum.steps = sum.images = 0;
  sum.seconds = sum.loss = sum.gradient_norm = 0;
  sum.losses.fill(0);
  sum.stages.fill(0);
  sum.rank_times.clear();
  sum.straggler.reset();
  for (const Interval* one = first; one != last; ++one) {
    add_weighted(sum, *one);
    sum.steps += one->steps;
    sum.images += one->images;
    sum.seconds += one->seconds;
  }
  const auto steps = static_cast<double>(sum.steps);
  for (double* mean : {&sum.loss, &sum.gradient_norm}) *mean /= steps;
  for (std::size_t i = 0; i < 5; ++i) {
    sum.losses[i] /= steps;
    sum.stages[i] /= steps;
  }
  sum.images_per_second = static_cast<double>(sum.images) / sum.seconds;
  return sum;
}

}  // namespace

void read_metrics(std::string_view text, RunRecord& record) {
  std::int64_t bad = 0, first_bad = 0, number = 0;
  const bool torn = !text.empty() && !text.ends_with('\n');
  auto lines = split(text, '\n');
  if (torn || (!lines.empty() && lines.back().empty())) lines.pop_back();
  for (const auto line : lines) {
    ++number;
    try {
      const Json json = io::parse_json(line, "metrics.jsonl");
      const auto step = whole_in(json, "step"), samples = whole_in(json, "samples");
      if (!step || !samples) fail(ExitCode::data, "no step or samples");
      if (json.contains("ap")) {
        record.evaluations.push_back(evaluation_in(json, *step, *samples, record.object_class));
        record.evaluations_untimed += std::isfinite(record.evaluations.back().seconds) ? 0 : 1;
      } else if (json.contains("loss")) {
        record.intervals.push_back(interval_in(json, *step, *samples));
      }
      add_told(record.told.evaluation, number_in(json, "evaluation_seconds"));
      add_told(record.told.save, number_in(json, "save_seconds"));
      add_told(record.told.startup, number_in(json, "startup_seconds"));
      add_told(record.told.cache, number_in(json, "cache_seconds"));
    } catch (const Error&) {
      first_bad = bad++ == 0 ? number : first_bad;
    }
  }
  if (bad > 0)
    record.problems.push_back(concat("metrics.jsonl: ", bad, " of ", number,
                                     " lines cannot be read, the first is line ", first_bad, "; they are left out."));
  measure(record.intervals);
  std::stable_sort(record.evaluations.begin(), record.evaluations.end(),
                   [](const Evaluation& a, const Evaluation& b) { return a.step < b.step; });
}

std::vector<Interval> joined(const std::vector<Interval>& intervals, std::size_t most) {
  const std::size_t stride = (intervals.size() + most - 1) / std::max<std::size_t>(most, 1);
  if (stride < 2) return intervals;
  std::vector<Interval> result;
  for (std::size_t i = 0; i < intervals.size(); i += stride)
    result.push_back(joined_of(&intervals[i], &intervals[i] + std::min(stride, intervals.size() - i)));
  return result;
}

}  // namespace fastbox::report
