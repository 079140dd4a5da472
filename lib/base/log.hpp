// Messages for people: standard error, and the run's log file once there is one.
//
// Rank 0 speaks for all: info() and debug() of other ranks go nowhere, warnings and errors of any rank are written
// with the rank's number. Thread-safe. Only log.cpp knows spdlog (its fmt and LibTorch's do not compile together).
#pragma once

#include <filesystem>
#include <string>

#include "base/text.hpp"

namespace fastbox::log {

enum class Level { debug, info, warning, error, off };

/// FASTBOX_LOG (debug, info, warning, error, off) sets the level that is used until set_level is called.
void set_level(Level level);

/// The number shown with a message, and whether this process speaks for all (0). Before the call: 0 of 1.
void set_rank(int rank, int ranks);

/// Appends all later messages to `file` as well (rank 0 only; others ignore the call). Throws Error(environment).
void open_file(const std::filesystem::path& file);

/// Writes one finished line. Prefer the functions below.
void write(Level level, const std::string& message);

template <typename... Parts>
void debug(const Parts&... parts) {
  write(Level::debug, concat(parts...));
}
template <typename... Parts>
void info(const Parts&... parts) {
  write(Level::info, concat(parts...));
}
template <typename... Parts>
void warning(const Parts&... parts) {
  write(Level::warning, concat(parts...));
}
template <typename... Parts>
void error(const Parts&... parts) {
  write(Level::error, concat(parts...));
}

}  // namespace fastbox::log
