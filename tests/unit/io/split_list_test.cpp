#include <algorithm>
#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "io/split_list.hpp"
#include "support/support.hpp"

using namespace fastbox;

TEST_CASE("names are read in file order, with comments and blank lines skipped", "[split_list]") {
  const test::ScratchFolder folder;
  write_file_atomically(folder / "l.txt", "# drive 1\n000007\n\n 000003 # dusk\r\n");
  CHECK(io::read_split_list(folder / "l.txt") == std::vector<std::string>{"000007", "000003"});
}

TEST_CASE("names that are written come back", "[split_list]") {
  const std::vector<std::string> names = {"000007", "000003"};
  CHECK(io::format_split_list(names) == "000007\n000003\n");
  CHECK(io::parse_split_list(io::format_split_list(names), "made") == names);
  const test::ScratchFolder folder;
  io::write_split_list(folder / "l.txt", names);
  CHECK(io::read_split_list(folder / "l.txt") == names);
  CHECK(test::caught([] { io::parse_split_list("a b", "made"); }).mentions("made:1: 'a b'"));
}

TEST_CASE("a bad list is named by file and line", "[split_list]") {
  const test::ScratchFolder folder;
  const auto wrong = [&](const std::string& text) {
    write_file_atomically(folder / "l.txt", text);
    return test::caught([&] { io::read_split_list(folder / "l.txt"); });
  };
  CHECK(wrong("").mentions("l.txt: the list is empty"));
  CHECK(wrong("# nothing\n").code == ExitCode::data);
  CHECK(wrong("000001\n000002\n000001\n").mentions("l.txt:3: frame 000001 is listed twice, first in line 1"));
  CHECK(wrong("000001 000002\n").mentions("l.txt:1"));
}

TEST_CASE("no name leads out of the folder that it is looked for in", "[split_list]") {
  using namespace std::string_literals;
  for (const auto& name :
       {"../000001"s, "/etc/passwd"s, ".."s, "."s, "a/b"s, "..\\000001"s, "00\0001"s, "00\x1b[31m1"s}) {
    const auto refused = test::caught([&] { io::parse_split_list("000001\n" + name + "\n", "made"); });
    CHECK(refused.mentions("made:2: '"));
    CHECK(refused.code == ExitCode::data);
    CHECK(std::ranges::none_of(refused.message, [](unsigned char c) { return c < 0x20; }));
  }
  CHECK(io::parse_split_list("..a\n", "made").size() == 1);  // a file's name as any other
}

TEST_CASE("a line of megabytes is not repeated", "[split_list]") {
  const auto refused = test::caught([] { io::parse_split_list(std::string(5'000'000, 'x') + " y", "made"); });
  CHECK(refused.mentions("made:1: 'xxx"));
  CHECK(refused.message.size() < 200);
}
