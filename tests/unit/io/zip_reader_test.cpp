#include "io/zip_reader.hpp"
#include "io/crc32.hpp"

#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "io/zip_store.hpp"
#include "support/made_zip.hpp"
#include "support/support.hpp"

using namespace fastbox;

namespace {

constexpr std::size_t most = 1 << 20;

std::string long_text() {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * i) + '\n';
  return text;
}

}  // namespace

TEST_CASE("entries are read, compressed and stored ones, in any order", "[zip_reader]") {
  const test::ScratchFolder folder;
  const auto file = folder / "a.zip";
  test::write_zip(file, {{"a/", ""}, {"a/long.txt", long_text()}, {"a/empty.txt", ""}, {"b.txt", "b", false, true}});
  REQUIRE(std::filesystem::file_size(file) < long_text().size());  // it is compressed
  io::ZipReader zip(file);
  REQUIRE(zip.entries().size() == 4);
  CHECK(zip.entries()[0].is_folder());
  CHECK_FALSE(zip.entries()[1].is_folder());
  CHECK(zip.entries()[1].bytes == long_text().size());
  CHECK(zip.entries()[1].crc == io::crc32(long_text()));
  CHECK(zip.read(3, most) == "b");
  CHECK(zip.read(1, most) == long_text());
  CHECK(zip.read(2, most).empty());
  CHECK(zip.read(1, most) == long_text());
  const auto caught = test::caught([&] { zip.read(1, 100); });
  CHECK(caught.code == ExitCode::data);
  CHECK(caught.mentions("a/long.txt': claims"));
}

TEST_CASE("names that lead out of the folder, links and doubles are refused", "[zip_reader]") {
  const test::ScratchFolder folder;
  const auto refused = [&](const std::vector<test::ZipPart>& parts, const std::string& why) {
    test::write_zip(folder / "bad.zip", parts);
    const auto caught = test::caught([&] { io::ZipReader zip(folder / "bad.zip"); });
    CAPTURE(caught.message);
    CHECK(caught.code == ExitCode::data);
    CHECK(caught.mentions("bad.zip: zip entry '"));
    CHECK(caught.mentions(why));
  };
  for (const char* name :
       {"../a.txt", "/etc/a.txt", "a/../../b.txt", "a/..", "a\\..\\b.txt", "c:/a.txt", "./a", "a\nb"})
    refused({{"good.txt", "x"}, {name, "x"}}, "leads out of the folder");
  refused({{"good.txt", "x"}, {"link.txt", "/etc/passwd", true}}, "is a link");
  refused({{"a.txt", "x"}, {"a.txt", "y"}}, "is there twice");
}

TEST_CASE("what is no archive, cut off or damaged", "[zip_reader]") {
  const test::ScratchFolder folder;
  const auto file = folder / "a.zip";
  CHECK(test::caught([&] { io::ZipReader zip(folder / "none.zip"); }).mentions("there is no such file"));
  write_file_atomically(file, long_text());
  CHECK(test::caught([&] { io::ZipReader zip(file); }).mentions("a.zip: no zip archive"));

  test::write_zip(file, {{"a.txt", long_text()}, {"b.txt", "bbbbbbbb", false, true}});
  const std::string good = read_file(file);
  write_file_atomically(file, good.substr(0, good.size() / 2));
  CHECK(test::caught([&] { io::ZipReader zip(file); }).mentions("cut off"));

  std::string bad = good;
  bad[bad.find("bbbbbbbb") + 3] = 'c';
  write_file_atomically(file, bad);
  io::ZipReader zip(file);
  CHECK(zip.read(0, most) == long_text());
  CHECK(test::caught([&] { zip.read(1, most); }).mentions("b.txt': is damaged, its CRC-32 does not fit"));

  bad = good;
  for (std::size_t i = 2000; i < 2100; ++i) bad[i] = '\xff';  // within the compressed text
  write_file_atomically(file, bad);
  io::ZipReader other(file);
  CHECK(test::caught([&] { other.read(0, most); }).mentions("a.txt': "));
}
