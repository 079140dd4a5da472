#include "support/support.hpp"
#include "unit/models/compare_with_oracle.hpp"

using namespace fastbox;

TEST_CASE("outputs, losses and gradients equal the committed reference in float64", "[oracle_golden]") {
  test::compare_with_oracle(test::Oracle("tests/oracle/golden.safetensors"));
}
