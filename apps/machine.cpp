#include "machine.hpp"

#include "base/files.hpp"
#include "base/text.hpp"

namespace fastbox::apps {

std::string processor_name() {
  for (const auto line : split(read_file("/proc/cpuinfo"), '\n'))
    if (line.starts_with("model name")) return std::string(trim(line.substr(line.find(':') + 1)));
  return "unknown";
}

}  // namespace fastbox::apps
