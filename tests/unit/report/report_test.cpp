#include "report/report.hpp"

#include <catch2/catch.hpp>
#include <regex>
#include <set>

#include "base/files.hpp"
#include "base/text.hpp"
#include "made_run.hpp"

using namespace fastbox;
using namespace fastbox::report;

namespace {

namespace fs = std::filesystem;

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The section of that id; empty where the page has none.
std::string section_of(const std::string& html, const std::string& id) {
  const auto begin = html.find("<section id=\"" + id + "\">");
  return begin == std::string::npos ? "" : html.substr(begin, html.find("</section>", begin) - begin);
}

/// Whatever a browser would fetch: every address in an attribute or a style that is neither within the page nor data.
std::vector<std::string> fetched(const std::string& html) {
  std::vector<std::string> found;
  // std::regex recurses over long matches: pictures are taken out first.
  std::string short_html;
  for (std::size_t at = 0; at < html.size();) {
    const auto data = html.find("base64,", at);
    short_html += html.substr(at, data == std::string::npos ? data : data - at);
    at = data == std::string::npos ? html.size() : html.find('"', data);
  }
  const std::regex address(R"re((?:src|href|srcset|action|data|poster)\s*=\s*["']?([^"'\s>]*)|@import|url\s*\()re");
  for (std::sregex_iterator match(short_html.begin(), short_html.end(), address), end; match != end; ++match) {
    const std::string where = (*match)[1];
    if (!where.starts_with('#') && !where.starts_with("data:")) found.push_back(match->str());
  }
  if (holds(short_html, "https://") || std::regex_search(short_html, std::regex("http://(?!www\\.w3\\.org/2000/svg)")))
    found.push_back("an address");
  return found;
}

/// The names of elements that are opened and never closed, or the other way round.
std::set<std::string> unbalanced(const std::string& html) {
  const std::set<std::string> empty = {"meta", "link", "img", "path", "rect", "circle", "!DOCTYPE"};
  std::vector<std::string> open;
  std::set<std::string> wrong;
  const std::string body = html.substr(0, html.find("<script>"));
  for (auto at = body.find('<'); at != std::string::npos; at = body.find('<', at + 1)) {
    const bool closes = body[at + 1] == '/';
    const auto from = at + (closes ? 2 : 1);
    const std::string name = body.substr(from, body.find_first_of(" \n>/", from) - from);
    if (empty.contains(name)) continue;
    if (!closes) {
      open.push_back(name);
    } else if (!open.empty() && open.back() == name) {
      open.pop_back();
    } else {
      wrong.insert(name);
    }
  }
  wrong.insert(open.begin(), open.end());
  wrong.erase("html");  // the script stands before these two end
  wrong.erase("body");
  return wrong;
}

}  // namespace

TEST_CASE("the report of a run has all its sections, and asks nobody for anything", "[report]") {
  const test::ScratchFolder scratch;
  test::make_data(scratch / "data");
  test::make_run(scratch / "run", scratch / "data");
  const std::string html = make_report({{scratch / "run"}, {{"host", "node<7>"}, {"cores", 2}}});

  CHECK(html.starts_with("<!DOCTYPE html>"));
  CHECK(fetched(html).empty());
  CHECK(unbalanced(html).empty());
  CHECK(holds(html, "<meta name=\"viewport\""));
  CHECK(holds(html, "default-src 'none'"));
  for (const std::string id : {"summary", "accuracy", "training", "time", "end-to-end", "pictures", "data", "run-file",
                               "checkpoints", "machine"}) {
    INFO(id);
    CHECK(holds(html, "<section id=\"" + id + "\">"));
    CHECK(holds(html, "<a href=\"#" + id + "\">"));
  }
  CHECK_FALSE(holds(html, "<section id=\"comparison\">"));
  CHECK_FALSE(holds(html, ">nan<"));

  SECTION("figures come from the files") {
    CHECK(holds(html, "<dt>AP40 moderate</dt><dd>62.5"));                    // eval.json
    CHECK(holds(html, "<td class=\"number\">40.25</td>"));                   // the first evaluation
    CHECK(holds(html, "<td>backward</td><td class=\"number\">300.0</td>"));  // ms a step
    CHECK(holds(html, "<td class=\"number\">1</td><td>compute</td><td class=\"number\">2</td>"));  // the straggler
    CHECK(holds(html, "<td>train</td><td class=\"number\">2.0 s</td>"));  // 16 images at 8 images/s
    CHECK(holds(html, "<td>start</td><td class=\"number\">1.5 s</td>"));
    CHECK(holds(html, "<td>evaluate</td><td class=\"number\">5.0 s</td>"));
    CHECK(holds(html, "<td>save</td><td class=\"number\">0.50 s</td>"));
    CHECK(holds(html, "<td>Car</td><td class=\"number\">2</td><td class=\"number\">1</td>"));
    CHECK(holds(html, "<code>train.samples</code></td><td><code>16</code></td><td>--set</td>"));
    CHECK(holds(html, "3 samples could not be read"));
    CHECK(holds(html, "1 evaluation failed"));
    CHECK(holds(html, "the disk is &lt;nearly&gt; full"));
    CHECK(holds(html, "node&lt;7&gt;"));
  }
  SECTION("the same files give the same bytes") {
    CHECK(make_report({{scratch / "run"}, {{"host", "node<7>"}, {"cores", 2}}}) == html);
  }
}

