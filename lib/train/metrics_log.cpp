#include "train/metrics_log.hpp"

#include <chrono>

#include "base/error.hpp"
#include "base/files.hpp"
#include "io/event_file.hpp"

namespace fastbox::train {
namespace {

using Json = nlohmann::ordered_json;

// One file for all of a run: TensorBoard reads any whose name holds "tfevents", and a resumed run goes on in it.
constexpr const char* event_file = "events.out.tfevents.0.fastbox";

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
    for (const auto& [tag, value] : event.scalars) evaluation |= tag.starts_with("ap/");
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
  events_->append(io::format_event(line.at("step"), wall_time(), scalars));
}

void MetricsLog::finish() {
  lines_->finish();
  events_->finish();
}

}  // namespace fastbox::train
