#include "train/metrics_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"

namespace fastbox::train {
namespace {

/// The lines that a run which goes on from `last_step` keeps, as they are.
std::string kept_lines(const std::string& text, std::int64_t last_step, std::int64_t last_evaluation) {
  std::string kept;
  for (const auto line : split(text, '\n')) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("step") || !json["step"].is_number()) continue;
    if (json["step"] <= (json.contains("ap") ? last_evaluation : last_step)) kept += concat(line, '\n');
  }
  return kept;
}

}  // namespace

MetricsLog::MetricsLog(std::filesystem::path file, std::int64_t last_step, std::int64_t last_evaluation)
    : file_(std::move(file)) {
  if (std::filesystem::exists(file_))
    write_file_atomically(file_, kept_lines(read_file(file_), last_step, last_evaluation));
  descriptor_ = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(ExitCode::environment, file_.string(), ": cannot be written: ", std::strerror(errno));
}

MetricsLog::~MetricsLog() {
  ::close(descriptor_);
}

bool MetricsLog::write_waiting() {
  while (!waiting_.empty()) {
    const ssize_t written = ::write(descriptor_, waiting_.data(), waiting_.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    waiting_.erase(0, static_cast<std::size_t>(written));
  }
  return true;
}

void MetricsLog::write(const nlohmann::ordered_json& line) {
  waiting_ += line.dump() + "\n";
  if (write_waiting()) {
    told_ = false;
  } else if (!told_) {
    log::error(file_.string(), ": writing failed: ", std::strerror(errno), "; its lines wait until there is room");
    told_ = true;
  }
}

void MetricsLog::finish() {
  if (!write_waiting()) fail(ExitCode::environment, file_.string(), ": writing failed: ", std::strerror(errno));
}

}  // namespace fastbox::train
