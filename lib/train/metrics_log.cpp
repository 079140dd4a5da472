#include "train/metrics_log.hpp"

#include <chrono>

#include "base/error.hpp"
#include "base/files.hpp"

namespace fastbox::train {
namespace {

using Json = nlohmann::ordered_json;

// One file for all of a run: TensorBoard reads any whose name holds "tfevents", and a resumed run goes on in it.
constexpr const char* event_file = "events.out.tfevents.0.fastbox";

const std::string gradient_tag = "gradient/", detections_tag = "detections/";

double wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// What a run that goes on from `last_step` keeps, as it is.
std::string kept_lines(const std::string& text, std::int64_t last_step, std::int64_t last_evaluation) {
  std::string kept;
  for (const auto line : split(text, '\n')) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("step") || !json["step"].is_number()) continue;
    if (json["step"] <= (json.contains("ap") ? last_evaluation : last_step)) kept += concat(line, '\n');
  }
  return kept;
}

std::string kept_events(const std::string& bytes, std::int64_t last_step, std::int64_t last_evaluation) {
  std::string kept;
  for (const auto& event : io::parse_events(bytes)) {
    bool evaluation = false;
    for (const auto& tag : event.tags) evaluation |= tag.starts_with("ap/") || tag.starts_with(detections_tag);
    if (event.is_version || event.step <= (evaluation ? last_evaluation : last_step)) kept += event.record;
  }
  return kept;
}

/// Every number of the line but its place, by its path.
void add_scalars(const Json& value, const std::string& path, io::Scalars& scalars) {
  if (value.is_number() && path != "step") scalars.emplace_back(path, value.get<double>());
  if (!value.is_structured()) return;
  for (const auto& [key, member] : value.items()) add_scalars(member, path.empty() ? key : path + "/" + key, scalars);
}

}  // namespace

MetricsLog::MetricsLog(const std::filesystem::path& run_folder, std::int64_t last_step, std::int64_t last_evaluation) {
  const auto lines = run_folder / "metrics.jsonl", events = run_folder / event_file;
  if (std::filesystem::exists(lines))
    write_file_atomically(lines, kept_lines(read_file(lines), last_step, last_evaluation));
  std::string kept;
  if (std::filesystem::exists(events)) kept = kept_events(read_file(events), last_step, last_evaluation);
  write_file_atomically(events, kept.empty() ? io::format_event_version(wall_time()) : kept);
  lines_.emplace(lines);
  events_.emplace(events);
}

void MetricsLog::write(const Json& line) {
  lines_->append(line.dump() + "\n");
  io::Scalars scalars;
  add_scalars(line, "", scalars);
  // A tag has one value a step, and a progress line of the same step may have told this one.
  if (line.contains("ap")) std::erase_if(scalars, [](const auto& scalar) { return scalar.first == "samples"; });
  events_->append(io::format_event(line.at("step"), wall_time(), scalars));
}

void MetricsLog::write_gradient(std::int64_t step, io::Histograms by_tensor) {
  if (by_tensor.empty()) return;
  for (auto& [tag, histogram] : by_tensor) tag.insert(0, gradient_tag);
  events_->append(io::format_histograms(step, wall_time(), by_tensor));
}

void MetricsLog::write_detections(std::int64_t step, io::EventPictures by_frame) {
  if (by_frame.empty()) return;
  for (auto& [tag, picture] : by_frame) tag.insert(0, detections_tag);
  events_->append(io::format_pictures(step, wall_time(), by_frame));
}

void MetricsLog::finish() {
  lines_->finish();
  events_->finish();
}

}  // namespace fastbox::train
