// fastbox data: made data sets, and the look through any.

#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

Outcome make(const fs::path& folder, const std::string& seed, const std::string& workers) {
  return run(
      fastbox({"data", "synth", folder.string(), "--train", "2", "--val", "1", "--seed", seed, "--workers", workers}));
}

Outcome check(const fs::path& root) {
  return run(fastbox({"data", "check", root.string()}));
}

TEST_CASE("the same seed makes the same bytes, whatever the number of workers", "[data]") {
  const fs::path one = new_path("one"), two = new_path("two"), other = new_path("other");
  REQUIRE_THAT(make(one, "7", "1"), Exits(0));
  REQUIRE_THAT(make(two, "7", "3"), Exits(0));
  REQUIRE_THAT(make(other, "8", "1"), Exits(0));
  CHECK(digests_of(one).size() == 9);  // three images, three labels, two lists and the manifest
  CHECK(digests_of(one) == digests_of(two));
  const std::string image = "training/image_2/000000.png";
  CHECK(digests_of(one).at(image) != digests_of(other).at(image));
  CHECK(text_of(one / "splits" / "train.txt") == "000000\n000001\n");
  CHECK(text_of(one / "splits" / "val.txt") == "000002\n");

  const auto written = fs::last_write_time(one / image);
  CHECK_THAT(make(one, "7", "1"), Exits(0));
  CHECK(fs::last_write_time(one / image) == written);
  CHECK_THAT(make(one, "8", "1"), Exits(2) && Tells(one.string()));
  CHECK(digests_of(one) == digests_of(two));
}

TEST_CASE("synth refuses what makes no data set", "[data]") {
  const std::string folder = new_path("none").string();
  CHECK_THAT(run(fastbox({"data", "synth", folder, "--train", "0"})), Exits(2));
  CHECK_THAT(run(fastbox({"data", "synth", folder, "--train", "many"})), Exits(2) && Tells("--train"));
  CHECK_THAT(run(fastbox({"data", "synth"})), Exits(2) && Tells("DIR"));
  CHECK_FALSE(fs::exists(folder));
}

TEST_CASE("check is content with a made data set, and counts it", "[data]") {
  const Outcome outcome = check(made_data());
  REQUIRE_THAT(outcome, Exits(0));
  CHECK(outcome.out.find("18 frames with both") != std::string::npos);
  CHECK(outcome.out.find("0 errors") != std::string::npos);
  CHECK(outcome.err.empty());
}

TEST_CASE("check names every fault of a broken data set", "[data]") {
  const DataCopy data;
  fs::remove(data.label("000001"));
  DataCopy::replace(data.image("000002"), text_of(data.image("000002")).substr(0, 4000));
  DataCopy::replace(data.label("000003"), "Car 0 0 0 1 2 3 4\n");
  DataCopy::replace(data.list("val"), "000012\n000012\n");
  const Outcome outcome = check(data.root());
  CHECK_THAT(outcome, Exits(3) && Tells("errors"));
  for (const fs::path& file : {data.image("000001"), data.image("000002"), data.label("000003"), data.list("val")})
    CHECK(outcome.out.find(file.string()) != std::string::npos);
  CHECK(outcome.out.find("000003.txt:1") != std::string::npos);
  CHECK(outcome.out.find("val.txt:2") != std::string::npos);
  CHECK_THAT(check("no/such/root"), Exits(3) && Tells("no/such/root"));
}

}  // namespace
}  // namespace fastbox::test
