// Images, labels, lists and checkpoints that a run cannot use: exit code 3, a message that names the file and
// what was expected there, and nothing half-written.

#include <opencv2/imgcodecs.hpp>

#include <chrono>
#include <functional>

#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

constexpr int data_error = 3;
const std::string columns = "0 0 0 700 150 800 200 1.5 1.6 3.9 1 1.6 20 0";  // of a car, all but its type

/// One step over all twelve training frames, then the validation frames.
Words one_step(const fs::path& folder, const fs::path& root) {
  return small_training(folder, {"train.samples=12", "data.root=" + root.string()});
}

void write_png(const fs::path& file, int type) {
  fs::remove(file);
  REQUIRE(cv::imwrite(file.string(), cv::Mat(375, 1242, type, cv::Scalar::all(90))));
}

/// What is done to a data set, and what the message must hold.
struct Fault {
  std::string name;
  std::function<void(const DataCopy&)> make;
  Words messages;
};

const std::vector<Fault> faults = {
    {"a missing image",
     [](const DataCopy& data) { fs::remove(data.image("000003")); },
     {"image_2/000003.png", "missing", "train.txt:4"}},
    {"a missing label",
     [](const DataCopy& data) { fs::remove(data.label("000003")); },
     {"label_2/000003.txt", "missing", "train.txt:4"}},
    {"a missing label of a validation frame",
     [](const DataCopy& data) { fs::remove(data.label("000013")); },
     {"label_2/000013.txt", "missing", "val.txt:2"}},
    {"a truncated PNG",
     [](const DataCopy& data) {
       const std::string bytes = text_of(data.image("000004"));
       DataCopy::replace(data.image("000004"), bytes.substr(0, bytes.size() / 2));
     },
     {"image_2/000004.png", "truncated"}},
    {"a 16-bit PNG",
     [](const DataCopy& data) { write_png(data.image("000004"), CV_16UC3); },
     {"image_2/000004.png", "16-bit RGB", "expected 8-bit RGB"}},
    {"a grey PNG",
     [](const DataCopy& data) { write_png(data.image("000004"), CV_8UC1); },
     {"image_2/000004.png", "8-bit grey", "expected 8-bit RGB"}},
    {"a label line of 14 columns",
     [](const DataCopy& data) {
       DataCopy::replace(data.label("000005"), "Car " + columns + "\nCar " + columns.substr(2) + "\n");
     },
     {"label_2/000005.txt:2", "14 columns", "15"}},
    {"a word for a number in a label",
     [](const DataCopy& data) {
       DataCopy::replace(data.label("000005"), "Car 0 0 0 700 wide 800 200 1.5 1.6 3.9 1 1.6 20 0\n");
     },
     {"label_2/000005.txt:1", "'wide'"}},
    {"a box wholly outside the image",
     [](const DataCopy& data) {
       DataCopy::replace(data.label("000005"), "Car " + columns + "\n\nCar 0 0 0 1300 150 1400 200 1 1 1 1 1 20 0\n");
     },
     {"label_2/000005.txt:3", "outside the image"}},
    {"an empty list",
     [](const DataCopy& data) { DataCopy::replace(data.list("train"), "# none yet\n"); },
     {"splits/train.txt", "empty"}},
    {"a frame listed twice",
     [](const DataCopy& data) { DataCopy::replace(data.list("train"), "000001\n000002\n000001\n"); },
     {"splits/train.txt:3", "000001", "twice", "line 1"}},
    {"a listed frame that is not there",
     [](const DataCopy& data) { DataCopy::replace(data.list("val"), "000012\n000099\n"); },
     {"image_2/000099.png", "val.txt:2"}},
};

TEST_CASE("a fault in the data ends a run with code 3 and names the file", "[bad_frames]") {
  for (const auto& fault : faults) {
    INFO(fault.name);
    const DataCopy data;
    fault.make(data);
    const fs::path folder = new_path("run");
    const Outcome outcome = run(one_step(folder, data.root()));
    CHECK_THAT(outcome, Exits(data_error));
    for (const auto& message : fault.messages) CHECK_THAT(outcome, Tells(message));
    CHECK_FALSE(left_half_written(folder));
  }
}

