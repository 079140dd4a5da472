#include "json_output.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/files.hpp"

namespace fastbox::apps {

void write_json(const std::string& target, const nlohmann::ordered_json& value) {
  if (target.empty()) return;
  if (target == "-")
    std::cout << value.dump(2) << std::endl;
  else
    write_file_atomically(target, value.dump(2) + "\n");
}

}  // namespace fastbox::apps
