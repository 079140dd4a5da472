// HTML text: escaping, tables, and the few elements that every section of the report is made of.
//
// What comes from a file (names, paths, messages) reaches the page through Html's escaping constructor or escape();
// only our own markup is given as Html::raw. Pure functions and values; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fastbox::report {

/// The text as it stands within an element or a quoted attribute. Bytes that are no UTF-8 and control characters other
/// than tab and newline become U+FFFD, so that the page is valid whatever a file holds.
std::string escape(std::string_view text);

/// Markup that is safe to put into the page.
struct Html {
  std::string text;

  Html() = default;
  Html(std::string_view words) : text(escape(words)) {}
  Html(const std::string& words) : text(escape(words)) {}
  Html(const char* words) : text(escape(words)) {}
  static Html raw(std::string markup);
};

/// A table that scrolls within the page where it is wider than it.
class Table {
 public:
  struct Column {
    std::string title;
    bool number = false;  ///< aligned to the right
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// Requires as many cells as columns.
  void add(std::vector<Html> cells) { rows_.push_back({std::move(cells), false}); }
  /// The same in bold, over a line: a sum.
  void add_sum(std::vector<Html> cells) { rows_.push_back({std::move(cells), true}); }
  bool empty() const { return rows_.empty(); }
  std::string html() const;

 private:
  struct Row {
    std::vector<Html> cells;
    bool sum;
  };
  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

/// <tag class="kind">content</tag>; without a class where `kind` is empty.
std::string element(std::string_view tag, std::string_view kind, const Html& content);

std::string paragraph(const Html& words);
std::string note(const Html& words);  ///< smaller and quieter

/// A heading that opens to show `content`.
std::string details(const Html& heading, const std::string& content);

// Figures for people. A NaN is a dash.
std::string dash_or_fixed(double value, int decimals);
std::string dash_or_significant(double value, int digits);
std::string grouped(long long value);       ///< "140 000", with thin spaces that do not break
std::string duration_text(double seconds);  ///< "0.8 s", "12.3 s", "4 min 05 s", "3 h 12 min"
std::string bytes_text(double bytes);       ///< "812 KiB", "61.3 MiB"
std::string counted(long long count, std::string_view one, std::string_view many);  ///< "1 frame", "12 frames"

}  // namespace fastbox::report
