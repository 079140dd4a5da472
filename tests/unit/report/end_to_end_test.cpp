// From data to detections: each process has its time from the file that tells it, or the reason why it has none.
#include <catch2/catch.hpp>
#include <chrono>

#include "base/files.hpp"
#include "base/text.hpp"
#include "made_run.hpp"
#include "report/sections.hpp"

using namespace fastbox;

namespace {

/// The table's row of a process, without tags: cells joined by " | ".
std::string row_of(const std::string& html, const std::string& process) {
  const auto cell = html.find("<td>" + process + "</td>");
  if (cell == std::string::npos) return "";
  const std::string row = html.substr(cell, html.find("</tr>", cell) - cell);
  std::string text;
  bool in_tag = false;
  for (const char c : row) {
    if (c == '<') in_tag = true;
    if (!in_tag) text += c;
    if (c == '>') in_tag = false;
    if (c == '>' && text.size() > 3 && !text.ends_with(" | ")) text += " | ";
  }
  return text;
}

std::string section_of(const std::filesystem::path& run) {
  return report::end_to_end_section({report::read_run(run)});
}

}  // namespace

TEST_CASE("every process that a file tells of has its time", "[end_to_end]") {
  const test::ScratchFolder folder;
  test::make_data(folder / "data");
  test::make_run(folder / "run", folder / "data");
  const auto metrics = folder / "run" / "metrics.jsonl";
  const std::string before = section_of(folder / "run");
  CHECK(row_of(before, "prepare").find("neither synth.json nor import.json") != std::string::npos);
  CHECK(row_of(before, "cache").find("nothing is decoded ahead") != std::string::npos);
  CHECK(row_of(before, "start").find("1.5 s") != std::string::npos);
  CHECK(row_of(before, "predict").find("not done yet; 12.5 ms an image") != std::string::npos);

  const auto scenes = folder / "data" / "synth.json";
  write_file_atomically(scenes, R"({"generator": "fastbox data synth"})");
  std::filesystem::last_write_time(folder / "data/training/image_2/000000.png",
                                   std::filesystem::last_write_time(scenes) - std::chrono::seconds(20));
  write_file_atomically(folder / "run" / "predict.json",
                        R"({"checkpoint": "step-00000004", "images": 12, "seconds": 3})");
  std::string text = read_file(metrics);
  const std::string told = R"("startup_seconds":1.5)";
  text.replace(text.find(told), told.size(), told + R"(,"cache_seconds":0.5)");
  write_file_atomically(metrics, text);
  const std::string after = section_of(folder / "run");
  CHECK(row_of(after, "prepare").find("20.0 s") != std::string::npos);
  CHECK(row_of(after, "cache").find("0.50 s") != std::string::npos);
  CHECK(row_of(after, "start").find("1.0 s") != std::string::npos);  // less the cache
  CHECK(row_of(after, "evaluate").find("5.0 s") != std::string::npos);
  CHECK(row_of(after, "predict").find("3.0 s") != std::string::npos);
  CHECK(row_of(after, "predict").find("12 images") != std::string::npos);

  std::filesystem::remove(scenes);
  write_file_atomically(folder / "data" / "import.json", R"({"files": 3, "unpacked": 3, "seconds": 7})");
  CHECK(row_of(section_of(folder / "run"), "prepare").find("7.0 s") != std::string::npos);
}
