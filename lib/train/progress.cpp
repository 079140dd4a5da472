#include "train/progress.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "eval/figure_text.hpp"

namespace fastbox::train {

using Json = nlohmann::ordered_json;

void Progress::add(const StepReport& step, double data_seconds, std::int64_t images) {
  sum_.losses.resize(step.losses.size());
  for (std::size_t i = 0; i < step.losses.size(); ++i) sum_.losses[i] += step.losses[i];
  sum_.gradient_norm += step.gradient_norm;
  sum_.forward_seconds += step.forward_seconds, sum_.backward_seconds += step.backward_seconds;
  sum_.exposed_seconds += step.exposed_seconds, sum_.optimizer_seconds += step.optimizer_seconds;
  data_seconds_ += data_seconds;
  ++steps_;
  samples_ += images;
  if (step.ranks.empty()) return;
  ranks_.resize(step.ranks.size());
  for (std::size_t i = 0; i < ranks_.size(); ++i) {
    ranks_[i].rank = step.ranks[i].rank;
    ranks_[i].data_seconds += step.ranks[i].data_seconds;
    ranks_[i].compute_seconds += step.ranks[i].compute_seconds;
    ranks_[i].exchange_seconds += step.ranks[i].exchange_seconds;
  }
  ++exchanges_;
}

Progress::Summary Progress::summarise(comm::World& world) {
  // Losses are shares of the global batch's, so their sum is it; times are averaged over the ranks.
  std::vector<double> all = {data_seconds_, sum_.forward_seconds, sum_.backward_seconds, sum_.exposed_seconds,
                             sum_.optimizer_seconds};
  all.insert(all.end(), sum_.losses.begin(), sum_.losses.end());
  all = world.sum(all);
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - begin_).count(), steps = static_cast<double>(steps_);
  Summary summary;
  double* const times[] = {&summary.data, &summary.forward, &summary.backward, &summary.exposed_communication,
                           &summary.optimizer};
  for (std::size_t i = 0; i < std::size(times); ++i) *times[i] = all[i] / steps / world.size();
  for (std::size_t i = std::size(times); i < all.size(); ++i) {
    summary.losses.push_back(all[i] / steps);
    summary.loss += summary.losses.back();
  }
  summary.gradient_norm = sum_.gradient_norm / steps;
  summary.images_per_second = static_cast<double>(samples_) / seconds;
  summary.step_seconds = seconds / steps;
  summary.save_seconds = save_seconds_;
  summary.ranks = ranks_;
  for (auto& rank : summary.ranks)
    for (double* part : {&rank.data_seconds, &rank.compute_seconds, &rank.exchange_seconds})
      *part /= static_cast<double>(exchanges_);
  summary.straggler = comm::find_straggler(summary.ranks);
  *this = Progress();
  return summary;
}

std::string progress_text(const Progress::Summary& summary, double learning_rate) {
  const auto share = [&](double seconds) { return concat(fixed(100 * seconds / summary.step_seconds, 1), " %"); };
  std::string text = concat("loss ", fixed(summary.loss, 4), "  rate ", significant(learning_rate, 3), "  ",
                            fixed(summary.images_per_second, 2), " images/s  data ", share(summary.data), "  exchange ",
                            share(summary.exposed_communication));
  if (summary.straggler)
    text += concat("  slowest rank ", summary.straggler->rank, " (+", fixed(1e3 * summary.straggler->late_seconds, 0),
                   " ms, ", summary.straggler->cause, ")");
  return text;
}

Json progress_json(const Progress::Summary& summary, std::int64_t step, std::int64_t samples, double learning_rate,
                   int ranks, const std::vector<std::string>& loss_names) {
  Json losses = Json::object();
  for (std::size_t i = 0; i < loss_names.size(); ++i) losses[loss_names[i]] = summary.losses[i];
  Json line = {{"step", step},
               {"samples", samples},
               {"loss", summary.loss},
               {"losses", losses},
               {"learning_rate", learning_rate},
               {"gradient_norm", summary.gradient_norm},
               {"images_per_second", summary.images_per_second},
               {"ranks", ranks},
               {"time",
                {{"data", summary.data},
                 {"forward", summary.forward},
                 {"backward", summary.backward},
                 {"exposed_communication", summary.exposed_communication},
                 {"optimizer", summary.optimizer}}}};
  if (summary.save_seconds > 0) line["save_seconds"] = summary.save_seconds;
  if (ranks == 1) return line;
  line["rank_times"] = Json::array();
  for (const auto& rank : summary.ranks)
    line["rank_times"].push_back(
        {{"data", rank.data_seconds}, {"compute", rank.compute_seconds}, {"exchange", rank.exchange_seconds}});
  if (const auto& late = summary.straggler)
    line["straggler"] = {{"rank", late->rank}, {"cause", late->cause}, {"late_seconds", late->late_seconds}};
  return line;
}

std::string ap_text(const eval::KittiResult& result, const std::string& type) {
  const std::size_t object_class = result.rules.place_of(type);
  const auto line = [&](double eval::AveragePrecision::*figure) {
    std::vector<std::string> words;
    for (const auto& one : result.classes.at(object_class))
      words.push_back(eval::figure_text(one.*figure, result.detected.at(object_class)));
    return join(words, " / ");
  };
  return concat(type, " AP40 ", line(&eval::AveragePrecision::ap40), "  AP11 ", line(&eval::AveragePrecision::ap11),
                "  mean41 ", line(&eval::AveragePrecision::mean41), " (easy / moderate / hard)");
}

Json ap_json(const eval::KittiResult& result) {
  Json json = Json::object();
  for (std::size_t c = 0; c < result.classes.size(); ++c) {
    if (!result.detected[c]) continue;
    for (std::size_t d = 0; d < eval::difficulty_count; ++d) {
      const auto& figures = result.classes[c][d];
      json[result.rules.classes[c].name][eval::difficulty_names[d]] = {
          {"ap40", figures.ap40}, {"ap11", figures.ap11}, {"mean41", figures.mean41}};
    }
  }
  return json;
}

}  // namespace fastbox::train
