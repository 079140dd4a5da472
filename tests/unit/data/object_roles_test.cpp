#include "data/object_roles.hpp"

#include <catch2/catch.hpp>

#include "support/support.hpp"

using namespace fastbox;
using data::Role;

namespace {

config::Settings settings_with(const std::vector<std::string>& classes) {
  config::Settings settings;
  settings.targets.classes = classes;
  return settings;
}

}  // namespace

TEST_CASE("types have their roles whatever their case", "[object_roles]") {
  config::Settings settings;
  settings.targets.ignored = {"Truck", "Tram"};
  const data::ObjectRoles roles(settings);
  CHECK(roles.classes() == 1);
  CHECK(roles.of("Car").role == Role::positive);
  CHECK(roles.of("VAN").role == Role::positive);
  CHECK(roles.of("truck").role == Role::ignored);
  CHECK(roles.of("DontCare").role == Role::ignored);
  CHECK(roles.of("Pedestrian").role == Role::background);
}

TEST_CASE("each class has its labels, and what it alone ignores", "[object_roles]") {
  const data::ObjectRoles roles(settings_with({"Car=Car+Sedan-Van", "Van", "Pedestrian-Person_sitting"}));
  CHECK(roles.classes() == 3);
  CHECK(roles.of("sedan").object_class == 0);
  CHECK(roles.of("Van").role == Role::positive);
  CHECK(roles.of("Van").object_class == 1);
  CHECK(roles.of("Van").ignored_for == 1);
  CHECK(roles.of("Person_sitting").role == Role::background);
  CHECK(roles.of("Person_sitting").ignored_for == 4);
  CHECK(roles.of("Pedestrian").object_class == 2);
  CHECK(roles.of("Tram").ignored_for == 0);
}

TEST_CASE("a text that is no class is refused by name", "[object_roles]") {
  const auto complaint = [](const std::vector<std::string>& classes) {
    return test::caught([&] { data::ObjectRoles{settings_with(classes)}; });
  };
  for (const char* text : {"", "=Car", "Car=", "Car+Van", "Car=Car=Van", "Car=Car+", "Car-", "Car = Car"}) {
    CAPTURE(text);
    CHECK(complaint({text}).code == ExitCode::usage);
    CHECK(complaint({text}).mentions(concat("'", text, "'")));
  }
  CHECK(complaint({"Car", "car"}).mentions("the class 'car' comes twice"));
  CHECK(complaint({"Car=Car+Van", "Van"}).mentions("the label 'Van' comes twice"));
  CHECK(complaint({"Pedestrian"}).mentions("evaluation.type: 'Car' is none of targets.classes"));
}
