#include "eval/bootstrap.hpp"

#include <algorithm>
#include <future>
#include <iomanip>
#include <sstream>
#include <thread>

#include "base/error.hpp"
#include "base/random.hpp"
#include "eval/figure_text.hpp"

namespace fastbox::eval {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t figure_count = 3;  // AP40, AP11, mean of 41

using Figures = Grid<std::array<double, figure_count>>;

/// NaN where there is nothing to find.
Figures figures_of(const Grid<AveragePrecision>& all) {
  Figures figures(all.size());
  for (std::size_t c = 0; c < all.size(); ++c)
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      const AveragePrecision& one = all[c][d];
      figures[c][d] = {one.ap40, one.ap11, one.mean41};
      if (one.ground_truths == 0) figures[c][d].fill(nan);
    }
  return figures;
}

/// A share of the resamples to each thread; which thread draws which does not matter.
std::vector<Figures> resample(const Resampler& resampler, std::size_t frames, const BootstrapOptions& options) {
  std::vector<Figures> all(static_cast<std::size_t>(options.samples));
  const int cores = std::max(static_cast<int>(std::thread::hardware_concurrency()), 1);
  const auto threads =
      static_cast<std::size_t>(std::min(options.threads > 0 ? options.threads : cores, options.samples));
  const auto run = [&](std::size_t thread) {
    for (std::size_t sample = thread; sample < all.size(); sample += threads)
      all[sample] = figures_of(resampler.average_precision(draw_frames(frames, options.seed, sample)));
  };
  std::vector<std::future<void>> helpers;
  for (std::size_t t = 1; t < threads; ++t) helpers.push_back(std::async(std::launch::async, run, t));
  run(0);
  for (auto& helper : helpers) helper.get();
  return all;
}

Interval interval_of(double estimate, std::vector<double> values, double level) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) return {estimate, nan, nan, 0};
  std::sort(values.begin(), values.end());
  return {estimate, quantile(values, (1 - level) / 2), quantile(values, (1 + level) / 2), std::ssize(values)};
}

nlohmann::ordered_json json_of(const Interval& one) {
  return {{"estimate", figure_json(one.estimate)},
          {"low", figure_json(one.low)},
          {"high", figure_json(one.high)},
          {"resamples", one.resamples}};
}

}  // namespace

Resampler::Resampler(std::span<const FrameObjects> frames, const Rules& rules) : frames_(frames.size()) {
  const Matcher matcher(frames, rules);
  sweeps_.resize(matcher.class_count());
  for (std::size_t c = 0; c < matcher.class_count(); ++c) {
    detected_.push_back(matcher.detected(c));
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      Sweep& all = sweeps_[c][d];
      all.steps = matcher.steps(c, d);
      const auto ground_truths = matcher.ground_truths_by_frame(c, d);
      std::vector<std::int64_t> recorded(frames.size());
      for (const Step& step : all.steps) recorded[step.frame] += step.recorded;
      for (std::uint32_t f = 0; f < frames.size(); ++f)
        if (ground_truths[f] > 0) all.frames.push_back({f, ground_truths[f], recorded[f]});
    }
  }
}

/// A threshold is the score of the recorded one at some place in the order of scores, and takes in every step
/// of its score: so it is read off behind the last of them.
AveragePrecision Resampler::sweep(const Sweep& all, std::span<const std::uint32_t> times) const {
  std::int64_t ground_truths = 0, recorded = 0;
  for (const Counted& frame : all.frames) {
    ground_truths += times[frame.frame] * frame.ground_truths;
    recorded += times[frame.frame] * frame.recorded;
  }
  const auto places = sample_places(static_cast<std::size_t>(recorded), ground_truths);
  std::vector<double> thresholds;
  std::vector<SlotCounts> counts;
  SlotCounts sum{0, 0, ground_truths};
  std::int64_t passed = 0;
  for (std::size_t i = 0; i < all.steps.size() && counts.size() < places.size(); ++i) {
    const Step& step = all.steps[i];
    const std::int64_t weight = times[step.frame];
    sum.hits += weight * step.hits;
    sum.false_positives += weight * step.false_positives;
    sum.misses += weight * step.misses;
    passed += weight * step.recorded;
    if (i + 1 < all.steps.size() && all.steps[i + 1].score == step.score) continue;
    while (counts.size() < places.size() && static_cast<std::int64_t>(places[counts.size()]) < passed) {
      thresholds.push_back(step.score);
      counts.push_back(sum);
    }
  }
  return eval::average_precision(ground_truths, std::move(thresholds), counts);
}

