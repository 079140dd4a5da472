#include "train/evaluator.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <optional>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/progress_bar.hpp"
#include "data/sampler.hpp"
#include "eval/matching.hpp"

namespace fastbox::train {
namespace {

constexpr char end_of_frame = '\f';

eval::FirstPass first_pass_from(const std::string& bytes) {
  std::vector<double> numbers(bytes.size() / sizeof(double));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return eval::FirstPass::from_numbers(numbers);
}

}  // namespace

void together(comm::World& world, const std::function<void()>& work) {
  ExitCode code = ExitCode::done;
  std::string message, first;
  try {
    work();
  } catch (const Error& error) {
    code = error.code();
    message = error.what();
  }
  code = world.agree(code);
  if (code == ExitCode::done) return;
  for (const auto& text : world.gather(message))
    if (first.empty()) first = text;
  fail(code, world.broadcast(first));
}

eval::KittiResult evaluate_shared(comm::World& world, std::span<const eval::FrameObjects> mine,
                                  const eval::Rules& rules) {
  if (world.size() == 1) return eval::evaluate(mine, rules);
  std::optional<eval::Matcher> matcher;
  together(world, [&] { matcher.emplace(mine, rules); });
  const auto numbers = matcher->first_pass().to_numbers();
  eval::FirstPass found(rules.classes.size());
  for (const auto& bytes :
       world.gather(std::string(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(double))))
    found.merge(first_pass_from(bytes));
  const auto merged = found.to_numbers();
  found = first_pass_from(
      world.broadcast(std::string(reinterpret_cast<const char*>(merged.data()), merged.size() * sizeof(double))));

  const auto thresholds = eval::sample_thresholds(found);
  auto counts = matcher->second_pass(thresholds);
  // Whole numbers below 2^53: exact as doubles, in any order.
  const auto sums = world.sum({counts.numbers.begin(), counts.numbers.end()});
  std::transform(sums.begin(), sums.end(), counts.numbers.begin(), [](double sum) { return std::llround(sum); });
  return eval::average_precision(found, counts, thresholds, rules);
}

eval::Rules evaluation_rules(const config::Settings& settings, eval::Evaluator evaluator) {
  return eval::rules_for(evaluator, config::object_classes(settings), settings.evaluation.overlaps);
}

Evaluation evaluate(models::Network& model, const config::Settings& settings, const data::Dataset& frames,
                    comm::World& world, const FrameChange& change) {
  const auto share = data::share_of(static_cast<std::int64_t>(frames.size()), world.rank(), world.size());
  const Detector detector(model, settings);
  const eval::Rules rules = evaluation_rules(settings);
  std::vector<eval::FrameObjects> mine;
  std::string lines;
  double seconds = 0;
  together(world, [&] {
    ProgressBar bar(world.size() == 1 ? "evaluation" : "evaluation, rank 0", share.count);
    for (std::int64_t i = share.begin; i < share.begin + share.count; ++i) {
      const auto index = static_cast<std::size_t>(i);
      data::PictureChange change_this;
      if (change) change_this = [&](const cv::Mat& rgb) { return change(rgb, index); };
      const auto frame =
          data::load_for_evaluation(frames[index], settings.model.width, settings.model.height, change_this);
      const auto begin = std::chrono::steady_clock::now();
      const auto objects = detector.detect(frame);
      seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      const std::string text = io::format_detections(objects, score_decimals(settings.evaluation));
      lines += text + end_of_frame;
      mine.push_back({frame.name, frame.objects, io::parse_detections(text, frame.name)});
      bar.advance();
    }
  });

  Evaluation evaluation;
  evaluation.milliseconds_per_image = 1e3 * world.sum({seconds})[0] / static_cast<double>(frames.size());
  for (const auto& text : world.gather(lines)) {
    auto parts = split(text, end_of_frame);
    parts.pop_back();  // what follows the last separator: nothing
    for (const auto part : parts) {
      const auto& frame = frames[evaluation.frames.size()];
      evaluation.frames.push_back({frame.name, io::read_labels(frame.label), io::parse_detections(part, frame.name)});
    }
  }
  evaluation.result = evaluate_shared(world, mine, rules);
  return evaluation;
}

void write_detections(const std::filesystem::path& folder, const std::vector<eval::FrameObjects>& frames,
                      int decimals) {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  PendingFolder pending(folder);
  for (const auto& frame : frames) {
    std::ofstream stream(pending.path() / (frame.name + ".txt"), std::ios::binary);
    stream << io::format_detections(frame.detections, decimals);
    if (!stream.flush()) fail(ExitCode::environment, folder.string(), ": the detections cannot be written");
  }
  pending.commit();
}

}  // namespace fastbox::train
