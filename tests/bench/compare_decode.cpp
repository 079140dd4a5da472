// compare_decode FOLDER [--frames N] [--rounds N]
//
// Milliseconds a frame from a PNG's bytes to RGB pixels, by OpenCV and by io::decode_frame, in turn on one thread, frame by
// frame, so that whatever else the machine does falls on both. The first N PNGs of the folder by name.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "io/image.hpp"

namespace {

using namespace fastbox;

cv::Mat by_opencv(const std::string& bytes) {
  const cv::Mat packed(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<char*>(bytes.data()));
  cv::Mat rgb;
  cv::cvtColor(cv::imdecode(packed, cv::IMREAD_COLOR), rgb, cv::COLOR_BGR2RGB);
  return rgb;
}

template <typename Work>
double milliseconds(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

/// least, median, most
void print(const char* what, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::printf("%-22s %7.2f %7.2f %7.2f\n", what, values.front(), values[values.size() / 2], values.back());
}

int run(const std::string& folder, std::size_t frames, int rounds) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".png") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  files.resize(std::min(files.size(), frames));
  if (files.empty()) fail(ExitCode::data, folder, ": no PNG, expected some");
  std::vector<double> theirs, ours, ratios;
  for (int round = 0; round < rounds; ++round) {
    double opencv = 0, fastbox = 0;
    for (const auto& file : files) {
      const std::string bytes = read_file(file);
      cv::Mat a, b;
      opencv += milliseconds([&] { a = by_opencv(bytes); });
      fastbox += milliseconds([&] { b = io::decode_frame(bytes, file.string()); });
      if (a.size() != b.size() || cv::norm(a, b, cv::NORM_INF) != 0)
        fail(ExitCode::defect, file.string(), ": other pixels than OpenCV's");
    }
    const auto count = static_cast<double>(files.size());
    theirs.push_back(opencv / count), ours.push_back(fastbox / count), ratios.push_back(opencv / fastbox);
  }
  std::printf("%zu frames, %d rounds         least  median    most\n", files.size(), rounds);
  print("OpenCV, ms", theirs), print("fastbox, ms", ours), print("OpenCV / fastbox", ratios);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Decoding a PNG by OpenCV and by fastbox, in turn");
  std::string folder;
  std::size_t frames = 40;
  int rounds = 9;
  app.add_option("FOLDER", folder)->required();
  app.add_option("--frames", frames)->check(CLI::PositiveNumber);
  app.add_option("--rounds", rounds)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    return run(folder, frames, rounds);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "compare_decode: %s\n", problem.what());
    return 1;
  }
}
