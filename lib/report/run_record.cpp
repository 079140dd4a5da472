#include "report/run_record.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/files.hpp"
#include "config/object_classes.hpp"
#include "io/json_text.hpp"
#include "report/class_records.hpp"
#include "report/metrics_lines.hpp"

namespace fastbox::report {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t most_metrics = std::size_t{1} << 30, most_text = std::size_t{256} << 20;
constexpr std::size_t most_warnings = 50;

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

/// Runs `read`; an Error becomes a problem.
template <typename Read>
void try_to(RunRecord& record, const Read& read) {
  try {
    read();
  } catch (const Error& problem) {
    record.problems.push_back(problem.what());
  }
}

void read_config(RunRecord& record) {
  const fs::path file = record.folder / "config.yaml";
  if (!is_there(file)) {
    record.problems.push_back("config.yaml is missing, so the run's settings are not known.");
    return;
  }
  try_to(record, [&] { record.config_text = read_file(file, most_text); });
  try_to(record, [&] { record.config = config::load(record.folder); });
  if (record.config) {
    const auto& settings = record.config->settings;
    record.object_class = lower(settings.evaluation.type);
    record.rules =
        eval::rules_for(eval::Evaluator::kitti2017, config::object_classes(settings), settings.evaluation.overlaps);
  }
}

void read_final_evaluation(RunRecord& record) {
  const fs::path file = record.folder / "eval.json";
  if (!is_there(file)) return;
  const Json json = io::parse_json(read_file(file, most_text), file.string());
  const auto classes = json.find("classes");
  if (classes == json.end() || !classes->is_object() || !classes->contains(record.object_class))
    fail(ExitCode::data, file.string(), ": no figures of the class '", record.object_class, "'");
  FinalEvaluation evaluation;
  evaluation.frames = whole_in(json, "frames").value_or(0);
  if (json.contains("evaluator") && json["evaluator"].is_string()) evaluation.evaluator = json["evaluator"];
  evaluation.milliseconds_per_image = number_in(json, "milliseconds_per_image");
  evaluation.figures = final_figures((*classes)[record.object_class]);
  record.final_evaluation = evaluation;
  read_final_classes(*classes, record);
}

std::string link_target(const fs::path& link) {
  std::error_code ignored;
  const fs::path target = fs::read_symlink(link, ignored);
  return ignored ? "" : target.filename().string();
}

/// "step-00002000" -> 2000; -1 for another name (one that is still being written, a link).
std::int64_t step_of(const std::string& name) {
  long long step = 0;
  const bool known = name.starts_with("step-") && name.size() >= 13 && parse_integer(name.substr(5), step) && step >= 0;
  return known ? step : -1;
}

void read_checkpoints(RunRecord& record) {
  const fs::path folder = record.folder / "checkpoints";
  std::error_code ignored;
  const std::string latest = link_target(folder / "latest"), best = link_target(folder / "best");
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    SavedStep saved;
    saved.name = entry.path().filename().string();
    saved.step = step_of(saved.name);
    if (saved.step < 0) continue;
    saved.latest = saved.name == latest;
    saved.best = saved.name == best;
    saved.bytes = 0;
    for (const auto& file : fs::directory_iterator(entry.path(), ignored))
      if (file.is_regular_file(ignored)) saved.bytes += static_cast<double>(file.file_size(ignored));
    record.checkpoints.push_back(saved);
  }
  std::sort(record.checkpoints.begin(), record.checkpoints.end(),
            [](const SavedStep& a, const SavedStep& b) { return a.step < b.step; });
  for (auto& saved : record.checkpoints)
    try_to(record, [&] {
      const fs::path file = folder / saved.name / "state.json";
      Json state = io::parse_json(read_file(file, most_text), file.string());
      if (!state.is_object()) fail(ExitCode::data, file.string(), ": no JSON object");
      saved.samples = whole_in(state, "samples").value_or(-1);
      record.state = std::move(state);
    });
}

/// The run's own log: its first and last moment, and what it warned of. "2026-11-23 15:39:46.761 warning words".
void read_log(RunRecord& record) {
  const fs::path file = record.folder / "log.txt";
  if (!is_there(file)) return;
  const std::string text = read_file(file, most_text);
  for (const auto line : split(text, '\n')) {
    if (line.size() < 25 || line[4] != '-' || line[7] != '-' || line[10] != ' ' || line[13] != ':') continue;
    const std::string time(line.substr(0, 19));
    if (record.first_time.empty()) record.first_time = time;
    record.last_time = time;
    const auto words = line.substr(24);
    if (words.starts_with("warning") || words.starts_with("error")) record.warnings.emplace_back(line);
  }
  if (record.warnings.size() > most_warnings)
    record.warnings.erase(record.warnings.begin(), record.warnings.end() - most_warnings);
}

void read_machine(RunRecord& record) {
  const fs::path file = record.folder / "machine.json";
  if (!is_there(file)) return;
  const Json json = io::parse_json(read_file(file, most_text), file.string());
  if (!json.is_object()) fail(ExitCode::data, file.string(), ": no JSON object");
  for (const auto& [key, value] : json.items()) record.machine[key] = value;
}

/// Whether a process holds the run folder's lock.
bool is_in_use(const fs::path& folder) {
  const int lock = ::open((folder / ".lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (lock < 0) return false;
  const bool held = ::flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(lock);
  return held;
}

std::int64_t planned_samples(const RunRecord& record) {
  if (!record.config) return 0;
  const auto& train = record.config->settings.train;
  if (train.samples > 0) return train.samples;
  const std::int64_t batch = train.batch > 0 ? train.batch : train.batch_per_rank * record.ranks();
  return train.steps * batch;
}

Status status_of(const RunRecord& record) {
  if (is_in_use(record.folder)) return Status::running;
  if (record.planned_samples == 0) return Status::untold;
  const bool all_steps = record.samples() >= record.planned_samples;
  return all_steps && record.final_evaluation ? Status::finished : Status::ended_early;
}

}  // namespace

double number_in(const Json& object, const char* key) {
  if (!object.is_object()) return unknown;
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : unknown;
}

std::optional<std::int64_t> whole_in(const Json& object, const char* key) {
  const double value = number_in(object, key);
  if (!(std::abs(value) <= 9007199254740992.0) || value != std::floor(value)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

RunRecord read_run(const fs::path& folder) {
  RunRecord record;
  std::error_code ignored;
  record.folder = fs::absolute(folder, ignored).lexically_normal();
  if (!record.folder.has_filename()) record.folder = record.folder.parent_path();
  if (!fs::is_directory(record.folder, ignored))
    fail(ExitCode::data, folder.string(), ": there is no such folder; expected a run folder");
  if (!is_there(record.folder / "config.yaml") && !is_there(record.folder / "metrics.jsonl"))
    fail(ExitCode::data, folder.string(), ": no run folder: it holds neither config.yaml nor metrics.jsonl");
  record.name = record.folder.filename().string();
  read_config(record);
  name_classes(record);
  const fs::path metrics = record.folder / "metrics.jsonl";
  if (is_there(metrics))
    try_to(record, [&] {
      const std::string text = read_file(metrics, most_metrics);
      read_metrics(text, record);
      read_class_evaluations(text, record);
    });
  else
    record.problems.push_back("metrics.jsonl is missing: no step has been logged.");
  try_to(record, [&] { read_final_evaluation(record); });
  read_checkpoints(record);
  try_to(record, [&] { read_log(record); });
  try_to(record, [&] { read_machine(record); });
  record.planned_samples = planned_samples(record);
  record.status = status_of(record);
  return record;
}

}  // namespace fastbox::report
