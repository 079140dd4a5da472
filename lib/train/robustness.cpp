#include "train/robustness.hpp"

#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/log.hpp"
#include "eval/figure_text.hpp"

namespace fastbox::train {
namespace {

constexpr std::size_t moderate = 1;

nlohmann::ordered_json classes_json(const eval::KittiResult& result) {
  nlohmann::ordered_json classes = nlohmann::ordered_json::object();
  for (std::size_t c = 0; c < result.classes.size(); ++c)
    for (std::size_t d = 0; d < eval::difficulty_count; ++d)
      classes[result.rules.classes[c].name][eval::difficulty_names[d]] =
          eval::figure_json(result.classes[c][d].ap40, result.detected[c]);
  return classes;
}

}  // namespace

Robustness measure_robustness(models::Network& model, const config::Settings& settings, const data::Dataset& frames,
                              const eval::KittiResult& clean, comm::World& world,
                              const std::vector<data::Corruption>& corruptions) {
  Robustness robustness{clean, {}};
  for (const auto& corruption : corruptions) {
    const auto worse = [&](const cv::Mat& rgb, std::size_t index) {
      return data::corrupted(rgb, corruption, static_cast<std::uint64_t>(settings.run.seed), index);
    };
    log::debug("robustness: ", data::name_of(corruption.kind), ' ', data::strength_text(corruption));
    robustness.rows.push_back({corruption, evaluate(model, settings, frames, world, worse).result});
  }
  return robustness;
}

std::string robustness_table(const Robustness& robustness) {
  const auto& clean = robustness.clean;
  std::ostringstream table;
  table << "AP40 moderate on worse pictures, and the change\n\n" << std::left << std::setw(26) << "" << std::right;
  for (std::size_t c = 0; c < clean.classes.size(); ++c)
    if (clean.detected[c]) table << std::setw(12) << clean.rules.classes[c].name << std::setw(10) << "";
  const auto line = [&](const std::string& name, const eval::KittiResult& result, bool is_clean) {
    table << '\n' << std::left << std::setw(26) << name << std::right;
    for (std::size_t c = 0; c < clean.classes.size(); ++c) {
      if (!clean.detected[c]) continue;
      const double before = clean.classes[c][moderate].ap40;
      // Where nothing is detected any more the class is absent to the evaluator; to a reader it has lost all.
      const double now = result.detected[c] ? result.classes[c][moderate].ap40 : 0;
      table << std::setw(12) << eval::figure_text(now) << std::setw(10)
            << (is_clean ? "" : eval::figure_text(now - before));
    }
  };
  line("clean", clean, true);
  for (const auto& row : robustness.rows)
    line(concat(data::name_of(row.corruption.kind), ", ", data::strength_text(row.corruption)), row.result, false);
  table << '\n';
  return std::move(table).str();
}

nlohmann::ordered_json robustness_json(const Robustness& robustness) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const auto& row : robustness.rows)
    rows.push_back({{"name", data::name_of(row.corruption.kind)},
                    {"severity", row.corruption.severity},
                    {"strength", row.corruption.strength},
                    {"classes", classes_json(row.result)}});
  return {
      {"frames", robustness.clean.frames}, {"clean", classes_json(robustness.clean)}, {"corruptions", std::move(rows)}};
}

}  // namespace fastbox::train
