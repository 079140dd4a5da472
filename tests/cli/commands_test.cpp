// The tree of commands: mistyped words, and the documents that are made of it.

#include <algorithm>

#include "base/text.hpp"
#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a mistyped command or option: exit code 2 and the one that was meant", "[commands]") {
  CHECK_THAT(run(fastbox({"trian"})), Exits(2) && Tells("'trian' is no command of fastbox; did you mean train?"));
  CHECK_THAT(run(fastbox({"data", "chekc", "x"})),
             Exits(2) && Tells("no command of fastbox data; did you mean check?"));
  CHECK_THAT(run(fastbox({"train", "a.yaml", "--run-dri", "b"})), Exits(2) && Tells("did you mean --run-dir?"));
  CHECK_THAT(run(fastbox({"train", "a.yaml", "--run-dri=b"})), Exits(2) && Tells("no option '--run-dri'"));
  // What is missing as well is not what was mistyped.
  CHECK_THAT(run(fastbox({"predict", "--chekpoint", "a"})), Exits(2) && Tells("did you mean --checkpoint?"));
  CHECK_THAT(run(fastbox({"config", "keys", "--format", "markdwon"})), Exits(2) && Tells("did you mean markdown?"));
  CHECK_THAT(run(fastbox({"data", "check", "a", "b"})), Exits(2) && Tells("'b' is one argument too many"));
  CHECK_THAT(run(fastbox({"train", "--zzzzzzzz"})), Exits(2) && Tells("no option '--zzzzzzzz' (fastbox train --help)"));
  CHECK_THAT(run(fastbox({"predict", "a.png"})), Exits(2) && Tells("--checkpoint is required"));
  const Outcome group = run(fastbox({"data"}));
  CHECK_THAT(group, Exits(2) && Tells("synth") && Tells("fastbox data"));
  CHECK(group.out.empty());
}

TEST_CASE("docs/commands.md and docs/fastbox.1 are what the tree of commands says", "[commands]") {
  INFO("stale: fastbox commands --format markdown > docs/commands.md");
  CHECK((run(fastbox({"commands", "--format", "markdown"})).out == text_of("docs/commands.md")));
  INFO("stale: fastbox commands --format man > docs/fastbox.1");
  CHECK((run(fastbox({"commands", "--format", "man"})).out == text_of("docs/fastbox.1")));
}

TEST_CASE("each command of the list has a help, and every value of an option a name", "[commands]") {
  const Outcome list = run(fastbox({"commands"}));
  REQUIRE_THAT(list, Exits(0));
  CHECK(std::count(list.out.begin(), list.out.end(), '\n') >= 15);
  CHECK(holds(list.out, "fastbox data synth DIR [--train INT]"));
  CHECK_FALSE(holds(list.out, " TEXT"));
}

TEST_CASE("config diff: keys, both values, and where each comes from", "[compare]") {
  const std::string small = "configs/kitti-small.yaml", vgg = "configs/kitti-vgg16.yaml";
  const Outcome same = run(fastbox({"config", "diff", small, small}));
  CHECK_THAT(same, Exits(0));
  CHECK(same.out == "no difference\n");
  const Outcome files = run(fastbox({"config", "diff", small, vgg}));
  REQUIRE_THAT(files, Exits(0));
  CHECK(holds(files.out, "model.encoder: small -> vgg16  (configs/kitti-small.yaml:"));
  // A run folder tells where its values came from when the run began.
  const Outcome folder = run(fastbox({"config", "diff", learned_run().string(), small}));
  REQUIRE_THAT(folder, Exits(0));
  CHECK(holds(folder.out, "(--set -> configs/"));
  CHECK_FALSE(holds(folder.out, "config.yaml"));
  CHECK_THAT(run(fastbox({"config", "diff", small, "none.yaml"})), Exits(2) && Tells("none.yaml"));
}

TEST_CASE("config import reads KittiBox's settings as a run file", "[commands]") {
  const fs::path hypes = new_path("kittiBox.json");
  DataCopy::replace(hypes, R"({"solver": {"max_steps": 70, "opt": "Adam", "magic": 3}, "batch_size": 4,
      "image_width": 640, "image_height": 192, "grid_width": 20})");
  const Outcome outcome = run(fastbox({"config", "import", hypes.string()}));
  REQUIRE_THAT(outcome, Exits(0) && Tells("solver.magic (3) is not known"));
  CHECK(holds(outcome.out, "grid_width: a cell has 32 pixels"));
  const fs::path file = new_path("imported.yaml");
  DataCopy::replace(file, outcome.out);
  const Outcome shown = run(fastbox({"config", "show", file.string()}));
  REQUIRE_THAT(shown, Exits(0));
  CHECK(holds(shown.out, "  steps: 70\n"));
  CHECK(holds(shown.out, "  width: 640\n"));
  CHECK_THAT(run(fastbox({"config", "import", "configs/base.yaml"})), Exits(2) && Tells("base.yaml"));
  CHECK_THAT(run(fastbox({"config", "import", "none.json"})), Exits(3) && Tells("none.json"));
}

TEST_CASE("compare: two runs side by side, for people and for programs", "[compare]") {
  const fs::path other = new_path("other");
  REQUIRE_THAT(run(small_training(other)), Exits(0));
  const Outcome text = run(fastbox({"compare", learned_run().string(), other.string()}));
  REQUIRE_THAT(text, Exits(0));
  for (const char* part : {"car easy AP40, %", "images/s", "finished", "settings that differ", "train.", "+"})
    CHECK(holds(text.out, part));

  const Outcome json = run(fastbox({"compare", learned_run().string(), other.string(), "--json", "-"}));
  REQUIRE_THAT(json, Exits(0));
  const auto comparison = nlohmann::json::parse(json.out);
  const auto of_learned = json_of(learned_run() / "eval.json").at("classes").at("car").at("moderate").at("ap40");
  const auto of_other = json_of(other / "eval.json").at("classes").at("car").at("moderate").at("ap40");
  bool found = false;
  for (const auto& figure : comparison.at("figures")) {
    if (figure.at("name") != "car moderate AP40") continue;
    found = true;
    CHECK(figure.at("a") == of_learned);
    CHECK(figure.at("b") == of_other);
  }
  CHECK(found);
  CHECK(comparison.at("keys").size() > 0);
  CHECK_THAT(run(fastbox({"compare", other.string(), made_data().string()})), Exits(3) && Tells("no run folder"));
}

}  // namespace
}  // namespace fastbox::test
