#include "train/live_line.hpp"

#include <unistd.h>

#include <cmath>
#include <fstream>

#include "base/log.hpp"
#include "base/text.hpp"

namespace fastbox::train {
namespace {

/// Bytes of this process in memory; 0 where the kernel does not tell.
double memory_in_use() {
  std::ifstream pages("/proc/self/statm");
  double whole = 0, resident = 0;
  pages >> whole >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

std::string memory_text(double bytes) {
  constexpr double mib = 1024.0 * 1024.0;
  return bytes < 1024 * mib ? concat(fixed(bytes / mib, 0), " MiB") : concat(fixed(bytes / 1024 / mib, 1), " GiB");
}

}  // namespace

std::vector<std::string> live_parts(const RunPosition& position, const Progress::Summary* summary,
                                    double images_per_second, double memory) {
  const double left = static_cast<double>(position.all_samples - position.samples) / images_per_second;
  std::vector<std::string> parts = {concat("step ", position.step, "/", position.steps),
                                    concat("samples ", position.samples, "/", position.all_samples)};
  if (position.loss || summary != nullptr)
    parts.push_back(concat("loss ", fixed(position.loss ? *position.loss : summary->loss, 4)));
  parts.push_back(concat("rate ", significant(position.learning_rate, 3)));
  if (images_per_second > 0) {
    parts.push_back(concat(significant(images_per_second, 3), " images/s"));
    parts.push_back(concat("left ", time_left(left)));
  }
  if (summary != nullptr) {
    const auto share = [&](double seconds) { return concat(fixed(100 * seconds / summary->step_seconds, 1), " %"); };
    parts.push_back(concat("data ", share(summary->data)));
    parts.push_back(concat("exchange ", share(summary->exposed_communication)));
  }
  parts.push_back(concat("memory ", memory_text(memory)));
  if (summary != nullptr && summary->straggler) parts.push_back(concat("slowest rank ", summary->straggler->rank));
  return parts;
}

LiveLine::~LiveLine() {
  log::show_live({});
}

void LiveLine::show(const RunPosition& position) {
  if (!log::has_live_line()) return;
  const auto now = std::chrono::steady_clock::now();
  if (samples_before_ < 0) {  // the first step is no measure of the others
    begin_ = now;
    samples_before_ = position.samples;
  }
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  double speed = static_cast<double>(position.samples - samples_before_) / seconds;
  if (summary_) speed = summary_->images_per_second;
  log::show_live(live_parts(position, summary_ ? &*summary_ : nullptr, speed, memory_in_use()));
}

}  // namespace fastbox::train
