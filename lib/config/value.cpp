#include "config/value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include "base/text.hpp"

namespace fastbox::config {
namespace {

template <typename T>
using Accessor = T& (*)(Settings&);

template <typename T>
bool holds(const Key& key) {
  return std::holds_alternative<Accessor<T>>(key.member);
}

/// An integer, or one as 1e5.
bool parse_whole(const std::string& text, long long& number) {
  if (parse_integer(text, number)) return true;
  constexpr double exact = 1LL << 53;
  double real = 0;
  if (text.find('.') != std::string::npos || !parse_double(text, real) || !(std::abs(real) <= exact) ||
      real != std::trunc(real))
    return false;
  number = static_cast<long long>(real);
  return true;
}

/// One read of one value; keeps what every message needs.
class Reader {
 public:
  Reader(const Key& key, std::optional<ValueProblem>& problem) : key_(key), problem_(problem) {}

  bool read(const YamlNode& node, bool& value) {
    const bool plain = node.kind == YamlNode::Kind::scalar && !node.quoted;
    if (!plain || (node.text != "true" && node.text != "false")) return unexpected(node);
    value = node.text == "true";
    return true;
  }

  bool read(const YamlNode& node, std::int64_t& value) {
    long long number = 0;
    if (!is_number(node) || !parse_whole(node.text, number)) return unexpected(node);
    if (!key_.range.contains(static_cast<double>(number))) return unexpected(node);
    value = number;
    return true;
  }

  bool read(const YamlNode& node, int& value) {
    std::int64_t number = 0;
    if (!read(node, number)) return false;  // the range of an int's key lies within int
    value = static_cast<int>(number);
    return true;
  }

  bool read(const YamlNode& node, double& value) {
    double number = 0;
    if (!is_number(node) || !parse_double(node.text, number) || !std::isfinite(number)) return unexpected(node);
    if (!key_.range.contains(number)) return unexpected(node);
    value = number;
    return true;
  }

  bool read(const YamlNode& node, std::string& value) {
    if (node.kind == YamlNode::Kind::null) return refuse(node, "nothing here; write \"\" for an empty text");
    if (node.kind != YamlNode::Kind::scalar) return unexpected(node);
    if (long long number = 0; key_.number_too && parse_integer(node.text, number)) {
      if (!key_.range.contains(static_cast<double>(number))) return unexpected(node);
      value = std::to_string(number);
      return true;
    }
    if (!key_.choices.empty() && std::ranges::count(key_.choices, node.text) == 0) {
      const auto near = nearest_word(node.text, key_.choices);
      return unexpected(node, near.empty() ? "" : concat("; did you mean '", near, "'?"));
    }
    value = node.text;
    return true;
  }

  bool read(const YamlNode& node, std::vector<std::string>& value) {
    if (!read_items(node, value)) return false;
    if (key_.not_empty && value.empty()) return refuse(node, "the list is empty, expected at least one");
    std::set<std::string> seen;
    for (std::size_t i = 0; i < value.size(); ++i)
      if (!seen.insert(value[i]).second) return refuse(*node.items[i], concat("'", value[i], "' is listed twice"));
    return true;
  }

  bool read(const YamlNode& node, std::vector<double>& value) {
    if (key_.low_high && node.items.size() != 2) return unexpected(node);
    if (!read_items(node, value)) return false;
    if (key_.low_high && value[0] > value[1]) return unexpected(node, ", whose first is the higher");
    return true;
  }

 private:
  static bool is_number(const YamlNode& node) { return node.kind == YamlNode::Kind::scalar && !node.quoted; }

  template <typename T>
  bool read_items(const YamlNode& node, std::vector<T>& value) {
    if (node.kind != YamlNode::Kind::sequence) return unexpected(node);
    value.clear();
    for (const auto& item : node.items)
      if (!read(*item, value.emplace_back())) return false;
    return true;
  }

