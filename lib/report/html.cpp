#include "report/html.hpp"

#include <cmath>

#include "base/text.hpp"

namespace fastbox::report {
namespace {

constexpr const char* replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr const char* thin_space = "\xE2\x80\xAF";   // U+202F

/// How many bytes the UTF-8 sequence at the text's beginning has; 0 where there is none (RFC 3629, section 4).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(0);
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && second < 0xA0, surrogate = first == 0xED && second > 0x9F;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && second < 0x90, beyond = first == 0xF4 && second > 0x8F;
    return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

std::string escaped_byte(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      break;
  }
  const bool control = (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') || c == 0x7F;
  return control ? replacement : std::string(1, c);
}

}  // namespace

std::string escape(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 1)
      escaped += escaped_byte(text[0]);
    else if (length == 0 || (length == 2 && text[0] == '\xC2' && static_cast<unsigned char>(text[1]) < 0xA0))
      escaped += replacement;  // the second: C1 control characters
    else
      escaped += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return escaped;
}

Html Html::raw(std::string markup) {
  Html html;
  html.text = std::move(markup);
  return html;
}

std::string Table::html() const {
  std::string html = "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"table\"><table>\n<thead><tr>";
  const auto kind = [&](std::size_t i) { return columns_[i].number ? " class=\"number\"" : ""; };
  for (std::size_t i = 0; i < columns_.size(); ++i)
    html += concat("<th scope=\"col\"", kind(i), ">", escape(columns_[i].title), "</th>");
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows_) {
    html += row.sum ? "<tr class=\"sum\">" : "<tr>";
    for (std::size_t i = 0; i < columns_.size(); ++i)
      html += concat("<td", kind(i), ">", i < row.cells.size() ? row.cells[i].text : "", "</td>");
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string element(std::string_view tag, std::string_view kind, const Html& content) {
  const std::string with_class = kind.empty() ? "" : concat(" class=\"", kind, "\"");
  return concat("<", tag, with_class, ">", content.text, "</", tag, ">\n");
}

std::string paragraph(const Html& words) {
  return element("p", "", words);
}

std::string note(const Html& words) {
  return element("p", "note", words);
}

std::string details(const Html& heading, const std::string& content) {
  return concat("<details><summary>", heading.text, "</summary>\n", content, "</details>\n");
}

std::string dash_or_fixed(double value, int decimals) {
  return std::isfinite(value) ? fixed(value, decimals) : "–";
}

std::string dash_or_significant(double value, int digits) {
  return std::isfinite(value) ? significant(value, digits) : "–";
}

std::string grouped(long long value) {
  std::string digits = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  if (digits.size() - first < 5) return digits;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, thin_space);
  return digits;
}

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds)) return "–";
  if (seconds < 9.95) return fixed(seconds, seconds < 0.995 ? 2 : 1) + " s";
  if (seconds < 99.95) return fixed(seconds, 1) + " s";
  if (seconds > 1e12) return significant(seconds, 3) + " s";
  const auto whole = static_cast<long long>(std::llround(seconds));
  const auto two = [](long long value) { return concat(value < 10 ? "0" : "", value); };
  if (whole < 3600) return concat(whole / 60, " min ", two(whole % 60), " s");
  const long long minutes = (whole + 30) / 60;
  return concat(grouped(minutes / 60), " h ", two(minutes % 60), " min");
}

std::string bytes_text(double bytes) {
  if (!std::isfinite(bytes)) return "–";
  if (bytes < 1024) return fixed(bytes, 0) + " bytes";
  const char* const units[] = {"KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (bytes /= 1024; bytes >= 1024 && unit < 3; ++unit) bytes /= 1024;
  return fixed(bytes, bytes < 99.5 ? 1 : 0) + " " + units[unit];
}

std::string counted(long long count, std::string_view one, std::string_view many) {
  return concat(grouped(count), " ", count == 1 ? one : many);
}

}  // namespace fastbox::report
