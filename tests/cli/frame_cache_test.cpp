// The cache of decoded frames, as users and job scripts meet it: made ahead, by ranks together, found again, out of
// date.

#include <csignal>
#include <thread>

#include "cli/workplace.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

Outcome cache(const fs::path& root, const fs::path& folder, const Words& more = {}) {
  return run(fastbox({"data", "cache", root.string(), "--folder", folder.string()}) + more);
}

std::string parameters_of(const fs::path& run_folder) {
  return digests_of(run_folder / "checkpoints" / "step-00000002").at("model.safetensors");
}

TEST_CASE("data cache makes a file that is found again, and made anew when a frame has changed", "[frame_cache]") {
  const DataCopy data;
  const fs::path folder = new_path("cache");
  const Outcome first = cache(data.root(), folder);
  REQUIRE_THAT(first, Exits(0) && Tells("12 of 12 frames") && Tells("made in"));
  const fs::path file = first.out.substr(0, first.out.find('\n'));
  const auto made = fs::last_write_time(file);
  CHECK(file.parent_path() == folder);
  CHECK_THAT(cache(data.root(), folder), Exits(0) && Tells("12 of 12 frames"));
  CHECK(fs::last_write_time(file) == made);
  DataCopy::replace(data.image("000003"), text_of(data.image("000004")));
  CHECK_THAT(cache(data.root(), folder), Exits(0) && Tells("000003.png") && Tells("made anew"));
  CHECK(fs::last_write_time(file) != made);

  CHECK_THAT(cache(data.root(), folder, {"--split", "splits/val.txt"}), Exits(0) && Tells("6 of 6 frames"));
  DataCopy::replace(data.image("000005"), "no picture");
  CHECK_THAT(cache(data.root(), folder), Exits(3) && Tells("1 frames cannot be read"));
  CHECK_THAT(cache(data.root(), file), Exits(4) && Tells("folder cannot be made"));
  CHECK_THAT(cache("no/such/root", folder), Exits(3) && Tells("no/such/root"));
}

TEST_CASE("ranks share one cache, and what is learnt does not depend on it", "[frame_cache]") {
  const fs::path folder = new_path("cache"), off = new_path("off"), ram = new_path("ram"), disk = new_path("disk"),
                 again = new_path("again");
  const auto train = [](const fs::path& run_folder, const Words& more) {
    const Words short_run = {"train.samples=24", "data.val=" + new_list({"000012"}).string()};
    const Outcome outcome = run(on_ranks(2, small_training(run_folder, short_run + more)));
    REQUIRE_THAT(outcome, Exits(0) && Tells("ms a frame"));
    return outcome;
  };
  CHECK_THAT(train(off, {"data.cache=off"}), !Tells("frame cache") && Tells("to decode it"));
  // A frame takes 1.3 MiB.
  CHECK_THAT(train(ram, {"data.cache_mib=6"}), Tells("4 of 12 frames") && Tells("in memory, shared by 2 ranks") &&
                                                   Tells("8 are decoded each time") && Tells("would hold all"));
  const Words on_disk = {"data.cache=disk", "data.cache_folder=" + folder.string()};
  CHECK_THAT(train(disk, on_disk), Tells("12 of 12 frames") && Tells("shared by 2 ranks, made in"));
  CHECK(names_in(folder).size() == 2);  // the file and its lock
  CHECK_THAT(train(again, on_disk), Tells("12 of 12 frames") && Tells(folder.string()) && !Tells("made in"));
  for (const auto& other : {ram, disk, again}) CHECK(parameters_of(other) == parameters_of(off));
}

TEST_CASE("a run that reads its frames once makes no cache but uses one", "[frame_cache]") {
  const fs::path folder = new_path("cache");
  const Words once = {"data.cache=disk", "data.cache_folder=" + folder.string(), "train.samples=12"};
  CHECK_THAT(run(small_training(new_path("run"), once)), Exits(0) && !Tells("frame cache"));
  REQUIRE_THAT(cache(made_data(), folder), Exits(0));
  CHECK_THAT(run(small_training(new_path("run"), once)), Exits(0) && Tells("12 of 12 frames"));
}

TEST_CASE("a run that is killed while it makes the cache leaves nothing to the next", "[frame_cache]") {
  const fs::path data = new_path("more"), folder = new_path("cache");
  REQUIRE_THAT(run(fastbox({"data", "synth", data.string(), "--train", "24", "--val", "1"})), Exits(0));
  const Words command = fastbox({"data", "cache", data.string(), "--folder", folder.string(), "--threads", "1"});
  const auto incomplete = [&] {
    for (const auto& name : names_in(folder))
      if (name.find(".incomplete-") != std::string::npos) return true;
    return false;
  };
  {
    Process process(command);
    while (process.running() && !incomplete()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    process.send(SIGKILL);
    CHECK(process.wait().exit_code == 128 + SIGKILL);
  }
  CHECK(incomplete());
  // Two at once: one makes it, the other waits for it.
  Process one(command), other(command);
  const Outcome first = one.wait(), second = other.wait();
  CHECK_THAT(first, Exits(0) && Tells("24 of 24 frames"));
  CHECK_THAT(second, Exits(0) && Tells("24 of 24 frames"));
  CHECK(first.out == second.out);
  CHECK((first.err + second.err).find("made in") == (first.err + second.err).rfind("made in"));
  CHECK_FALSE(incomplete());
  CHECK(names_in(folder).size() == 2);
}

}  // namespace
}  // namespace fastbox::test
