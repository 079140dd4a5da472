// Every key of a run file, in one table: loading, checking, `fastbox config keys`, docs/configuration.md and
// configs/base.yaml all come from it, so they cannot drift apart.
//
// The table is built on first use, immutable afterwards and lives as long as the process; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings.hpp"

namespace fastbox::config {

/// Finds a key's member in a Settings. The alternative that is held is the key's type.
using Member = std::variant<bool& (*)(Settings&), int& (*)(Settings&), std::int64_t& (*)(Settings&),
                            double& (*)(Settings&), std::string& (*)(Settings&),
                            std::vector<std::string>& (*)(Settings&), std::vector<double>& (*)(Settings&)>;

/// The values that a number (or each number of a list) may take.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false, high_open = false;  ///< the end itself is excluded
  int multiple = 1;                          ///< integers only

  bool contains(double value) const;
  /// "at least 0 and below 1", "from 32 to 8192"; "" where anything goes.
  std::string text() const;
};

struct Key {
  std::string name;         ///< "optimizer.learning_rate"
  std::string unit;         ///< "pixels"; "" for none
  std::string description;  ///< one line without a full stop at the end
  Member member;
  Range range;
  std::vector<std::string> choices;  ///< of a text; empty: any text
  bool number_too = false;           ///< of a text: a whole number in `range` as well
  bool low_high = false;             ///< a list of numbers: exactly [low, high], low <= high
  bool not_empty = false;            ///< a list of texts
  std::string alternative;           ///< the key that says the same in another unit; at most one of both is non-zero
  bool one_required = false;         ///< exactly one of both alternatives is non-zero
  bool of_this_machine = false;      ///< differs from site to site, so configs/base.yaml gives it as a comment

  std::string_view group() const;  ///< "optimizer"
  std::string_view leaf() const;   ///< "learning_rate"
};

/// In the order of Settings; keys of a group follow one another.
const std::vector<Key>& keys();

/// Null where there is no such key.
const Key* find_key(std::string_view name);

/// The groups in order: "data", "model", ...
const std::vector<std::string>& groups();

/// What a group is about, one line.
std::string_view group_description(std::string_view group);

/// The key, group or "base" that the writer of an unknown `name` probably meant, or "".
std::string suggested_name(std::string_view name);

/// Whether the value is a list.
bool takes_list(const Key& key);

/// For a key whose type is one of the two integers; another is a defect of ours (std::logic_error).
std::int64_t integer_value(const Key& key, const Settings& settings);
void set_to_zero(const Key& key, Settings& settings);

}  // namespace fastbox::config
