#include "base/progress_bar.hpp"

#include <algorithm>
#include <cmath>

#include "base/log.hpp"
#include "base/text.hpp"

namespace fastbox {
namespace {

constexpr std::int64_t bar_length = 20;

}  // namespace

std::string time_left(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e12) return "?";
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  constexpr std::int64_t minute = 60, hour = 60 * minute, day = 24 * hour;
  if (whole < minute) return concat(whole, " s");
  if (whole < hour) return concat(whole / minute, " min ", whole % minute, " s");
  if (whole < 2 * day) return concat(whole / hour, " h ", whole % hour / minute, " min");
  return concat(whole / day, " d ", whole % day / hour, " h");
}

std::vector<std::string> progress_parts(const std::string& what, std::int64_t done, std::int64_t total,
                                        double seconds) {
  const auto full = static_cast<std::size_t>(std::clamp(bar_length * done / total, std::int64_t{0}, bar_length));
  std::vector<std::string> parts = {
      concat(what, " ", done, "/", total),
      concat("[", std::string(full, '#'), std::string(static_cast<std::size_t>(bar_length) - full, '-'), "]")};
  if (done == 0 || seconds <= 0) return parts;
  const double speed = static_cast<double>(done) / seconds;
  parts.push_back(concat(significant(speed, 3), "/s"));
  parts.push_back(concat("left ", time_left(static_cast<double>(total - done) / speed)));
  return parts;
}

ProgressBar::ProgressBar(std::string what, std::int64_t total, Seconds between_lines)
    : what_(std::move(what)), total_(total), between_lines_(between_lines) {}

ProgressBar::~ProgressBar() {
  log::show_live({});
}

void ProgressBar::show(std::int64_t done) {
  const std::lock_guard lock(mutex_);
  done_ = done;
  tell();
}

void ProgressBar::advance() {
  const std::lock_guard lock(mutex_);
  ++done_;
  tell();
}

void ProgressBar::tell() {
  if (total_ <= 0) return;
  const auto now = std::chrono::steady_clock::now();
  const bool live = log::has_live_line();
  if (!live && now - told_ < between_lines_) return;
  auto parts = progress_parts(what_, done_, total_, Seconds(now - begin_).count());
  if (live) return log::show_live(parts);
  told_ = now;
  parts.erase(parts.begin() + 1);  // the bar says nothing that the numbers do not
  log::info(join(parts, "  "));
}

}  // namespace fastbox
