#include <algorithm>
#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "config/run_file.hpp"
#include "support/support.hpp"

using namespace fastbox;

namespace {

/// The message about a run file with the text, its folder's name taken out.
std::string complaint(const std::string& text, const std::vector<std::string>& overrides = {},
                      const std::vector<std::pair<std::string, std::string>>& others = {}) {
  const test::ScratchFolder folder;
  write_file_atomically(folder / "my.yaml", text);
  for (const auto& [name, content] : others) write_file_atomically(folder / name, content);
  const auto error = test::caught([&] { config::load(folder / "my.yaml", overrides); });
  CHECK(error.code == ExitCode::usage);
  std::string message = error.message;
  const std::string prefix = folder.path().string() + "/";
  for (auto at = message.find(prefix); at != std::string::npos; at = message.find(prefix))
    message.erase(at, prefix.size());
  return message;
}

}  // namespace

TEST_CASE("an unknown key is named with its place and the likely one", "[run_file_errors]") {
  CHECK(complaint("\noptimizer:\n  lerning_rate: 1\n") ==
        "my.yaml:3:3: unknown key 'optimizer.lerning_rate'; did you mean 'optimizer.learning_rate'?");
  CHECK(complaint("optimizr:\n  name: sgd\n") == "my.yaml:1:1: unknown key 'optimizr'; did you mean 'optimizer'?");
  CHECK(complaint("zebra_crossing: 1\n") == "my.yaml:1:1: unknown key 'zebra_crossing'");
  CHECK(complaint("run.seed: 1\n") == "my.yaml:1:1: 'run.seed' in one word; write it under 'run:'");
  CHECK(complaint("run: 3\n") == "my.yaml:1:6: run: expected keys such as 'run.seed', found '3'");
  CHECK(complaint("[run]\n") == "my.yaml:1:1: found a list, expected keys such as 'train:'");
}

TEST_CASE("all problems are told at once", "[run_file_errors]") {
  CHECK(complaint("model:\n  width: 1250\n  hidden: many\n  dropout:\nrun:\n  device: gpu\n  sead: 1\n  "
                  "device: cpu\n",
                  {"train.samples=-1", "nokey", "train.sampels=1"}) ==
        "my.yaml:8:3: 'device' is given twice, first in line 6\n"
        "my.yaml:2:10: model.width: expected an integer from 32 to 8192, a multiple of 32, found '1250'\n"
        "my.yaml:3:11: model.hidden: expected an integer from 1 to 65536, found 'many'\n"
        "my.yaml:4:3: model.dropout: expected a number at least 0 and below 1, found nothing\n"
        "my.yaml:6:11: run.device: expected one of auto, cpu, cuda, found 'gpu'; did you mean 'cpu'?\n"
        "my.yaml:7:3: unknown key 'run.sead'; did you mean 'run.seed'?\n"
        "--set train.samples=-1: train.samples: expected an integer at least 0, found '-1'\n"
        "--set nokey: expected key=value, such as train.samples=10000\n"
        "--set train.sampels=1: unknown key 'train.sampels'; did you mean 'train.samples'?");
}

TEST_CASE("a thousand problems do not fill the screen", "[run_file_errors]") {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += concat("zebra_crossing_", i, ": 1\n");
  const auto message = complaint(text);
  CHECK(std::count(message.begin(), message.end(), '\n') == 50);
  CHECK(message.ends_with("and 950 more problems"));
}

