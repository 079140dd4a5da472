#include "train/checkpoint_state.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.hpp"

namespace fastbox::train {
namespace {

using Json = nlohmann::ordered_json;

// State and manifest nest three and two deep, the history five. A parser's stack must not be a stranger's to use up.
constexpr int deepest = 16;

// io::parse_json would not keep the order of the history's keys.
Json parse_bounded(const std::string& text) {
  const auto callback = [](int depth, Json::parse_event_t, Json&) {
    if (depth > deepest) throw std::length_error("nested too deeply");
    return true;
  };
  return Json::parse(text, callback);
}

/// The parse, with every way in which it can fail made one.
template <typename Read>
auto read_json(const std::string& text, const std::string& file, const char* what, const Read& read) {
  try {
    return read(parse_bounded(text));
  } catch (const Json::exception& problem) {
    fail(ExitCode::data, file, ": ", what, " is damaged: ", problem.what());
  } catch (const std::length_error& problem) {
    fail(ExitCode::data, file, ": ", what, " is damaged: ", problem.what());
  }
}

/// An integer that is one: nlohmann would convert 1e300, true and -1 as well.
std::int64_t integer(const Json& value, std::int64_t low, std::int64_t high) {
  if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) ||
      value.get<std::int64_t>() < low || value.get<std::int64_t>() > high)
    throw std::length_error(concat(value.dump().substr(0, 40), ", expected an integer from ", low, " to ", high));
  return value.get<std::int64_t>();
}

constexpr std::int64_t most = std::int64_t{1} << 53;

CheckpointState state_of(const Json& json) {
  CheckpointState state;
  state.step = integer(json.at("step"), 0, most);
  state.samples = integer(json.at("samples"), 0, most);
  state.optimizer_steps = integer(json.at("optimizer_steps"), 0, most);
  state.threads = static_cast<int>(integer(json.at("threads"), 0, 1 << 20));
  state.history = json.at("history");
  if (!state.history.is_array()) throw std::length_error("history is no list");
  for (const auto& entry : state.history) {
    integer(entry.at("step"), 0, state.step);
    integer(entry.at("samples"), 0, state.samples);
    entry.at("ap");
  }
  return state;
}

void read_format_2(const Json& json, CheckpointState& state) {
  state.ranks = static_cast<int>(integer(json.at("ranks"), 1, 1 << 24));
  state.shards = static_cast<int>(integer(json.at("shards"), 0, 1 << 24));
  state.exchange = json.at("exchange").get<std::string>();
  state.seed = integer(json.at("seed"), 0, most);
  state.frames = integer(json.at("frames"), 1, most);
  if (integer(json.at("epoch"), 0, most) != state.samples / state.frames ||
      integer(json.at("cursor"), 0, most) != state.samples % state.frames)
    throw std::length_error("epoch and cursor are not those of its samples and frames");
  for (const auto& count : json.at("buckets")) state.buckets.push_back(integer(count, 1, most));
  state.loss_count = integer(json.at("loss_count"), 0, most);
  state.loss_mean = json.at("loss_mean").get<double>();
  state.replaced_samples = integer(json.at("replaced_samples"), 0, most);
  state.failed_evaluations = integer(json.at("failed_evaluations"), 0, most);
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::string format_state(const CheckpointState& state) {
  const std::int64_t frames = std::max<std::int64_t>(state.frames, 1);
  const Json json = {{"format", checkpoint_format},
                     {"step", state.step},
                     {"samples", state.samples},
                     {"optimizer_steps", state.optimizer_steps},
                     {"threads", state.threads},
                     {"ranks", state.ranks},
                     {"shards", state.shards},
                     {"exchange", state.exchange},
                     {"seed", state.seed},
                     {"frames", frames},
                     {"epoch", state.samples / frames},
                     {"cursor", state.samples % frames},
                     {"buckets", state.buckets},
                     {"loss_count", state.loss_count},
                     {"loss_mean", state.loss_mean},
                     {"replaced_samples", state.replaced_samples},
                     {"failed_evaluations", state.failed_evaluations},
                     {"history", state.history}};
  return json.dump(2) + "\n";
}

CheckpointState parse_state(const std::string& text, const std::string& file) {
  return read_json(text, file, "the state", [&](const Json& json) {
    const std::int64_t format = integer(json.at("format"), 0, most);
    if (format < 1 || format > checkpoint_format)
      fail(ExitCode::data, file, ": format ", format, ", this fastbox reads formats 1 to ", checkpoint_format);
    CheckpointState state = state_of(json);
    if (format >= 2) read_format_2(json, state);
    return state;
  });
}

const std::vector<std::string>& checkpoint_files() {
  static const std::vector<std::string> names = {"model.safetensors", "optimizer.safetensors", "state.json",
                                                 "config.yaml"};
  return names;
}

std::string format_manifest(const Manifest& manifest) {
  Json json = Json::object();
  for (const auto& [name, digest] : manifest) json[name] = {{"bytes", digest.bytes}, {"sha256", digest.sha256}};
  return json.dump(2) + "\n";
}

Manifest parse_manifest(const std::string& text, const std::string& file) {
  return read_json(text, file, "the manifest", [&](const Json& json) {
    Manifest manifest;
    for (const auto& name : checkpoint_files()) {
      const auto& entry = json.at(name);
      FileDigest digest{static_cast<std::uint64_t>(integer(entry.at("bytes"), 0, INT64_MAX)),
                        entry.at("sha256").get<std::string>()};
      if (!is_sha256(digest.sha256)) throw std::length_error("no sha256 of " + name);
      if (entry.size() != 2) throw std::length_error("unknown entries for " + name);
      manifest[name] = std::move(digest);
    }
    if (json.size() != manifest.size()) throw std::length_error("it names files that no checkpoint has");
    return manifest;
  });
}

std::string step_folder_name(std::int64_t step) {
  char name[32];
  std::snprintf(name, sizeof name, "step-%08lld", static_cast<long long>(step));
  return name;
}

std::int64_t step_of(const std::string& folder_name) {
  const std::string prefix = "step-";
  if (!folder_name.starts_with(prefix) || folder_name.size() > 25) return -1;
  const std::string digits = folder_name.substr(prefix.size());
  if (digits.size() < 8 || digits.find_first_not_of("0123456789") != std::string::npos) return -1;
  return std::strtoll(digits.c_str(), nullptr, 10);
}

std::int64_t best_step(const nlohmann::ordered_json& history, const std::string& object_class,
                       const std::vector<std::int64_t>& saved) {
  std::int64_t best = -1;
  double highest = -1;
  for (const auto& entry : history) {
    const auto& ap = entry.at("ap");
    if (!ap.contains(object_class) || !ap[object_class].contains("moderate")) continue;
    const auto& figure = ap[object_class]["moderate"];
    const std::int64_t step = entry.at("step");
    if (!figure.contains("ap40") || !figure["ap40"].is_number()) continue;  // null: not a number
    if (std::find(saved.begin(), saved.end(), step) == saved.end() || figure["ap40"] < highest) continue;
    highest = figure["ap40"];
    best = step;
  }
  return best;
}

}  // namespace fastbox::train
