// What the binary says about itself, its keys and a run file.

#include "base/files.hpp"
#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

TEST_CASE("--version and --help go to standard output", "[info]") {
  const Outcome version = run(fastbox({"--version"}));
  CHECK_THAT(version, Exits(0));
  CHECK(version.out == std::string(FASTBOX_VERSION) + "\n");
  const Outcome help = run(fastbox({"--help"}));
  CHECK_THAT(help, Exits(0));
  CHECK(help.err.empty());
  for (const std::string command :
       {"train", "eval", "predict", "data", "config", "bench", "report", "compare", "info", "completion", "commands"}) {
    INFO(command);
    CHECK(help.out.find("\n  " + command + " ") != std::string::npos);
    const Outcome of_command = run(fastbox({command, "--help"}));
    CHECK_THAT(of_command, Exits(0));
    CHECK(of_command.out.find(command) != std::string::npos);
  }
}

TEST_CASE("no arguments: how to use it, and exit code 2", "[info]") {
  const Outcome outcome = run(fastbox({}));
  CHECK_THAT(outcome, Exits(2) && Tells("train") && Tells("--help"));
  CHECK(outcome.out.empty());
}

TEST_CASE("info for people, for files and for programs", "[info]") {
  const Outcome text = run(fastbox({"info"}));
  REQUIRE_THAT(text, Exits(0));
  CHECK(text.out.find("MPICH") != std::string::npos);

  const Outcome json = run(fastbox({"info", "--json", "-"}));
  REQUIRE_THAT(json, Exits(0));
  const auto description = nlohmann::json::parse(json.out);
  CHECK(description.at("fastbox") == FASTBOX_VERSION);
  CHECK(description.at("cores").get<int>() >= 1);
  CHECK(description.at("libtorch").get<std::string>().starts_with("2."));

  const fs::path file = new_path("info.json");
  REQUIRE_THAT(run(fastbox({"info", "--json", file.string()})), Exits(0));
  CHECK(json_of(file) == description);
  CHECK_THAT(run(fastbox({"info", "--json", "/proc/none/info.json"})), Exits(4) && Tells("/proc/none"));
}

TEST_CASE("config show prints a run file that says the same", "[info]") {
  const Words overrides = {"--set", "model.width=640", "--set", "targets.ignored=[Truck]"};
  const Outcome first = run(fastbox({"config", "show", "configs/kitti-small.yaml"}) + overrides);
  REQUIRE_THAT(first, Exits(0));
  const fs::path file = new_path("shown.yaml");
  write_file_atomically(file, first.out);
  const Outcome second = run(fastbox({"config", "show", file.string()}));
  CHECK_THAT(second, Exits(0));
  CHECK(second.out == first.out);

  const Outcome origin = run(fastbox({"config", "show", "configs/kitti-small.yaml", "--origin"}) + overrides);
  CHECK(origin.out.find("kitti-small.yaml:") != std::string::npos);
  CHECK(origin.out.find("--set") != std::string::npos);
  CHECK_THAT(run(fastbox({"config", "show", "configs/none.yaml"})), Exits(2) && Tells("configs/none.yaml"));
}

TEST_CASE("config keys knows every key, in three forms", "[info]") {
  for (const std::string format : {"text", "yaml", "markdown"}) {
    INFO(format);
    const Outcome outcome = run(fastbox({"config", "keys", "--format", format}));
    CHECK_THAT(outcome, Exits(0));
    for (const char* key : {"reference_batch", "batch_per_rank", "width_multiple", "every_samples"})
      CHECK(outcome.out.find(key) != std::string::npos);
  }
  CHECK(run(fastbox({"config", "keys", "--format", "yaml"})).out == text_of("configs/base.yaml"));
  CHECK_THAT(run(fastbox({"config", "keys", "--format", "xml"})), Exits(2) && Tells("xml"));
}

}  // namespace
}  // namespace fastbox::test
