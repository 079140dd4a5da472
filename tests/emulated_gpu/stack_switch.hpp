// Tells AddressSanitizer which stack a thread goes to; nothing in other builds.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace fastbox::test {

/// A stack, and what the sanitizer keeps for one that is left.
struct Stack {
  const void* bottom = nullptr;
  std::size_t bytes = 0;
  void* kept = nullptr;
};

/// Before the jump.
inline void leave_stack([[maybe_unused]] Stack& own, [[maybe_unused]] const Stack& next) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&own.kept, next.bottom, next.bytes);
#endif
}

/// After it, on `own`: where it came from is `before`, if asked for.
inline void enter_stack([[maybe_unused]] Stack& own, [[maybe_unused]] Stack* before) {
#if defined(__SANITIZE_ADDRESS__)
  const void* bottom = nullptr;
  std::size_t bytes = 0;
  __sanitizer_finish_switch_fiber(own.kept, &bottom, &bytes);
  if (before != nullptr) before->bottom = bottom, before->bytes = bytes;
#endif
}

}  // namespace fastbox::test
