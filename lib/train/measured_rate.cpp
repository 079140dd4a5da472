#include "train/measured_rate.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "config/resolved.hpp"

namespace fastbox::train {
namespace {

/// What a step's time depends on.
const std::set<std::string> decisive = {"model.encoder",        "model.decoder", "model.width",    "model.height",
                                        "model.hidden",         "run.device",    "run.precision",  "run.threads",
                                        "model.width_multiple", "model.freeze",  "run.convolution"};

/// The first decisive key in which the folder's run differs, or "".
std::string first_difference(const std::filesystem::path& run_folder, const config::RunConfig& config) {
  for (const auto& [key, before, now] : config::differences(config::load(run_folder / "config.yaml"), config))
    if (decisive.contains(key)) return concat(key, " was ", before, " there");
  return "";
}

/// Images per second of one rank while it computes, by progress line.
std::vector<double> rates_of(const std::string& text) {
  std::vector<double> rates;
  double step = 0, samples = 0;
  for (const auto line : split(text, '\n')) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("images_per_second")) continue;
    const double steps = json.at("step").get<double>() - step, images = json.at("samples").get<double>() - samples;
    step += steps, samples += images;
    const double ranks = json.value("ranks", 0.0), rate = json.at("images_per_second").get<double>();
    if (steps <= 0 || images <= 0 || ranks < 1 || rate <= 0) continue;
    const double per_step = images / steps;
    const double computing = per_step / rate - json.at("time").at("exposed_communication").get<double>();
    if (computing > 0) rates.push_back(per_step / ranks / computing);
  }
  return rates;
}

}  // namespace

MeasuredRate measured_rate(const std::filesystem::path& run_folder, const config::RunConfig& config) {
  const auto file = run_folder / "metrics.jsonl";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return {0, concat("no run in ", run_folder.string())};
  try {
    const std::string difference = first_difference(run_folder, config);
    if (!difference.empty()) return {0, concat(run_folder.string(), " is of another kind (", difference, ")")};
    auto rates = rates_of(read_file(file));
    if (rates.empty()) return {0, concat(file.string(), " holds no rate with its number of ranks")};
    rates.erase(rates.begin(), rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2));
    const auto middle = rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2);
    std::nth_element(rates.begin(), middle, rates.end());
    return {*middle, concat("measured, ", file.string())};
  } catch (const Error& problem) {
    return {0, problem.what()};
  } catch (const nlohmann::json::exception& problem) {
    return {0, concat(file.string(), ": ", problem.what())};
  }
}

}  // namespace fastbox::train
