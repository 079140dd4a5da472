#include <catch2/catch.hpp>
#include <set>

#include "config/schema.hpp"
#include "config/value.hpp"

using namespace fastbox::config;

namespace {

/// Stands for any member's initialiser, so that the members of an aggregate can be counted.
struct Anything {
  template <typename T>
  operator T() const;
};

template <typename Group, typename... Given>
constexpr std::size_t member_count() {
  if constexpr (requires { Group{Given{}..., Anything{}}; })
    return member_count<Group, Given..., Anything>();
  else
    return sizeof...(Given);
}

const void* address(const Key& key, Settings& settings) {
  return std::visit([&](auto access) -> const void* { return &access(settings); }, key.member);
}

}  // namespace

TEST_CASE("every member of Settings has one key", "[schema]") {
  constexpr std::size_t members =
      member_count<DataSettings>() + member_count<ModelSettings>() + member_count<TargetSettings>() +
      member_count<AugmentationSettings>() + member_count<LossSettings>() + member_count<TrainSettings>() +
      member_count<OptimizerSettings>() + member_count<EvaluationSettings>() + member_count<CheckpointSettings>() +
      member_count<ParallelSettings>() + member_count<RunSettings>();
  STATIC_REQUIRE(member_count<TrainSettings>() == 6);
  STATIC_REQUIRE(member_count<Settings>() == 11);
  CHECK(keys().size() == members);
  CHECK(groups().size() == member_count<Settings>());

  Settings settings;
  std::set<const void*> addresses;
  std::set<std::string> names;
  for (const auto& key : keys()) {
    CHECK(addresses.insert(address(key, settings)).second);
    CHECK(names.insert(key.name).second);
  }
}

TEST_CASE("every default is a value that the key would accept", "[schema]") {
  const Settings defaults;
  for (const auto& key : keys()) {
    INFO(key.name);
    fastbox::config::Problems problems;
    const auto node = parse_yaml("default", value_text(key, defaults), problems);
    REQUIRE(node != nullptr);
    Settings settings;
    const auto problem = read_value(key, *node, settings);
    CHECK(!problem.has_value());
    CHECK(value_text(key, settings) == value_text(key, defaults));
  }
}

TEST_CASE("keys and groups are described, alternatives are mutual", "[schema]") {
  for (const auto& key : keys()) {
    INFO(key.name);
    CHECK(!key.description.empty());
    CHECK(key.description.back() != '.');
    CHECK(!group_description(key.group()).empty());
    if (key.alternative.empty()) continue;
    REQUIRE(find_key(key.alternative) != nullptr);
    CHECK(find_key(key.alternative)->alternative == key.name);
    CHECK(find_key(key.alternative)->one_required == key.one_required);
  }
}

TEST_CASE("a typing error is met with the name that was meant", "[schema]") {
  CHECK(suggested_name("optimizer.lerning_rate") == "optimizer.learning_rate");
  CHECK(suggested_name("optimiser.learning_rate") == "optimizer.learning_rate");
  CHECK(suggested_name("optimizr") == "optimizer");
  CHECK(suggested_name("bse") == "base");
  CHECK(suggested_name("learning_rate") == "optimizer.learning_rate");
  CHECK(suggested_name("optimizer.batch_per_rank") == "train.batch_per_rank");
  CHECK(suggested_name("optimizer.zebra_crossing").empty());
  CHECK(suggested_name("zebra_crossing").empty());
  CHECK(suggested_name("weight_decay").empty());  // of the loss or of the optimizer: not ours to guess
}
