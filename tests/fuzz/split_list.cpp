// The parser of lists of frames: refuses with Error(data) or gives names that a list can hold.

#include "io/split_list.hpp"
#include "fuzz.hpp"

using namespace fastbox;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto names =
      fuzz::accepted(ExitCode::data, [&] { return io::parse_split_list(fuzz::text_of(bytes, size), "input"); });
  if (!names) return 0;
  fuzz::require(!names->empty(), "a list names a frame");
  fuzz::require(io::parse_split_list(io::format_split_list(*names), "again") == *names, "the names come back");
  return 0;
}
