// Runs a fuzz target on every file of a folder, then on seeded mutations of them, for builds without libFuzzer:
//
//   fuzz_labels tests/fuzz/corpus/labels [MUTATIONS [FILE]]
//
// FILE holds the mutation that is running: where the process ends in it, it stays, as the finding.

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "fuzz.hpp"
#include "mutation.hpp"

namespace {

void run(const std::string& input) {
  // A copy of the input's own size: the sanitizer sees a read of one byte more.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

int replay(const std::filesystem::path& folder, std::uint64_t mutations, const std::filesystem::path& current) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  for (const auto& file : files) {
    std::cerr << file.filename().string() << std::endl;  // before it runs: the last name is the one that crashed
    run(inputs.emplace_back(fastbox::read_file(file)));
  }
  if (inputs.empty()) {
    std::cerr << folder.string() << ": holds no input\n";
    return static_cast<int>(fastbox::ExitCode::data);
  }
  if (!current.empty()) std::cerr << "the mutation that runs lies in " << current.string() << std::endl;
  std::error_code ignored;
  for (std::uint64_t number = 0; number < mutations; ++number) {
    const std::string input = fastbox::fuzz::mutated(inputs, number);
    if (!current.empty()) {
      std::filesystem::remove(current,
                              ignored);  // file systems flush what is emptied and written again, not what is new
      std::ofstream(current, std::ios::binary) << input << std::flush;
    }
    run(input);
  }
  if (!current.empty()) std::filesystem::remove(current, ignored);
  std::cerr << inputs.size() << " inputs and " << mutations << " mutations of them: no finding\n";
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  std::uint64_t mutations = 0;
  const std::string number = count > 2 ? arguments[2] : "0";
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), mutations);
  if (count < 2 || count > 4 || parsed.ec != std::errc() || parsed.ptr != number.data() + number.size()) {
    std::cerr << "expected FOLDER_OF_INPUTS [MUTATIONS [FILE]]\n";
    return static_cast<int>(fastbox::ExitCode::usage);
  }
  return replay(arguments[1], mutations, count > 3 ? arguments[3] : "");
}
