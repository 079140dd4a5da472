// The environments in which fastbox runs with one of this folder's libraries before its own. Pure functions.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "cli/command.hpp"

namespace fastbox::test {

/// AddressSanitizer wants to come first, and does not need to.
inline Environment preloading(const std::string& library, Environment variables) {
  const char* options = std::getenv("ASAN_OPTIONS");
  variables["ASAN_OPTIONS"] = (options == nullptr ? "" : std::string(options) + ":") + "verify_asan_link_order=0";
  variables["LD_PRELOAD"] = library;
  return variables;
}

/// The call of that name (faulty_calls.cpp) is the process's last ("kill") or fails (an errno, as a number); all are noted
/// in `calls`.
inline Environment faulty_call(const std::filesystem::path& folder, const std::string& call, const std::string& action,
                               const std::filesystem::path& calls) {
  return preloading(FAULTY_CALLS_LIBRARY, {{"FAULT_FOLDER", folder.string()},
                                           {"FAULT_CALL", call},
                                           {"FAULT_ACTION", action},
                                           {"FAULT_LOG", calls.string()}});
}

/// The wall clock is fast by the seconds that the file holds.
inline Environment jumping_clock(const std::filesystem::path& offset) {
  return preloading(JUMPING_CLOCK_LIBRARY, {{"CLOCK_OFFSET", offset.string()}});
}

/// A rank that waits so long for each picture that it opens.
inline Environment slow_disk(int rank, int milliseconds) {
  return preloading(SLOW_DISK_LIBRARY,
                    {{"SLOW_RANK", std::to_string(rank)}, {"SLOW_MILLIS", std::to_string(milliseconds)}});
}

}  // namespace fastbox::test
