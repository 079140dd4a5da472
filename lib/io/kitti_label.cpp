#include "io/kitti_label.hpp"

#include <array>
#include <cmath>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

namespace fastbox::io {
namespace {

constexpr std::size_t label_columns = 15;
constexpr std::array<const char*, 16> column_names = {"type",  "truncated", "occluded",   "alpha", "left",   "top",
                                                      "right", "bottom",    "height",     "width", "length", "x",
                                                      "y",     "z",         "rotation_y", "score"};

Object parse_line(std::string_view line, std::size_t expected, const std::string& where) {
  const auto columns = split_columns(line);
  if (columns.size() != expected)
    fail(ExitCode::data, where, ": ", columns.size(), " columns, expected ", expected,
         expected == label_columns ? " (a KITTI label)" : " (a KITTI result: a label's 15 and a score)");

  std::array<double, 16> number{};
  for (std::size_t i = 1; i < expected; ++i) {
    if (!parse_double(columns[i], number[i]) || std::isnan(number[i]))
      fail(ExitCode::data, where, ": column ", i + 1, " (", column_names[i], ") is '", shown(columns[i]),
           "', expected a number");
  }

  Object object;
  object.type = columns[0];
  object.truncated = number[1];
  if (number[2] != std::floor(number[2]) || std::abs(number[2]) > 1000)
    fail(ExitCode::data, where, ": column 3 (occluded) is '", shown(columns[2]), "', expected a whole number");
  object.occluded = static_cast<int>(number[2]);
  object.alpha = number[3];
  object.box = {number[4], number[5], number[6], number[7]};
  object.height = number[8], object.width = number[9], object.length = number[10];
  object.x = number[11], object.y = number[12], object.z = number[13];
  object.rotation_y = number[14];
  object.score = number[15];
  // Networks do give such boxes (KittiBox's own results hold some): evaluators count them, so they are read.
  const bool is_label = expected == label_columns;
  if (is_label && (object.box.right < object.box.left || object.box.bottom < object.box.top))
    fail(ExitCode::data, where, ": the box is turned inside out (", object.box.left, " ", object.box.top, " ",
         object.box.right, " ", object.box.bottom, "), expected left <= right and top <= bottom");
  return object;
}

std::vector<Object> parse(std::string_view text, const std::string& name, std::size_t columns, std::size_t first_line) {
  std::vector<Object> objects;
  std::size_t number = first_line - 1;
  for (const auto line : split(text, '\n')) {
    ++number;
    if (!trim(line).empty()) objects.push_back(parse_line(line, columns, concat(name, ":", number)));
  }
  return objects;
}

/// No score where score_decimals is negative.
std::string format(const std::vector<Object>& objects, int score_decimals, int box_decimals) {
  std::string text;
  for (const auto& o : objects) {
    text += concat(o.type, ' ', shortest(o.truncated), ' ', o.occluded, ' ', shortest(o.alpha));
    for (const double value : {o.box.left, o.box.top, o.box.right, o.box.bottom})
      text += ' ' + fixed(value, box_decimals);
    for (const double value : {o.height, o.width, o.length, o.x, o.y, o.z, o.rotation_y}) text += ' ' + shortest(value);
    if (score_decimals >= 0) text += ' ' + fixed(o.score, score_decimals);
    text += '\n';
  }
  return text;
}

}  // namespace

std::vector<Object> parse_labels(std::string_view text, const std::string& name, std::size_t first_line) {
  return parse(text, name, label_columns, first_line);
}

std::vector<Object> parse_detections(std::string_view text, const std::string& name) {
  return parse(text, name, label_columns + 1, 1);
}

std::vector<Object> read_labels(const std::filesystem::path& file) {
  return parse_labels(read_file(file, largest_labels), file.string());
}

std::vector<Object> read_detections(const std::filesystem::path& file) {
  return parse_detections(read_file(file, largest_labels), file.string());
}

std::string format_labels(const std::vector<Object>& objects) {
  return format(objects, -1, label_decimals);
}

std::string format_detections(const std::vector<Object>& objects, int score_decimals, int box_decimals) {
  return format(objects, score_decimals, box_decimals);
}

}  // namespace fastbox::io
