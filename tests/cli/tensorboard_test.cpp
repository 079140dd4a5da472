// What TensorBoard's own reader finds in a run's event file. Skipped without a Python that has it.

#include <signal.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <thread>

#include "cli/workplace.hpp"
#include "io/safetensors.hpp"
#include "support/support.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A Python that has tensorboard: FASTBOX_PYTHON, or the one beside the LibTorch of this build; empty where there is none.
const std::string& python_with_tensorboard() {
  static const std::string found = [] {
    const char* named = std::getenv("FASTBOX_PYTHON");
    const std::string python = named != nullptr ? named : FASTBOX_TORCH_PYTHON;
    if (!fs::exists(python)) return std::string();
    return run({python, "-c", "import tensorboard, PIL"}).exit_code == 0 ? python : "";
  }();
  return found;
}

constexpr const char* why_skipped = "no Python with tensorboard (scripts/setup --cuda makes one)";

json events_of(const fs::path& run_folder) {
  const Outcome outcome = run({python_with_tensorboard(), "tests/cli/read_events.py", run_folder.string()});
  REQUIRE_THAT(outcome, Exits(0));
  return json::parse(outcome.out);
}

constexpr double learning_rate = 1e-3;

/// Steps of milliseconds that are the gradient times the learning rate and no more.
Words training(const fs::path& folder, int steps, const Words& more) {
  static const std::string two_frames = new_list({"000012", "000013"}).string();
  return small_training(
      folder, Words{"data.val=" + two_frames, "model.width=96", "model.height=64", "model.width_multiple=0.125",
                    "train.batch=4", "train.samples=" + std::to_string(4 * steps), "run.log_every=1",
                    "optimizer.name=sgd", "optimizer.momentum=0", "optimizer.weight_decay=0", "optimizer.average=0",
                    "optimizer.clip_norm=0", "optimizer.schedule=constant", "run.detection_pictures=2",
                    "optimizer.learning_rate=" + std::to_string(learning_rate)} +
                  more);
}

using Steps = std::vector<int>;

Steps steps_of(const json& values) {
  Steps steps;
  for (const auto& value : values) steps.push_back(value.at("step"));
  return steps;
}

Steps multiples(int of, int last) {
  Steps steps;
  for (int step = of; step <= last; step += of) steps.push_back(step);
  return steps;
}

std::vector<double> values_of(const io::SafetensorsFile& file, const std::string& tensor) {
  const auto& view = file.at(tensor);
  REQUIRE(view.dtype == "F32");
  std::vector<float> values(view.bytes.size() / sizeof(float));
  std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
  return {values.begin(), values.end()};
}

/// The step's gradient of a tensor, from the parameters before and after it, and how far off the rounding of these leaves it.
struct Gradient {
  std::vector<double> values;
  double error = 0;
};

Gradient gradient_between(const io::SafetensorsFile& before, const io::SafetensorsFile& after,
                          const std::string& tensor) {
  Gradient gradient{values_of(before, tensor)};
  const auto last = values_of(after, tensor);
  double largest = 0;
  for (std::size_t i = 0; i < last.size(); ++i) {
    largest = std::max({largest, std::abs(gradient.values[i]), std::abs(last[i])});
    gradient.values[i] = (gradient.values[i] - last[i]) / learning_rate;
  }
  gradient.error = 0x1p-23 * largest / learning_rate;
  return gradient;
}

void check_histogram(const json& histogram, const Gradient& gradient) {
  const auto& values = gradient.values;
  const auto count = static_cast<double>(values.size());
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double error = gradient.error + 1e-6 * std::max(-*least, *most);
  CHECK(histogram.at("count") == count);
  CHECK(std::abs(histogram.at("min").get<double>() - *least) <= error);
  CHECK(std::abs(histogram.at("max").get<double>() - *most) <= error);
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  CHECK(std::abs(histogram.at("sum").get<double>() - sum) <= error * count);

  const std::vector<double> limits = histogram.at("limits"), counts = histogram.at("counts");
  REQUIRE(limits.size() == counts.size());
  CHECK(std::accumulate(counts.begin(), counts.end(), 0.0) == count);
  // The ends lie in the first and the last bucket that are not empty.
  const auto filled = [](double number) { return number > 0; };
  const auto first = std::find_if(counts.begin(), counts.end(), filled) - counts.begin();
  const auto last = counts.rend() - std::find_if(counts.rbegin(), counts.rend(), filled) - 1;
  CHECK(histogram.at("min") < limits.at(static_cast<std::size_t>(first)));
  CHECK(histogram.at("max") < limits.at(static_cast<std::size_t>(last)));
  if (first > 0) CHECK(histogram.at("min") >= limits.at(static_cast<std::size_t>(first - 1)));
  if (last > 0) CHECK(histogram.at("max") >= limits.at(static_cast<std::size_t>(last - 1)));
}

