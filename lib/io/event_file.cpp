#include "io/event_file.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace fastbox::io {
namespace {

// Fields: event.proto and summary.proto.
constexpr int event_wall_time = 1, event_step = 2, event_file_version = 3, event_summary = 5;
constexpr int summary_value = 1, value_tag = 1, value_simple = 2, value_image = 4, value_histogram = 5;
constexpr int image_height = 1, image_width = 2, image_colorspace = 3, image_encoded = 4;
constexpr int histogram_min = 1, histogram_max = 2, histogram_num = 3, histogram_sum = 4, histogram_sum_squares = 5,
              histogram_limit = 6, histogram_bucket = 7;
constexpr int rgb_colorspace = 3;
enum WireType { varint = 0, fixed64 = 1, delimited = 2, fixed32 = 5 };

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    table[i] = crc;
  }
  return table;
}

constexpr auto table = make_table();

/// As TFRecord stores a checksum, so that data that hold checksums do not confuse it.
std::uint32_t masked(std::uint32_t crc) {
  return std::rotr(crc, 15) + 0xa282ead8u;
}

template <typename T>
void put(std::string& to, T value) {
  static_assert(std::endian::native == std::endian::little);
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
T get(std::string_view from) {
  T value{};
  std::memcpy(&value, from.data(), sizeof value);
  return value;
}

void put_varint(std::string& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) to += static_cast<char>(value | 0x80);
  to += static_cast<char>(value);
}

void put_key(std::string& to, int field, WireType type) {
  put_varint(to, static_cast<std::uint64_t>(field) << 3 | type);
}

void put_bytes(std::string& to, int field, std::string_view bytes) {
  put_key(to, field, delimited);
  put_varint(to, bytes.size());
  to += bytes;
}

void put_double(std::string& to, int field, double value) {
  put_key(to, field, fixed64);
  put(to, value);
}

/// Packed, as proto3 has a list of numbers.
void put_doubles(std::string& to, int field, const std::vector<double>& values) {
  put_bytes(to, field, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)});
}

void put_number(std::string& to, int field, int value) {
  put_key(to, field, varint);
  put_varint(to, static_cast<std::uint64_t>(value));
}

std::string as_record(const std::string& event) {
  std::string record;
  put(record, static_cast<std::uint64_t>(event.size()));
  put(record, masked(crc32c(record)));
  record += event;
  put(record, masked(crc32c(event)));
  return record;
}

std::string event_at(double wall_time) {
  std::string event;
  put_double(event, event_wall_time, wall_time);
  return event;
}

void put_value(std::string& to, double value) {
  put_key(to, value_simple, fixed32);
  put(to, static_cast<float>(value));
}

void put_value(std::string& to, const Histogram& histogram) {
  std::string message;
  put_double(message, histogram_min, histogram.min);
  put_double(message, histogram_max, histogram.max);
  put_double(message, histogram_num, static_cast<double>(histogram.count));
  put_double(message, histogram_sum, histogram.sum);
  put_double(message, histogram_sum_squares, histogram.sum_squares);
  put_doubles(message, histogram_limit, histogram.limits);
  put_doubles(message, histogram_bucket, histogram.counts);
  put_bytes(to, value_histogram, message);
}

void put_value(std::string& to, const EventPicture& picture) {
  std::string message;
  put_number(message, image_height, picture.height);
  put_number(message, image_width, picture.width);
  put_number(message, image_colorspace, rgb_colorspace);
  put_bytes(message, image_encoded, picture.png);
  put_bytes(to, value_image, message);
}

template <typename Values>
std::string format_values(std::int64_t step, double wall_time, const Values& values) {
  std::string summary;
  for (const auto& [tag, value] : values) {
    std::string one;
    put_bytes(one, value_tag, tag);
    put_value(one, value);
    put_bytes(summary, summary_value, one);
  }
  std::string event = event_at(wall_time);
  put_key(event, event_step, varint);
  put_varint(event, static_cast<std::uint64_t>(step));
  put_bytes(event, event_summary, summary);
  return as_record(event);
}

/// Reads a message field by field.
class Reader {
 public:
  explicit Reader(std::string_view message) : rest_(message) {}

  /// False at the end, and where the bytes are no message.
  bool next() {
    std::uint64_t key = 0;
    if (rest_.empty() || !take_varint(key)) return false;
    field = static_cast<int>(key >> 3);
    std::uint64_t size = 0;
    switch (key & 7) {
      case varint:
        return take_varint(number);
      case fixed64:
        size = 8;
        break;
      case fixed32:
        size = 4;
        break;
      case delimited:
        if (!take_varint(size)) return false;
        break;
      default:
        return false;
    }
    if (size > rest_.size()) return false;
    bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  int field = 0;
  std::uint64_t number = 0;  // of a varint
  std::string_view bytes;    // of anything else

 private:
  bool take_varint(std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  std::string_view rest_;
};

void read_summary(std::string_view bytes, Event& event) {
  for (Reader summary(bytes); summary.next();) {
    if (summary.field != summary_value) continue;
    std::string tag;
    std::optional<double> number;
    for (Reader value(summary.bytes); value.next();) {
      if (value.field == value_tag) tag = value.bytes;
      if (value.field == value_simple && value.bytes.size() == 4) number = get<float>(value.bytes);
    }
    event.tags.push_back(tag);
    if (number) event.scalars.emplace_back(tag, *number);
  }
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  return ~crc;
}

std::string format_event_version(double wall_time) {
  std::string event = event_at(wall_time);
  put_bytes(event, event_file_version, "brain.Event:2");
  return as_record(event);
}

std::string format_event(std::int64_t step, double wall_time, const Scalars& scalars) {
  return format_values(step, wall_time, scalars);
}

std::string format_histograms(std::int64_t step, double wall_time, const Histograms& histograms) {
  return format_values(step, wall_time, histograms);
}

std::string format_pictures(std::int64_t step, double wall_time, const EventPictures& pictures) {
  return format_values(step, wall_time, pictures);
}

std::vector<Event> parse_events(std::string_view bytes) {
  constexpr std::size_t head = 12, tail = 4;
  std::vector<Event> events;
  while (bytes.size() >= head + tail) {
    const auto size = get<std::uint64_t>(bytes);
    if (get<std::uint32_t>(bytes.substr(8)) != masked(crc32c(bytes.substr(0, 8)))) break;
    if (size > bytes.size() - head - tail) break;
    const std::string_view message = bytes.substr(head, size);
    if (get<std::uint32_t>(bytes.substr(head + size)) != masked(crc32c(message))) break;
    Event event{bytes.substr(0, head + size + tail), 0, false, {}, {}};
    for (Reader field(message); field.next();) {
      if (field.field == event_step) event.step = static_cast<std::int64_t>(field.number);
      if (field.field == event_file_version) event.is_version = true;
      if (field.field == event_summary) read_summary(field.bytes, event);
    }
    bytes.remove_prefix(event.record.size());
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace fastbox::io
