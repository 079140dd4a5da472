#include "eval/bands.hpp"

#include <iomanip>
#include <sstream>

#include "eval/figure_text.hpp"

namespace fastbox::eval {
namespace {

constexpr Stratum hard = difficulties[2];

Band by_height(std::string name, double from, double to = std::numeric_limits<double>::infinity()) {
  Band band{"height", std::move(name), hard};
  band.stratum.height_from = from;
  band.stratum.height_to = to;
  return band;
}

Band by_occlusion(std::string name, int least, int most) {
  Band band{"occlusion", std::move(name), hard};
  band.stratum.minimum_occlusion = least;
  band.stratum.maximum_occlusion = most;
  return band;
}

Band by_truncation(std::string name, double above, double most) {
  Band band{"truncation", std::move(name), hard};
  band.stratum.truncation_above = above;
  band.stratum.maximum_truncation = most;
  return band;
}

}  // namespace

/// The lowest bands by occlusion and truncation take in what is not known (-1), as the difficulties do.
std::vector<Band> standard_bands() {
  return {by_height("25-40", hard.minimum_height, 40),
          by_height("40-60", 40, 60),
          by_height("60-100", 60, 100),
          by_height("100-", 100),
          by_occlusion("0", std::numeric_limits<int>::min(), 0),
          by_occlusion("1", 1, 1),
          by_occlusion("2", 2, hard.maximum_occlusion),
          by_truncation("0", -std::numeric_limits<double>::infinity(), 0),
          by_truncation("0-0.15", 0, 0.15),
          by_truncation("0.15-0.30", 0.15, 0.30),
          by_truncation("0.30-0.50", 0.30, hard.maximum_truncation)};
}

BandsResult evaluate_bands(std::span<const FrameObjects> frames, const Rules& rules, const std::vector<Band>& bands) {
  std::vector<Stratum> strata;
  for (const Band& band : bands) strata.push_back(band.stratum);
  const Matcher matcher(frames, rules, strata);
  BandsResult result{std::ssize(frames), rules, {}, {}};
  for (std::size_t c = 0; c < matcher.class_count(); ++c) result.detected.push_back(matcher.detected(c));
  for (std::size_t s = 0; s < bands.size(); ++s) {
    BandResult& one = result.bands.emplace_back(BandResult{bands[s], {}});
    for (std::size_t c = 0; c < matcher.class_count(); ++c) {
      const std::int64_t ground_truths = matcher.ground_truths(c, s);
      auto thresholds = sample_thresholds(matcher.found_scores(c, s), ground_truths);
      const auto counts = matcher.count(c, s, thresholds);
      one.classes.push_back(average_precision(ground_truths, std::move(thresholds), counts));
    }
  }
  return result;
}

std::string bands_table(const BandsResult& result) {
  std::ostringstream table;
  table << result.frames << (result.frames == 1 ? " frame" : " frames") << ", evaluator "
        << name_of(result.rules.evaluator) << ", by box height in pixels, occlusion and truncation\n\n"
        << std::left << std::setw(34) << "" << std::right;
  for (const char* title : {"AP40", "AP11", "mean of 41"}) table << std::setw(12) << title;
  table << std::setw(15) << "ground truths" << '\n';
  bool any_few = false;
  for (std::size_t c = 0; c < result.rules.classes.size(); ++c) {
    std::string group;
    for (const auto& [band, classes] : result.bands) {
      const AveragePrecision& one = classes[c];
      const bool few = one.ground_truths < static_cast<std::int64_t>(slot_count);
      any_few = any_few || few;
      table << std::left << std::setw(12) << (group.empty() ? result.rules.classes[c].name : "") << std::setw(12)
            << (group == band.group ? "" : band.group) << std::setw(10) << band.name << std::right;
      group = band.group;
      for (const double value : {one.ap40, one.ap11, one.mean41})
        table << std::setw(12) << figure_text(value, result.detected[c] && one.ground_truths > 0);
      table << std::setw(15) << one.ground_truths << (few ? "*" : "") << '\n';
    }
  }
  if (any_few) table << "* fewer than 41: AP cannot reach 100\n";
  return std::move(table).str();
}

nlohmann::ordered_json bands_json(const BandsResult& result) {
  nlohmann::ordered_json classes = nlohmann::ordered_json::object();
  for (std::size_t c = 0; c < result.rules.classes.size(); ++c) {
    nlohmann::ordered_json& of_class = classes[result.rules.classes[c].name];
    if (!result.detected[c]) continue;  // null
    for (const auto& [band, figures] : result.bands) {
      const AveragePrecision& one = figures[c];
      const bool known = one.ground_truths > 0;
      of_class[band.group][band.name] = {{"ap40", figure_json(one.ap40, known)},
                                         {"ap11", figure_json(one.ap11, known)},
                                         {"mean41", figure_json(one.mean41, known)},
                                         {"ground_truths", one.ground_truths}};
    }
  }
  return {{"frames", result.frames}, {"evaluator", name_of(result.rules.evaluator)}, {"classes", std::move(classes)}};
}

}  // namespace fastbox::eval
