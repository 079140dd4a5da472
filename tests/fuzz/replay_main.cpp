// Runs a fuzz target on every file of a folder: `fuzz_labels tests/fuzz/corpus/labels`. For builds without libFuzzer.

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "fuzz.hpp"

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "expected one folder of inputs\n";
    return static_cast<int>(fastbox::ExitCode::usage);
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(arguments[1])) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    std::cerr << file.filename().string() << std::endl;  // before it runs: the last name is the one that crashed
    const std::string input = fastbox::read_file(file);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  }
  std::cerr << files.size() << " inputs\n";
  return files.empty() ? static_cast<int>(fastbox::ExitCode::data) : 0;
}
