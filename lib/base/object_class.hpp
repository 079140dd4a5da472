// A class of objects as run files and command lines write it: "Car", "Car=Car+Van", "Pedestrian-Person_sitting".
//
// Pure functions; thread-safe.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace fastbox {

struct ObjectClass {
  std::string name;                  ///< written into result files
  std::vector<std::string> labels;   ///< types of labels that are of the class
  std::vector<std::string> ignored;  ///< types that are neither of the class nor anything else to it
};

/// "Name", "Name=Label+Label", or either with "-Label" for what the class ignores. Throws Error(usage) that begins with
/// `place` ("targets.classes") and tells the text that is no class.
ObjectClass parse_object_class(const std::string& text, const std::string& place);

/// All of them. Throws Error(usage) also for a name that comes twice, or a label of two classes; case does not count.
std::vector<ObjectClass> parse_object_classes(const std::vector<std::string>& texts, const std::string& place);

/// Whether KITTI's benchmark has a class of that name: Car, Pedestrian, Cyclist. Case does not count.
bool is_benchmark_class(const std::string& name);

/// The names of the classes that AP is taken of: the benchmark's three where the list has no other, else those of the list.
std::vector<std::string> evaluated_classes(std::span<const ObjectClass> classes);

/// How much a detection of a class must overlap an object of it: "Car=0.7".
struct ClassOverlap {
  std::string name;
  double overlap = 0;  ///< IoU, from 0 to below 1
};

/// Throws Error(usage) that begins with `place` ("evaluation.overlaps") and tells the text that is none, or whose name is not
/// among those `evaluated`; case does not count.
std::vector<ClassOverlap> parse_class_overlaps(const std::vector<std::string>& texts,
                                               const std::vector<std::string>& evaluated, const std::string& place);

}  // namespace fastbox
