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

TEST_CASE("histograms and pictures are the bytes that TensorBoard's own messages make", "[event_file]") {
  // tensorboard 2.21: Event(wall_time=1.5, step=300, summary=Summary(value=[Summary.Value(tag="g", histo=HistogramProto(
  // min=-1, max=2, num=3, sum=1.5, sum_squares=5.25, bucket_limit=[-0.5, 0.5, 2.5], bucket=[1, 1, 1]))])).
  const std::string histogram(
      "\x09\0\0\0\0\0\0\xf8\x3f\x10\xac\x02\x2a\x68\x0a\x66\x0a\x01g\x2a\x61"
      "\x09\0\0\0\0\0\0\xf0\xbf\x11\0\0\0\0\0\0\0\x40\x19\0\0\0\0\0\0\x08\x40"
      "\x21\0\0\0\0\0\0\xf8\x3f\x29\0\0\0\0\0\0\x15\x40"
      "\x32\x18\0\0\0\0\0\0\xe0\xbf\0\0\0\0\0\0\xe0\x3f\0\0\0\0\0\0\x04\x40"
      "\x3a\x18\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\xf0\x3f",
      118);
  const std::string record = format_histograms(300, 1.5, {{"g", {-1, 2, 3, 1.5, 5.25, {-0.5, 0.5, 2.5}, {1, 1, 1}}}});
  CHECK(record.substr(12, record.size() - 16) == histogram);

  // The same with image=Summary.Image(height=2, width=300, colorspace=3, encoded_image_string=b"png"), tag="d".
  const std::string picture(
      "\x09\0\0\0\0\0\0\xf8\x3f\x10\xac\x02\x2a\x13\x0a\x11\x0a\x01"
      "d"
      "\x22\x0c\x08\x02\x10\xac\x02\x18\x03\x22\x03png",
      33);
  const std::string drawn = format_pictures(300, 1.5, {{"d", {300, 2, "png"}}});
  CHECK(drawn.substr(12, drawn.size() - 16) == picture);

  const std::string both = record + drawn;
  const auto events = parse_events(both);
  REQUIRE(events.size() == 2);
  CHECK(events[0].tags == std::vector<std::string>{"g"});
  CHECK(events[1].tags == std::vector<std::string>{"d"});
  CHECK(events[0].scalars.empty());
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
