// TensorBoard's event files: scalars, histograms and pictures over steps, as records of TensorFlow's TFRecord format with
// Event messages in protobuf's wire format (tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto,
// tensorflow/core/framework/summary.proto).
//
// Pure functions on bytes; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/histogram.hpp"

namespace fastbox::io {

/// A PNG's bytes and its size in pixels.
struct EventPicture {
  int width = 0, height = 0;
  std::string png;
};

// By tag.
using Scalars = std::vector<std::pair<std::string, double>>;  ///< shown as float32
using Histograms = std::vector<std::pair<std::string, Histogram>>;
using EventPictures = std::vector<std::pair<std::string, EventPicture>>;

/// The record that every event file begins with. `wall_time`: seconds since 1970.
std::string format_event_version(double wall_time);

/// A record of one step's values.
std::string format_event(std::int64_t step, double wall_time, const Scalars& scalars);
std::string format_histograms(std::int64_t step, double wall_time, const Histograms& histograms);
std::string format_pictures(std::int64_t step, double wall_time, const EventPictures& pictures);

/// A record and what its event holds.
struct Event {
  std::string_view record;  ///< whole, as it lies in the file
  std::int64_t step = 0;
  bool is_version = false;
  std::vector<std::string> tags;  ///< of all its values
  Scalars scalars;                ///< those that are numbers
};

/// The records of a file, up to its end or the first that is torn or damaged. They view `bytes`.
std::vector<Event> parse_events(std::string_view bytes);

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4).
std::uint32_t crc32c(std::string_view bytes);

}  // namespace fastbox::io
