// N ranks that share a batch do what one rank does with the whole of it.

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/text.hpp"
#include "cli/workplace.hpp"
#include "io/safetensors.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

std::vector<double> values_of(const io::TensorView& tensor) {
  const std::size_t size = io::element_size(tensor.dtype);
  std::vector<double> values(tensor.bytes.size() / size);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (tensor.dtype == "F64") {
      std::memcpy(&values[i], tensor.bytes.data() + i * size, size);
    } else {
      float value = 0;
      REQUIRE(tensor.dtype == "F32");
      std::memcpy(&value, tensor.bytes.data() + i * size, size);
      values[i] = value;
    }
  }
  return values;
}

/// Over all tensors, the largest difference as a share of the tensor's largest magnitude.
double largest_difference(const fs::path& a, const fs::path& b) {
  const io::SafetensorsFile first(a / "model.safetensors"), second(b / "model.safetensors");
  REQUIRE(first.tensors().size() == second.tensors().size());
  REQUIRE(first.tensors().size() > 20);
  double largest = 0;
  for (const auto& [name, tensor] : first.tensors()) {
    INFO(name);
    const auto x = values_of(tensor), y = values_of(second.at(name));
    REQUIRE(x.size() == y.size());
    double difference = 0, magnitude = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      difference = std::max(difference, std::abs(x[i] - y[i]));
      magnitude = std::max(magnitude, std::abs(x[i]));
    }
    REQUIRE(std::isfinite(difference));
    REQUIRE(magnitude > 0);
    largest = std::max(largest, difference / magnitude);
  }
  return largest;
}

/// 20 steps of KittiBox's own model and Adam in miniature, on so many ranks; the run's checkpoints.
fs::path train_on(int ranks, const std::string& precision) {
  const fs::path folder = new_path(precision + "-ranks-" + std::to_string(ranks));
  const Words miniature = {"data.root=" + made_data().string(),
                           "data.val=" + new_list({"000012"}).string(),
                           "model.width=160",
                           "model.height=64",
                           "model.width_multiple=0.125",
                           "model.hidden=32",
                           "model.dropout=0",
                           "train.batch=12",
                           "train.steps=20",
                           "checkpoint.every=10",
                           "run.precision=" + precision,
                           "run.threads=1",
                           "run.device=cpu"};
  const Outcome outcome = run(on_ranks(
      ranks, fastbox({"train", "configs/kitti-vgg16.yaml", "--run-dir", folder.string()}) + settings(miniature)));
  REQUIRE_THAT(outcome, Exits(0) && Tells(concat(" ", ranks, " ranks")));
  return folder / "checkpoints";
}

void compare_ranks(const std::string& precision, double tolerance) {
  const fs::path one = train_on(1, precision);
  // The last ten steps alone move the parameters by a hundred times what is tolerated below.
  REQUIRE(largest_difference(one / "step-00000010", one / "step-00000020") > 100 * tolerance);
  for (const int ranks : {2, 3, 4}) {
    INFO(ranks << " ranks, " << precision);
    CHECK(largest_difference(one / "step-00000020", train_on(ranks, precision) / "step-00000020") < tolerance);
  }
}

TEST_CASE("1, 2, 3 and 4 ranks train to the same parameters in double precision", "[ranks_fp64]") {
  compare_ranks("fp64", 1e-9);
}

TEST_CASE("1, 2, 3 and 4 ranks train to the same parameters in single precision", "[ranks_fp32]") {
  compare_ranks("fp32", 1e-5);
}

}  // namespace
}  // namespace fastbox::test
