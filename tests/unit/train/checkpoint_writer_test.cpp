#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "support/support.hpp"
#include "train/checkpoint_writer.hpp"

using namespace fastbox;
using namespace fastbox::train;
namespace fs = std::filesystem;

namespace {

void fill(Checkpoint& checkpoint, std::int64_t step, const at::Tensor& weights) {
  checkpoint.state.step = checkpoint.state.samples = step;
  checkpoint.state.ranks = checkpoint.state.threads = 1;
  checkpoint.state.frames = 10;
  checkpoint.model = {{"w", weights}};
  checkpoint.optimizer = {{"m/w", weights}};
  checkpoint.config = "model: {}\n";
  checkpoint.keep = 3;
}

}  // namespace

TEST_CASE("what was started is on disk when finish() returns, one save after another", "[checkpoint_writer]") {
  const test::ScratchFolder run;
  CheckpointWriter writer(run.path());
  for (const int step : {10, 20, 30}) {
    fill(writer.prepare(), step, at::full({1000}, step));
    writer.start();
  }
  writer.finish();
  const auto newest = newest_checkpoint(run.path());
  REQUIRE(newest);
  CHECK(read_state(*newest).step == 30);
  CHECK(at::equal(read_tensors(*newest / "model.safetensors").at("w"), at::full({1000}, 30.0f)));
  CHECK(fs::exists(run / "checkpoints/step-00000010"));
}

TEST_CASE("the destructor waits for the save in flight", "[checkpoint_writer]") {
  const test::ScratchFolder run;
  {
    CheckpointWriter writer(run.path());
    fill(writer.prepare(), 10, at::zeros({1 << 20}));
    writer.start();
  }
  CHECK(newest_checkpoint(run.path())->filename() == "step-00000010");
}

TEST_CASE("a save that fails is an error if it was the last, and costs no older one", "[checkpoint_writer]") {
  const test::ScratchFolder run;
  CheckpointWriter writer(run.path());
  fill(writer.prepare(), 10, at::zeros({10}));
  writer.start();
  writer.finish();
  // A file in the folder's place: nobody, root included, can write there.
  fs::rename(run / "checkpoints", run / "kept");
  write_file_atomically(run / "checkpoints", "");
  fill(writer.prepare(), 20, at::zeros({10}));
  writer.start();
  const auto caught = test::caught([&] { writer.finish(); });
  CHECK(caught.code == ExitCode::environment);
  CHECK(caught.mentions("checkpoints"));

  fs::remove(run / "checkpoints");
  fs::rename(run / "kept", run / "checkpoints");
  CHECK(newest_checkpoint(run.path())->filename() == "step-00000010");
  fill(writer.prepare(), 30, at::zeros({10}));
  writer.start();
  writer.finish();  // the earlier failure is forgotten
  CHECK(newest_checkpoint(run.path())->filename() == "step-00000030");
}