Grid<AveragePrecision> Resampler::average_precision(std::span<const std::uint32_t> times) const {
  if (times.size() != frames_) fail(ExitCode::defect, times.size(), " numbers of draws for ", frames_, " frames");
  Grid<AveragePrecision> result(sweeps_.size());
  for (std::size_t c = 0; c < sweeps_.size(); ++c)
    for (std::size_t d = 0; d < difficulty_count; ++d) result[c][d] = sweep(sweeps_[c][d], times);
  return result;
}

std::vector<std::uint32_t> draw_frames(std::size_t frames, std::uint64_t seed, std::uint64_t sample) {
  std::vector<std::uint32_t> times(frames);
  Random random(seed, Purpose::bootstrap, sample);
  for (std::size_t i = 0; i < frames; ++i) ++times[random.below(frames)];
  return times;
}

double quantile(std::span<const double> sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(place), sorted.size() - 1);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Intervals bootstrap(std::span<const FrameObjects> frames, const Rules& rules, const BootstrapOptions& options) {
  if (options.samples < 2) fail(ExitCode::usage, options.samples, " bootstrap samples, expected at least 2");
  if (!(options.level > 0 && options.level < 1))
    fail(ExitCode::usage, "bootstrap level ", options.level, ", expected one within 0 and 1, such as 0.95");
  const Resampler resampler(frames, rules);
  const auto whole = resampler.average_precision(std::vector<std::uint32_t>(frames.size(), 1));
  const Figures estimates = figures_of(whole);
  const auto resamples = resample(resampler, frames.size(), options);
  Intervals result{std::ssize(frames), rules, options.samples, options.seed, options.level, {}, {}};
  result.classes.resize(rules.classes.size());
  for (std::size_t c = 0; c < rules.classes.size(); ++c) {
    result.detected.push_back(resampler.detected(c));
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      FigureIntervals& one = result.classes[c][d];
      one.ground_truths = whole[c][d].ground_truths;
      const std::array<Interval*, figure_count> intervals = {&one.ap40, &one.ap11, &one.mean41};
      for (std::size_t k = 0; k < figure_count; ++k) {
        std::vector<double> values;
        for (const Figures& sample : resamples) values.push_back(sample[c][d][k]);
        *intervals[k] = interval_of(estimates[c][d][k], std::move(values), options.level);
      }
    }
  }
  return result;
}

std::string bootstrap_table(const Intervals& intervals) {
  constexpr int wide = 24;
  std::ostringstream table;
  table << intervals.frames << (intervals.frames == 1 ? " frame" : " frames") << ", evaluator "
        << name_of(intervals.rules.evaluator) << ", " << shortest(100 * intervals.level) << "% intervals of "
        << intervals.samples << " resamples, seed " << intervals.seed << "\n\n"
        << std::left << std::setw(22) << "" << std::right;
  for (const char* title : {"AP40", "AP11", "mean of 41"}) table << std::setw(wide) << title;
  table << std::setw(15) << "ground truths" << '\n';
  for (std::size_t c = 0; c < intervals.rules.classes.size(); ++c)
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      const FigureIntervals& one = intervals.classes[c][d];
      table << std::left << std::setw(12) << (d == 0 ? intervals.rules.classes[c].name : "") << std::setw(10)
            << difficulty_names[d] << std::right;
      for (const Interval* figure : {&one.ap40, &one.ap11, &one.mean41}) {
        const auto text = [&](double value) { return figure_text(value, intervals.detected[c]); };
        const bool known = intervals.detected[c] && figure->resamples > 0;
        table << std::setw(wide)
              << (known ? concat(text(figure->estimate), " [", text(figure->low), ", ", text(figure->high), "]") : "-");
      }
      table << std::setw(15) << one.ground_truths << '\n';
    }
  return std::move(table).str();
}

nlohmann::ordered_json bootstrap_json(const Intervals& intervals) {
  nlohmann::ordered_json classes = nlohmann::ordered_json::object();
  for (std::size_t c = 0; c < intervals.rules.classes.size(); ++c) {
    nlohmann::ordered_json& of_class = classes[intervals.rules.classes[c].name];
    if (!intervals.detected[c]) continue;  // null
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      const FigureIntervals& one = intervals.classes[c][d];
      of_class[difficulty_names[d]] = {{"ap40", json_of(one.ap40)},
                                       {"ap11", json_of(one.ap11)},
                                       {"mean41", json_of(one.mean41)},
                                       {"ground_truths", one.ground_truths}};
    }
  }
  return {{"frames", intervals.frames},   {"evaluator", name_of(intervals.rules.evaluator)},
          {"samples", intervals.samples}, {"seed", intervals.seed},
          {"level", intervals.level},     {"classes", std::move(classes)}};
}

}  // namespace fastbox::eval
