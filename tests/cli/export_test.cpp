// fastbox export: PyTorch, ONNX's runtime and another run of ours take what it writes. Skipped where no Python has torch.

#include <algorithm>

#include "base/files.hpp"
#include "cli/workplace.hpp"
#include "io/kitti_label.hpp"
#include "io/safetensors.hpp"
#include "support/support.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

/// FASTBOX_PYTHON, or the one beside the LibTorch of this build; empty where it lacks a module.
std::string python_with(const std::string& modules) {
  const char* named = std::getenv("FASTBOX_PYTHON");
  const std::string python = named != nullptr ? named : FASTBOX_TORCH_PYTHON;
  return fs::exists(python) && run({python, "-c", "import " + modules}).exit_code == 0 ? python : "";
}

Words exporting(const fs::path& file, const Words& more = {}) {
  return fastbox({"export", "--checkpoint", learned_run().string(), "--out", file.string()}) + more;
}

std::string image(const std::string& name) {
  return (made_data() / "training" / "image_2" / (name + ".png")).string();
}

TEST_CASE("in PyTorch, the archive finds what predict finds", "[export_torchscript]") {
  const std::string python = python_with("torch, numpy, PIL");
  SKIP_UNLESS(!python.empty(), "no Python with torch (scripts/setup --cuda makes one)");
  const fs::path archive = new_path("model.pt"), out = new_path("out");
  const Words names = {"000000", "000002", "000007"};
  Words images;
  for (const auto& name : names) images.push_back(image(name));
  REQUIRE_THAT(run(exporting(archive)), Exits(0) && Tells("torchscript of"));
  REQUIRE_THAT(
      run(fastbox({"predict", "--checkpoint", learned_run().string(), "--out", out.string(), "--decimals", "6"}) +
          images),
      Exits(0));
  const Outcome outcome = run(Words{python, "tests/cli/run_export.py", archive.string()} + images);
  REQUIRE_THAT(outcome, Exits(0));
  const auto answer = nlohmann::json::parse(outcome.out);
  const auto classes = answer.at("description").at("classes");
  CHECK(answer.at("description").at("weights_sha256") ==
        sha256_of_file(learned_run() / "checkpoints/latest/model.safetensors"));
  for (std::size_t k = 0; k < names.size(); ++k) {
    INFO(names[k]);
    const auto& found = answer.at("found").at(k);
    const auto expected = io::read_detections(out / (names[k] + ".txt"));
    REQUIRE(found.at("boxes").size() == expected.size());
    CHECK(expected.size() > 0);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const auto& box = expected[i].box;
      const double edges[] = {box.left, box.top, box.right, box.bottom};
      for (std::size_t e = 0; e < 4; ++e)
        CHECK(found["boxes"][i][e].get<double>() == Approx(edges[e]).margin(1e-4).epsilon(0));
      CHECK(found["scores"][i].get<double>() == Approx(expected[i].score).margin(1e-5).epsilon(0));
      CHECK(classes.at(found["labels"][i].get<std::size_t>()) == expected[i].type);
    }
  }
}

TEST_CASE("safetensors: another run starts from it, and reads what it is", "[export]") {
  const fs::path file = new_path("model.safetensors"), again = new_path("run");
  REQUIRE_THAT(run(exporting(file, {"--format", "safetensors"})), Exits(0));
  const io::SafetensorsFile exported(file);
  CHECK(exported.metadata().at("classes") == "Car");
  CHECK(exported.metadata().at("encoder") == "small");
  const io::SafetensorsFile kept(learned_run() / "checkpoints/latest/model.safetensors");
  REQUIRE(exported.tensors().size() == kept.tensors().size());
  for (const auto& [name, tensor] : kept.tensors()) {
    INFO(name);
    CHECK(std::ranges::equal(exported.at(name).bytes, tensor.bytes));
  }
  const Outcome outcome =
      run(small_training(again, {"model.weights=" + file.string(), "model.hidden=64", "train.samples=12"}));
  CHECK_THAT(outcome, Exits(0) && Tells("safetensors") && Tells("loaded"));
}

TEST_CASE("what is refused", "[export]") {
  const fs::path file = new_path("model.pt");
  CHECK_THAT(run(fastbox({"export", new_path("nothing").string(), "--output", file.string()})), Exits(3));
  CHECK_THAT(run(exporting(file, {"--format", "pickle"})), Exits(2) && Tells("pickle"));
  DataCopy::replace(file, "mine");
  CHECK_THAT(run(exporting(file / "model.pt")), Exits(4) && Tells(file.string()));
  CHECK_THAT(run(exporting(file)), Exits(2) && Tells("is there already"));
  CHECK(text_of(file) == "mine");
}

TEST_CASE("scripts/to-onnx: onnxruntime says what the archive says", "[export_onnx]") {
  const std::string python = python_with("torch, onnx, onnxruntime");
  SKIP_UNLESS(!python.empty(), "no Python with onnx and onnxruntime (scripts/setup --cuda makes one)");
  const fs::path archive = new_path("model.pt"), onnx = new_path("model.onnx");
  REQUIRE_THAT(run(exporting(archive)), Exits(0));
  const Outcome outcome = run({python, "scripts/to-onnx", archive.string(), onnx.string()});
  REQUIRE_THAT(outcome, Exits(0));
  CHECK(outcome.out.find("largest differences") != std::string::npos);
  CHECK_THAT(run({python, "scripts/to-onnx", archive.string(), onnx.string()}), Exits(2) && Tells("is there already"));
  const fs::path other = new_path("other.pt");
  DataCopy::replace(other, "no archive");
  CHECK_THAT(run({python, "scripts/to-onnx", other.string(), new_path("x.onnx").string()}),
             Exits(3) && Tells("not an archive"));
}

TEST_CASE("scripts/to-onnx: the same of center's three classes, mirrored and enlarged looks", "[export_onnx]") {
  const std::string python = python_with("torch, onnx, onnxruntime");
  SKIP_UNLESS(!python.empty(), "no Python with onnx and onnxruntime (scripts/setup --cuda makes one)");
  const fs::path trained = new_path("center"), archive = new_path("center.pt"), onnx = new_path("center.onnx");
  REQUIRE_THAT(run(small_training(
                   trained, {"model.decoder=center", "model.cell=4", "evaluation.mirror=true", "evaluation.zoom=1.5",
                             "train.samples=12", "targets.classes=[Car-Van, Pedestrian-Person_sitting, Cyclist]"})),
               Exits(0));
  REQUIRE_THAT(run(fastbox({"export", "--checkpoint", trained.string(), "--out", archive.string()})), Exits(0));
  CHECK_THAT(run({python, "scripts/to-onnx", archive.string(), onnx.string()}), Exits(0));
}

}  // namespace
}  // namespace fastbox::test
