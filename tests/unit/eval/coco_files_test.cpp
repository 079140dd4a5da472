#include "eval/coco_files.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "base/files.hpp"
#include "base/random.hpp"
#include "io/image.hpp"
#include "scenes.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace fastbox::eval;
using nlohmann::json;

namespace {

const io::Box box{10.25, 20, 42.5, 60};

std::vector<FrameObjects> example() {
  return {{"000007",
           {test::label("Car", box), test::label("DontCare", {1, 2, 3, 5}), test::label("Truck", box),
            test::label("Van", box)},
           {test::detection("Cyclist", box, 0.125), test::detection("Tram", box, 1), test::detection("car", box, -3)}},
          {"000000", {}, {}}};
}

std::string error_of(const std::string& results) {
  const auto error = test::caught([&] { parse_coco_results(results, "r.json"); });
  CHECK(error.code == ExitCode::data);
  CHECK(error.mentions("r.json: "));
  return error.message;
}

bool contains(const std::string& text, const std::string& part) {
  INFO(text << " / " << part);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

/// Labels of the frames 000001, 000002 and "x", one car each, and a result file.
class Workplace {
 public:
  explicit Workplace(const std::string& results) {
    for (const char* name : {"000001", "000002", "x"})
      write_file_atomically(folder_.path() / "labels" / (std::string(name) + ".txt"),
                            io::format_labels({test::label("Car", box)}));
    write_file_atomically(folder_ / "r.json", results);
    options.predictions = folder_ / "r.json";
    options.labels = folder_ / "labels";
  }
  void list(const std::string& names) {
    options.split = folder_ / "list.txt";
    write_file_atomically(options.split, names);
  }
  FolderOptions options;

 private:
  test::ScratchFolder folder_;
};

std::string entry(std::int64_t image, double score = 0.5) {
  return concat(R"({"image_id": )", image, R"(, "category_id": 1, "bbox": [10.25, 20, 32.25, 40], "score": )", score,
                "}");
}

}  // namespace

TEST_CASE("a result file lists the detections of the three classes", "[coco_files]") {
  const json expected = {{{"image_id", 7}, {"category_id", 3}, {"bbox", {10.25, 20.0, 32.25, 40.0}}, {"score", 0.125}},
                         {{"image_id", 7}, {"category_id", 1}, {"bbox", {10.25, 20.0, 32.25, 40.0}}, {"score", -3.0}}};
  CHECK(json::parse(format_coco_results(example())) == expected);
  CHECK(json::parse(format_coco_results({})) == json::array());
}

TEST_CASE("the ground truth has DontCare in every category and neighbours as crowds", "[coco_files]") {
  const json all = json::parse(format_coco_ground_truth(example()));
  CHECK(all.at("images") == json({{{"id", 7}, {"file_name", "000007.png"}}, {{"id", 0}, {"file_name", "000000.png"}}}));
  const auto annotation = [](int id, int category, std::vector<double> xywh, int crowd) {
    return json{
        {"id", id},        {"image_id", 7}, {"category_id", category}, {"bbox", xywh}, {"area", xywh[2] * xywh[3]},
        {"iscrowd", crowd}};
  };
  CHECK(all.at("annotations") == json({annotation(1, 1, {10.25, 20, 32.25, 40}, 0), annotation(2, 1, {1, 2, 2, 3}, 1),
                                       annotation(3, 1, {10.25, 20, 32.25, 40}, 1), annotation(4, 2, {1, 2, 2, 3}, 1),
                                       annotation(5, 3, {1, 2, 2, 3}, 1)}));
  REQUIRE(all.at("categories").size() == 3);
  CHECK(all.at("categories")[1] == json({{"id", 2}, {"name", "Pedestrian"}, {"supercategory", "person"}}));
}

TEST_CASE("image sizes come from the PNGs' headers", "[coco_files]") {
  const test::ScratchFolder folder;
  io::write_picture(folder / "000007.png", cv::Mat(30, 50, CV_8UC3, cv::Scalar(1, 2, 3)));
  const auto error = test::caught([&] { format_coco_ground_truth(example(), folder.path()); });
  CHECK(error.code == ExitCode::data);
  CHECK(error.mentions("000000.png"));
  io::write_picture(folder / "000000.png", cv::Mat(31, 51, CV_8UC3, cv::Scalar(1, 2, 3)));
  write_coco_ground_truth(folder / "truth.json", example(), folder.path());
  CHECK(json::parse(read_file(folder / "truth.json")).at("images") ==
        json({{{"id", 7}, {"file_name", "000007.png"}, {"width", 50}, {"height", 30}},
              {{"id", 0}, {"file_name", "000000.png"}, {"width", 51}, {"height", 31}}}));
}

TEST_CASE("names that need escapes stay JSON", "[coco_files]") {
  const std::vector<FrameObjects> frames = {{"a \"quoted\" \\ name\xff", {}, {}}};
  const std::string name = json::parse(format_coco_ground_truth(frames)).at("images")[0].at("file_name");
  CHECK(name == "a \"quoted\" \\ name\xef\xbf\xbd.png");
}

TEST_CASE("written and read back, every number of a result has all its digits", "[coco_files]") {
  Random random(3, Purpose::scene);
  std::vector<FrameObjects> frames = {{"000001", {}, {}}};
  for (int i = 0; i < 1000; ++i) {
    const double left = random.uniform(0, 1200), top = random.uniform(0, 300);
    frames[0].detections.push_back(test::detection(
        "Car", {left, top, left + random.uniform(1, 300), top + random.uniform(1, 200)}, random.uniform()));
  }
  const auto entries = parse_coco_results(format_coco_results(frames), "r.json");
  REQUIRE(entries.size() == 1000);
  bool equal = true;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& before = frames[0].detections[i];
    const io::Box after = box_of(entries[i].box);
    equal = equal && entries[i].image_id == 1 && entries[i].score == before.score;
    equal = equal && entries[i].box.w == before.box.width() && entries[i].box.h == before.box.height();
    for (const auto edge : {&io::Box::left, &io::Box::top, &io::Box::right, &io::Box::bottom})
      equal = equal && std::abs(after.*edge - before.box.*edge) < 1e-12;
  }
  CHECK(equal);
}

