// In float32, as runs compute: a few ReLU and max-pool decisions flip against any other implementation.
#include "support/support.hpp"
#include "unit/models/compare_with_oracle.hpp"

using namespace fastbox;

TEST_CASE("float32 equals the PyTorch twin as far as float32 goes", "[oracle_single]") {
  SKIP_UNLESS(!test::python_with_torch().empty(), "no Python with torch (scripts/setup --cuda makes one)");
  const test::ScratchFolder folder;
  const auto peer = test::shared_folder() / "peer" / "fastbox_torch.py";
  const bool has_peer = std::filesystem::exists(peer);
  const std::string size = "--batch 2 --width-multiple 0.25 --height 384 --width 1248";
  REQUIRE(test::make_oracle(has_peer ? peer : "tests/oracle/fastbox_twin.py", folder / "oracle",
                            has_peer ? size : size + " --single", has_peer));
  const test::Oracle oracle(folder / "oracle");
  REQUIRE_FALSE(oracle.is_double());
  test::compare_with_oracle(oracle);
}
