#include "predict_explanations.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/files.hpp"
#include "base/text.hpp"
#include "eval/explanation_drawing.hpp"
#include "eval/figure_text.hpp"
#include "io/image.hpp"

namespace fastbox::apps {
namespace {

using Json = nlohmann::ordered_json;

std::string percent(const Json& share) {
  return share.is_null() ? "-" : fixed(100 * share.get<double>(), 1) + " %";
}

std::string table(const std::vector<Json>& detections) {
  std::size_t widest = 5;
  for (const auto& one : detections) widest = std::max(widest, one["image"].get<std::string>().size());
  std::ostringstream text;
  text << std::left << std::setw(static_cast<int>(widest)) << "image" << std::right << std::setw(4) << "no."
       << "  " << std::left << std::setw(16) << "class" << std::right << std::setw(6) << "score" << std::setw(16)
       << "inside the box" << std::setw(14) << "were it even" << '\n';
  for (const auto& one : detections)
    text << std::left << std::setw(static_cast<int>(widest)) << one["image"].get<std::string>() << std::right
         << std::setw(4) << one["number"].get<int>() << "  " << std::left << std::setw(16)
         << one["class"].get<std::string>() << std::right << std::setw(6) << fixed(one["score"].get<double>(), 2)
         << std::setw(16) << percent(one["inside"]) << std::setw(14) << percent(one["even"]) << '\n';
  return std::move(text).str();
}

}  // namespace

void add_explain_options(CLI::App& command, ExplainOptions& options) {
  auto* explain = command
                      .add_option("--explain", options.most,
                                  "also show what so many of each image's surest detections rest on: "
                                  "NAME-explained-01.png, ..., and explanations.json")
                      ->check(CLI::Range(1, 99));
  command
      .add_option("--explain-by", options.by,
                  "gradient: where a pixel would change the confidence most; occlusion: where a grey patch lowers it")
      ->check(CLI::IsMember({"gradient", "occlusion"}))
      ->needs(explain)
      ->capture_default_str();
}

Explanations::Explanations(models::Network& model, const config::Settings& settings, const ExplainOptions& options,
                           std::filesystem::path out)
    : model_(model),
      settings_(settings),
      most_(options.most),
      by_(train::explain_by_named(options.by)),
      out_(std::move(out)) {}

void Explanations::add(const std::filesystem::path& image, const data::EvaluationFrame& frame,
                       std::vector<train::Detector::Found> found) {
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.object.score > b.object.score; });
  if (std::ssize(found) > most_) found.resize(static_cast<std::size_t>(most_));
  const std::string name = image.stem().string();
  for (std::size_t i = 0; i < found.size(); ++i) {
    const io::Object& object = found[i].object;
    const auto explanation = train::explain(model_, settings_, frame, found[i], by_);
    const std::string words = concat(object.type, ' ', fixed(object.score, 2));
    const std::string picture_name = concat(name, "-explained-", i + 1 < 10 ? "0" : "", i + 1, ".png");
    cv::Mat picture = io::read_frame(image);
    eval::draw_explanation(picture, explanation.map, object, words);
    io::write_picture(out_ / picture_name, picture);
    const Json line = {{"image", name},
                       {"number", i + 1},
                       {"class", object.type},
                       {"score", object.score},
                       {"box", {object.box.left, object.box.top, object.box.right, object.box.bottom}},
                       {"inside", eval::figure_json(explanation.inside)},
                       {"even", eval::figure_json(explanation.even)},
                       {"largest", explanation.largest},
                       {"confidence", explanation.confidence},
                       {"picture", picture_name}};
    lines_ += line.dump() + '\n';
  }
}

void Explanations::write(comm::World& world) const {
  const auto gathered = world.gather(lines_);
  if (!world.is_first()) return;
  std::vector<Json> detections;
  for (const auto& text : gathered)
    for (const auto line : split(text, '\n'))
      if (!line.empty()) detections.push_back(Json::parse(line));
  const Json all = {{"by", train::name_of(by_)}, {"detections", detections}};
  write_file_atomically(out_ / "explanations.json", all.dump(2) + "\n");
  std::cout << table(detections);
}

}  // namespace fastbox::apps
