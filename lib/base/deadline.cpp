#include "base/deadline.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "base/error.hpp"

namespace fastbox {
namespace {

using Seconds = std::chrono::duration<double>;

std::chrono::steady_clock::time_point steady_in(double seconds) {
  // 30 years at most: a number that is larger must not overflow the clock.
  const double bounded = std::min(seconds, 1e9);
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<std::chrono::steady_clock::duration>(Seconds(bounded));
}

/// Of a whole text; nothing where it is something else.
std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Deadline::Deadline(const std::string& limit) {
  if (limit == "off") return;
  if (limit != "auto") {
    const auto seconds = number_of(limit);
    if (!seconds) fail(ExitCode::usage, "run.time_limit: '", limit, "', expected auto, off or seconds");
    end_ = steady_in(*seconds);
    source_ = "run.time_limit";
    return;
  }
  for (const char* name : {"FASTBOX_END_TIME", "SLURM_JOB_END_TIME"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const auto end = number_of(value);
    if (!end || !(*end > 0))
      fail(ExitCode::environment, name, "='", value, "', expected the job's end in seconds since 1970");
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    end_ = steady_in(*end - Seconds(now).count());
    source_ = name;
    return;
  }
}

std::optional<double> Deadline::seconds_left() const {
  if (!end_) return std::nullopt;
  return Seconds(*end_ - std::chrono::steady_clock::now()).count();
}

}  // namespace fastbox
