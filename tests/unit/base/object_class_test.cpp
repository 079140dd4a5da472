#include "base/object_class.hpp"

#include <catch2/catch.hpp>

#include "support/support.hpp"

namespace fastbox {
namespace {

using Words = std::vector<std::string>;

TEST_CASE("a class is a name, its labels and what it ignores", "[object_class]") {
  const auto plain = parse_object_class("Tram", "--classes");
  CHECK(plain.name == "Tram");
  CHECK(plain.labels == Words{"Tram"});
  CHECK(plain.ignored.empty());
  const auto merged = parse_object_class("Bus=Bus+Coach-Minibus-Van", "--classes");
  CHECK(merged.name == "Bus");
  CHECK(merged.labels == Words{"Bus", "Coach"});
  CHECK(merged.ignored == Words{"Minibus", "Van"});
  CHECK(parse_object_class("Car-Van", "--classes").labels == Words{"Car"});
}

TEST_CASE("what is no class is told with its place", "[object_class]") {
  for (const char* text : {"", "+Car", "Car+Van", "Car=", "Car=Car=Van", "Car-", "=Car", "Car Van"}) {
    INFO(text);
    const auto error = test::caught([&] { parse_object_class(text, "--classes"); });
    CHECK(error.code == ExitCode::usage);
    CHECK(error.mentions("--classes: "));
    CHECK(error.mentions("expected Name, Name=Label+Label"));
  }
  CHECK(test::caught([] {
          parse_object_classes({"Car", "car=Van"}, "here");
        }).mentions("here: the class 'car' comes twice"));
  CHECK(test::caught([] {
          parse_object_classes({"Car", "Bus=CAR"}, "here");
        }).mentions("here: the label 'CAR' comes twice"));
}

}  // namespace
}  // namespace fastbox
