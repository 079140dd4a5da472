// TensorBoard's event files: scalars over steps, as records of TensorFlow's TFRecord format with Event messages in
// protobuf's wire format (tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto).
//
// Pure functions on bytes; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fastbox::io {

using Scalars = std::vector<std::pair<std::string, double>>;  ///< tag -> value, shown as float32

/// The record that every event file begins with. `wall_time`: seconds since 1970.
std::string format_event_version(double wall_time);

std::string format_event(std::int64_t step, double wall_time, const Scalars& scalars);

/// A record and what its event holds.
struct Event {
  std::string_view record;  ///< whole, as it lies in the file
  std::int64_t step = 0;
  bool is_version = false;
  Scalars scalars;
};

/// The records of a file, up to its end or the first that is torn or damaged. They view `bytes`.
std::vector<Event> parse_events(std::string_view bytes);

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4).
std::uint32_t crc32c(std::string_view bytes);

}  // namespace fastbox::io