TEST_CASE("an empty label and a box partly outside are no faults", "[bad_frames]") {
  const DataCopy data;
  DataCopy::replace(data.label("000005"), "");
  DataCopy::replace(data.label("000006"), "Car 0 0 0 1200 150 1300 200 1.5 1.6 3.9 1 1.6 20 0\n");
  DataCopy::replace(data.label("000014"), "");
  const fs::path folder = new_path("run");
  REQUIRE_THAT(run(one_step(folder, data.root())), Exits(0));
  CHECK(fs::exists(folder / "eval.json"));
}

TEST_CASE("a bad frame that one of two ranks reads ends the whole job", "[bad_frames]") {
  constexpr std::chrono::seconds patience{60};  // it is over within 10 on an idle machine, and never where ranks wait
  const std::string trained_on = "000000", evaluated_on = "000013";
  for (const std::string& name : {trained_on, evaluated_on}) {
    INFO(name);
    const DataCopy data;
    DataCopy::replace(data.image(name), text_of(data.image(name)).substr(0, 4000));
    const fs::path folder = new_path("run");
    const Outcome outcome = Process(on_ranks(2, one_step(folder, data.root()))).wait(patience);
    CHECK_THAT(outcome, Exits(data_error) && Tells(data.image(name).string()) && Tells("truncated"));
    if (name == trained_on)
      CHECK_FALSE(left_half_written(folder));
    else  // what was trained is not lost to a bad validation frame
      CHECK(fs::exists(folder / "checkpoints/latest/manifest.json"));
  }
}

TEST_CASE("a missing list and a missing root", "[bad_frames]") {
  const fs::path folder = new_path("run");
  CHECK_THAT(run(one_step(folder, "no/such/root")), Exits(data_error) && Tells("no/such/root") && Tells("data.root"));
  CHECK_THAT(run(small_training(folder, {"data.train=no/such/list.txt"})),
             Exits(data_error) && Tells("no/such/list.txt") && Tells("data.train"));
  CHECK_FALSE(left_half_written(folder));
}

TEST_CASE("an unusable checkpoint ends a resumed run and an evaluation", "[bad_frames]") {
  const fs::path folder = new_path("run"), json = new_path("eval.json");
  fs::copy(learned_run(), folder, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  const fs::path step = folder / "checkpoints" / "step-00000040";
  std::string bytes = text_of(step / "model.safetensors");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  DataCopy::replace(step / "model.safetensors", bytes);

  CHECK_THAT(run(one_step(folder, made_data()) + Words{"--resume"}), Exits(data_error) && Tells(folder.string()));
  CHECK_THAT(run(fastbox({"eval", "--checkpoint", step.string(), "--json", json.string()})),
             Exits(data_error) && Tells((step / "model.safetensors").string()) && Tells("sha256"));
  CHECK_FALSE(fs::exists(json));
  fs::remove(step / "model.safetensors");
  CHECK_THAT(run(fastbox({"predict", "--checkpoint", step.string(), "--out", json.string(), "x.png"})),
             Exits(data_error));
  CHECK_THAT(run(fastbox({"eval", "--checkpoint", made_data().string()})), Exits(data_error) && Tells("checkpoint"));
}

TEST_CASE("weights of another model are refused, tensor by tensor", "[bad_frames]") {
  const fs::path folder = new_path("run");
  const std::string weights = (learned_run() / "checkpoints" / "latest" / "model.safetensors").string();
  CHECK_THAT(run(small_training(folder, {"model.weights=" + weights})),
             Exits(data_error) && Tells(weights) && Tells("ip: shape [48, 64], expected [48, 32]"));
  CHECK_FALSE(left_half_written(folder));
  REQUIRE_THAT(run(small_training(folder, {"model.weights=" + weights, "model.hidden=64", "train.samples=12"})),
               Exits(0));
}

}  // namespace
}  // namespace fastbox::test
