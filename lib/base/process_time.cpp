#include "base/process_time.hpp"

#include <unistd.h>

#include <ctime>

#include "base/error.hpp"
#include "base/files.hpp"

namespace fastbox {

double seconds_since_process_start() {
  const std::string stat = read_file("/proc/self/stat");
  // Fields after the command in parentheses, which may hold spaces; the start is the 22nd, in ticks since boot.
  const auto fields = split_columns(std::string_view(stat).substr(stat.rfind(')') + 1));
  double ticks = 0;
  if (fields.size() < 20 || !parse_double(fields[19], ticks))
    fail(ExitCode::environment, "/proc/self/stat: expected 22 fields");
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9 -
         ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace fastbox
