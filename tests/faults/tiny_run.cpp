#include "faults/tiny_run.hpp"

#include <signal.h>

#include <opencv2/imgcodecs.hpp>

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

constexpr int frames = 15, training_frames = 12;

std::string name_of(int frame) {
  const std::string digits = std::to_string(frame);
  return std::string(6 - digits.size(), '0') + digits;
}

/// A red car on stripes, each frame's elsewhere.
void write_frame(const fs::path& data, int frame) {
  cv::Mat picture(64, 128, CV_8UC3);
  for (int row = 0; row < picture.rows; ++row)
    for (int column = 0; column < picture.cols; ++column)
      picture.at<cv::Vec3b>(row, column) = cv::Vec3b(static_cast<unsigned char>(16 * ((row + frame) % 12)),
                                                     static_cast<unsigned char>(16 * ((column + row) % 14)), 60);
  const cv::Rect car(4 + (frame * 29) % 80, 2 + (frame * 13) % 28, 40, 30);
  picture(car).setTo(cv::Scalar(30, 40, 220));
  REQUIRE(cv::imwrite(image_in(data, name_of(frame)).string(), picture));
  write_file_atomically(label_in(data, name_of(frame)), concat("Car 0 0 0 ", car.x, " ", car.y, " ", car.x + car.width,
                                                               " ", car.y + car.height, " 1.5 1.6 3.9 1 1.6 20 0\n"));
}

bool near(double a, double b) {
  return std::abs(a - b) <= 1e-12 * std::abs(b);
}

bool is_fastbox(const fs::path& process) {
  static const fs::path binary = fs::canonical(fastbox({}).front());
  std::error_code gone;
  return fs::read_symlink(process / "exe", gone) == binary;
}

}  // namespace

const fs::path& tiny_data() {
  static const fs::path folder = [] {
    const fs::path data = new_path("tiny-data");
    fs::create_directories(data / "training" / "image_2");
    std::string train, val;
    for (int frame = 0; frame < frames; ++frame) {
      write_frame(data, frame);
      (frame < training_frames ? train : val) += name_of(frame) + "\n";
    }
    write_file_atomically(data / "splits" / "train.txt", train);
    write_file_atomically(data / "splits" / "val.txt", val);
    return data;
  }();
  return folder;
}

fs::path copy_of_tiny_data() {
  const fs::path copy = new_path("tiny-data-copy");
  fs::copy(tiny_data(), copy, fs::copy_options::recursive);
  return copy;
}

fs::path image_in(const fs::path& data, const std::string& frame) {
  return data / "training" / "image_2" / (frame + ".png");
}

fs::path label_in(const fs::path& data, const std::string& frame) {
  return data / "training" / "label_2" / (frame + ".txt");
}

std::function<void()> damage(const fs::path& file) {
  const std::string bytes = text_of(file);
  write_file_atomically(file, bytes.substr(0, bytes.size() / 2));
  return [file, bytes] { write_file_atomically(file, bytes); };
}

Words tiny_training(const fs::path& run_folder, int steps, const Words& more_settings) {
  const Words tiny = {"data.root=" + tiny_data().string(),
                      "model.width=64",
                      "model.height=32",
                      "model.width_multiple=0.0625",
                      "model.hidden=8",
                      "model.dropout=0.2",
                      "augmentation.shift=2",
                      "train.batch=6",
                      concat("train.samples=", 6 * steps),
                      "parallel.shards=6",
                      "optimizer.warmup_samples=0",
                      "optimizer.learning_rate=0.01",
                      "optimizer.average=0.8",
                      "evaluation.every_samples=0",
                      "checkpoint.every_samples=0",
                      "run.threads=1",
                      "run.device=cpu",
                      "run.log_every=1"};
  return fastbox({"train", "configs/kitti-small.yaml", "--run-dir", run_folder.string()}) +
         settings(tiny + more_settings);
}

Words on(int ranks, const Words& command) {
  return ranks == 1 ? command : on_ranks(ranks, command);
}

Words errors_to(const fs::path& file, const Words& command) {
  return Words{"sh", "-c", R"(exec "$@" 2> ")" + file.string() + "\"", "sh"} + command;
}

Trace trace_of(const fs::path& run_folder) {
  const fs::path latest = run_folder / "checkpoints" / "latest";
  Trace trace;
  trace.model = sha256_of_file(latest / "model.safetensors");
  trace.optimizer = sha256_of_file(latest / "optimizer.safetensors");
  for (const auto& line : json_lines_of(run_folder / "metrics.jsonl")) {
    if (line.contains("ap"))
      trace.evaluations.push_back({line.at("step"), line.at("samples"), line.at("ap")});
    else
      trace.losses.push_back({line.at("step"), line.at("samples"), line.at("loss"), line.at("learning_rate")});
  }
  trace.history = json_of(latest / "state.json").at("history");
  trace.detections = digests_of(run_folder / "detections");
  std::erase_if(trace.detections,
                [](const auto& entry) { return entry.first.find(".incomplete-") != std::string::npos; });
  return trace;
}

void check_same(const Trace& trace, const Trace& expected) {
  CHECK(trace.model == expected.model);
  CHECK(trace.optimizer == expected.optimizer);
  CHECK(trace.losses.size() == expected.losses.size());
  for (std::size_t i = 0; i < std::min(trace.losses.size(), expected.losses.size()); ++i) {
    const auto &one = trace.losses[i], &other = expected.losses[i];
    const bool same = one[0] == other[0] && one[1] == other[1] && near(one[2], other[2]) && one[3] == other[3];
    if (!same) FAIL_CHECK("metrics.jsonl has " << one << ", expected " << other);
  }
  CHECK(trace.evaluations == expected.evaluations);
  CHECK(trace.history == expected.history);
  CHECK(trace.detections == expected.detections);
}

std::int64_t last_logged_step(const fs::path& run_folder) {
  std::int64_t step = 0;
  const std::string text = text_if_any(run_folder / "metrics.jsonl");
  for (const auto line : split(text, '\n')) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (json.is_object() && !json.contains("ap")) step = json.at("step");
  }
  return step;
}

std::int64_t newest_saved_step(const fs::path& run_folder) {
  std::int64_t newest = -1;
  for (const auto& name : names_in(run_folder / "checkpoints"))
    if (name.starts_with("step-") && name.size() == 13)
      newest = std::max<std::int64_t>(newest, std::stoll(name.substr(5)));
  return newest;
}

nlohmann::json newest_state(const fs::path& run_folder) {
  return json_of(run_folder / "checkpoints" / "latest" / "state.json");
}

std::string text_if_any(const fs::path& file) {
  try {
    return read_file(file);
  } catch (const Error&) {
    return {};
  }
}

int count_of(const std::string& text, const std::string& part) {
  int count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

std::vector<pid_t> ranks_of(const fs::path& run_folder) {
  std::vector<pid_t> ranks;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos || !is_fastbox(entry.path())) continue;
    const std::string words = text_if_any(entry.path() / "cmdline");
    if (words.find(std::string(1, '\0') + run_folder.string() + '\0') != std::string::npos)
      ranks.push_back(std::stoi(name));
  }
  std::sort(ranks.begin(), ranks.end());
  return ranks;
}

bool wait_until(const std::function<bool()>& condition, std::chrono::seconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace fastbox::test
