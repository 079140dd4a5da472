#include "report/run_totals.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace fastbox::report {

std::vector<double> StageSeconds::parts() const {
  std::vector<double> all(stages.begin(), stages.end());
  all.push_back(other);
  return all;
}

StageSeconds stage_seconds(const std::vector<Interval>& intervals) {
  StageSeconds sum;
  for (const auto& interval : intervals) {
    const bool known =
        std::all_of(interval.stages.begin(), interval.stages.end(), [](double s) { return std::isfinite(s); });
    if (!known || !std::isfinite(interval.seconds)) continue;
    double told = 0;
    for (std::size_t i = 0; i < 5; ++i) {
      const double seconds = interval.stages[i] * static_cast<double>(interval.steps);
      sum.stages[i] += seconds;
      told += seconds;
    }
    sum.other += std::max(interval.seconds - told, 0.0);
    sum.whole += interval.seconds;
    sum.steps += interval.steps;
  }
  if (sum.steps == 0) sum.whole = unknown;
  return sum;
}

double steady_images_per_second(const std::vector<Interval>& intervals) {
  double images = 0, seconds = 0;
  for (std::size_t i = intervals.size() / 10; i < intervals.size(); ++i) {
    if (!std::isfinite(intervals[i].seconds)) continue;
    images += static_cast<double>(intervals[i].images);
    seconds += intervals[i].seconds;
  }
  return seconds > 0 ? images / seconds : unknown;
}

std::vector<std::array<double, 3>> mean_rank_times(const std::vector<Interval>& intervals) {
  std::size_t ranks = 0;
  for (const auto& interval : intervals)
    if (!interval.rank_times.empty()) ranks = interval.rank_times.size();
  std::vector<std::array<double, 3>> mean(ranks);
  double steps = 0;
  for (const auto& interval : intervals) {
    if (interval.rank_times.size() != ranks) continue;
    for (std::size_t r = 0; r < ranks; ++r)
      for (std::size_t i = 0; i < 3; ++i) mean[r][i] += interval.rank_times[r][i] * static_cast<double>(interval.steps);
    steps += static_cast<double>(interval.steps);
  }
  for (auto& rank : mean)
    for (double& seconds : rank) seconds /= steps;
  return mean;
}

std::vector<LateRank> late_ranks(const std::vector<Interval>& intervals) {
  std::map<std::pair<std::int64_t, std::string>, LateRank> found;
  for (const auto& interval : intervals) {
    if (!interval.straggler || !std::isfinite(interval.straggler->late_seconds)) continue;
    const auto& late = *interval.straggler;
    LateRank& sum = found[{late.rank, late.cause}];
    sum.rank = late.rank;
    sum.cause = late.cause;
    ++sum.intervals;
    sum.mean_late += late.late_seconds;
    sum.most_late = std::max(sum.most_late, late.late_seconds);
    sum.late_in_all += late.late_seconds * static_cast<double>(interval.steps);
  }
  std::vector<LateRank> all;
  for (auto& [key, sum] : found) {
    sum.mean_late /= static_cast<double>(sum.intervals);
    all.push_back(sum);
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const LateRank& a, const LateRank& b) { return a.late_in_all > b.late_in_all; });
  return all;
}

std::int64_t batch_of(const RunRecord& record) {
  if (record.config) {
    const auto& train = record.config->settings.train;
    if (train.batch > 0) return train.batch;
    if (record.ranks() > 0) return train.batch_per_rank * record.ranks();
  }
  for (const auto& interval : record.intervals)
    if (interval.steps > 0) return interval.images / interval.steps;
  return 0;
}

std::array<Figures, 3> latest_figures(const RunRecord& record) {
  std::array<Figures, 3> figures;
  if (record.status == Status::finished && record.final_evaluation)
    for (std::size_t d = 0; d < 3; ++d) figures[d] = record.final_evaluation->figures[d];
  else if (!record.evaluations.empty())
    figures = record.evaluations.back().figures;
  return figures;
}

}  // namespace fastbox::report
