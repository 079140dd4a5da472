// Encoders with batch normalisation, as a user trains, resumes, evaluates and starts from them.

#include "base/files.hpp"
#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

/// Four steps on one frame's images, so that a run takes a second or two; a checkpoint after the second and the fourth.
Words training(const fs::path& folder, const Words& more) {
  static const std::string one_frame = new_list({"000012"}).string();
  return small_training(
      folder, Words{"data.val=" + one_frame, "model.width=96", "model.height=64", "train.batch=4", "train.samples=16",
                    "checkpoint.every=2", "model.width_multiple=0.125", "optimizer.average=0.5", "run.log_every=1"} +
                  more);
}

nlohmann::json classes_of(const fs::path& evaluation) {
  return json_of(evaluation).at("classes");
}

TEST_CASE("bench step measures every encoder, at two ranks", "[encoders]") {
  for (const std::string encoder : {"resnet50", "googlenet"}) {
    INFO(encoder);
    const Outcome outcome = run(
        on_ranks(2, fastbox({"bench", "step", "--config", "configs/kitti-small.yaml", "--steps", "2", "--json", "-"}) +
                        settings({"model.encoder=" + encoder, "model.width=96", "model.height=64",
                                  "model.width_multiple=0.125", "train.batch=2", "run.threads=1", "run.device=cpu"})));
    REQUIRE_THAT(outcome, Exits(0));
    const auto report = nlohmann::json::parse(outcome.out);
    CHECK(report.at("images_per_second").get<double>() > 0);
    CHECK(report.at("shards") == 0);
  }
}

TEST_CASE("trained statistics are saved, averaged and resumed to the bit at two ranks", "[encoders_resume]") {
  const fs::path whole = new_path("whole"), folder = new_path("resumed"), json = new_path("eval.json");
  const Words googlenet = {"model.encoder=googlenet"};
  const Outcome first = run(on_ranks(2, training(whole, googlenet)));
  REQUIRE_THAT(first, Exits(0) && Tells("gradients are summed in no fixed order"));
  fs::copy(whole, folder, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  fs::remove_all(folder / "checkpoints" / "step-00000004");
  fs::remove(folder / "eval.json");
  REQUIRE_THAT(run(on_ranks(2, training(folder, googlenet) + Words{"--resume"})), Exits(0) && Tells("step 2/4"));
  for (const char* file : {"model.safetensors", "optimizer.safetensors"}) {
    INFO(file);
    CHECK(sha256_of_file(folder / "checkpoints/step-00000004" / file) ==
          sha256_of_file(whole / "checkpoints/step-00000004" / file));
  }
  CHECK(text_of(whole / "checkpoints/latest/config.yaml").find("batch_norm: train") != std::string::npos);

  REQUIRE_THAT(run(fastbox({"eval", "--checkpoint", whole.string(), "--json", json.string()})), Exits(0));
  CHECK(classes_of(json) == classes_of(whole / "eval.json"));

  CHECK_THAT(run(on_ranks(2, training(folder, googlenet + Words{"parallel.shards=4"}) + Words{"--resume"})),
             Exits(2) && Tells("parallel.shards: 4") && Tells("set model.batch_norm to frozen"));
  CHECK_THAT(run(training(folder, googlenet + Words{"model.freeze=9"}) + Words{"--resume"}),
             Exits(2) && Tells("model.freeze: 9, expected at most 4"));
}

TEST_CASE("a run from another's weights freezes batch normalisation, and may freeze stages", "[encoders]") {
  const fs::path first = new_path("first"), second = new_path("second"), third = new_path("third");
  const Words resnet = {"model.encoder=resnet50"};
  REQUIRE_THAT(run(training(first, resnet)), Exits(0));
  const std::string weights = (first / "checkpoints/latest/model.safetensors").string();
  const Words from_weights = resnet + Words{"model.weights=" + weights, "parallel.shards=4", "model.freeze=1"};
  const Outcome alone = run(training(second, from_weights));
  REQUIRE_THAT(alone, Exits(0) && Tells("(safetensors): loaded"));
  CHECK(text_of(second / "checkpoints/latest/config.yaml").find("batch_norm: frozen") != std::string::npos);
  // Frozen, nothing depends on the number of ranks.
  REQUIRE_THAT(run(on_ranks(2, training(third, from_weights))), Exits(0) && Tells("4 shards"));
  CHECK(sha256_of_file(third / "checkpoints/latest/model.safetensors") ==
        sha256_of_file(second / "checkpoints/latest/model.safetensors"));
  CHECK_THAT(run(training(new_path("other"), {"model.encoder=resnet101", "model.weights=" + weights})),
             Exits(3) && Tells("encoder.layer3.10.bn1.bias: missing"));
}

}  // namespace
}  // namespace fastbox::test
