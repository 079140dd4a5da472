#include "base/memory.hpp"

#include <malloc.h>

#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace fastbox {

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
