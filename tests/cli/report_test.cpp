// report.html after a run, and `fastbox report` on run folders.

#include "base/files.hpp"
#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a run leaves its report and its machine", "[report]") {
  const std::string html = text_of(learned_run() / "report.html");
  CHECK(html.starts_with("<!DOCTYPE html>"));
  CHECK(holds(html, "finished</span>"));
  CHECK(holds(html, "data:image/jpeg;base64,"));
  const auto machine = json_of(learned_run() / "machine.json");
  CHECK(machine.at("fastbox") == FASTBOX_VERSION);
  CHECK(machine.at("cores").get<int>() > 0);
  CHECK_FALSE(machine.at("host").get<std::string>().empty());
  CHECK(holds(html, machine.at("processor").get<std::string>()));

  SECTION("fastbox report writes the same again, and says where") {
    const fs::path out = new_path("again.html");
    const Outcome outcome = run(fastbox({"report", learned_run().string(), "--out", out.string()}));
    REQUIRE_THAT(outcome, Exits(0));
    CHECK(outcome.out == out.string() + "\n");
    CHECK(text_of(out) == html);
  }
}

TEST_CASE("a report that cannot be written costs a warning, not the run", "[report]") {
  const fs::path folder = new_path("run");
  fs::create_directories(folder / "report.html" / "in the way");
  CHECK_THAT(run(small_training(folder)), Exits(0) && Tells("report could not be written"));
  CHECK(fs::exists(folder / "eval.json"));
}

TEST_CASE("--resume on a finished run leaves its report alone", "[report]") {
  const fs::path folder = new_path("run");
  REQUIRE_THAT(run(small_training(folder)), Exits(0));
  const std::string report = sha256_of_file(folder / "report.html");
  write_file_atomically(folder / "machine.json", "{\"host\": \"the one that trained\"}");
  REQUIRE_THAT(run(small_training(folder) + Words{"--resume"}), Exits(0));
  CHECK(sha256_of_file(folder / "report.html") == report);
  CHECK(json_of(folder / "machine.json").at("host") == "the one that trained");
  const fs::path out = new_path("report.html");
  REQUIRE_THAT(run(fastbox({"report", folder.string(), "--out", out.string()})), Exits(0));
  CHECK(holds(text_of(out), "the one that trained"));
}

TEST_CASE("several runs in one report", "[report]") {
  const fs::path folder = new_path("two-ranks"), out = new_path("both.html");
  REQUIRE_THAT(run(on_ranks(2, small_training(folder, {"run.log_every=1"}))), Exits(0));
  REQUIRE_THAT(run(fastbox({"report", learned_run().string(), folder.string(), "--out", out.string()})), Exits(0));
  const std::string html = text_of(out);
  CHECK(holds(html, "<h3>Scaling</h3>"));
  CHECK(holds(html, "Rank by rank"));
}

TEST_CASE("what is no run folder ends with code 3 and names it", "[report]") {
  const fs::path nothing = new_path("nothing");
  CHECK_THAT(run(fastbox({"report", nothing.string()})), Exits(3) && Tells(nothing.string()));
  CHECK_THAT(run(fastbox({"report", made_data().string()})), Exits(3) && Tells("no run folder"));
  CHECK_THAT(run(fastbox({"report"})), Exits(2));
}

}  // namespace
}  // namespace fastbox::test
