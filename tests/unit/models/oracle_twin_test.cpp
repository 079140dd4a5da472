// The model against a PyTorch twin that runs beside the test: KittiBox's own, from the shared folder, where that is
// there, else the project's. Skipped without a Python that has torch.
#include "support/support.hpp"
#include "unit/models/compare_with_oracle.hpp"

using namespace fastbox;

namespace {

void compare_with_twin(const std::string& arguments) {
  const test::ScratchFolder folder;
  const auto peer = test::shared_folder() / "peer" / "fastbox_torch.py";
  const bool has_peer = std::filesystem::exists(peer);
  const std::filesystem::path script = has_peer ? peer : "tests/oracle/fastbox_twin.py";
  REQUIRE(test::make_oracle(script, folder / "oracle", has_peer ? arguments + " --double" : arguments, has_peer));
  test::compare_with_oracle(test::Oracle(folder / "oracle"));
}

}  // namespace

TEST_CASE("quarter width in float64 equals the PyTorch twin", "[oracle_twin]") {
  SKIP_UNLESS(!test::python_with_torch().empty(), "no Python with torch (scripts/setup --cuda makes one)");
  compare_with_twin("--batch 2 --width-multiple 0.25 --height 192 --width 256");
}

TEST_CASE("full width in float64 equals the PyTorch twin", "[oracle_twin]") {
  SKIP_UNLESS(!test::python_with_torch().empty(), "no Python with torch (scripts/setup --cuda makes one)");
  compare_with_twin("--batch 2 --height 96 --width 160");
}

TEST_CASE("the small encoder in float64 equals the PyTorch twin of the speed comparisons", "[oracle_twin]") {
  SKIP_UNLESS(!test::python_with_torch().empty(), "no Python with torch (scripts/setup --cuda makes one)");
  const test::ScratchFolder folder;
  REQUIRE(test::make_oracle("tests/bench/torch_model.py", folder / "oracle", "--height 96 --width 160", false));
  test::compare_with_oracle(test::Oracle(folder / "oracle"));
}
