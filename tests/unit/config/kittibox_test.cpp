#include "config/kittibox.hpp"

#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "config/run_file.hpp"
#include "support/support.hpp"

using namespace fastbox;

namespace {

/// Its run file, loaded.
config::RunConfig loaded(const std::string& hypes) {
  const test::ScratchFolder folder;
  write_file_atomically(folder / "run.yaml", config::import_kittibox(hypes, "hypes.json").text);
  return config::load(folder / "run.yaml");
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("every kind of KittiBox's keys finds its place", "[kittibox]") {
  const std::string hypes = R"({
    "model": {"architecture_file": "../encoder/vgg.py", "input_file": "../inputs/mine.py"},
    "data": {"train_file": "KittiBox/train.txt", "truncate_data": false},
    "logging": {"display_iter": 7, "eval_iter": 300, "save_iter": 400, "write_iter": 5},
    "solver": {"opt": "Adam", "use_jitter": false, "rnd_seed": 9, "epsilon": 0.001, "learning_rate": 2e-5,
               "learning_rate_step": null, "weights": "", "head_weights": [2.0, 0.5], "max_steps": 1234},
    "path": ["../incl"], "use_rezoom": true, "rezoom_w_coords": [-0.25, 0, 0.25], "augment_level": 2,
    "image_height": 192, "image_width": 640, "batch_size": 3, "tau": 0.4, "focus_size": 2.5, "clip_norm": 5.0,
    "num_inner_channel": 64, "wd": 1e-4, "detect_truck": true})";
  const auto settings = loaded(hypes).settings;
  CHECK(settings.model.encoder == "vgg16");
  CHECK(settings.model.width == 640);
  CHECK(settings.model.height == 192);
  CHECK(settings.model.hidden == 64);
  CHECK(settings.run.log_every == 7);
  CHECK(settings.run.seed == 9);
  CHECK(settings.evaluation.every == 300);
  CHECK(settings.evaluation.every_samples == 0);
  CHECK(settings.checkpoint.every == 400);
  CHECK(settings.evaluation.overlap == 0.4);
  CHECK(settings.optimizer.name == "adam");
  CHECK(settings.optimizer.epsilon == 0.001);
  CHECK(settings.optimizer.learning_rate == 2e-5);
  CHECK(settings.optimizer.clip_norm == 5);
  CHECK(settings.optimizer.reference_batch == 3);
  CHECK(settings.train.batch == 3);
  CHECK(settings.train.batch_per_rank == 0);
  CHECK(settings.train.steps == 1234);
  CHECK(settings.train.samples == 0);
  CHECK(settings.loss.confidence == 2);
  CHECK(settings.loss.box == 0.5);
  CHECK(settings.loss.delta_confidence == 0.2);
  CHECK(settings.loss.delta_box == 0.015);
  CHECK(settings.loss.weight_decay == 1e-4);
  CHECK(settings.targets.radius == 2.5);
  CHECK(settings.targets.positives == std::vector<std::string>{"Car", "Van", "Truck"});
  CHECK(settings.augmentation.flip == 0);
  CHECK(settings.augmentation.saturation == std::vector<double>{0.5, 1.6});
  CHECK(settings.augmentation.hue == 0.15);

  const auto imported = config::import_kittibox(hypes, "hypes.json");
  CHECK(imported.warnings.empty());
  for (const char* name : {"model.input_file", "data.train_file", "logging.write_iter", "path", "use_rezoom"})
    CHECK(holds(imported.text, concat("#   ", name, ":")));
}

TEST_CASE("KittiBox's own constants are fastbox's defaults", "[kittibox]") {
  const auto settings = loaded(R"({"solver": {"use_jitter": true, "head_weights": [1.0, 0.1], "epsilon": 0.00001,
      "learning_rate": 1e-5}, "augment_level": 1, "tau": 0.35, "focus_size": 1.8, "clip_norm": 1.0, "wd": 5e-4,
      "num_inner_channel": 500, "image_width": 1248, "image_height": 384, "detect_truck": false})")
                            .settings;
  const config::Settings defaults;
  CHECK(settings.loss.delta_confidence == defaults.loss.delta_confidence);
  CHECK(settings.loss.delta_box == defaults.loss.delta_box);
  CHECK(settings.loss.weight_decay == defaults.loss.weight_decay);
  CHECK(settings.augmentation.flip == defaults.augmentation.flip);
  CHECK(settings.augmentation.brightness == defaults.augmentation.brightness);
  CHECK(settings.augmentation.contrast == defaults.augmentation.contrast);
  CHECK(settings.augmentation.hue == defaults.augmentation.hue);
  CHECK(settings.evaluation.overlap == defaults.evaluation.overlap);
  CHECK(settings.targets.positives == defaults.targets.positives);
  CHECK(settings.optimizer.epsilon == defaults.optimizer.epsilon);
  CHECK(settings.model.hidden == defaults.model.hidden);
}

TEST_CASE("what a run will do otherwise is warned of", "[kittibox]") {
  const auto imported = config::import_kittibox(
      R"({"model": {"architecture_file": "../encoder/mobilenet.py"}, "use_rezoom": false, "scale_down": 0.2,
          "solver": {"opt": "RMS", "weights": "a.ckpt"}, "my_own": "x\n\ntrain:\n  steps: 1"})",
      "hypes.json");
  REQUIRE(imported.warnings.size() == 6);
  CHECK(holds(imported.warnings[0], "mobilenet"));
  CHECK(holds(imported.warnings[1], "use_rezoom is false"));
  CHECK(holds(imported.warnings[2], "scale_down is 0.2"));
  CHECK(holds(imported.warnings[3], "solver.opt is RMS"));
  CHECK(holds(imported.warnings[4], "solver.weights"));
  CHECK(holds(imported.warnings[5], "my_own"));
  // A stranger's text stays in its comment.
  CHECK_FALSE(holds(imported.text, "\ntrain:"));
}

TEST_CASE("KittiBox's encoders are known by their names here", "[kittibox]") {
  const auto encoder_of = [](const std::string& hypes) { return config::import_kittibox(hypes, "hypes.json").text; };
  CHECK(holds(encoder_of(R"({"model": {"architecture_file": "../encoder/googlenet.py"}})"), "encoder: googlenet"));
  CHECK(holds(encoder_of(R"({"arch": {"layers": 101}, "model": {"architecture_file": "../encoder/resnet.py"}})"),
              "encoder: resnet101"));
}

TEST_CASE("what is no hypes file is refused", "[kittibox]") {
  const auto message = [](const std::string& text) {
    const auto caught = test::caught([&] { config::import_kittibox(text, "hypes.json"); });
    CHECK(caught.code == ExitCode::usage);
    return caught.message;
  };
  CHECK(holds(message("{"), "hypes.json: no JSON"));
  CHECK(holds(message("[1]"), "expected an object"));
  CHECK(holds(message(R"({"solver": {"max_steps": "many"}})"), "solver.max_steps: expected a number, found \"many\""));
  CHECK(holds(message(R"({"detect_truck": 1})"), "detect_truck: expected true or false"));
  CHECK(holds(message(R"({"solver": {"head_weights": [1]}})"), "two numbers"));
  CHECK(holds(message(std::string(100000, '[')), "hypes.json"));
}
