#include "made_run.hpp"

#include <opencv2/core.hpp>

#include "base/files.hpp"
#include "config/resolved.hpp"
#include "io/image.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* car = "Car 0.00 0 0.00 20.00 20.00 120.00 80.00 1.5 1.6 3.9 0 1.6 20 0";

/// A class of eval.json, the same at each difficulty.
std::string final_class(const std::string& name, double ap40) {
  std::string slots;
  for (int i = 0; i < 41; ++i) slots += concat(i == 0 ? "" : ", ", i < 20 ? "1.0" : i < 30 ? "0.5" : "0.0");
  const std::string figures = concat(
      R"({"ap40": )", ap40, R"(, "ap11": 61.5, "mean41": 60.5, "ground_truths": 7, "precision": [)", slots, "]}");
  return concat('"', name, R"(": {"easy": )", figures, R"(, "moderate": )", figures, R"(, "hard": )", figures, '}');
}

std::string eval_json(const std::string& classes) {
  return concat(R"({"frames": 1, "evaluator": "kitti2017", "classes": {)", classes,
                R"(}, "milliseconds_per_image": 12.5})");
}

/// A class of "ap" behind another, the same at each difficulty.
std::string evaluated_class(const std::string& name, double ap40) {
  const std::string figures = concat(R"({"ap40":)", ap40, R"(,"ap11":10,"mean41":11})");
  return concat(R"(,")", name, R"(":{"easy":)", figures, R"(,"moderate":)", figures, R"(,"hard":)", figures, '}');
}

}  // namespace

void make_data(const fs::path& root) {
  const cv::Mat road(100, 200, CV_8UC3, cv::Scalar(90, 100, 110));
  for (const std::string name : {"000000", "000001", "000002"}) {
    io::write_picture(root / "training" / "image_2" / (name + ".png"), road);
    write_file_atomically(root / "training" / "label_2" / (name + ".txt"), std::string(car) + "\n");
  }
  write_file_atomically(root / "splits" / "train.txt", "000000\n000001\n");
  write_file_atomically(root / "splits" / "val.txt", "000002\n");
}

std::string training_line(int step, int samples, double loss, const std::string& more) {
  return concat(R"({"step":)", step, R"(,"samples":)", samples, R"(,"loss":)", loss, R"(,"losses":{"confidence":)",
                loss / 2, R"(,"box":)", loss / 2,
                R"(,"delta_confidence":0,"delta_box":0,"weight_decay":0},"learning_rate":0.001,"gradient_norm":2,)"
                R"("images_per_second":8,"ranks":2,"time":{"data":0.01,"forward":0.1,"backward":0.3,)"
                R"("exposed_communication":0.05,"optimizer":0.02})",
                more, "}\n");
}

std::string evaluation_line(int step, int samples, double moderate, const std::string& more,
                            const std::string& others) {
  return concat(R"({"step":)", step, R"(,"samples":)", samples,
                R"(,"ap":{"car":{"easy":{"ap40":70,"ap11":69,"mean41":68},)", R"("moderate":{"ap40":)", moderate,
                R"(,"ap11":40,"mean41":41},"hard":{"ap40":30,"ap11":29,"mean41":28}})", others,
                R"(},"milliseconds_per_image":10)", more, "}\n");
}

void make_run(const fs::path& folder, const fs::path& data, const std::vector<std::string>& overrides) {
  std::vector<std::string> all = {"data.root=" + data.string(), "train.samples=16", "train.batch=4"};
  all.insert(all.end(), overrides.begin(), overrides.end());
  write_file_atomically(folder / "config.yaml", config::to_yaml(config::load("", all), /*with_origins=*/true));
  const std::string ranks =
      R"(,"rank_times":[{"data":0.01,"compute":0.3,"exchange":0.01},{"data":0.01,"compute":0.4,"exchange":0.01}])";
  const std::string late = R"(,"straggler":{"rank":1,"cause":"compute","late_seconds":0.1})";
  write_file_atomically(folder / "metrics.jsonl", training_line(1, 4, 9, ranks + R"(,"startup_seconds":1.5)") +
                                                      training_line(2, 8, 6, ranks + late) +
                                                      evaluation_line(2, 8, 40.25, R"(,"evaluation_seconds":2)") +
                                                      training_line(3, 12, 4, ranks + late + R"(,"save_seconds":0.5)") +
                                                      training_line(4, 16, 3, ranks) +
                                                      evaluation_line(4, 16, 62.5, R"(,"evaluation_seconds":3)"));
  write_file_atomically(folder / "eval.json", eval_json(final_class("car", 62.5) + R"(, "pedestrian": null)"));
  write_file_atomically(folder / "log.txt",
                        "2026-11-23 15:39:46.761 info training on 2 frames\n"
                        "2026-11-23 15:39:50.000 warning the disk is <nearly> full\n"
                        "2026-11-23 15:40:00.000 info step 4/4\n");
  const std::string found =
      "Car -1 -1 -10 22.00 20.00 120.00 80.00 -1 -1 -1 -1000 -1000 -1000 -10 0.900000\n"
      "Car -1 -1 -10 150.00 20.00 190.00 80.00 -1 -1 -1 -1000 -1000 -1000 -10 0.400000\n";
  write_file_atomically(folder / "detections" / "step-00000004" / "000002.txt", found);
  const fs::path saved = folder / "checkpoints" / "step-00000004";
  write_file_atomically(
      saved / "state.json",
      R"({"format": 2, "step": 4, "samples": 16, "replaced_samples": 3, "failed_evaluations": 1, "epoch": 8})");
  write_file_atomically(saved / "model.safetensors", std::string(2000, 'x'));
  fs::create_directory_symlink("step-00000004", folder / "checkpoints" / "latest");
}

void make_three_class_run(const fs::path& folder, const fs::path& data) {
  make_run(folder, data, {"targets.classes=[Car-Van, Pedestrian-Person_sitting, Cyclist]"});
  const auto others = [](double pedestrians, double cyclists) {
    return evaluated_class("pedestrian", pedestrians) + evaluated_class("cyclist", cyclists);
  };
  write_file_atomically(folder / "metrics.jsonl",
                        training_line(2, 8, 6) + evaluation_line(2, 8, 40.25, "", others(20.5, 10.75)) +
                            training_line(4, 16, 3) + evaluation_line(4, 16, 62.5, "", others(31.25, 15.25)));
  write_file_atomically(folder / "eval.json",
                        eval_json(concat(final_class("car", 62.5), ", ", final_class("pedestrian", 31.25), ", ",
                                         final_class("cyclist", 15.25))));
}

}  // namespace fastbox::test
