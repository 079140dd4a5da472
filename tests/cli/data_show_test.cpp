// fastbox data show: contact sheets of what a run would train on.

#include "cli/workplace.hpp"
#include "io/png.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

Outcome show(const fs::path& out, const Words& more) {
  const Words small = {"model.width=320", "model.height=96", "train.batch=5"};
  return run(
      fastbox({"data", "show", made_data().string(), "--out", out.string(), "--config", "configs/kitti-small.yaml"}) +
      settings(small) + more);
}

TEST_CASE("twelve samples a sheet, the same every time", "[data_show]") {
  const fs::path one = new_path("one"), two = new_path("two"), other = new_path("other");
  const Outcome outcome = show(one, {"--samples", "14"});
  REQUIRE_THAT(outcome, Exits(0));
  CHECK(names_in(one) == Words{"samples-1.png", "samples-2.png"});
  CHECK(outcome.out.find((one / "samples-2.png").string() + "\n14 samples, ") != std::string::npos);
  const auto first = io::parse_png_header(text_of(one / "samples-1.png"), "first"),
             second = io::parse_png_header(text_of(one / "samples-2.png"), "second");
  CHECK(first.width == 3 * 640 + 4 * 4);
  CHECK(first.height == 4 * 192 + 5 * 4);
  CHECK(second.width == 2 * 640 + 3 * 4);
  CHECK(second.height == 192 + 2 * 4);

  REQUIRE_THAT(show(two, {"--samples", "14"}), Exits(0));
  CHECK(digests_of(one) == digests_of(two));
  REQUIRE_THAT(show(other, {"--samples", "14", "--set", "run.seed=9"}), Exits(0));
  CHECK(digests_of(one) != digests_of(other));
}

TEST_CASE("show says what is missing", "[data_show]") {
  CHECK_THAT(run(fastbox({"data", "show", "no/such/root", "--out", new_path("x").string()})),
             Exits(3) && Tells("no/such/root"));
  CHECK_THAT(run(fastbox({"data", "show", made_data().string()})), Exits(2) && Tells("--out"));
  CHECK_THAT(show(new_path("y"), {"--samples", "0"}), Exits(2) && Tells("--samples"));
}

}  // namespace
}  // namespace fastbox::test
