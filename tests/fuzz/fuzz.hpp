// What the fuzz targets share: the two ways in which a parser may answer, and what is a finding.
//
// A target is one file with one LLVMFuzzerTestOneInput. The preset `fuzz` links it with libFuzzer; every other build links
// it with replay_main.cpp, which runs the committed corpus. A finding ends the process: by std::abort, by an exception that
// nobody catches, or by a sanitizer. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace fastbox::fuzz {

inline std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

/// What `parse` gives, or nothing where it refuses its input as a user's mistake: by an Error of that code with a message.
/// Whatever else it throws is a finding.
template <typename Parse>
auto accepted(ExitCode refusal, const Parse& parse) -> std::optional<decltype(parse())> {
  try {
    return parse();
  } catch (const Error& error) {
    require(error.code() == refusal, error.what());
    require(*error.what() != '\0', "a refusal says why");
    return std::nullopt;
  }
}

}  // namespace fastbox::fuzz