TEST_CASE("a problem is one line whatever the value holds", "[run_file_errors]") {
  CHECK(complaint("run:\n  device: \"g\\n\\e[31mpu\"\n") ==
        "my.yaml:2:11: run.device: expected one of auto, cpu, cuda, found the text 'g  [31mpu'");
  CHECK(complaint("run: {device: " + std::string(100'000, 'x') + "}\n").size() < 600);
}

TEST_CASE("syntax errors have line and column", "[run_file_errors]") {
  CHECK(complaint("run:\n  seed: 1\n   device: cpu\n").find("my.yaml:3:10: ") == 0);
  CHECK(complaint("run: {seed: 1\n").find("my.yaml:") == 0);
  CHECK(complaint("", {"targets.positives=[Car"}) ==
        "--set targets.positives=[Car: targets.positives: expected a list of texts, written [a, b]");
  CHECK(complaint(std::string("\0\1\2\xff\xfe", 5)).find("my.yaml") == 0);
}

TEST_CASE("values that do not go together are told with their places, all at once", "[run_file_errors]") {
  CHECK(complaint("evaluation: {zoom: 1.5}\n") ==
        "my.yaml:1:20: evaluation.zoom: 1.5 with model.decoder fastbox, between whose wide cells nothing is linear; "
        "expected 1, or model.decoder center");
  CHECK(complaint("parallel:\n  shards: 4\n  allreduce: mpi\n  wire: bf16\nrun: {precision: fp64}\nevaluation: "
                  "{shifts: 4}\n") ==
        "my.yaml:6:22: evaluation.shifts: 4 with model.decoder fastbox, whose cells are too wide to be moved; expected "
        "1, or "
        "model.decoder center\n"
        "my.yaml:2:11: parallel.allreduce: mpi cannot keep the order of additions that parallel.shards asks for; "
        "choose shared "
        "or hierarchical, or set parallel.shards to off\n"
        "my.yaml:2:11: parallel.wire: bf16 rounds what each node sends, so the result depends on the number of nodes, "
        "which "
        "parallel.shards rules out; choose fp32, or set parallel.shards to off\n"
        "my.yaml:4:9: parallel.wire: bf16 needs run.precision fp32");
  CHECK(complaint("model: {decoder: center, cell: 4, hidden: 24}\n") ==
        "my.yaml:1:43: model.hidden: 24, expected a multiple of 16 for model.decoder center with cells of 4 pixels");
  CHECK(complaint("model: {encoder: resnet50}\n", {"parallel.shards=4", "parallel.scheme=pipelined"})
            .find("--set parallel.scheme=pipelined: parallel.scheme: pipelined, but") != std::string::npos);
  CHECK(complaint("parallel: {shards: 6, scheme: local}\n").find("the scheme local depends") != std::string::npos);
  CHECK(complaint("parallel: {allreduce: nccl, wire: bf16}\n").find("nccl makes its own") != std::string::npos);
  CHECK(complaint("run: {precision: bf16, convolution: winograd}\n")
            .find("run.convolution: winograd is made for fp32, and run.precision is bf16") != std::string::npos);
  CHECK(complaint("run: {cuda_graph: on}\n", {"parallel.shards=4", "parallel.scheme=local", "train.micro_batch=2"})
            .find("run.cuda_graph: on, but train.micro_batch: 2 makes a step more than one pass") != std::string::npos);
  CHECK(
      complaint("run: {cuda_graph: on}\nparallel: {scheme: pipelined}\n") ==
      "my.yaml:1:19: run.cuda_graph: on, but parallel.scheme: pipelined makes a step more than one pass that is always "
      "the same; expected synchronous, or run.cuda_graph off");
}

TEST_CASE("alternatives in one layer contradict each other", "[run_file_errors]") {
  CHECK(complaint("train:\n  steps: 5\n  samples: 9\n") ==
        "my.yaml:2:10: train.steps contradicts train.samples (my.yaml:3:12); give one of them");
  CHECK(complaint("train: {batch: 5, batch_per_rank: 9}\n").find("train.batch_per_rank contradicts train.batch (") !=
        std::string::npos);
  CHECK(complaint("evaluation: {every: 5, every_samples: 9}\n").find("contradicts") != std::string::npos);
  CHECK(complaint("checkpoint: {every: 5, every_samples: 9}\n").find("contradicts") != std::string::npos);
  CHECK(complaint("", {"train.steps=5", "train.samples=9"}) ==
        "--set train.steps=5: train.steps contradicts train.samples (--set train.samples=9); give one of them");
  CHECK(complaint("base: b.yaml\n", {}, {{"b.yaml", "train: {steps: 1, samples: 1}\n"}}).find("b.yaml:1:16: ") == 0);
}

TEST_CASE("a run without length or batch is refused", "[run_file_errors]") {
  CHECK(complaint("train: {samples: 0}\n") ==
        "my.yaml:1:18: train.samples and train.steps are both 0, expected one above 0");
  CHECK(complaint("", {"train.batch_per_rank=0"}) ==
        "--set train.batch_per_rank=0: train.batch and train.batch_per_rank are both 0, expected one above 0");
}

TEST_CASE("a type is positive or ignored, not both", "[run_file_errors]") {
  CHECK(complaint("targets:\n  positives: [Car]\n  ignored: [Tram, Car]\n") ==
        "my.yaml:3:12: targets.ignored: 'Car' is also in targets.positives [Car]");
}

TEST_CASE("bases that are missing, circular or no paths are named where they are asked for", "[run_file_errors]") {
  CHECK(complaint("run: {seed: 1}\nbase: gone.yaml\n") ==
        "my.yaml:2:7: base file gone.yaml: cannot be read: No such file or directory");
  CHECK(complaint("base: my.yaml\n") == "my.yaml:1:7: base file my.yaml: inherits from itself");
  CHECK(complaint("base: [a.yaml]\n", {}, {{"a.yaml", "base: b.yaml\n"}, {"b.yaml", "base: ./my.yaml\n"}}) ==
        "b.yaml:1:7: base file my.yaml: inherits from itself");
  CHECK(complaint("base:\n") == "my.yaml:1:1: base: expected a path or a list of paths, found nothing");
  CHECK(complaint("base: {a: b}\n") == "my.yaml:1:7: base: expected a path or a list of paths, found a mapping");
  CHECK(complaint("base: [[a]]\n") == "my.yaml:1:8: base: expected a path or a list of paths, found a list");
  CHECK(complaint("base: b.yaml\n", {}, {{"b.yaml", "run: {sead: 1}\n"}}) ==
        "b.yaml:1:7: unknown key 'run.sead'; did you mean 'run.seed'?");
}

TEST_CASE("bases that multiply are refused soon", "[run_file_errors]") {
  std::vector<std::pair<std::string, std::string>> files;
  for (int i = 0; i < 40; ++i)
    files.emplace_back(concat(i, ".yaml"), concat("base: [", i + 1, ".yaml, ", i + 1, ".yaml]\n"));
  files.emplace_back("40.yaml", "run: {seed: 1}\n");
  CHECK(complaint("base: 0.yaml\n", {}, files).find("more than 100 files") != std::string::npos);
}

TEST_CASE("an unreadable run file is a mistake of use", "[run_file_errors]") {
  const test::ScratchFolder folder;
  const auto missing = test::caught([&] { config::load(folder / "gone.yaml"); });
  CHECK(missing.code == ExitCode::usage);
  CHECK(missing.message == (folder / "gone.yaml").string() + ": cannot be read: No such file or directory");
  const auto no_run = test::caught([&] { config::load(folder.path()); });
  CHECK(no_run.mentions("config.yaml: cannot be read"));
  CHECK(no_run.code == ExitCode::usage);
  CHECK(complaint(std::string((256 << 10) + 1, ' ')) == "my.yaml: holds 262145 bytes, expected at most 262144");
  CHECK(test::caught([] { config::load("/dev/zero"); }).message == "/dev/zero: holds more than 262144 bytes");
}

TEST_CASE("thousands of problems are counted, and the first told", "[run_file_errors]") {
  std::string text;
  for (int i = 0; i < 4000; ++i) text += concat("k", i, ": 1\n");
  const std::string message = complaint(text);
  CHECK(std::count(message.begin(), message.end(), '\n') == 50);
  CHECK(message.ends_with("\nand 3950 more problems"));
  CHECK(complaint("? " + std::string(200'000, 'k') + "\n: 1\n").size() < 600);  // whose likely key is not looked for
}
