// `fastbox completion bash`, as bash uses it.

#include <algorithm>

#include "base/text.hpp"
#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

const fs::path& script() {
  static const fs::path file = [] {
    const fs::path path = new_path("completion.bash");
    DataCopy::replace(path, run(fastbox({"completion", "bash"})).out);
    return path;
  }();
  return file;
}

/// In order.
Words offered(const std::string& line) {
  const Outcome outcome = run({"bash", "tests/cli/complete", script().string(), line});
  CHECK_THAT(outcome, Exits(0));
  Words words;
  for (const auto word : split(outcome.out, '\n'))
    if (!word.empty()) words.emplace_back(word);
  std::sort(words.begin(), words.end());
  return words;
}

bool offers(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

TEST_CASE("bash completes commands and options", "[completion]") {
  CHECK(offers(offered("fastbox "), "predict"));
  CHECK(offered("fastbox tr") == Words{"train"});
  CHECK(offered("fastbox data sy") == Words{"synth"});
  CHECK(offered("fastbox train --res") == Words{"--resume"});
  CHECK(offered("fastbox train a.yaml --run-dir b --res") == Words{"--resume"});
  CHECK(offered("fastbox data synth --tr") == Words{"--train"});
  CHECK(offered("fastbox completion ") == Words{"bash", "fish", "zsh"});
  CHECK(offered("fastbox nonsense --x").empty());
}

TEST_CASE("bash completes the keys of a run file and their values", "[completion]") {
  const Words keys = offered("fastbox train a.yaml --set optimizer.");
  CHECK(offers(keys, "optimizer.learning_rate="));
  CHECK_FALSE(offers(keys, "train.samples="));
  CHECK(offered("fastbox train --set run.prec") == Words{"run.precision="});
  // What bash replaces begins behind "=".
  CHECK(offers(offered("fastbox train --set model.encoder="), "vgg16"));
  CHECK(offered("fastbox train --set model.encoder=g") == Words{"googlenet"});
  CHECK(offered("fastbox train --set=model.encoder=g") == Words{"googlenet"});
  CHECK(offered("fastbox config show --set evaluation.whole_pixels=") == Words{"false", "true"});
  CHECK(offered("fastbox train --set run.seed=").empty());
  CHECK(offered("fastbox eval --format=c") == Words{"coco"});
}

TEST_CASE("bash completes run files, folders and pictures", "[completion]") {
  const fs::path place = new_path("place");
  fs::create_directories(place / "folder");
  for (const char* name : {"a.yaml", "a.png", "a.txt", "b c.yaml"}) DataCopy::replace(place / name, "");
  const std::string in = place.string() + "/";
  CHECK(offered("fastbox train " + in) == Words{in + "a.yaml", in + "b c.yaml", in + "folder"});
  CHECK(offered("fastbox train a.yaml --run-dir " + in) == Words{in + "folder"});
  CHECK(offered("fastbox predict --checkpoint x --out y " + in) == Words{in + "a.png", in + "folder"});
  CHECK(offered("fastbox predict one.png two.png " + in) == Words{in + "a.png", in + "folder"});
  CHECK(offers(offered("fastbox data check " + in), in + "folder"));
}

TEST_CASE("in a terminal, TAB writes the rest of the word", "[completion]") {
  const Outcome outcome = run(
      {"python3", "tests/cli/in_terminal", "--keys", ". " + script().string() + "\\n", "--keys",
       "fastbox tra\\t --set model.enc\\tgo\\t\\n", "--keys", "exit\\n", "env", "PS1=ready> ", "bash", "--norc", "-i"},
      {{"HISTFILE", "/dev/null"}, {"TERM", "dumb"}, {"PATH", "/usr/bin:/bin"}});
  REQUIRE_THAT(outcome, Exits(127));  // there is no fastbox on that path
  CHECK(outcome.out.find("fastbox train  --set model.encoder=googlenet") != std::string::npos);
}

}  // namespace
}  // namespace fastbox::test
