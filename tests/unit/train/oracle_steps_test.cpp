// Three steps of training, clip and Adam in TensorFlow's form, against the committed reference.
#include "support/support.hpp"
#include "unit/train/train_like_oracle.hpp"

using namespace fastbox;

TEST_CASE("three steps equal the committed reference in float64", "[oracle_steps]") {
  test::train_like_oracle(test::Oracle("tests/oracle/golden.safetensors"));
}
