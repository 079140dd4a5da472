// What the PNG files of a data set are right now, found out without decoding them: whether a cache of them still holds.
//
// Thread-safe: no state but the threads that inspect_sources starts and joins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/dataset.hpp"

namespace fastbox::data {

/// One file's marks. The last bytes of a PNG hold the Adler-32 sum of its filtered pixels (the end of zlib's stream in
/// the last IDAT) and that chunk's CRC-32: other pixels differ there but for one case in 2^32, also where a copy keeps
/// size and time.
struct FrameSource {
  std::uint64_t bytes = 0;
  std::int64_t modified = 0;  ///< nanoseconds since 1970
  std::uint64_t tail = 0;     ///< hash of the last 64 bytes
  int width = 0, height = 0;  ///< as the header claims; 0: no 8-bit RGB PNG, or it cannot be read

  bool operator==(const FrameSource&) const = default;
  std::size_t pixel_bytes() const { return 3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height); }
};

/// Opens the file and reads its first 33 and last 64 bytes. A file that is missing or unreadable has all marks 0.
FrameSource inspect_source(const std::filesystem::path& image);

/// The marks of every frame's picture, by so many threads: on a parallel file system each file costs a round trip.
std::vector<FrameSource> inspect_sources(const Dataset& dataset, int threads);

/// 64 bits of the bytes (the rounds of XXH64 in four lanes): against accidents, not against malice.
std::uint64_t hash_bytes(const void* bytes, std::size_t size);

}  // namespace fastbox::data
