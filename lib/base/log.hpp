// Messages for people: standard error, and the run's log file once there is one.
//
// Rank 0 speaks for all: info() and debug() of other ranks go nowhere, warnings and errors of any rank are written
// with the rank's number. Thread-safe. Only log.cpp knows spdlog (its fmt and LibTorch's do not compile together).
//
// On a terminal, one line below all messages can be live: written over again and again. It never reaches the log file, and
// where standard error is no terminal (a job's log, mpiexec's pipe) nothing of it is written.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

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

/// Whether there can be a live line: standard error is a terminal that is not `dumb`, this process speaks for all, and
/// messages of level info are shown.
bool has_live_line();

/// Makes the parts, two blanks between them, the live line: as many as fit into the terminal's width, the first ones. At
/// most ten times a second; what comes sooner is left out. No colour and no other terminal code but the return to the
/// line's begin. Without parts the line is taken away, always. Nothing where there is no live line.
void show_live(const std::vector<std::string>& parts);

/// A message that the live line tells already: as info, but to the log file alone where there is a live line.
void write_beside_live(const std::string& message);

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
