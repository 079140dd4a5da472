// `fastbox completion zsh` and `fish`, as those shells use it, and the man page as groff reads it: where they are
// installed.

#include "cli/workplace.hpp"
#include "support/support.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

bool is_here(const std::string& program) {
  return run({"sh", "-c", "command -v " + program}).exit_code == 0;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

fs::path script_for(const std::string& shell) {
  const fs::path file = new_path("completion." + shell);
  DataCopy::replace(file, run(fastbox({"completion", shell})).out);
  return file;
}

TEST_CASE("zsh completes commands, options, keys and values", "[completion_zsh]") {
  SKIP_UNLESS(is_here("zsh"), "there is no zsh");
  const std::string begin = "autoload -U compinit; compinit -u -D; . " + script_for("zsh").string() + "\\n";
  const auto type = [&](const std::string& keys) {
    return run({"python3", "tests/cli/in_terminal", "--keys", begin, "--keys", keys + "\\n", "--keys", "exit\\n", "env",
                "PS1=ready> ", "zsh", "-f", "-i"},
               {{"TERM", "dumb"}, {"HOME", new_path("home").string()}, {"PATH", "/usr/bin:/bin"}})
        .out;
  };
  const std::string option = type("fastbox tra\\t--resu\\t");  // zsh takes its own blank back and writes it again
  CHECK(holds(option, "fastbox train"));
  CHECK(holds(option, " --resume"));
  CHECK(holds(type("fastbox data sy\\t"), "fastbox data synth"));
  CHECK(holds(type("fastbox train --set model.enc\\tgo\\t"), "model.encoder=googlenet"));
}

TEST_CASE("fish completes commands, options, keys and values", "[completion_fish]") {
  SKIP_UNLESS(is_here("fish"), "there is no fish");
  const fs::path script = script_for("fish");
  const auto offered = [&](const std::string& line) {
    const Outcome outcome =
        run({"fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", script.string(), line},
            {{"HOME", new_path("home").string()}});
    CHECK_THAT(outcome, Exits(0));
    CHECK(outcome.err.empty());
    return outcome.out;
  };
  CHECK(holds(offered("fastbox tr"), "train\t"));
  CHECK_FALSE(holds(offered("fastbox train "), "predict\t"));
  CHECK(holds(offered("fastbox data sy"), "synth\t"));
  CHECK(holds(offered("fastbox data synth --tr"), "--train\t"));
  CHECK(holds(offered("fastbox train --set model.enc"), "model.encoder=\t"));
  CHECK(holds(offered("fastbox train --set model.encoder=v"), "model.encoder=vgg16"));
  CHECK(holds(offered("fastbox completion z"), "zsh"));
}

TEST_CASE("the man page has no mistake that groff knows", "[man_page]") {
  SKIP_UNLESS(is_here("groff"), "there is no groff");
  const Outcome page = run({"groff", "-man", "-ww", "-Tascii", "docs/fastbox.1"});
  CHECK_THAT(page, Exits(0));
  CHECK(page.err.empty());
  CHECK(holds(page.out, "--run-dir"));
}

}  // namespace
}  // namespace fastbox::test
