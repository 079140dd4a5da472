// fastbox bench eval [CHECKPOINT] [--config RUN.yaml] [--set key=value]... [--frames N] [--json FILE]
//
// What a detection costs, from PNG bytes to boxes, one frame at a time on one process: on drawn scenes, so no data is needed.

#include <ATen/DeviceAccelerator.h>
#include <ATen/Parallel.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "bench.hpp"
#include "config/run_file.hpp"
#include "data/frame_reader.hpp"
#include "io/image.hpp"
#include "json_output.hpp"
#include "machine.hpp"
#include "synth/generate.hpp"
#include "timings.hpp"
#include "train/detector.hpp"
#include "train/device.hpp"

namespace fastbox::apps {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr int uncounted_frames = 3;
constexpr int scenes = 8;  // drawn once, then again and again

struct Options : RunFileOptions {
  std::string checkpoint;
  int frames = 50;
};

std::vector<std::string> drawn_scenes(std::uint64_t seed) {
  std::vector<std::string> pngs;
  for (std::uint64_t i = 0; i < scenes; ++i) pngs.push_back(io::encode_png(synth::render_scene(seed, i).rgb));
  return pngs;
}

train::LoadedModel load(const Options& options) {
  if (!options.checkpoint.empty()) return train::load_model(options.checkpoint, options.overrides, 0);
  train::LoadedModel fresh;
  fresh.config = config::load(options.run_file, options.overrides);
  const auto device = train::choose_device(fresh.config.settings.run.device, 0);
  fresh.model = train::make_model(fresh.config.settings, device);
  return fresh;
}

/// Milliseconds since the last call.
class Lap {
 public:
  double operator()() {
    const auto now = Clock::now();
    const double passed = std::chrono::duration<double, std::milli>(now - last_).count();
    last_ = now;
    return passed;
  }

 private:
  Clock::time_point last_ = Clock::now();
};

Json measure(const Options& options) {
  const train::LoadedModel loaded = load(options);
  const config::Settings& settings = loaded.config.settings;
  at::set_num_threads(train::choose_threads(settings.run.threads, 1));
  const train::Detector detector(*loaded.model, settings);
  const auto pngs = drawn_scenes(static_cast<std::uint64_t>(settings.run.seed));

  std::vector<double> decode, resize, forward, boxes, whole;
  std::size_t detections = 0;
  for (int i = -uncounted_frames; i < options.frames; ++i) {
    const std::string& png = pngs[static_cast<std::size_t>(i + uncounted_frames) % pngs.size()];
    Lap lap;
    const cv::Mat picture = io::decode_frame(png, "a drawn scene");
    const double decoded = lap();
    const auto frame = data::for_evaluation(picture, settings.model.width, settings.model.height);
    const double resized = lap();
    const auto seen = detector.see(frame);
    if (!seen.box.is_cpu()) at::accelerator::getCurrentStream(seen.box.device().index()).synchronize();
    const double answered = lap();
    const std::size_t found = detector.objects_of(seen, frame.frame_width, frame.frame_height).size();
    const double boxed = lap();
    if (i < 0) continue;
    detections += found;
    decode.push_back(decoded), resize.push_back(resized), forward.push_back(answered), boxes.push_back(boxed);
    whole.push_back(decoded + resized + answered + boxed);
  }
  return {{"processor", processor_name()},
          {"device", loaded.model->parameters().front().device().str()},
          {"precision", settings.run.precision},
          {"threads", at::get_num_threads()},
          {"width", settings.model.width},
          {"height", settings.model.height},
          {"trained", !options.checkpoint.empty()},
          {"frames", options.frames},
          {"detections_per_image", static_cast<double>(detections) / options.frames},
          {"images_per_second", 1e3 / median(whole)},
          {"milliseconds",
           {{"decode", spread(decode)},
            {"resize", spread(resize)},
            {"network", spread(forward)},
            {"boxes", spread(boxes)},
            {"whole", spread(whole)}}}};
}

void print(const Json& report) {
  for (const auto& [piece, milliseconds] : report["milliseconds"].items())
    std::cout << piece << ": " << significant(milliseconds["median"].get<double>(), 3) << " ms ("
              << significant(milliseconds["min"].get<double>(), 3) << " to "
              << significant(milliseconds["max"].get<double>(), 3) << ")\n";
  std::cout << "images/s: " << fixed(report["images_per_second"].get<double>(), 2)
            << ", detections an image: " << fixed(report["detections_per_image"].get<double>(), 1)
            << (report["trained"].get<bool>()
                    ? ""
                    : " (untrained weights: more boxes to suppress than a trained network has)")
            << '\n';
}

void bench(const Options& options) {
  if (!options.checkpoint.empty() && !options.run_file.empty())
    fail(ExitCode::usage, "bench eval: a checkpoint brings its run file; --config is for untrained weights");
  const Json report = measure(options);
  if (options.json != "-") print(report);
  write_json(options.json, report);
}

}  // namespace

void add_bench_eval(CLI::App& bench_command) {
  auto* command = bench_command.add_subcommand("eval", "Times a detection from PNG bytes to boxes; needs no data");
  auto options = std::make_shared<Options>();
  command->add_option("RUN_DIR", options->checkpoint, "a run folder or a checkpoint (default: untrained weights)");
  add_run_file_options(*command, *options);
  command->add_option("--frames", options->frames, "timed frames, after three that are not")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
  command->callback([options] { bench(*options); });
}

}  // namespace fastbox::apps
