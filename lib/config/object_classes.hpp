// The classes that a network tells apart, as targets.* and evaluation.type name them.
//
// Pure function; thread-safe.
#pragma once

#include <vector>

#include "base/object_class.hpp"
#include "config/settings.hpp"

namespace fastbox::config {

/// Most classes of a network: a rectangle keeps a bit for each.
constexpr std::size_t most_classes = 64;

/// From targets.classes. Where the list is empty: the one class evaluation.type of the labels targets.positives. Throws
/// Error(usage) as parse_object_classes does, for too many of them, and for an evaluation.type that is none of them (with an
/// empty list: neither a class of KITTI's benchmark nor one of the positives).
std::vector<ObjectClass> object_classes(const Settings& settings);

}  // namespace fastbox::config