TEST_CASE("TensorBoard reads scalars, histograms of the gradient and pictures", "[tensorboard]") {
  SKIP_UNLESS(!python_with_tensorboard().empty(), why_skipped);
  constexpr int steps = 4;
  const fs::path folder = new_path("run");
  REQUIRE_THAT(run(training(folder, steps, {"checkpoint.every=1", "evaluation.every=2", "run.gradient_histograms=4"})),
               Exits(0));
  const json events = events_of(folder);

  const auto& scalars = events.at("scalars");
  std::vector<double> norms;
  for (const auto& line : json_lines_of(folder / "metrics.jsonl")) {
    if (line.contains("ap")) continue;
    const std::size_t at = norms.size();
    for (const char* tag : {"loss", "learning_rate", "gradient_norm", "samples"})
      CHECK(scalars.at(tag).at(at).at("value").get<double>() == Approx(line.at(tag).get<double>()));
    norms.push_back(line.at("gradient_norm"));
  }
  for (const char* tag : {"loss", "learning_rate", "samples", "losses/box", "time/forward"})
    CHECK(steps_of(scalars.at(tag)) == multiples(1, steps));
  CHECK(scalars.at("learning_rate").at(0).at("value").get<double>() == Approx(learning_rate));

  const auto& histograms = events.at("histograms");
  const fs::path checkpoints = folder / "checkpoints";
  const io::SafetensorsFile before(checkpoints / "step-00000003" / "model.safetensors"),
      after(checkpoints / "step-00000004" / "model.safetensors");
  CHECK(histograms.size() == after.tensors().size());
  double squares = 0;
  for (const auto& [tensor, view] : after.tensors()) {
    INFO(tensor);
    const auto& values = histograms.at("gradient/" + tensor);
    REQUIRE(steps_of(values) == multiples(1, steps));
    check_histogram(values.back(), gradient_between(before, after, tensor));
    squares += values.back().at("sum_squares").get<double>();
    CHECK(events.at("plugins").at("gradient/" + tensor) == "histograms");
  }
  CHECK(std::sqrt(squares) == Approx(norms.back()).epsilon(1e-5));

  const auto& images = events.at("images");
  REQUIRE(images.size() == 2);
  for (const char* tag : {"detections/000012", "detections/000013"}) {
    CHECK(steps_of(images.at(tag)) == multiples(2, steps));
    CHECK(events.at("plugins").at(tag) == "images");
    for (const auto& image : images.at(tag)) {
      CHECK(image.at("width") == 480);
      CHECK(image.at("height") == 145);  // of 1242 x 375
      CHECK(image.at("png_width") == image.at("width"));
      CHECK(image.at("png_height") == image.at("height"));
      CHECK(image.at("png_mode") == "RGB");
      CHECK(image.at("colours") > 100);
    }
  }
}

TEST_CASE("neither histograms nor pictures where the run file wants none", "[tensorboard]") {
  SKIP_UNLESS(!python_with_tensorboard().empty(), why_skipped);
  const fs::path folder = new_path("run");
  REQUIRE_THAT(run(training(folder, 2, {"run.gradient_histograms=0", "run.detection_pictures=0"})), Exits(0));
  const json events = events_of(folder);
  CHECK(events.at("histograms").empty());
  CHECK(events.at("images").empty());
  CHECK(steps_of(events.at("scalars").at("loss")) == multiples(1, 2));
}

