#include "base/memory.hpp"

#include <malloc.h>

namespace fastbox {

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);  // a block of its own mapping is unmapped when it is freed
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

}  // namespace fastbox
