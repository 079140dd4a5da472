// Any reference file that a person names: FASTBOX_ORACLE=oracle.safetensors ctest -R oracle_file
#include <cstdlib>

#include "support/support.hpp"
#include "unit/models/compare_with_oracle.hpp"

using namespace fastbox;

TEST_CASE("the file that FASTBOX_ORACLE names is equalled", "[oracle_file]") {
  const char* file = std::getenv("FASTBOX_ORACLE");
  SKIP_UNLESS(file != nullptr, "FASTBOX_ORACLE is not set");
  test::compare_with_oracle(test::Oracle(file));
}
