// A stopwatch for what a step's parts take. One thread.
#pragma once

#include <chrono>

namespace fastbox::train {

class Lap {
 public:
  /// Since the last call, or since this was made.
  double seconds() {
    const auto now = std::chrono::steady_clock::now();
    const double passed = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    return passed;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace fastbox::train
