// Classes that KITTI's benchmark does not know: trained, evaluated by any number of ranks, from result files and in the
// report.

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

const Words frames = {"000000", "000001", "000002"};

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

/// made_data() with lorries for its cars and coaches for its vans, and a run that learnt three frames of it by heart.
struct Lorries {
  DataCopy data;
  fs::path run_folder = new_path("lorries");

  Lorries() {
    for (const auto& frame : frames) {
      const fs::path label = data.label(frame);
      data.replace(label, replaced(replaced(read_file(label, 1 << 20), "Car ", "Lorry "), "Van ", "Coach "));
    }
    const Words keys = {"data.root=" + data.root().string(), "targets.classes=[Tram, Lorry=Lorry+Coach]",
                        "evaluation.type=Lorry", "evaluation.overlaps=[Lorry=0.6]"};
    trained = run(small_training(run_folder, by_heart(new_list(frames)) + keys));
  }

  Outcome trained;
};

const Lorries& lorries() {
  static const Lorries one;
  return one;
}

nlohmann::json classes_of(const fs::path& json) {
  return json_of(json).at("classes");
}

TEST_CASE("own classes are trained, logged, evaluated by any number of ranks, and reported", "[own_classes]") {
  const auto& [data, run_folder, trained] = lorries();
  REQUIRE_THAT(trained, Exits(0));
  CHECK(trained.err.find("Lorry AP40") != std::string::npos);
  const auto told = classes_of(run_folder / "eval.json");
  REQUIRE(told.size() == 2);  // and none of KITTI's
  CHECK(told.contains("tram"));
  CHECK(told.at("lorry").at("moderate").at("ap40") > 0);
  CHECK(read_file(run_folder / "report.html", 1 << 26).find("class lorry") != std::string::npos);

  for (const int ranks : {1, 2, 3}) {
    INFO(ranks << " ranks");
    const fs::path json = new_path("eval.json");
    const Words command = fastbox({"eval", "--checkpoint", run_folder.string(), "--json", json.string()});
    REQUIRE_THAT(run(ranks == 1 ? command : on_ranks(ranks, command)), Exits(0));
    CHECK(classes_of(json) == told);
  }
}

TEST_CASE("what is wrong with own classes is told before anything is done", "[own_classes]") {
  const auto complaint = [](const Words& keys) { return run(small_training(new_path("never"), keys)); };
  const Outcome overlap =
      complaint({"targets.classes=[Tram, Lorry]", "evaluation.type=Lorry", "evaluation.overlaps=[Car=0.6]"});
  CHECK_THAT(overlap, Exits(2));
  CHECK(overlap.err.find(
            "evaluation.overlaps: 'Car=0.6' names no class that is evaluated, expected one of Tram, Lorry") !=
        std::string::npos);
  const Outcome type = complaint({"evaluation.type=Lory"});
  CHECK_THAT(type, Exits(2));
  CHECK(type.err.find("evaluation.type: 'Lory', expected Car, Pedestrian, Cyclist or one of targets.positives") !=
        std::string::npos);
}

TEST_CASE("own classes are evaluated from result files as the run did", "[own_classes]") {
  const auto& [data, run_folder, trained] = lorries();
  REQUIRE_THAT(trained, Exits(0));
  const fs::path json = new_path("files.json");
  const Words command = fastbox({"eval", "--predictions", (run_folder / "detections" / "step-00000040").string(),
                                 "--labels", (data.root() / "training" / "label_2").string(), "--json", json.string()});
  const Words classes = {"--classes", "Tram", "Lorry=Lorry+Coach", "--overlaps", "Lorry=0.6"};
  REQUIRE_THAT(run(command + classes), Exits(0));
  CHECK(classes_of(json) == classes_of(run_folder / "eval.json"));
  REQUIRE_THAT(run(on_ranks(2, command + classes)), Exits(0));
  CHECK(classes_of(json) == classes_of(run_folder / "eval.json"));

  const Outcome wrong = run(command + Words{"--classes", "Lorry", "--overlaps", "Lory=0.6"});
  CHECK_THAT(wrong, Exits(2));
  CHECK(wrong.err.find("--overlaps: 'Lory=0.6' names no class that is evaluated, expected one of Lorry") !=
        std::string::npos);
}

}  // namespace
}  // namespace fastbox::test
