// A checkpoint that has been changed in any way is refused, or an older one used: never loaded.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "base/files.hpp"
#include "base/log.hpp"
#include "support/support.hpp"
#include "train/checkpoint.hpp"

using namespace fastbox;
using namespace fastbox::train;
namespace fs = std::filesystem;

namespace {

/// A run with two small checkpoints; the newer one is damaged.
class DamagedRun {
 public:
  DamagedRun() {
    log::set_level(log::Level::off);
    for (const int step : {1, 2}) {
      Checkpoint checkpoint;
      checkpoint.state.step = checkpoint.state.samples = step;
      checkpoint.state.ranks = 1, checkpoint.state.frames = 1;
      checkpoint.model = {{"w", at::full({2}, step)}};
      checkpoint.optimizer = {{"m/w", at::zeros({1})}};
      checkpoint.config = "model: {}\n";
      checkpoint.keep = 2;
      save_checkpoint(run_.path(), checkpoint);
    }
  }
  ~DamagedRun() { log::set_level(log::Level::info); }
  DamagedRun(const DamagedRun&) = delete;
  DamagedRun& operator=(const DamagedRun&) = delete;

  fs::path newer() const { return run_ / "checkpoints/step-00000002"; }

  /// Whether the newer checkpoint is seen as unusable, asked for as such and through the run.
  bool is_noticed() const {
    if (newest_checkpoint(run_.path())->filename() != "step-00000001") return false;
    try {
      read_state(newer());
      return false;
    } catch (const Error& problem) {
      return problem.code() == ExitCode::data;
    }
  }

 private:
  test::ScratchFolder run_;
};

void overwrite(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

std::vector<std::string> all_files() {
  auto names = checkpoint_files();
  names.push_back("manifest.json");
  return names;
}

}  // namespace

TEST_CASE("every single bit flipped, one after another, in each file", "[checkpoint_damage]") {
  const DamagedRun run;
  for (const auto& name : all_files()) {
    const std::string whole = read_file(run.newer() / name);
    REQUIRE_FALSE(whole.empty());
    for (std::size_t i = 0; i < 8 * whole.size(); ++i) {
      std::string bytes = whole;
      bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ (1 << i % 8));
      overwrite(run.newer() / name, bytes);
      if (!run.is_noticed()) FAIL(name << ": bit " << i << " was not noticed");
    }
    overwrite(run.newer() / name, whole);
    CHECK_FALSE(run.is_noticed());
  }
}

TEST_CASE("each file cut at every length, lengthened, and missing", "[checkpoint_damage]") {
  const DamagedRun run;
  for (const auto& name : all_files()) {
    const std::string whole = read_file(run.newer() / name);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      overwrite(run.newer() / name, whole.substr(0, length));
      // The manifest's last byte is a line's end, without which it says the same.
      if (name == "manifest.json" && length + 1 == whole.size()) continue;
      if (!run.is_noticed()) FAIL(name << " cut to " << length << " bytes was not noticed");
    }
    overwrite(run.newer() / name, whole + "x");
    CHECK(run.is_noticed());
    fs::remove(run.newer() / name);
    CHECK(run.is_noticed());
    overwrite(run.newer() / name, whole);
  }
}

TEST_CASE("the files of one checkpoint in another's folder", "[checkpoint_damage]") {
  const DamagedRun run;
  const fs::path older = run.newer().parent_path() / "step-00000001";
  for (const char* name : {"model.safetensors", "state.json"}) {
    const std::string whole = read_file(run.newer() / name);
    overwrite(run.newer() / name, read_file(older / name));
    CHECK(run.is_noticed());
    overwrite(run.newer() / name, whole);
  }
}