  bool refuse(const YamlNode& node, const std::string& why) {
    problem_ = ValueProblem{node.line, node.column, concat(key_.name, ": ", why)};
    return false;
  }

  bool unexpected(const YamlNode& node, const std::string& hint = "") {
    std::string found = node.description();
    if (key_.low_high && node.kind == YamlNode::Kind::sequence) {
      std::vector<std::string> texts;
      for (const auto& item : node.items) texts.push_back(item->text);
      found = concat("[", join(texts, ", "), "]");
    }
    return refuse(node, concat("expected ", expectation(key_), ", found ", found, hint));
  }

  const Key& key_;
  std::optional<ValueProblem>& problem_;
};

std::string text_of(bool value) {
  return value ? "true" : "false";
}
std::string text_of(int value) {
  return std::to_string(value);
}
std::string text_of(std::int64_t value) {
  return std::to_string(value);
}

std::string text_of(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general).ptr;
  std::string text(buffer, end);
  if (const auto e = text.find('e'); e != std::string::npos) {
    if (text[e + 2] == '0') text.erase(e + 2, 1);
    if (text.find('.') == std::string::npos) text.insert(e, ".0");
  }
  return text;
}

/// Whether every YAML reader takes the bare word for this very text.
bool is_plain(const std::string& text) {
  constexpr std::array<std::string_view, 11> taken = {"true", "false", "yes", "no",  "on", "off",
                                                      "null", "y",     "n",   "inf", "nan"};
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_further = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || std::string_view("_-./+").find(c) != std::string_view::npos;
  };
  if (text.empty() || !(is_letter(text[0]) || text[0] == '/')) return false;
  return std::ranges::all_of(text, is_further) && std::ranges::count(taken, lower(text)) == 0;
}

std::string text_of(const std::string& value) {
  if (is_plain(value)) return value;
  std::string text = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      text += {'\\', c};
    else if (byte < 0x20 || byte == 0x7f)
      text += concat("\\x", "0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]);
    else
      text += c;
  }
  return text + '"';
}

template <typename T>
std::string text_of(const std::vector<T>& values) {
  std::vector<std::string> texts;
  for (const auto& value : values) texts.push_back(text_of(value));
  return concat('[', join(texts, ", "), ']');
}

}  // namespace

std::string type_name(const Key& key) {
  if (holds<bool>(key)) return "true or false";
  if (holds<int>(key) || holds<std::int64_t>(key)) return "an integer";
  if (holds<double>(key)) return "a number";
  if (holds<std::string>(key)) return "a text";
  if (holds<std::vector<std::string>>(key)) return "a list of texts";
  return key.low_high ? "two numbers [low, high]" : "a list of numbers";
}

std::string expectation(const Key& key) {
  if (!key.choices.empty())
    return concat("one of ", join(key.choices, ", "), key.number_too ? ", or an integer " + key.range.text() : "");
  std::string words = type_name(key);
  if (const auto range = key.range.text(); !range.empty()) words += (key.low_high ? ", each " : " ") + range;
  if (key.range.multiple != 1) words += concat(", a multiple of ", key.range.multiple);
  return words;
}

std::optional<ValueProblem> read_value(const Key& key, const YamlNode& node, Settings& settings) {
  std::optional<ValueProblem> problem;
  std::visit(
      [&](auto access) {
        auto value = access(settings);
        if (Reader(key, problem).read(node, value)) access(settings) = std::move(value);
      },
      key.member);
  return problem;
}

std::string value_text(const Key& key, const Settings& settings) {
  auto& readable = const_cast<Settings&>(settings);  // the accessors serve writing too; nothing is written here
  const std::string text = std::visit([&](auto access) { return text_of(access(readable)); }, key.member);
  const bool quoted_number = key.number_too && text.size() > 2 && text[1] >= '0' && text[1] <= '9';
  return quoted_number ? text.substr(1, text.size() - 2) : text;
}

}  // namespace fastbox::config
