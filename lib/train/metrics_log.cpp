#include "train/metrics_log.hpp"

#include "base/error.hpp"
#include "base/files.hpp"

namespace fastbox::train {
namespace {

/// The lines up to and including the step, as they are.
std::string lines_up_to(const std::string& text, std::int64_t last_step) {
  std::string kept;
  for (const auto line : split(text, '\n')) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (json.is_object() && json.contains("step") && json["step"].is_number() && json["step"] <= last_step)
      kept += concat(line, '\n');
  }
  return kept;
}

}  // namespace

MetricsLog::MetricsLog(std::filesystem::path file, std::int64_t last_step) : file_(std::move(file)) {
  if (std::filesystem::exists(file_)) write_file_atomically(file_, lines_up_to(read_file(file_), last_step));
  stream_.open(file_, std::ios::app);
  if (!stream_) fail(ExitCode::environment, file_.string(), ": cannot be written");
}

void MetricsLog::write(const nlohmann::ordered_json& line) {
  stream_ << line.dump() + "\n" << std::flush;
  if (!stream_) fail(ExitCode::environment, file_.string(), ": writing failed; is the disk full?");
}

}  // namespace fastbox::train
