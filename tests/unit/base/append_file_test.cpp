#include <catch2/catch.hpp>

#include "base/append_file.hpp"
#include "base/files.hpp"
#include "support/support.hpp"

using namespace fastbox;

TEST_CASE("bytes are appended to what is there", "[append_file]") {
  const test::ScratchFolder folder;
  write_file_atomically(folder / "f", "one\n");
  AppendFile file(folder / "f");
  file.append("two\n");
  file.append("three\n");
  file.finish();
  CHECK(read_file(folder / "f") == "one\ntwo\nthree\n");
}

TEST_CASE("a full disk is said, kept, and an error only at the end", "[append_file]") {
  AppendFile file("/dev/full");
  file.append("lost?");
  file.append("not yet");
  const auto caught = test::caught([&] { file.finish(); });
  CHECK(caught.code == ExitCode::environment);
  CHECK(caught.mentions("/dev/full"));
}

TEST_CASE("a file that cannot be opened is named", "[append_file]") {
  const test::ScratchFolder folder;
  CHECK(test::caught([&] { AppendFile(folder.path()); }).code == ExitCode::environment);
}
