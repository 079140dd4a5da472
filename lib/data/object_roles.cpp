#include "data/object_roles.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace fastbox::data {
namespace {

void make_lower(std::vector<std::string>& names) {
  for (auto& name : names) name = lower(name);
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

ObjectRoles::ObjectRoles(const config::Settings& settings)
    : classes_(config::object_classes(settings)), ignored_(settings.targets.ignored) {
  make_lower(ignored_);
  for (auto& one : classes_) make_lower(one.labels), make_lower(one.ignored);
}

ObjectRole ObjectRoles::of(std::string_view type) const {
  const std::string name = lower(type);
  if (name == "dontcare" || contains(ignored_, name)) return {Role::ignored, 0, ~std::uint64_t{0}};
  ObjectRole role;
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    if (contains(classes_[i].labels, name)) role.role = Role::positive, role.object_class = static_cast<int>(i);
    if (contains(classes_[i].ignored, name)) role.ignored_for |= std::uint64_t{1} << i;
  }
  return role;
}

}  // namespace fastbox::data
