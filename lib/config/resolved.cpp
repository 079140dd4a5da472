#include "config/resolved.hpp"

#include "base/files.hpp"
#include "base/text.hpp"
#include "config/schema.hpp"
#include "config/value.hpp"

namespace fastbox::config {
namespace {

/// Whether the key's alternative is in force instead of it.
bool is_replaced(const Key& key, const Settings& settings) {
  if (key.alternative.empty() || integer_value(key, settings) != 0) return false;
  return integer_value(*find_key(key.alternative), settings) != 0;
}

}  // namespace

std::string to_yaml(const RunConfig& config, bool with_origins) {
  std::string text;
  std::string_view group;
  for (const auto& key : keys()) {
    if (is_replaced(key, config.settings)) continue;
    if (key.group() != group) {
      group = key.group();
      text += concat(group, ":\n");
    }
    std::string line = concat("  ", key.leaf(), ": ", value_text(key, config.settings));
    if (with_origins) {
      line.resize(std::max<std::size_t>(line.size() + 2, 40), ' ');
      // A file's name may hold anything; a comment ends with its line.
      for (const char c : concat("# ", config.origins.at(key.name))) line += c == '\n' || c == '\r' ? '?' : c;
    }
    text += line + '\n';
  }
  return text;
}

std::string fingerprint(const RunConfig& config) {
  std::string text;
  for (const auto& key : keys()) text += concat(key.name, '=', value_text(key, config.settings), '\n');
  return sha256(text);
}

std::vector<Difference> differences(const RunConfig& a, const RunConfig& b) {
  std::vector<Difference> result;
  for (const auto& key : keys()) {
    auto in_a = value_text(key, a.settings);
    auto in_b = value_text(key, b.settings);
    if (in_a != in_b) result.push_back({key.name, std::move(in_a), std::move(in_b)});
  }
  return result;
}

}  // namespace fastbox::config
