// The check sum of zip's entries and of PNG's chunks.
#pragma once

#include <libdeflate.h>

#include <cstdint>
#include <string_view>

namespace fastbox::io {

/// CRC-32 of ISO 3309 (polynomial 0x04c11db7, reflected). Thread-safe.
inline std::uint32_t crc32(std::string_view bytes) {
  return libdeflate_crc32(0, bytes.data(), bytes.size());
}

}  // namespace fastbox::io
