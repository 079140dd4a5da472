// JSON from a stranger: nlohmann's parser with bounds, and its mistakes as ours.
//
// The parser itself keeps its own stack, but whoever walks, compares or writes what it gives recurses: a file of two
// million brackets would end the process. Thread-safe: no state.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace fastbox::io {

/// No file of ours nests half as deep.
constexpr int deepest_json = 32;

/// The text's value. Takes up to some 25 times the text's bytes. Throws Error(data), beginning with `name` and telling
/// the line, where the text is no JSON or nests deeper than deepest_json.
nlohmann::json parse_json(std::string_view text, const std::string& name);

/// For a message, in a few words: 4.5, "x", [1, 2] or "an array".
std::string describe(const nlohmann::json& value);

}  // namespace fastbox::io