TEST_CASE("of a run of one class the accuracy names no other", "[report]") {
  const test::ScratchFolder scratch;
  test::make_data(scratch / "data");
  test::make_run(scratch / "run", scratch / "data");
  const std::string html = make_report({{scratch / "run"}, nullptr}), accuracy = section_of(html, "accuracy");
  CHECK(holds(accuracy, "<strong>AP40 over samples</strong> <span>class car, percent</span>"));
  CHECK(holds(accuracy, "<strong>Precision over recall</strong> <span>of eval.json;"));
  CHECK(holds(accuracy, "<thead><tr><th scope=\"col\">difficulty</th>"));
  CHECK(holds(accuracy, "eval.json: class car, 1 frame, evaluator kitti2017"));
  CHECK(holds(accuracy, "<th scope=\"col\" class=\"number\">samples</th><th scope=\"col\" class=\"number\">easy</th>"));
  CHECK_FALSE(holds(accuracy, "pedestrian"));  // null in eval.json
  CHECK_FALSE(holds(accuracy, "No figures of"));
  CHECK(holds(section_of(html, "pictures"), "at difficulty moderate; boxes"));
}

TEST_CASE("every class that a run tells apart is in the accuracy", "[report]") {
  const test::ScratchFolder scratch;
  test::make_data(scratch / "data");
  test::make_three_class_run(scratch / "run", scratch / "data");
  const auto eval_file = scratch / "run" / "eval.json";
  const auto read_again = [&] { return make_report({{scratch / "run"}, nullptr}); };

  SECTION("its charts, the final table and that of every evaluation") {
    const std::string html = read_again(), accuracy = section_of(html, "accuracy");
    CHECK(unbalanced(html).empty());
    CHECK_FALSE(holds(html, ">nan<"));
    for (const std::string name : {"car", "pedestrian", "cyclist"}) {
      INFO(name);
      CHECK(holds(accuracy, "<strong>AP40 over samples, " + name + "</strong> <span>percent</span>"));
      CHECK(holds(accuracy, "<strong>Precision over recall, " + name + "</strong>"));
    }
    CHECK(accuracy.find("over samples, car<") < accuracy.find("over samples, pedestrian<"));
    CHECK(holds(accuracy, ",8,20.5 "));  // the read-out: samples and AP40
    CHECK(holds(accuracy, ",16,15.25\""));
    CHECK(holds(accuracy, "<td>pedestrian</td><td>easy</td><td class=\"number\">31.25</td>"));
    CHECK(holds(accuracy, "<td></td><td>hard</td><td class=\"number\">15.25</td>"));
    const std::string blank = "<td class=\"number\"></td>";
    CHECK(holds(accuracy, "<td class=\"number\">8</td><td>car</td><td class=\"number\">70.00</td>"));
    CHECK(holds(accuracy, blank + blank + "<td>cyclist</td><td class=\"number\">10.75</td>"));
    CHECK(holds(accuracy, "The run is judged by the class car."));
    CHECK_FALSE(holds(accuracy, "No figures of"));
    CHECK(holds(html, "<dt>AP40 moderate</dt><dd>62.5<small>percent</small>"));
    CHECK(holds(section_of(html, "pictures"), "at difficulty moderate, of the class car; boxes"));
  }
  SECTION("one that is null at the end keeps its line over samples, and is named") {
    auto json = nlohmann::json::parse(read_file(eval_file));
    json["classes"]["cyclist"] = nullptr;
    write_file_atomically(eval_file, json.dump());
    const std::string accuracy = section_of(read_again(), "accuracy");
    CHECK(holds(accuracy, "<strong>AP40 over samples, cyclist</strong>"));
    CHECK(holds(accuracy, "eval.json has no figures of this class."));
    CHECK_FALSE(holds(accuracy, "<td>cyclist</td><td>easy</td>"));
    CHECK(holds(accuracy, "No figures of: cyclist (no detection of the last evaluation names it)."));
  }
  SECTION("one that was never detected is named alone") {
    auto json = nlohmann::json::parse(read_file(eval_file));
    json["classes"]["cyclist"] = nullptr;
    write_file_atomically(eval_file, json.dump());
    write_file_atomically(scratch / "run" / "metrics.jsonl", test::evaluation_line(4, 16, 62.5));
    const std::string accuracy = section_of(read_again(), "accuracy");
    CHECK_FALSE(holds(accuracy, "samples, cyclist"));
    CHECK_FALSE(holds(accuracy, "recall, cyclist"));
    CHECK_FALSE(holds(accuracy, "<td>cyclist</td>"));
    CHECK(holds(accuracy, "No figures of: cyclist (no detection of the last evaluation names it)."));
  }
  SECTION("a name with markup in it does no harm") {
    auto json = nlohmann::json::parse(read_file(eval_file));
    json["classes"]["<b>\"bus"] = json["classes"]["car"];
    write_file_atomically(eval_file, json.dump());
    const std::string html = read_again();
    CHECK(unbalanced(html).empty());
    CHECK(holds(html, "<td>&lt;b&gt;&quot;bus</td><td>easy</td>"));
  }
  SECTION("beside a run of one class, each class has its charts") {
    test::make_run(scratch / "cars", scratch / "data");
    const std::string html = make_report({{scratch / "run", scratch / "cars"}, nullptr});
    CHECK(unbalanced(html).empty());
    for (const std::string name : {"car, easy", "car, hard", "pedestrian, moderate", "cyclist, hard"}) {
      INFO(name);
      CHECK(holds(html, "<strong>AP40 over samples, " + name + "</strong>"));
      CHECK(holds(html, "<strong>Precision over recall, " + name + "</strong>"));
    }
  }
}

