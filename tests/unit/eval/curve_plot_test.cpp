#include <catch2/catch.hpp>

#include <charconv>
#include <clocale>
#include <cmath>
#include <limits>
#include <locale>

#include "base/files.hpp"
#include "base/random.hpp"
#include "eval/curve_plot.hpp"
#include "scenes.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::eval;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
// The axes of a single curve in its picture, in pixels.
constexpr double axes_left = 58, axes_top = 104, axes_width = 400, axes_height = 300;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// Cars found with falling precision, at most some of them; pedestrians in labels only.
KittiResult made_result(int cars = 100) {
  std::vector<FrameObjects> frames;
  Random random(3, Purpose::scene);
  for (int i = 0; i < cars; ++i) {
    const io::Box box{100, 100, 200, 200}, apart{300, 100, 400, 200};
    const double score = 1 - 0.01 * i;
    FrameObjects frame{std::to_string(i), {test::label("Car", box), test::label("Pedestrian", apart)}, {}};
    if (i % 10 != 9) frame.detections.push_back(test::detection("Car", box, score));
    if (random.uniform() < 0.01 * i) frame.detections.push_back(test::detection("Car", apart, score));
    frames.push_back(frame);
  }
  return evaluate(frames);
}

/// Whether every element is closed by its own end and every character is allowed: a small reader of XML.
bool is_well_formed(const std::string& xml) {
  std::vector<std::string> open;
  std::size_t elements = 0;
  for (std::size_t at = 0; at < xml.size();) {
    const auto c = static_cast<unsigned char>(xml[at]);
    if (c < 0x20 && c != '\n') return false;
    if (xml[at] != '<') {
      if (xml[at] == '&' || (open.empty() && xml[at] != '\n')) return false;
      ++at;
      continue;
    }
    const auto end = xml.find('>', at);
    if (end == std::string::npos) return false;
    const std::string tag = xml.substr(at + 1, end - at - 1);
    if (count(tag, "\"") % 2 != 0 || count(tag, "<") != 0) return false;
    const std::string name = tag.substr(0, tag.find_first_of(" /\n", 1));
    if (tag[0] == '/') {
      if (open.empty() || open.back() != tag.substr(1)) return false;
      open.pop_back();
    } else if (++elements; tag.back() != '/') {
      open.push_back(name);
    }
    at = end + 1;
  }
  return open.empty() && elements > 10;
}

/// The `d` of the only path of these classes; "" where there is none.
std::string path_of(const std::string& svg, const std::string& classes) {
  const std::string begin = "class=\"" + classes + "\" d=\"";
  REQUIRE(count(svg, begin) <= 1);
  const auto at = svg.find(begin);
  if (at == std::string::npos) return "";
  return svg.substr(at + begin.size(), svg.find('"', at + begin.size()) - at - begin.size());
}

/// The precisions of slots 1 .. 40 read back from a single curve's line: its height between (i-1)/40 and i/40. NaN where there
/// is no line; 0 behind its fall to the axis.
std::array<double, slot_count> precisions_of(const std::string& data) {
  std::array<double, slot_count> precision;
  precision.fill(not_a_number);
  double x = 0, y = 0;
  const char *at = data.data(), *end = data.data() + data.size();
  const auto number = [&] {
    double value = 0;
    const auto read = std::from_chars(at, end, value);
    REQUIRE(read.ec == std::errc());
    at = read.ptr;
    return value;
  };
  while (at != end) {
    const char command = *at++;
    if (command == 'M') {
      x = number();
      REQUIRE(*at++ == ' ');
      y = number();
    } else if (command == 'V') {
      y = number();
    } else {
      REQUIRE(command == 'H');
      const double to = number();
      const auto slot = static_cast<std::size_t>(std::lround((to - axes_left) / axes_width * 40));
      CHECK(x == Approx(axes_left + axes_width * (static_cast<double>(slot) - 1) / 40).margin(1e-3));
      precision[slot] = 1 - (y - axes_top) / axes_height;
      x = to;
    }
  }
  const auto fall = static_cast<std::size_t>(std::lround((x - axes_left) / axes_width * 40)) + 1;
  if (std::abs(y - axes_top - axes_height) < 1e-9)
    for (std::size_t slot = fall; slot < slot_count; ++slot) precision[slot] = 0;
  return precision;
}

}  // namespace

TEST_CASE("the line is at every slot's precision, and so its area is AP40", "[curve_plot]") {
  for (const int cars : {1, 3, 20, 100}) {
    const KittiResult result = made_result(cars);
    for (std::size_t d = 0; d < difficulty_count; ++d) {
      const auto& figures = result.classes[0][d];
      const auto drawn =
          precisions_of(path_of(curve_svg(result, 0, d), std::string("curve alone ") + difficulty_names[d]));
      double area = 0;
      for (std::size_t i = 1; i < slot_count; ++i) {
        CHECK(drawn[i] == Approx(figures.precision[i]).margin(1e-5));
        area += drawn[i] / 40;
      }
      CHECK(100 * area == Approx(figures.ap40).margin(1e-3));
      CHECK((cars == 1 || figures.ap40 > 0));
    }
  }
}

