#include "eval/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

#include "base/error.hpp"
#include "base/text.hpp"
#include "eval/figure_text.hpp"

namespace fastbox::eval {
namespace {

constexpr double least_score = 1e-7;  // logits of 0 and 1 are infinite
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

double logit(double score) {
  const double inside = std::clamp(score, least_score, 1 - least_score);
  return std::log(inside / (1 - inside));
}

std::size_t bin_of(double score, int bins) {
  const auto place = static_cast<int>(std::ceil(score * bins)) - 1;
  return static_cast<std::size_t>(std::clamp(place, 0, bins - 1));
}

std::vector<ReliabilityBin> bins_of(std::span<const Judgement> judgements, int count) {
  std::vector<ReliabilityBin> bins(static_cast<std::size_t>(count));
  for (const auto& one : judgements) {
    ReliabilityBin& bin = bins[bin_of(one.score, count)];
    ++bin.detections;
    bin.confidence += one.score;
    bin.precision += one.right ? 1 : 0;
  }
  for (ReliabilityBin& bin : bins) {
    const auto detections = static_cast<double>(bin.detections);
    bin.confidence = bin.detections == 0 ? unknown : bin.confidence / detections;
    bin.precision = bin.detections == 0 ? unknown : bin.precision / detections;
  }
  return bins;
}

CalibrationError error_of(std::span<const Judgement> judgements, int bins) {
  if (judgements.empty()) return {unknown, unknown, unknown, unknown};
  const auto count = static_cast<double>(judgements.size());
  CalibrationError error;
  for (const auto& bin : bins_of(judgements, bins)) {
    if (bin.detections == 0) continue;
    const double gap = std::abs(bin.confidence - bin.precision);
    error.expected += gap * static_cast<double>(bin.detections) / count;
    error.maximum = std::max(error.maximum, gap);
  }
  for (const auto& one : judgements) {
    const double score = std::clamp(one.score, least_score, 1 - least_score);
    const double miss = one.score - (one.right ? 1 : 0);
    error.brier += miss * miss / count;
    error.log_loss -= std::log(one.right ? score : 1 - score) / count;
  }
  return error;
}

std::vector<Judgement> scaled(std::vector<Judgement> judgements, double temperature) {
  if (!std::isnan(temperature))
    for (auto& one : judgements) one.score = at_temperature(one.score, temperature);
  return judgements;
}

/// Each half at the other's temperature.
CalibrationError held_out(const std::vector<Judgement>& judgements, int bins) {
  std::array<std::vector<Judgement>, 2> halves;
  for (const auto& one : judgements) halves[one.frame % 2].push_back(one);
  std::vector<Judgement> all;
  for (std::size_t half = 0; half < 2; ++half) {
    const double temperature = fitted_temperature(halves[1 - half]);
    if (std::isnan(temperature)) return {unknown, unknown, unknown, unknown};
    const auto of_half = scaled(halves[half], temperature);
    all.insert(all.end(), of_half.begin(), of_half.end());
  }
  return error_of(all, bins);
}

ClassCalibration calibrated(const std::vector<Judgement>& judgements, int bins) {
  ClassCalibration result;
  result.detections = std::ssize(judgements);
  result.right = std::count_if(judgements.begin(), judgements.end(), [](const Judgement& one) { return one.right; });
  result.bins = bins_of(judgements, bins);
  result.as_is = error_of(judgements, bins);
  result.temperature = fitted_temperature(judgements);
  const bool known = !std::isnan(result.temperature);
  result.scaled = error_of(known ? scaled(judgements, result.temperature) : std::vector<Judgement>(), bins);
  result.held_out = held_out(judgements, bins);
  return result;
}

void require_scores(std::span<const FrameObjects> frames) {
  for (const auto& frame : frames)
    for (const auto& detection : frame.detections)
      if (!(detection.score >= 0 && detection.score <= 1))
        fail(ExitCode::data, "frame ", frame.name, ": a detection's score is ", detection.score,
             ", expected a confidence from 0 to 1 (calibration)");
}

nlohmann::ordered_json error_json(const CalibrationError& error) {
  return {{"expected", figure_json(error.expected)},
          {"maximum", figure_json(error.maximum)},
          {"brier", figure_json(error.brier)},
          {"log_loss", figure_json(error.log_loss)}};
}

std::string error_line(const std::string& name, const CalibrationError& error) {
  std::ostringstream line;
  line << "  " << std::left << std::setw(42) << name << std::right;
  for (const double value : {error.expected, error.maximum, error.brier, error.log_loss})
    line << std::setw(12) << (std::isnan(value) ? "-" : fixed(value, 4));
  line << '\n';
  return std::move(line).str();
}

}  // namespace

double at_temperature(double score, double temperature) {
  if (temperature == 1) return score;
  return 1 / (1 + std::exp(-logit(score) / temperature));
}

/// The log loss is convex in b = 1 / temperature: its derivative, the mean of logit (sigmoid(b logit) - right), rises, and
/// is halved in on from both ends on a logarithmic scale.
double fitted_temperature(std::span<const Judgement> judgements) {
  const auto right =
      std::count_if(judgements.begin(), judgements.end(), [](const Judgement& one) { return one.right; });
  if (right == 0 || right == std::ssize(judgements)) return unknown;
  const auto slope = [&](double inverse) {
    double sum = 0;
    for (const auto& one : judgements) {
      const double at = logit(one.score);
      sum += at * (1 / (1 + std::exp(-inverse * at)) - (one.right ? 1 : 0));
    }
    return sum;
  };
  double low = std::log(1e-2), high = std::log(1e2);
  constexpr int halvings = 60;  // to the last digits of a double
  for (int i = 0; i < halvings; ++i) {
    const double middle = (low + high) / 2;
    (slope(std::exp(middle)) < 0 ? low : high) = middle;
  }
  return std::exp(-(low + high) / 2);
}

CalibrationResult calibrate(std::span<const FrameObjects> frames, const Rules& rules,
                            const CalibrationOptions& options) {
  if (options.difficulty >= difficulty_count || options.bins < 1)
    fail(ExitCode::defect, "calibration: difficulty ", options.difficulty, ", bins ", options.bins);
  require_scores(frames);
  const Matcher matcher(frames, rules, std::span(difficulties).subspan(options.difficulty, 1));
  CalibrationResult result{std::ssize(frames), rules, options, {}, {}};
  for (std::size_t c = 0; c < matcher.class_count(); ++c) {
    result.detected.push_back(matcher.detected(c));
    result.classes.push_back(calibrated(matcher.judgements(c, 0), options.bins));
  }
  return result;
}

std::string calibration_table(const CalibrationResult& result) {
  std::ostringstream table;
  table << "calibration, " << difficulty_names[result.options.difficulty] << ", " << result.options.bins << " bins\n";
  for (std::size_t c = 0; c < result.rules.classes.size(); ++c) {
    if (!result.detected[c]) continue;
    const ClassCalibration& one = result.classes[c];
    table << '\n'
          << std::left << std::setw(44) << result.rules.classes[c].name << std::right << std::setw(12) << "expected"
          << std::setw(12) << "maximum" << std::setw(12) << "Brier" << std::setw(12) << "log loss" << '\n'
          << error_line(concat("as it is, ", one.detections, " detections, ", one.right, " right"), one.as_is);
    const std::string temperature = std::isnan(one.temperature) ? "-" : fixed(one.temperature, 3);
    table << error_line(concat("at temperature ", temperature), one.scaled)
          << error_line("at the other half's temperature", one.held_out);
  }
  return std::move(table).str();
}

nlohmann::ordered_json calibration_json(const CalibrationResult& result) {
  nlohmann::ordered_json classes = nlohmann::ordered_json::object();
  for (std::size_t c = 0; c < result.rules.classes.size(); ++c) {
    nlohmann::ordered_json& of_class = classes[result.rules.classes[c].name];
    if (!result.detected[c]) continue;  // null
    const ClassCalibration& one = result.classes[c];
    of_class = {{"detections", one.detections},     {"right", one.right},
                {"as_is", error_json(one.as_is)},   {"temperature", figure_json(one.temperature)},
                {"scaled", error_json(one.scaled)}, {"held_out", error_json(one.held_out)}};
    auto& bins = of_class["bins"] = nlohmann::ordered_json::array();
    for (std::size_t b = 0; b < one.bins.size(); ++b) {
      const double width = 1.0 / static_cast<double>(one.bins.size());
      bins.push_back({{"from", static_cast<double>(b) * width},
                      {"to", static_cast<double>(b + 1) * width},
                      {"detections", one.bins[b].detections},
                      {"confidence", figure_json(one.bins[b].confidence)},
                      {"precision", figure_json(one.bins[b].precision)}});
    }
  }
  return {{"difficulty", difficulty_names[result.options.difficulty]}, {"classes", std::move(classes)}};
}

}  // namespace fastbox::eval
