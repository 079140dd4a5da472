// The classes that a network tells apart, as targets.* and evaluation.type name them.
//
// Pure function; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"

namespace fastbox::config {

/// Most classes of a network: a rectangle keeps a bit for each.
constexpr std::size_t most_classes = 64;

struct ObjectClass {
  std::string name;                  ///< written into result files
  std::vector<std::string> labels;   ///< types of labels that are of the class
  std::vector<std::string> ignored;  ///< types that are neither of the class nor anything else to it
};

/// From targets.classes, each "Name", "Name=Label+Label" or with "-Label" for what the class ignores: "Car=Car+Van",
/// "Pedestrian-Person_sitting". Where the list is empty: the one class evaluation.type of the labels targets.positives.
/// Throws Error(usage) naming the text that is no class, a name that comes twice, or a label of two classes.
std::vector<ObjectClass> object_classes(const Settings& settings);

}  // namespace fastbox::config