TEST_CASE("a NaN breaks the line and is written nowhere", "[curve_plot]") {
  KittiResult result = made_result();
  auto& figures = result.classes[0][1];
  const auto before = figures.precision;
  for (const std::size_t slot : {7, 8, 20}) figures.precision[slot] = not_a_number;
  figures.ap40 = figures.ap11 = figures.mean41 = not_a_number;
  const std::string svg = curve_svg(result, 0, 1), overview = overview_svg(result, 0);
  for (const std::string& text : {svg, overview}) {
    CHECK(is_well_formed(text));
    CHECK(count(text, "nan") == 0);
    CHECK(count(text, "inf") == 0);
  }
  CHECK(count(svg, "AP40 -,") == 1);
  const std::string line = path_of(svg, "curve alone moderate");
  CHECK(count(line, "M") == 3);
  CHECK(count(path_of(svg, "area moderate"), "Z") == 3);
  const auto drawn = precisions_of(line);
  for (std::size_t i = 1; i < slot_count; ++i) {
    CHECK(std::isnan(drawn[i]) == std::isnan(figures.precision[i]));
    if (!std::isnan(figures.precision[i])) CHECK(drawn[i] == Approx(before[i]).margin(1e-5));
  }
  figures.precision.fill(not_a_number);
  CHECK(path_of(curve_svg(result, 0, 1), "curve alone moderate").empty());
}

TEST_CASE("a picture says what it shows", "[curve_plot]") {
  const KittiResult result = made_result();
  const auto& figures = result.classes[0][1];
  const std::string svg = curve_svg(result, 0, 1), overview = overview_svg(result, 0);
  CHECK(is_well_formed(svg));
  CHECK(is_well_formed(overview));
  CHECK(count(svg, ">Car, moderate</text>") == 1);
  CHECK(count(svg, "AP40 " + fixed(figures.ap40, 2) + ", 100 ground truths") == 1);
  CHECK(count(svg, "kitti2017, overlap above 0.7, 100 frames") == 1);
  for (const char* axis : {">Recall</text>", ">Precision</text>"}) {
    CHECK(count(svg, axis) == 1);
    CHECK(count(overview, axis) == 1);
  }
  CHECK(count(svg, "<circle") == figures.recall.size());
  CHECK(count(svg, "prefers-color-scheme: dark") == 1);
  CHECK(count(overview, ">Car</text>") == 1);
  for (std::size_t d = 0; d < difficulty_count; ++d)
    CHECK(count(overview, fixed(result.classes[0][d].ap40, 2) + "</text>") >= 1);
  CHECK(count(overview, "<path class=\"curve ") == 6);  // the curves and their samples in the legend
}

TEST_CASE("curves that part are named where they run, those that coincide in the legend only", "[curve_plot]") {
  KittiResult result = made_result();
  CHECK(count(overview_svg(result, 0), "<text class=\"label") == 0);  // all of these cars are easy ones
  for (std::size_t d = 0; d < difficulty_count; ++d) {
    auto& figures = result.classes[0][d];
    figures.thresholds.resize(36 - 8 * d);
    for (std::size_t i = 0; i < slot_count; ++i) figures.precision[i] = i < figures.thresholds.size() ? 0.9 : 0;
  }
  const std::string overview = overview_svg(result, 0);
  for (const char* name : difficulty_names) {
    CHECK(count(overview, std::string("label middle ") + name) == 1);
    CHECK(count(overview, std::string(">") + name + "</text>") == 2);  // and its halo
  }
}

TEST_CASE("nothing to find and nothing found are told apart", "[curve_plot]") {
  KittiResult result = made_result();
  result.classes[0][0] = {};
  CHECK(count(curve_svg(result, 0, 0), "There is no ground truth to find") == 1);
  CHECK(path_of(curve_svg(result, 0, 0), "curve alone easy").empty());
  result.classes[0][0].ground_truths = 5;
  CHECK(count(curve_svg(result, 0, 0), "No ground truth is found") == 1);
  CHECK(count(curve_svg(result, 0, 1), "round truth") == 1);  // the number alone
  CHECK(is_well_formed(overview_svg(result, 0)));
}

TEST_CASE("files are written for the classes that are detected", "[curve_plot]") {
  const test::ScratchFolder folder;
  KittiResult result = made_result();
  REQUIRE_FALSE(result.detected[1]);
  const std::vector<std::string> cars = {"car.svg", "car-easy.svg", "car-moderate.svg", "car-hard.svg"};
  CHECK(write_curves(folder / "new/curves", result) == cars);
  CHECK(read_file(folder / "new/curves/car.svg") == overview_svg(result, 0));
  CHECK(read_file(folder / "new/curves/car-hard.svg") == curve_svg(result, 0, 2));
  const auto entries = std::filesystem::directory_iterator(folder / "new/curves");
  CHECK(std::distance(begin(entries), end(entries)) == 4);
  result.detected = {false, false, true};
  CHECK(write_curves(folder / "cyclists", result).front() == "cyclist.svg");
  result.detected.assign(result.detected.size(), false);
  CHECK(write_curves(folder / "none", result).empty());
}

TEST_CASE("equal results give equal bytes in any locale", "[curve_plot]") {
  const std::string before = curve_svg(made_result(), 0, 1) + overview_svg(made_result(), 0);
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8"}) std::setlocale(LC_ALL, name);  // where they are installed
  struct Comma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\1"; }
  };
  const std::locale previous = std::locale::global(std::locale(std::locale(), new Comma));
  const std::string after = curve_svg(made_result(), 0, 1) + overview_svg(made_result(), 0);
  std::locale::global(previous);
  std::setlocale(LC_ALL, "C");
  CHECK(after == before);
}
