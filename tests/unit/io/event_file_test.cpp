#include <catch2/catch.hpp>

#include "io/event_file.hpp"

using namespace fastbox::io;

TEST_CASE("CRC-32C of the vectors of RFC 3720", "[event_file]") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aau);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43u);
  CHECK(crc32c("123456789") == 0xe3069283u);
}

TEST_CASE("an event is the bytes that TensorBoard's own writer makes", "[event_file]") {
  // tensorboard 2.20: EventFileWriter's Event(wall_time=1.5, step=300, summary of {tag: "loss", simple_value: 0.25}).
  const std::string message("\x09\0\0\0\0\0\0\xf8\x3f\x10\xac\x02\x2a\x0d\x0a\x0b\x0a\x04loss\x15\0\0\x80\x3e", 27);
  const std::string record = format_event(300, 1.5, {{"loss", 0.25}});
  REQUIRE(record.size() == message.size() + 16);
  CHECK(record.substr(0, 8) == std::string("\x1b\0\0\0\0\0\0\0", 8));
  CHECK(record.substr(12, message.size()) == message);
}

TEST_CASE("events are read back up to the first that is torn or damaged", "[event_file]") {
  const std::string first = format_event_version(10), second = format_event(5, 11, {{"a", 1}, {"b/c", -2.5}}),
                    third = format_event(1LL << 40, 12, {});
  const std::string all = first + second + third;
  const auto events = parse_events(all);
  REQUIRE(events.size() == 3);
  CHECK(events[0].is_version);
  CHECK(events[1].scalars == Scalars{{"a", 1}, {"b/c", -2.5}});
  CHECK(events[2].step == 1LL << 40);
  CHECK(events[2].record == third);

  for (std::size_t length = 0; length < all.size(); ++length) {
    const std::size_t whole = length < first.size() ? 0 : length < first.size() + second.size() ? 1 : 2;
    CHECK(parse_events(std::string_view(all).substr(0, length)).size() == whole);
  }
  for (std::size_t bit = 0; bit < 8 * all.size(); ++bit) {
    std::string damaged = all;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    CHECK(parse_events(damaged).size() < 3);
  }
}
