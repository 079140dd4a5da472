// How far a piece of work is that takes a while: the live line of a terminal, now and then a plain line elsewhere.
//
// Thread-safe. The object takes its line away when it goes, so that the shell's prompt, or an error, begins a line of its
// own. As with all messages (base/log.hpp), rank 0 speaks for all.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace fastbox {

/// "12 s", "3 min 12 s", "3 h 12 min", "2 d 5 h"; "?" for what is not finite.
std::string time_left(double seconds);

/// "scenes 150/600", "[#####---------------]", "24.1/s", "left 18 s": the order of their worth, for a narrow terminal. Speed
/// and time left are missing before the first item is done, or where `seconds` is 0. Requires total > 0.
std::vector<std::string> progress_parts(const std::string& what, std::int64_t done, std::int64_t total, double seconds);

class ProgressBar {
 public:
  using Seconds = std::chrono::duration<double>;

  /// Without a terminal there is a line every `between_lines`, and so none for work that is done sooner.
  ProgressBar(std::string what, std::int64_t total, Seconds between_lines = Seconds(10));
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(std::int64_t done);

  /// One more item is done.
  void advance();

 private:
  void tell();  // under the mutex

  const std::string what_;
  const std::int64_t total_;
  const Seconds between_lines_;
  std::mutex mutex_;
  std::int64_t done_ = 0;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point told_ = begin_;
};

}  // namespace fastbox
