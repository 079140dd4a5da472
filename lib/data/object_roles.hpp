// What an object of a label file is to the network: one of its classes, nothing, or something to leave out of the loss.
//
// Immutable: any thread may use it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/object_classes.hpp"
#include "config/settings.hpp"

namespace fastbox::data {

enum class Role { positive, ignored, background };

struct ObjectRole {
  Role role = Role::background;
  int object_class = 0;           ///< of a positive one
  std::uint64_t ignored_for = 0;  ///< a bit for each class that it is neither positive nor background for
};

class ObjectRoles {
 public:
  /// Throws Error(usage) as config::object_classes does.
  explicit ObjectRoles(const config::Settings& settings);

  int classes() const { return static_cast<int>(classes_.size()); }

  /// Case does not matter. DontCare and targets.ignored are ignored for every class.
  ObjectRole of(std::string_view type) const;

 private:
  std::vector<ObjectClass> classes_;  // labels in lower case
  std::vector<std::string> ignored_;  // lower case
};

}  // namespace fastbox::data
