#include <catch2/catch.hpp>

#include <fstream>

#include "base/files.hpp"
#include "support/support.hpp"

using namespace fastbox;
namespace fs = std::filesystem;

TEST_CASE("a file is written whole, over what was there, and nothing stays beside it", "[files]") {
  const test::ScratchFolder folder;
  write_file_atomically(folder / "a/b.txt", "first");
  write_file_atomically(folder / "a/b.txt", "second");
  CHECK(read_file(folder / "a/b.txt") == "second");
  CHECK(std::distance(fs::directory_iterator(folder / "a"), fs::directory_iterator()) == 1);
}

TEST_CASE("what cannot be read or written is named", "[files]") {
  const test::ScratchFolder folder;
  const auto missing = test::caught([&] { read_file(folder / "missing"); });
  CHECK(missing.code == ExitCode::data);
  CHECK(missing.mentions("missing"));
  CHECK(test::caught([&] { read_file(folder.path()); }).mentions("is a folder"));
  write_file_atomically(folder / "plain", "x");
  const auto below = test::caught([&] { write_file_atomically(folder / "plain/below", "x"); });
  CHECK(below.code == ExitCode::environment);
}

TEST_CASE("no more of a file is read than asked for", "[files]") {
  const test::ScratchFolder folder;
  write_file_atomically(folder / "ten", "0123456789");
  CHECK(read_file(folder / "ten", 10) == "0123456789");
  CHECK(test::caught([&] { read_file(folder / "ten", 9); }).mentions("ten: holds 10 bytes, expected at most 9"));
  CHECK(test::caught([] { read_file("/dev/zero", 1 << 20); }).message == "/dev/zero: holds more than 1048576 bytes");
  fs::resize_file(folder / "ten", std::uintmax_t{100} << 30);  // a hole: claims 100 GB, holds ten bytes
  CHECK(test::caught([&] { read_file(folder / "ten"); }).mentions("holds 107374182400 bytes"));
  CHECK(read_file("/proc/self/stat").find(' ') != std::string::npos);  // whose size is 0, it says
  const std::string large(3'000'000, 'x');
  write_file_atomically(folder / "large", large);
  CHECK(read_file(folder / "large") == large);
}

TEST_CASE("a pending folder appears whole or not at all", "[files]") {
  const test::ScratchFolder folder;
  {
    PendingFolder pending(folder / "kept");
    write_file_atomically(pending.path() / "x", "1");
    CHECK_FALSE(fs::exists(folder / "kept"));
    pending.commit();
  }
  CHECK(read_file(folder / "kept/x") == "1");
  { PendingFolder pending(folder / "dropped"); }
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("SHA-256 is the standard's", "[files]") {  // FIPS 180-2, appendix B.1
  const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  CHECK(sha256("abc") == abc);
  const test::ScratchFolder folder;
  write_file_atomically(folder / "abc", "abc");
  CHECK(sha256_of_file(folder / "abc") == abc);
}
