#include <catch2/catch.hpp>

#include <cstring>

#include "io/crc32.hpp"
#include "io/png.hpp"
#include "io/zip_store.hpp"
#include "support/support.hpp"
#include "zip_archive.hpp"

using namespace fastbox;
using io::ZipStore;

namespace {

void refused(const std::string& bytes, const std::string& why) {
  const auto caught = test::caught([&] { ZipStore(bytes, "it"); });
  CAPTURE(caught.message);
  CHECK(caught.code == ExitCode::data);
  CHECK(caught.mentions("it: "));
  CHECK(caught.mentions(why));
}

/// The number at `at` replaced.
template <typename Number>
std::string with(std::string bytes, std::size_t at, Number number) {
  std::memcpy(bytes.data() + at, &number, sizeof number);
  return bytes;
}

constexpr std::size_t end_size = 22;

}  // namespace

TEST_CASE("the CRC is zip's and PNG's", "[zip_store]") {
  CHECK(io::crc32("") == 0);
  CHECK(io::crc32("123456789") == 0xcbf43926);  // the catalogue's check value
}

TEST_CASE("entries by name, with and without zip64", "[zip_store]") {
  for (const bool zip64 : {false, true}) {
    const auto archive =
        test::make_zip({{"a/one", "first"}, {"a/../../two", "", 0, 0, zip64}, {"a/3", "third", 0, 0, zip64}}, zip64);
    const ZipStore zip(archive.bytes, "it");
    CHECK(zip.first_name() == "a/one");
    CHECK(zip.find("a/one") == "first");
    CHECK(zip.find("a/../../two") == "");  // a key, not a path
    CHECK(zip.find("a/3") == "third");
    CHECK_FALSE(zip.find("two"));
    CHECK_FALSE(zip.contains("two"));
  }
  CHECK(ZipStore(test::make_zip({}).bytes, "it").first_name().empty());
}

TEST_CASE("a compressed entry is known but not read", "[zip_store]") {
  const auto archive = test::make_zip({{"a", "xy", 8}, {"b", "z"}});
  const ZipStore zip(archive.bytes, "it");
  CHECK(zip.contains("a"));
  CHECK(zip.find("b") == "z");
  CHECK(test::caught([&] { zip.find("a"); }).mentions("it: zip entry 'a': is compressed (method 8)"));
}

TEST_CASE("a CRC that is not recorded is not asked for", "[zip_store]") {
  test::ZipEntry entry{"a", "data"};
  entry.crc = 0;
  CHECK(ZipStore(test::make_zip({entry}).bytes, "it").contains("a"));
  entry.crc = 1;
  refused(test::make_zip({entry}).bytes, "zip entry 'a': is damaged, its CRC-32 does not fit");
}

TEST_CASE("an archive that lies is refused", "[zip_store]") {
  const auto good = test::make_zip({{"a", "first"}, {"b", "second"}});
  const std::string& bytes = good.bytes;
  const std::size_t end = bytes.size() - end_size;
  refused("", "no directory at its end");
  refused(bytes + "x", "no directory at its end");
  refused(with<std::uint16_t>(bytes, end + 10, 3), "claims 3 entries in 94 bytes");
  refused(with<std::uint16_t>(bytes, end + 10, 1), "bytes too many");
  refused(with<std::uint16_t>(bytes, end + 10, 0xffff), "claims 65535 entries");
  refused(with<std::uint32_t>(bytes, end + 16, 0x7fffffff), "expected it to end at");
  refused(with<std::uint32_t>(bytes, end + 12, 0x7fffffff), "expected it to end at");
  refused(with<std::uint32_t>(bytes, good.directory + 24, 0x7fffffff), "is stored in 5 bytes, expected 2147483647");
  refused(with<std::uint32_t>(bytes, good.directory + 20, 0x7fffffff), "zip entry 'a': claims bytes");
  refused(with<std::uint32_t>(bytes, good.directory + 20, 0xffffffff), "zip64 field is missing");
  refused(with<std::uint32_t>(bytes, good.directory + 42, 0x7fffffff), "its header is not at byte 2147483647");
  refused(with<std::uint32_t>(bytes, good.directory + 42, 1), "its header is not at byte 1");
  refused(with<std::uint16_t>(bytes, good.directory + 28, 0xffff), "the zip directory is damaged");
  refused(with<std::uint16_t>(bytes, 28, 0xffff), "zip entry 'a': claims bytes");
  refused(test::make_zip({{"a", "first", 0, 1}}).bytes, "is encrypted");
  refused(test::make_zip({{"a", "1"}, {"a", "2"}}).bytes, "zip entry 'a': is there twice");
  refused(test::make_zip({{"a", "1", 0, 0, false, "c"}}).bytes, "is called 'c' in its own header");
  test::ZipEntry long_one{"a", "first"};
  long_one.size = 12;
  refused(test::make_zip({long_one, {"b", "2"}}).bytes, "overlaps another");
  const auto twins = test::make_zip({{"a", "1"}, {"b", "1"}});
  refused(with<std::uint32_t>(twins.bytes, twins.directory + 46 + 1 + 42, 0), "in its own header");
}

TEST_CASE("a zip64 record that lies is refused", "[zip_store]") {
  const auto archive = test::make_zip({{"a", "first", 0, 0, true}}, true);
  const std::string& bytes = archive.bytes;
  const std::size_t locator = bytes.size() - end_size - 20, record = locator - 56;
  for (const std::uint64_t lie : {std::uint64_t{0}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    CAPTURE(lie);
    refused(with(bytes, locator + 8, lie), "zip64 record is not at byte");
    refused(with(bytes, record + 32, lie), lie == 0 ? "bytes too many" : "the zip directory claims");
    refused(with(bytes, record + 40, lie), "expected it to end at");
    refused(with(bytes, record + 48, lie), "expected it to end at");
    for (const std::size_t number : {0u, 1u, 2u}) {
      if (number == 2 && lie == 0) continue;  // the truth
      const auto caught = test::caught([&] { ZipStore(with(bytes, record - 24 + 8 * number, lie), "it"); });
      CHECK(caught.code == ExitCode::data);
    }
  }
}

TEST_CASE("an archive that is cut off anywhere is refused", "[zip_store]") {
  for (const bool zip64 : {false, true}) {
    const std::string bytes = test::make_zip({{"a", "first"}, {"b", "second"}}, zip64).bytes;
    for (std::size_t length = 0; length < bytes.size(); ++length)
      CHECK(test::caught([&] { ZipStore(std::string_view(bytes).substr(0, length), "it"); }).code == ExitCode::data);
  }
}