/// Starts the command and ends it by the signal once `enough` steps are told and, if wanted, a checkpoint is whole.
Outcome stop_after(const Words& command, const fs::path& folder, std::ptrdiff_t enough, int signal) {
  const auto steps_told = [&] {
    if (!fs::exists(folder / "metrics.jsonl")) return std::ptrdiff_t{0};
    const std::string text = text_of(folder / "metrics.jsonl");
    return std::count(text.begin(), text.end(), '\n');
  };
  Process process(command);
  while (process.running() && (steps_told() < enough || !fs::exists(folder / "checkpoints" / "latest")))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  process.send(signal);
  return process.wait();
}

TEST_CASE("a run that was killed, stopped and resumed tells every step once", "[tensorboard]") {
  SKIP_UNLESS(!python_with_tensorboard().empty(), why_skipped);
  constexpr int steps = 30;
  const fs::path folder = new_path("run");
  const Words command =
      training(folder, steps, {"checkpoint.every=4", "evaluation.every=5", "run.gradient_histograms=8"});
  REQUIRE_THAT(stop_after(command, folder, 8, SIGKILL), Exits(128 + SIGKILL));
  REQUIRE_THAT(stop_after(command + Words{"--resume"}, folder, 16, SIGTERM), Exits(75) && Tells("resumed from"));
  REQUIRE_THAT(run(command + Words{"--resume"}), Exits(0) && Tells("resumed from"));

  const json events = events_of(folder);
  const auto evaluated = multiples(5, steps), counted = multiples(2, steps), all = multiples(1, steps);
  // Told only where there is something to tell: once a process, and after a save.
  const std::set<std::string> now_and_then = {"startup_seconds", "cache_seconds", "save_seconds"};
  std::size_t of_each[3] = {};
  for (const auto& [tag, values] : events.at("scalars").items()) {
    INFO(tag);
    const Steps told = steps_of(values);
    CHECK(std::adjacent_find(told.begin(), told.end(), std::greater_equal<>()) == told.end());
    if (now_and_then.count(tag) != 0) continue;
    const bool evaluation = tag.starts_with("ap/") || tag.starts_with("evaluation_") || tag == "milliseconds_per_image";
    CHECK(told == (evaluation ? evaluated : all));
    ++of_each[evaluation];
  }
  for (const auto& [tag, values] : events.at("histograms").items()) {
    INFO(tag);
    CHECK(steps_of(values) == counted);
    ++of_each[2];
  }
  for (const auto* tag : {"detections/000012", "detections/000013"})
    CHECK(steps_of(events.at("images").at(tag)) == evaluated);
  CHECK(of_each[0] > 5);
  CHECK(of_each[1] > 2);
  CHECK(of_each[2] > 10);
}

/// The root of all histograms' squares, by step.
std::map<int, double> norms_of(const json& histograms) {
  std::map<int, double> norms;
  for (const auto& values : histograms)
    for (const auto& value : values) norms[value.at("step")] += value.at("sum_squares").get<double>();
  for (auto& [step, norm] : norms) norm = std::sqrt(norm);
  return norms;
}

TEST_CASE("two ranks tell the gradient of all of them, and their own where they step alone", "[tensorboard_ranks]") {
  SKIP_UNLESS(!python_with_tensorboard().empty(), why_skipped);
  const auto events_on = [](int ranks, const std::string& scheme) {
    const fs::path folder = new_path(scheme);
    const Words command =
        training(folder, 4, {"run.gradient_histograms=4", "parallel.scheme=" + scheme, "parallel.local_steps=2"});
    REQUIRE_THAT(run(on_ranks(ranks, command)), Exits(0));
    return events_of(folder);
  };
  const json together = events_on(2, "synchronous"), alone = events_on(2, "local");
  CHECK(together.at("histograms") == events_on(1, "synchronous").at("histograms"));
  // Every second step's memory is where the parameters are averaged.
  for (const json* events : {&together, &alone}) {
    const auto norms = norms_of(events->at("histograms"));
    CHECK(norms.size() == 4);
    for (const auto& told : events->at("scalars").at("gradient_norm"))
      CHECK(norms.at(told.at("step")) == Approx(told.at("value").get<double>()).epsilon(1e-5));
  }
  CHECK(together.at("histograms") != alone.at("histograms"));
}

}  // namespace
}  // namespace fastbox::test