TEST_CASE("a bad result file is an error that names the entry", "[coco_files]") {
  const std::string good = entry(1);
  contains(error_of("[" + good + ",]"), "is no JSON");
  contains(error_of("[" + good + ",\n{\"score\": NaN}]"), "line 2");
  contains(error_of("[" + good + ", {\"score\": 1e999}]"), "is no JSON");
  contains(error_of(""), "is no JSON");
  contains(error_of("{}"), "expected a list of results");
  contains(error_of("[" + good + ", 3]"), "entry 2: expected an object");
  for (const char* key : {"image_id", "category_id", "bbox", "score"}) {
    json without = json::parse(good);
    without.erase(key);
    contains(error_of("[" + without.dump() + "]"), concat("entry 1: has no '", key, "'"));
  }
  const auto with = [&](const char* key, const json& value) {
    json changed = json::parse(good);
    changed[key] = value;
    return error_of("[" + good + "," + changed.dump() + "]");
  };
  contains(with("image_id", "000001"), "entry 2: 'image_id' is \"000001\", expected a whole number");
  for (const json& value : {json(1.5), json(-1), json(18446744073709551615u)})
    contains(with("image_id", value), concat("'image_id' is ", value.dump(), ", expected a whole number"));
  const std::string deep(100'000, '['), end(100'000, ']');
  contains(error_of("[{\"image_id\": [[]]}]"), "'image_id' is an array, expected a whole number");
  contains(error_of("[\n{\"image_id\": " + deep + end + "}]"),
           "r.json: is no JSON of ours: line 2 nests deeper than 32");
  contains(with("category_id", 0), "category_id 0, expected 1 (Car)");
  contains(with("category_id", 4), "category_id 4");
  contains(with("bbox", {1, 2, 3}), "expected a bbox of four numbers");
  contains(with("bbox", {1, 2, 3, nullptr}), "the bbox's height is null");
  contains(with("score", "high"), "the score is \"high\", expected a number");
  contains(test::caught([] { read_coco_results("/nowhere/r.json"); }).message, "/nowhere/r.json");
}

TEST_CASE("a result file is put to the frames of a list", "[coco_files]") {
  const Workplace without("[]");
  CHECK(test::caught([&] { read_coco_predictions(without.options); }).mentions("--split"));

  Workplace place(concat("[", entry(2, 0.25), ",", entry(77), ",", entry(2, 0.75), "]"));
  place.list("000002\nx\n");
  const CocoPredictions read = read_coco_predictions(place.options);
  REQUIRE(read.folder.frames.size() == 2);
  const FrameObjects& frame = read.folder.frames[0];
  CHECK(frame.name == "000002");
  CHECK(frame.labels.size() == 1);
  REQUIRE(frame.detections.size() == 2);
  CHECK(frame.detections[0].type == "Car");
  CHECK(frame.detections[0].score == 0.25);
  CHECK(frame.detections[1].box.right == 42.5);
  CHECK(frame.detections[1].box.bottom == 60);
  CHECK(read.folder.frames[1].detections.empty());
  CHECK(read.folder.frames[1].labels.size() == 1);
  CHECK(read.folder.not_listed == std::vector<std::string>{"image_id 77"});
  REQUIRE(read.frames.size() == 2);
  CHECK(read.frames[0].detections[0].size() == 2);
  CHECK(read.frames[0].detections[0][1].box.w == 32.25);
  CHECK(read.frames[1].truths[0].size() == 1);

  place.list("000002\n000003\n");
  CHECK(test::caught([&] { read_coco_predictions(place.options); }).mentions("000003.txt"));
}

TEST_CASE("without a list, a result file's own frames are taken", "[coco_files]") {
  const Workplace place(concat("[", entry(coco_image_id("x")), ",", entry(2), "]"));
  const auto frames = read_coco_predictions(place.options).folder.frames;
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].name == "000002");
  CHECK(frames[1].name == "x");
  const Workplace unknown(concat("[", entry(2), ",", entry(5), ",", entry(9), "]"));
  CHECK(test::caught([&] { read_coco_predictions(unknown.options); }).mentions("for image_id 5, 9"));
  Workplace nowhere("[]");
  nowhere.options.labels = "/nowhere";
  CHECK(test::caught([&] { read_coco_predictions(nowhere.options); }).mentions("/nowhere: expected a folder"));
}
