#include "machine.hpp"

#include "base/files.hpp"
#include "base/text.hpp"

namespace fastbox::apps {

std::string processor_name() {
  const auto cpuinfo = read_file("/proc/cpuinfo");  // named: the lines point into it
  for (const auto line : split(cpuinfo, '\n'))
    if (line.starts_with("model name")) return std::string(trim(line.substr(line.find(':') + 1)));
  return "unknown";
}

}  // namespace fastbox::apps
