#include <catch2/catch.hpp>

#include <chrono>
#include <cstdlib>

#include "base/deadline.hpp"
#include "support/support.hpp"

using namespace fastbox;

namespace {

/// An environment variable for as long as the object lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

std::string in_seconds(double seconds) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count() +
                        static_cast<long long>(seconds));
}

}  // namespace

TEST_CASE("a limit in seconds counts from now, and off is none", "[deadline]") {
  const auto left = Deadline("100").seconds_left();
  REQUIRE(left);
  CHECK(*left <= 100);
  CHECK(*left > 90);
  CHECK(Deadline("100").source() == "run.time_limit");
  CHECK_FALSE(Deadline("off").seconds_left());
  CHECK_FALSE(Deadline("auto").seconds_left());
  CHECK(*Deadline("9007199254740991").seconds_left() > 1e8);
}

TEST_CASE("auto takes the job's end from the environment, the job script's first", "[deadline]") {
  const Variable slurm("SLURM_JOB_END_TIME", in_seconds(1000));
  CHECK(*Deadline("auto").seconds_left() == Approx(1000).margin(5));
  CHECK(Deadline("auto").source() == "SLURM_JOB_END_TIME");
  CHECK_FALSE(Deadline("off").seconds_left());
  CHECK(*Deadline("50").seconds_left() == Approx(50).margin(5));
  const Variable script("FASTBOX_END_TIME", in_seconds(-10));
  CHECK(*Deadline("auto").seconds_left() == Approx(-10).margin(5));
  CHECK(Deadline("auto").source() == "FASTBOX_END_TIME");
}

TEST_CASE("a job's end that is no time is named", "[deadline]") {
  for (const std::string wrong : {"tomorrow", "12:00", "-5", "1e", "0", "nan"}) {
    const Variable slurm("SLURM_JOB_END_TIME", wrong);
    const auto caught = test::caught([] { Deadline("auto"); });
    CHECK(caught.code == ExitCode::environment);
    CHECK((caught.mentions("SLURM_JOB_END_TIME") && caught.mentions(wrong)));
  }
}
