#include <catch2/catch.hpp>

#include <limits>

#include "support/support.hpp"
#include "train/loss_guard.hpp"

using namespace fastbox;
using train::LossGuard;

TEST_CASE("a loss far above the mean of the steps before is an error, which names both", "[loss_guard]") {
  LossGuard guard(100);
  for (int step = 0; step < 10; ++step) guard.check(2.0);
  guard.check(199.0);
  const auto caught = test::caught([&] { guard.check(1e5); });
  CHECK(caught.code == ExitCode::numbers);
  CHECK((caught.mentions("100000") && caught.mentions("train.loss_limit")));
  CHECK(guard.count() == 11);  // what exploded does not count
}

TEST_CASE("the first steps may be anything that is finite", "[loss_guard]") {
  LossGuard guard(2);
  for (const double loss : {1e-3, 1e3, 1e6}) guard.check(loss);
  CHECK(test::caught([&] { guard.check(std::numeric_limits<double>::quiet_NaN()); }).code == ExitCode::numbers);
  CHECK(test::caught([&] { guard.check(std::numeric_limits<double>::infinity()); }).code == ExitCode::numbers);
}

TEST_CASE("without a limit only what is not finite ends the run", "[loss_guard]") {
  LossGuard guard(0);
  for (int step = 0; step < 20; ++step) guard.check(1.0);
  guard.check(1e30);
}

TEST_CASE("the mean forgets: a loss that rises slowly is no explosion", "[loss_guard]") {
  LossGuard guard(3);
  double loss = 1;
  for (int step = 0; step < 2000; ++step, loss *= 1.005) guard.check(loss);
  CHECK(guard.mean() > loss / 3);
}

TEST_CASE("a guard that goes on from another's state says the same", "[loss_guard]") {
  LossGuard whole(5), second(5);
  for (int step = 0; step < 50; ++step) whole.check(1.0 + 0.1 * step);
  second.restore(whole.count(), whole.mean());
  whole.check(7), second.check(7);
  CHECK(second.mean() == whole.mean());
  CHECK(test::caught([&] { second.check(1000); }).code == ExitCode::numbers);
}
