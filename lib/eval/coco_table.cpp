#include "eval/coco_table.hpp"

#include <iomanip>
#include <sstream>

#include "eval/figure_text.hpp"

namespace fastbox::eval {
namespace {

struct Row {
  const char *key, *title, *what;
};
constexpr std::array<Row, coco_figure_count> rows = {{{"ap", "AP", "IoU .50:.95"},
                                                      {"ap50", "", "IoU .50"},
                                                      {"ap75", "", "IoU .75"},
                                                      {"ap_small", "", "small"},
                                                      {"ap_medium", "", "medium"},
                                                      {"ap_large", "", "large"},
                                                      {"ar_1", "AR", "1 detection"},
                                                      {"ar_10", "", "10 detections"},
                                                      {"ar_100", "", "100 detections"},
                                                      {"ar_small", "", "small"},
                                                      {"ar_medium", "", "medium"},
                                                      {"ar_large", "", "large"}}};

nlohmann::ordered_json json_of(const CocoFigures& figures) {
  nlohmann::ordered_json json;
  for (std::size_t i = 0; i < coco_figure_count; ++i) {
    json[rows[i].key] = figure_json(100 * figures.values[i]);
  }
  json["ground_truths"] = figures.ground_truths;
  return json;
}

}  // namespace

std::string coco_table(const CocoResult& result) {
  constexpr int title_width = 5, what_width = 18, width = 13;
  std::vector<const CocoFigures*> columns;
  std::ostringstream table;
  table << "COCO's figures; small to 32x32 pixels, large from 96x96\n\n"
        << std::left << std::setw(title_width + what_width) << "" << std::right;
  for (std::size_t c = 0; c < result.rules.classes.size(); ++c) {
    columns.push_back(&result.classes[c]);
    table << std::setw(width) << result.rules.classes[c].name;
  }
  columns.push_back(&result.all);
  table << std::setw(width) << "all" << '\n';
  for (std::size_t i = 0; i < coco_figure_count; ++i) {
    table << std::left << std::setw(title_width) << rows[i].title << std::setw(what_width) << rows[i].what
          << std::right;
    for (const auto* column : columns) {
      table << std::setw(width) << figure_text(100 * column->values[i]);
    }
    table << '\n';
  }
  table << std::left << std::setw(title_width + what_width) << "ground truths" << std::right;
  for (const auto* column : columns) table << std::setw(width) << column->ground_truths;
  table << '\n';
  return std::move(table).str();
}

nlohmann::ordered_json coco_json(const CocoResult& result) {
  nlohmann::ordered_json classes = nlohmann::ordered_json::object();
  for (std::size_t c = 0; c < result.rules.classes.size(); ++c)
    classes[result.rules.classes[c].name] = json_of(result.classes[c]);
  return {{"classes", std::move(classes)}, {"all", json_of(result.all)}};
}

}  // namespace fastbox::eval
