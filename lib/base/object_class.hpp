// A class of objects as run files and command lines write it: "Car", "Car=Car+Van", "Pedestrian-Person_sitting".
//
// Pure functions; thread-safe.
#pragma once

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

/// How much a detection of a class must overlap an object of it: "Car=0.7".
struct ClassOverlap {
  std::string name;
  double overlap = 0;  ///< IoU, from 0 to below 1
};

/// Throws Error(usage) that begins with `place` ("evaluation.overlaps") and tells the text that is none.
ClassOverlap parse_class_overlap(const std::string& text, const std::string& place);

}  // namespace fastbox
