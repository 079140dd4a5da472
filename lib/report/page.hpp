// The page around the report's sections: style sheet, script, contents.
//
// Everything is within the page, and its content security policy forbids the rest. Without the script the page follows
// the reader's light or dark and lacks only the switch and the read-outs. Pure functions; thread-safe.
#pragma once

#include <string>
#include <vector>

namespace fastbox::report {

struct Section {
  std::string id, title;
  std::string html;  ///< empty: the section is left out
};

/// A whole HTML5 document. `title` and `subtitle` are words.
std::string page(const std::string& title, const std::string& subtitle, const std::vector<Section>& sections);

}  // namespace fastbox::report
