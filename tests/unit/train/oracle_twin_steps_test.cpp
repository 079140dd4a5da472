// The same against the PyTorch twin of the shared folder, where that and a Python with torch are there.
#include <cstdlib>

#include "support/support.hpp"
#include "unit/train/train_like_oracle.hpp"

using namespace fastbox;

TEST_CASE("three steps equal the PyTorch twin in float64", "[oracle_twin_steps]") {
  const auto peer = test::shared_folder() / "peer" / "fastbox_torch.py";
  SKIP_UNLESS(std::filesystem::exists(peer), "no shared folder with the PyTorch twin");
  SKIP_UNLESS(!test::python_with_torch().empty(), "no Python with torch (scripts/setup --cuda makes one)");
  const test::ScratchFolder folder;
  REQUIRE(test::make_oracle(peer, folder / "oracle",
                            "--batch 2 --width-multiple 0.25 --height 128 --width 192 --double --train-steps 3", true));
  test::train_like_oracle(test::Oracle(folder / "oracle"));
}
