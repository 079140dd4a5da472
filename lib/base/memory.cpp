#include "base/memory.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace fastbox {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t unlimited = UINT64_MAX;

/// The number after `name` (which may be empty) in a file of such lines; unlimited where there is none.
std::uint64_t number_in(const fs::path& file, const std::string& name) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with(name)) continue;
    const auto digit = line.find_first_of("0123456789");
    return digit == std::string::npos ? unlimited : std::strtoull(line.c_str() + digit, nullptr, 10);
  }
  return unlimited;
}

/// What one control group has left of its limit.
std::uint64_t left_in(const fs::path& group) {
  const std::uint64_t limit = number_in(group / "memory.max", ""), used = number_in(group / "memory.current", ""),
                      files = number_in(group / "memory.stat", "inactive_file ");
  if (limit == unlimited || used == unlimited) return unlimited;
  const std::uint64_t taken = used - std::min(used, files == unlimited ? 0 : files);
  return limit - std::min(limit, taken);
}

}  // namespace

std::uint64_t available_memory() {
  const std::uint64_t kib = number_in("/proc/meminfo", "MemAvailable:");
  std::uint64_t least = kib == unlimited ? unlimited : kib << 10;
  std::ifstream stream("/proc/self/cgroup");
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with("0::/")) continue;
    const fs::path root = "/sys/fs/cgroup";
    // A limit of any group above holds as well.
    for (fs::path group = root / line.substr(4); group != root && group.has_relative_path();
         group = group.parent_path())
      least = std::min(least, left_in(group));
  }
  return least;
}

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);  // a block of its own mapping is unmapped when it is freed
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

void copy_past_cache(void* to, const void* from, std::size_t bytes) {
#ifdef __SSE2__
  constexpr std::size_t line = 64;
  auto* target = static_cast<std::byte*>(to);
  const auto* source = static_cast<const std::byte*>(from);
  const std::size_t head = (line - reinterpret_cast<std::uintptr_t>(target) % line) % line;
  if (bytes >= head + line) {
    std::memcpy(target, source, head);
    target += head, source += head, bytes -= head;
    for (; bytes >= line; bytes -= line, target += line, source += line)
      for (std::size_t i = 0; i < line; i += sizeof(__m128i))
        _mm_stream_si128(reinterpret_cast<__m128i*>(target + i),
                         _mm_loadu_si128(reinterpret_cast<const __m128i*>(source + i)));
    _mm_sfence();
  }
  std::memcpy(target, source, bytes);
#else
  std::memcpy(to, from, bytes);
#endif
}

}  // namespace fastbox
