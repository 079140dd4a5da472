#include "data/frame_numbers.hpp"

#include <set>
#include <string_view>

#include "base/text.hpp"

namespace fastbox::data {

std::string frame_number(std::size_t number) {
  std::string digits = std::to_string(number);
  return std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits;
}

std::vector<std::string> missing_numbers(const std::vector<std::string>& names, std::size_t count) {
  const std::set<std::string_view> there(names.begin(), names.end());
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < count; ++i)
    if (std::string name = frame_number(i); !there.contains(name)) missing.push_back(std::move(name));
  return missing;
}

std::string runs_of_numbers(const std::vector<std::string>& names, std::size_t most) {
  const auto follows = [](const std::string& name, const std::string& before) {
    long long number = 0;
    return before.size() == 6 && parse_integer(before, number) && number >= 0 &&
           name == frame_number(static_cast<std::size_t>(number) + 1);
  };
  std::vector<std::string> runs;
  std::size_t i = 0;
  while (i < names.size() && runs.size() < most) {
    std::size_t last = i;
    while (last + 1 < names.size() && follows(names[last + 1], names[last])) ++last;
    runs.push_back(last == i ? names[i] : concat(names[i], last == i + 1 ? ", " : " to ", names[last]));
    i = last + 1;
  }
  return join(runs, ", ") + (i < names.size() ? concat(" and ", names.size() - i, " more") : "");
}

}  // namespace fastbox::data
