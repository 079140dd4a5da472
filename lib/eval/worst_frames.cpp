#include "eval/worst_frames.hpp"

#include <algorithm>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.hpp"
#include "base/text.hpp"

namespace fastbox::eval {
namespace {

void append(std::vector<std::size_t>& all, const std::vector<std::size_t>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

std::vector<WorstFrame> worst_frames(std::span<const FrameObjects> frames, const Rules& rules,
                                     const WorstFramesOptions& options) {
  constexpr double no_threshold = -std::numeric_limits<double>::infinity();
  if (options.difficulty >= difficulty_count)
    fail(ExitCode::defect, "difficulty ", options.difficulty, ", expected 0, 1 or 2");
  const Matcher matcher(frames, rules, std::span(difficulties).subspan(options.difficulty, 1));
  std::vector<WorstFrame> all(frames.size());
  for (std::size_t c = 0; c < matcher.class_count(); ++c) {
    if ((!options.classes.empty() && !options.classes[c]) || !matcher.detected(c)) continue;
    const auto errors = matcher.errors(c, 0, no_threshold);
    for (std::size_t f = 0; f < frames.size(); ++f) {
      append(all[f].missed, errors[f].missed);
      append(all[f].false_positives, errors[f].false_positives);
    }
  }
  for (std::size_t f = 0; f < frames.size(); ++f) {
    WorstFrame& frame = all[f];
    frame.name = frames[f].name;
    frame.index = f;
    std::sort(frame.missed.begin(), frame.missed.end());
    std::sort(frame.false_positives.begin(), frame.false_positives.end());
    for (const std::size_t j : frame.false_positives)
      frame.false_scores += std::max(frames[f].detections[j].score, 0.0);
    frame.badness = static_cast<double>(frame.missed.size()) + frame.false_scores;
  }
  std::erase_if(all, [](const WorstFrame& frame) { return frame.missed.empty() && frame.false_positives.empty(); });
  std::stable_sort(all.begin(), all.end(),
                   [](const WorstFrame& a, const WorstFrame& b) { return a.badness > b.badness; });
  if (all.size() > options.count) all.resize(options.count);
  return all;
}

std::string worst_frames_table(const std::vector<WorstFrame>& worst) {
  std::ostringstream table;
  table << std::left << std::setw(12) << "frame" << std::right;
  for (const char* title : {"badness", "misses", "false positives", "their scores"}) table << std::setw(17) << title;
  table << '\n';
  for (const WorstFrame& frame : worst)
    table << std::left << std::setw(12) << frame.name << std::right << std::setw(17) << fixed(frame.badness, 2)
          << std::setw(17) << frame.missed.size() << std::setw(17) << frame.false_positives.size() << std::setw(17)
          << fixed(frame.false_scores, 2) << '\n';
  return std::move(table).str();
}

nlohmann::ordered_json worst_frames_json(const std::vector<WorstFrame>& worst) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const WorstFrame& frame : worst)
    all.push_back({{"frame", frame.name},
                   {"badness", frame.badness},
                   {"misses", frame.missed.size()},
                   {"false_positives", frame.false_positives.size()},
                   {"false_scores", frame.false_scores},
                   {"missed_labels", frame.missed},
                   {"false_detections", frame.false_positives}});
  return all;
}

}  // namespace fastbox::eval
