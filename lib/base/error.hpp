// The one exception type of fastbox, and the exit codes that a user's scripts rely on.
//
// Every failure that a user can cause or must know of is thrown as Error with the code that the process ends
// with. Only main() catches it. Thread-safe: no state.
#pragma once

#include <stdexcept>
#include <string>

#include "base/text.hpp"

namespace fastbox {

/// What a process of fastbox ends with. Documented in docs/exit-codes.md.
enum class ExitCode : int {
  done = 0,
  defect = 1,       ///< a mistake of ours
  usage = 2,        ///< command line or run file
  data = 3,         ///< images, labels, lists, checkpoints
  environment = 4,  ///< MPI, GPU, disk, launcher
  numbers = 5,      ///< NaN or divergence
  stopped = 75,     ///< saved and stopped on request: run the same command again with --resume
};

class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// Throws Error with the parts written one after another. Messages name the file and line (or key, tensor, rank)
/// and what was expected there: fail(ExitCode::data, path, ":", line, ": 14 columns, expected 15").
template <typename... Parts>
[[noreturn]] void fail(ExitCode code, const Parts&... parts) {
  throw Error(code, concat(parts...));
}

}  // namespace fastbox