TEST_CASE("robustness.json gives a section with a table and a chart; without it there is none", "[report]") {
  const test::ScratchFolder scratch;
  test::make_data(scratch / "data");
  test::make_run(scratch / "run", scratch / "data");
  CHECK_FALSE(holds(make_report({{scratch / "run"}, nullptr}), "<section id=\"robustness\">"));
  const std::string clean = R"("clean": {"car": {"easy": 70, "moderate": 62.5, "hard": 50}})";
  const auto row = [](const char* name, int severity, double strength, const char* moderate) {
    return concat(R"({"name": ")", name, R"(", "severity": )", severity, R"(, "strength": )", strength,
                  R"(, "classes": {"car": {"easy": 1, "moderate": )", moderate, R"(, "hard": 1}}})");
  };
  write_file_atomically(scratch / "run" / "robustness.json",
                        concat("{", clean, R"(, "corruptions": [)", row("noise", 1, 8, "61.25"), ", ",
                               row("noise", 2, 16, "null"), ", ", row("blur", 2, 2, "40"), "]}"));
  const std::string html = make_report({{scratch / "run"}, nullptr});
  CHECK(unbalanced(html).empty());
  const std::string section = section_of(html, "robustness");
  REQUIRE_FALSE(section.empty());
  CHECK(holds(html, "<td class=\"number\">61.25</td><td class=\"number\">-1.25</td>"));
  CHECK(holds(html, "<td class=\"number\">40.00</td><td class=\"number\">-22.50</td>"));
  CHECK(holds(html, ",0,62.5 "));  // each line begins at the picture as it is, and goes on to its severities
  CHECK(holds(html, ",1,61.25\""));
  CHECK(holds(html, ",2,40\""));
  CHECK(holds(section, ">60</text>"));  // the axes reach as far as the points
  CHECK(holds(section, ">2</text>"));
  CHECK(holds(html, "data-name=\"noise\""));
  CHECK(holds(html, "data-name=\"blur\""));
  CHECK_FALSE(holds(html, ">nan<"));
}

