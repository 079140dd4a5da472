// Small damage to inputs, for builds without libFuzzer: as seeds give it, the same on every machine. Pure functions.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/random.hpp"

namespace fastbox::fuzz {

/// What parsers stumble over.
inline constexpr std::array<std::string_view, 32> awkward_words = {
    "0",     "-1",   "-0",      "1e999", "1e-999",  "nan",        "inf", "4294967296", "9223372036854775808",
    "1e15",  "0x10", "true",    "null",  "\"",      "'",          "[",   "]",          "{",
    "}",     ":",    ",",       "&a ",   "*a",      "../../../x", "\n",  "\r\n",       "\t",
    "---\n", "#",    "\\u0000", "\xff",  "\xe2\x82"};

/// One to four changes to the input that the number chooses: a bit, a byte, a cut, a repeat, a word, a piece of another
/// input.
inline std::string mutated(const std::vector<std::string>& inputs, std::uint64_t number) {
  constexpr std::size_t longest = 4096;
  constexpr Purpose mutation{1000};  // of no run's streams
  Random random(number, mutation);
  const auto any_of = [&](const auto& list) -> const auto& {
    return list[random.below(list.size())];
  };
  std::string text = any_of(inputs);
  const auto place = [&] { return random.below(text.size() + 1); };
  for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
    const std::size_t at = place(), length = random.below(random.chance(0.2) ? text.size() + 1 : 8);
    switch (random.below(7)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << random.below(8)));
        break;
      case 1:
        if (at < text.size()) text[at] = static_cast<char>(random.below(256));
        break;
      case 2:
        text.erase(at, length);
        break;
      case 3:
        text.insert(place(), text.substr(at, length));
        break;
      case 4:
        text.insert(at, any_of(awkward_words));
        break;
      case 5: {
        const std::string& other = any_of(inputs);
        text.replace(at, length, other.substr(random.below(other.size() + 1), random.below(64)));
        break;
      }
      default:
        text.resize(at);
    }
  }
  text.resize(std::min(text.size(), longest));
  return text;
}

}  // namespace fastbox::fuzz
