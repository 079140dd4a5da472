#include "eval/result_table.hpp"

#include <cmath>
#include <iomanip>
#include <sstream>

#include "eval/figure_text.hpp"

namespace fastbox::eval {
namespace {

nlohmann::ordered_json json_of(const AveragePrecision& one) {
  nlohmann::ordered_json precision = nlohmann::ordered_json::array();
  for (const double value : one.precision) precision.push_back(figure_json(value));
  return {{"ap40", figure_json(one.ap40)},
          {"ap11", figure_json(one.ap11)},
          {"mean41", figure_json(one.mean41)},
          {"ground_truths", one.ground_truths},
          {"precision", std::move(precision)}};
}

}  // namespace

std::string result_table(const KittiResult& result, double milliseconds_per_image) {
  std::ostringstream table;
  table << result.frames << (result.frames == 1 ? " frame" : " frames") << ", evaluator "
        << name_of(result.rules.evaluator);
  if (!std::isnan(milliseconds_per_image)) table << ", " << fixed(milliseconds_per_image, 2) << " ms per image";
  table << "\n\n" << std::left << std::setw(22) << "" << std::right;
  for (const char* title : {"AP40", "AP11", "mean of 41"}) table << std::setw(12) << title;
  table << std::setw(15) << "ground truths" << '\n';
  for (std::size_t c = 0; c < result.rules.classes.size(); ++c)
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      const AveragePrecision& one = result.classes[c][d];
      table << std::left << std::setw(12) << (d == 0 ? result.rules.classes[c].name : "") << std::setw(10)
            << difficulty_names[d] << std::right;
      for (const double value : {one.ap40, one.ap11, one.mean41})
        table << std::setw(12) << figure_text(value, result.detected[c]);
      table << std::setw(15) << one.ground_truths << '\n';
    }
  return std::move(table).str();
}

nlohmann::ordered_json result_json(const KittiResult& result, double milliseconds_per_image) {
  nlohmann::ordered_json classes = nlohmann::ordered_json::object();
  for (std::size_t c = 0; c < result.rules.classes.size(); ++c) {
    nlohmann::ordered_json& one = classes[result.rules.classes[c].name];
    if (!result.detected[c]) continue;  // null
    for (std::size_t d = 0; d < difficulty_count; ++d) one[difficulty_names[d]] = json_of(result.classes[c][d]);
  }
  return {{"frames", result.frames},
          {"evaluator", name_of(result.rules.evaluator)},
          {"classes", std::move(classes)},
          {"milliseconds_per_image", figure_json(milliseconds_per_image)}};
}

}  // namespace fastbox::eval