TEST_CASE("names with markup in them do no harm", "[report]") {
  const test::ScratchFolder scratch;
  const fs::path run = scratch / "<img src=x onerror=alert(1)>&\"'";
  test::make_run(run, scratch / "</script><script>alert(2)</script>");
  const std::string html = make_report({{run}, nullptr});
  CHECK(unbalanced(html).empty());
  CHECK_FALSE(holds(html, "<img src=x"));
  CHECK_FALSE(holds(html, "<script>alert"));
  CHECK(holds(html, "<h1>&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#39;</h1>"));
}

TEST_CASE("a folder with next to nothing still gives a report that says what is missing", "[report]") {
  const test::ScratchFolder scratch;
  write_file_atomically(scratch / "run" / "metrics.jsonl", "{\"torn");
  const std::string html = make_report({{scratch / "run"}, nullptr});
  CHECK(unbalanced(html).empty());
  CHECK(holds(html, "config.yaml is missing"));
  CHECK(holds(html, "There is nothing to draw yet."));
  CHECK(holds(html, "There is no checkpoint."));
  CHECK(holds(html, "There are no pictures: the run&#39;s settings"));
  CHECK_FALSE(holds(html, ">nan<"));
}

TEST_CASE("several runs are laid over each other and compared", "[report]") {
  const test::ScratchFolder scratch;
  test::make_data(scratch / "data");
  test::make_run(scratch / "two", scratch / "data");
  test::make_run(scratch / "one", scratch / "data", {"optimizer.learning_rate=0.5"});
  // One rank, and half the speed.
  write_file_atomically(scratch / "one" / "metrics.jsonl",
                        "{\"step\":4,\"samples\":16,\"loss\":5,\"images_per_second\":5,\"ranks\":1}\n");
  const std::string html = make_report({{scratch / "two", scratch / "one"}, nullptr});
  CHECK(unbalanced(html).empty());
  CHECK(holds(html, "<h1>2 runs</h1>"));
  CHECK(holds(html, "<section id=\"comparison\">"));
  CHECK(holds(html, "<code>optimizer.learning_rate</code>"));
  CHECK_FALSE(holds(html, "The runs&#39; settings are the same."));
  // 8 images/s of two ranks over 5 of one.
  CHECK(holds(html, "<td>two</td><td class=\"number\">2</td><td class=\"number\">4</td>"));
  CHECK(holds(html, "<td class=\"number\">0.800</td>"));
  CHECK(holds(html, "<td class=\"number\">1.000</td>"));
  CHECK(holds(html, "data-name=\"one\""));

  SECTION("runs of one name are told apart by their paths") {
    test::make_run(scratch / "there" / "two", scratch / "data");
    const std::string both = make_report({{scratch / "two", scratch / "there" / "two"}, nullptr});
    CHECK(holds(both, "<h3>" + (scratch / "there" / "two").string() + "</h3>"));
    CHECK_FALSE(holds(both, ">Scaling<"));
    CHECK(holds(both, "The runs&#39; settings are the same."));
  }
}

TEST_CASE("no more picture bytes than allowed, and a report is written whole", "[report]") {
  const test::ScratchFolder scratch;
  test::make_data(scratch / "data");
  test::make_run(scratch / "run", scratch / "data");
  ReportOptions options{{scratch / "run"}, nullptr};
  options.picture_bytes = 10;
  write_report(options, scratch / "out" / "report.html");
  const std::string html = read_file(scratch / "out" / "report.html");
  CHECK(html == make_report(options));
  CHECK_FALSE(holds(html, "<img"));
}
