// How long this process has been running.
#pragma once

namespace fastbox {

/// Since the kernel started it, to a hundredth of a second: what comes before main() is in it. Throws Error(environment)
/// where /proc cannot be read. Thread-safe.
double seconds_since_process_start();

}  // namespace fastbox
