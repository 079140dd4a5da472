// By which rules detections are judged: the generation of the official evaluator, and the classes.
//
// Plain data and pure functions; thread-safe.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "base/object_class.hpp"

namespace fastbox::eval {

/// The generations of the official evaluator. They differ in how small objects are treated.
enum class Evaluator {
  kitti2017,   ///< the current one: a ground truth of height <= the minimum is ignored, a detection of height
               ///< < it too
  kitti2017a,  ///< between the two: a ground truth of height < the minimum is ignored
  kitti2012,   ///< KittiBox's: as kitti2017a, and no rule for the height of detections
};

/// "kitti2017", ...
const char* name_of(Evaluator evaluator);

/// Throws Error(usage) for another name.
Evaluator evaluator_named(const std::string& name);

/// What one class counts. Types compare without case.
struct ClassRules {
  std::string title;                    ///< as result files write it: "Car". Detections of this type are the class's
  std::string name;                     ///< title in lower case: the key in JSON, the name in tables
  std::vector<std::string> types;       ///< of labels that are its ground truths
  std::vector<std::string> neighbours;  ///< of labels that its detections may find, neither hit nor missed
  double minimum_overlap = 0.5;         ///< a detection finds what it overlaps by more than this (IoU)

  /// Whether a label of that type is a ground truth of the class.
  bool counts(const std::string& type) const;
  /// Whether a label of that type is a neighbour.
  bool ignores(const std::string& type) const;

  bool operator==(const ClassRules&) const = default;
};

inline constexpr std::size_t kitti_class_count = 3;
inline constexpr std::array<const char*, kitti_class_count> kitti_class_names = {"car", "pedestrian", "cyclist"};

/// The benchmark's: Car (Van its neighbour, 0.7), Pedestrian (Person_sitting, 0.5), Cyclist (none, 0.5).
const std::vector<ClassRules>& kitti_classes();

struct Rules {
  Evaluator evaluator = Evaluator::kitti2017;
  std::vector<ClassRules> classes = kitti_classes();

  Rules() = default;
  Rules(Evaluator generation) : evaluator(generation) {}  // NOLINT: the benchmark's classes by a generation

  /// The place of the class of that name, whatever its case; classes.size() where there is none.
  std::size_t place_of(const std::string& name) const;
};

/// The rules for a list of classes. A class of the benchmark's name has the benchmark's rules, whatever labels it is trained
/// on. Another one counts all of its labels, ignores what it ignores, and takes an overlap of 0.5. A list of benchmark classes
/// alone, or an empty one, gives all three of them. `overlaps`: "Name=0.6", in place of a class's own. Throws Error(usage) for
/// an overlap that is no number within 0 and 1 (1 itself cannot be exceeded) or whose class is not evaluated, beginning with
/// `place` ("evaluation.overlaps").
Rules rules_for(Evaluator evaluator, std::span<const ObjectClass> classes,
                const std::vector<std::string>& overlaps = {}, const std::string& place = "evaluation.overlaps");

}  // namespace fastbox::eval
