// fastbox eval beyond the official table: COCO's figures and files, bands, intervals, curves, worst frames; and the
// frames shared out among ranks.

#include <algorithm>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/workplace.hpp"
#include "io/image.hpp"
#include "io/kitti_label.hpp"

namespace fastbox::test {
namespace {

namespace fs = std::filesystem;

constexpr int frame_count = 18;  // made_data()'s

std::string frame_name(int number) {
  return concat(number < 10 ? "00000" : "0000", number);
}

const fs::path& labels() {
  static const fs::path folder = made_data() / "training" / "label_2";
  return folder;
}

const fs::path& images() {
  static const fs::path folder = made_data() / "training" / "image_2";
  return folder;
}

/// A result file for each frame, made of its labels: every fifth car is missed, every fourth box is badly placed,
/// every third frame has a false car. Scores are whole hundredths, so some are equal.
fs::path make_results() {
  const fs::path folder = new_path("results");
  int cars = 0;
  for (int i = 0; i < frame_count; ++i) {
    std::vector<io::Object> detections;
    for (auto object : io::read_labels(labels() / (frame_name(i) + ".txt"))) {
      if (object.type != "Car" || ++cars % 5 == 0) continue;
      if (cars % 4 == 0) object.box.left += 0.5 * object.box.width();
      object.score = 0.01 * (99 - cars * 37 % 90);
      detections.push_back(object);
    }
    if (i % 3 == 0) {
      io::Object invented;
      invented.type = "Car";
      invented.box = {10, 10, 110, 90};
      invented.score = 0.03 * (i + 1);
      detections.push_back(invented);
    }
    write_file_atomically(folder / (frame_name(i) + ".txt"), io::format_detections(detections));
  }
  return folder;
}

const fs::path& results() {
  static const fs::path folder = make_results();
  return folder;
}

/// results() in a folder of one's own.
fs::path copied_results() {
  const fs::path folder = new_path("copied-results");
  fs::copy(results(), folder);
  return folder;
}

Words evaluation_of(const fs::path& predictions, const Words& more) {
  return fastbox({"eval", "--predictions", predictions.string(), "--labels", labels().string()}) + more;
}

/// The JSON on standard output, and nothing else there.
nlohmann::json figures_of(const Words& command) {
  const Outcome outcome = run(command + Words{"--json", "-"});
  REQUIRE_THAT(outcome, Exits(0));
  return nlohmann::json::parse(outcome.out);
}

std::size_t times_in(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

const Words every_report = {"--coco", "--bands", "--bootstrap", "50", "--seed", "3", "--level", "0.9", "--worst", "4"};

TEST_CASE("every further figure is in the JSON, beside the official ones", "[evaluation_report]") {
  const auto official = figures_of(evaluation_of(results(), {}));
  const double ap = official.at("classes").at("car").at("hard").at("ap40");
  REQUIRE((ap > 0 && ap < 100));
  auto all = figures_of(evaluation_of(results(), every_report));
  const auto coco = all.at("coco"), bands = all.at("bands"), bootstrap = all.at("bootstrap");
  const auto worst = all.at("worst_frames");
  for (const char* key : {"coco", "bands", "bootstrap", "worst_frames"}) all.erase(key);
  CHECK(all == official);

  CHECK(coco.at("all").size() == 13);
  CHECK(coco.at("classes").at("car").at("ap50").get<double>() > coco.at("classes").at("car").at("ap75").get<double>());
  CHECK(coco.at("classes").at("pedestrian").at("ap") == 0);  // as pycocotools: there are some, and none was found
  CHECK(official.at("classes").at("pedestrian").is_null());

  const std::int64_t hard = official.at("classes").at("car").at("hard").at("ground_truths");
  for (const char* group : {"height", "occlusion", "truncation"}) {
    std::int64_t sum = 0;
    for (const auto& band : bands.at("classes").at("car").at(group)) sum += band.at("ground_truths").get<int>();
    CHECK(sum == hard);
  }
  CHECK(bands.at("classes").at("car").at("height").size() == 4);
  CHECK(bands.at("classes").at("cyclist").is_null());

  CHECK((bootstrap.at("samples") == 50 && bootstrap.at("seed") == 3 && bootstrap.at("level") == 0.9));
  const auto interval = bootstrap.at("classes").at("car").at("hard").at("ap40");
  CHECK(interval.at("estimate") == ap);
  CHECK(interval.at("low") < interval.at("high"));
  CHECK(interval.at("resamples") == 50);

  REQUIRE(worst.size() == 4);
  for (std::size_t i = 0; i < worst.size(); ++i) {
    const auto& frame = worst[i];
    CHECK(frame.at("badness") == frame.at("misses").get<double>() + frame.at("false_scores").get<double>());
    CHECK(frame.at("missed_labels").size() == frame.at("misses"));
    CHECK(frame.at("false_detections").size() == frame.at("false_positives"));
    if (i > 0) CHECK(frame.at("badness") <= worst[i - 1].at("badness"));
  }
}

TEST_CASE("intervals come from the seed, and worst frames from the difficulty", "[evaluation_report]") {
  const Words command = evaluation_of(results(), {"--bootstrap", "30", "--worst", "100"});
  const auto first = figures_of(command), again = figures_of(command);
  const auto other = figures_of(command + Words{"--seed", "1", "--worst-difficulty", "hard"});
  CHECK(first == again);
  CHECK(first.at("bootstrap").at("level") == 0.95);
  CHECK(first.at("bootstrap").at("classes") != other.at("bootstrap").at("classes"));
  const auto misses = [](const nlohmann::json& report) {
    std::int64_t sum = 0;
    for (const auto& frame : report.at("worst_frames")) sum += frame.at("misses").get<std::int64_t>();
    return sum;
  };
  CHECK(misses(other) > misses(first));
}

TEST_CASE("tables for people, curves and pictures of the worst frames", "[evaluation_report]") {
  const fs::path curves = new_path("curves"), pictures = new_path("pictures"), json = new_path("all.json");
  const Outcome outcome =
      run(evaluation_of(results(), every_report + Words{"--curves", curves.string(), "--draw", pictures.string(),
                                                        "--images", images().string(), "--json", json.string()}));
  REQUIRE_THAT(outcome, Exits(0));
  for (const char* part : {"18 frames, evaluator kitti2017", "mean of 41", "IoU .50:.95", "by box height", "60-100",
                           "badness", "their scores", " ["}) {
    INFO(part);
    CHECK(outcome.out.find(part) != std::string::npos);
  }
  CHECK(names_in(curves) == Words{"car-easy.svg", "car-hard.svg", "car-moderate.svg", "car.svg"});
  for (const auto& name : names_in(curves)) CHECK(text_of(curves / name).find("<svg") != std::string::npos);

  const auto worst = json_of(json).at("worst_frames");
  Words expected;
  for (std::size_t i = 0; i < worst.size(); ++i)
    expected.push_back(concat("0", i + 1, "-", worst[i].at("frame").get<std::string>(), ".png"));
  REQUIRE(names_in(pictures) == expected);
  const cv::Mat before = io::read_frame(images() / (worst[0].at("frame").get<std::string>() + ".png"));
  const cv::Mat after = io::read_frame(pictures / expected[0]);
  REQUIRE(before.size() == after.size());
  CHECK(cv::norm(before, after, cv::NORM_INF) > 50);
}

TEST_CASE("the worst frames of a checkpoint are drawn on the run's own pictures", "[evaluation_report]") {
  const fs::path pictures = new_path("pictures");
  const Words command = {"eval", "--checkpoint", learned_run().string(), "--worst", "2", "--draw", pictures.string()};
  const auto report = figures_of(fastbox(command));
  REQUIRE(report.at("worst_frames").size() == 2);
  CHECK(names_in(pictures).size() == 2);
}

TEST_CASE("a run logs all three figures of every evaluation", "[evaluation_logged]") {
  const auto lines = json_lines_of(learned_run() / "metrics.jsonl");
  const auto last = std::find_if(lines.rbegin(), lines.rend(), [](const auto& line) { return line.contains("ap"); });
  REQUIRE(last != lines.rend());
  const auto car = json_of(learned_run() / "eval.json").at("classes").at("car");
  const std::string log = text_of(learned_run() / "log.txt");
  for (const char* figure : {"ap40", "ap11", "mean41"})
    for (const char* difficulty : {"easy", "moderate", "hard"}) {
      const double value = car.at(difficulty).at(figure);
      CHECK(last->at("ap").at("car").at(difficulty).at(figure) == value);
      CHECK(log.find(fixed(value, 2)) != std::string::npos);
    }
  CHECK(times_in(log, "Car AP40 ") == 2);
  CHECK(times_in(log, "  AP11 ") >= 2);
  CHECK(times_in(log, "  mean41 ") >= 2);
}

TEST_CASE("a run whose model finds nothing logs that the class is absent, not 0", "[evaluation_logged]") {
  const fs::path folder = new_path("finds-nothing");
  REQUIRE_THAT(run(small_training(folder, {"evaluation.minimum_score=1", "train.samples=12"})), Exits(0));
  CHECK(times_in(text_of(folder / "log.txt"), "Car AP40 - / - / -  AP11 - / - / -  mean41 - / - / -") == 1);
  CHECK(json_of(folder / "eval.json").at("classes").at("car").is_null());
  CHECK(json_lines_of(folder / "metrics.jsonl").back().at("ap") == nlohmann::json::object());
}

TEST_CASE("reports that cannot be had are errors of usage", "[evaluation_report]") {
  const auto refuses = [](const Words& more, const std::string& name) {
    CHECK_THAT(run(evaluation_of(results(), more)), Exits(2) && Tells(name));
  };
  refuses({"--evaluator", "kitti2013"}, "kitti2013");
  refuses({"--bootstrap", "1"}, "--bootstrap");
  refuses({"--bootstrap", "many"}, "--bootstrap");
  refuses({"--bootstrap", "10", "--level", "1.5"}, "1.5");
  refuses({"--seed", "1"}, "--bootstrap");
  refuses({"--worst", "0"}, "--worst");
  refuses({"--worst", "3", "--worst-difficulty", "extreme"}, "extreme");
  refuses({"--draw", "pictures"}, "--worst");
  refuses({"--worst", "3", "--draw", "pictures"}, "--images");
  refuses({"--images", images().string()}, "--draw");
  refuses({"--out", "results"}, "--checkpoint");
  refuses({"--set", "evaluation.overlap=0.4"}, "--checkpoint");
  CHECK_THAT(run(fastbox({"eval", "--checkpoint", "a", "--format", "coco"})), Exits(2) && Tells("--out"));
  CHECK_THAT(run(fastbox({"eval", "--checkpoint", "a", "--out", "b", "--format", "voc"})), Exits(2) && Tells("voc"));
  const fs::path folder = new_path("no-images");
  CHECK_THAT(run(evaluation_of(results(),
                               {"--worst", "1", "--draw", new_path("pictures").string(), "--images", folder.string()})),
             Exits(3) && Tells(folder.string()) && Tells(".png"));
}

/// A COCO result file against all labels, with the list that names frames without detections.
nlohmann::json figures_from(const fs::path& file, const Words& frames, const Words& more = {}) {
  return figures_of(evaluation_of(file, Words{"--split", new_list(frames).string()} + more));
}

TEST_CASE("COCO's files give the figures of KITTI's", "[coco_round_trip]") {
  const Words frames = {"000000", "000001", "000002"};
  const fs::path kitti = new_path("kitti"), coco = new_path("coco"), predicted = new_path("predicted"),
                 by_two = new_path("by-two");
  const Words eval = fastbox({"eval", "--checkpoint", learned_run().string(), "--out"});
  REQUIRE_THAT(run(eval + Words{kitti.string()}), Exits(0));
  REQUIRE_THAT(run(eval + Words{coco.string(), "--format", "coco"}), Exits(0));
  CHECK(names_in(coco) == Words{"ground_truth.json", "results.json"});
  const auto expected = figures_of(evaluation_of(kitti, {"--coco"}));
  REQUIRE(expected.at("classes").at("car").at("moderate").at("ap40").get<double>() > 0);
  CHECK(figures_from(coco / "results.json", frames, {"--coco"}) == expected);

  Words pictures;
  for (const auto& frame : frames) pictures.push_back((images() / (frame + ".png")).string());
  const Words predict = fastbox({"predict", "--checkpoint", learned_run().string(), "--format", "coco", "--out"});
  REQUIRE_THAT(run(predict + Words{predicted.string()} + pictures), Exits(0));
  CHECK(names_in(predicted) == Words{"results.json"});
  CHECK(text_of(predicted / "results.json") == text_of(coco / "results.json"));
  REQUIRE_THAT(run(on_ranks(2, predict + Words{by_two.string()} + pictures)), Exits(0));
  CHECK(digests_of(by_two) == digests_of(predicted));

  const auto truth = json_of(coco / "ground_truth.json");
  CHECK(truth.at("categories").size() == 3);
  REQUIRE(truth.at("images").size() == frames.size());
  const auto size = io::read_frame(images() / truth.at("images")[1].at("file_name").get<std::string>()).size();
  CHECK((truth.at("images")[1].at("width") == size.width && truth.at("images")[1].at("height") == size.height));
  std::size_t objects = 0;
  for (const auto& frame : frames) objects += io::read_labels(labels() / (frame + ".txt")).size();
  CHECK(truth.at("annotations").size() >= objects);  // DontCare is in each category
}

TEST_CASE("without a list a COCO file speaks of the frames that it names", "[coco_round_trip]") {
  const fs::path file = new_path("results.json");
  const std::string entry = R"({"image_id": 4, "category_id": 1, "bbox": [1, 2, 30, 40], "score": 0.5})";
  write_file_atomically(file, "[" + entry + "]");
  const Outcome outcome = run(evaluation_of(file, {"--json", "-"}));
  CHECK_THAT(outcome, Exits(0) && Tells("--split"));
  CHECK(nlohmann::json::parse(outcome.out).at("frames") == 1);
  const Words other_list = {"--split", new_list({"000001"}).string()};
  CHECK_THAT(run(evaluation_of(file, other_list)), Exits(0) && Tells("image_id 4"));
}

TEST_CASE("what is wrong with a COCO file is told by name and entry", "[coco_round_trip]") {
  const fs::path file = new_path("bad.json");
  const std::string good = R"({"image_id": 4, "category_id": 1, "bbox": [1, 2, 30, 40], "score": 0.5})";
  const auto refuses = [&](const std::string& text, const std::string& said) {
    write_file_atomically(file, text);
    CHECK_THAT(run(evaluation_of(file, {})), Exits(3) && Tells(file.string()) && Tells(said));
  };
  const auto second = [&](const std::string& old_part, const std::string& new_part, const std::string& said) {
    std::string bad = good;
    bad.replace(bad.find(old_part), old_part.size(), new_part);
    refuses(concat("[", good, ",", bad, "]"), "entry 2: " + said);
  };
  refuses("Car 0 0 0 1 1 2 2 1 1 1 0 0 0 0 0.5\n", "is no JSON");
  refuses("[" + good, "is no JSON");
  refuses("{}", "expected a list of results");
  refuses("[]", "--split");
  second("\"category_id\": 1", "\"category_id\": 4", "category_id 4, expected 1 (Car)");
  second("\"image_id\": 4", "\"image_id\": 4.5", "'image_id' is 4.5, expected a whole number");
  second("[1, 2, 30, 40]", "[1, 2, 30]", "expected a bbox of four numbers");
  second("\"score\": 0.5", "\"score\": \"high\"", "the score is \"high\", expected a number");
  second(", \"score\": 0.5", "", "has no 'score'");
  refuses("[" + good.substr(0, good.size() - 4) + "NaN}]", "is no JSON");
  const std::string elsewhere = R"({"image_id": 77, "category_id": 1, "bbox": [1, 2, 30, 40], "score": 0.5})";
  refuses("[" + elsewhere + "]", "image_id 77");
}

TEST_CASE("ranks share the frames and write the same bytes", "[evaluation_ranks]") {
  const auto file_of = [](int ranks, const Words& more) {
    const fs::path json = new_path("shared.json"), curves = new_path("curves");
    const Words command = evaluation_of(results(), more + Words{"--json", json.string(), "--curves", curves.string()});
    const Outcome outcome = run(ranks == 1 ? command : on_ranks(ranks, command));
    REQUIRE_THAT(outcome, Exits(0));
    CHECK(times_in(outcome.out, "mean of 41") >= 1);
    CHECK(times_in(outcome.out, "evaluator kitti2012") <= 1);  // one table, not one for each rank
    return concat(text_of(json), text_of(curves / "car.svg"));
  };
  const Words two_frames = {"--split", new_list({"000003", "000000"}).string(), "--evaluator", "kitti2012"};
  for (const Words& more : {Words{}, two_frames, every_report}) {
    const std::string alone = file_of(1, more);
    CHECK(file_of(2, more) == alone);
    CHECK(file_of(3, more) == alone);  // of two frames, a rank has none
  }
}

TEST_CASE("--calibration: table, JSON and diagram; a temperature changes scores and no AP", "[calibration]") {
  const fs::path curves = new_path("curves");
  const auto json = figures_of(evaluation_of(results(), {"--calibration", "--curves", curves.string()}));
  const auto& car = json.at("calibration").at("classes").at("car");
  CHECK(car.at("detections").get<int>() > car.at("right").get<int>());
  CHECK(car.at("temperature").get<double>() > 0);
  CHECK(text_of(curves / "car-reliability.svg").find("<svg") == 0);
  CHECK_THAT(run(evaluation_of(results(), {"--calibration"})), Exits(0));

  const auto of_checkpoint = [](const Words& more) {
    return figures_of(fastbox({"eval", "--checkpoint", learned_run().string(), "--calibration"}) + more);
  };
  const auto before = of_checkpoint({}), after = of_checkpoint(settings({"evaluation.temperature=2"}));
  for (const char* difficulty : {"easy", "moderate", "hard"}) {
    const auto ap40 = [&](const nlohmann::json& figures) {
      return figures.at("classes").at("car").at(difficulty).at("ap40").get<double>();
    };
    CHECK(ap40(after) == Approx(ap40(before)).margin(0.01));
  }
  const auto temperature = [](const nlohmann::json& figures) {
    return figures.at("calibration").at("classes").at("car").at("temperature").get<double>();
  };
  CHECK(temperature(after) == Approx(temperature(before) / 2).epsilon(0.01));
  CHECK_THAT(run(fastbox({"eval", "--checkpoint", learned_run().string()}) + settings({"evaluation.temperature=0"})),
             Exits(2) && Tells("evaluation.temperature"));
}

TEST_CASE("--robustness: the same at any number of ranks, and in the run's report", "[robustness]") {
  const fs::path run_folder = new_path("run");
  fs::copy(learned_run(), run_folder, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  const Words command =
      fastbox({"eval", "--checkpoint", run_folder.string(), "--robustness"}) + settings({"run.threads=1"});
  const auto json = figures_of(command);
  const auto& told = json.at("robustness");
  CHECK(told.at("corruptions").size() == 12);
  const auto moderate = [](const nlohmann::json& one) { return one.at("car").at("moderate"); };
  CHECK(moderate(told.at("clean")) == json.at("classes").at("car").at("moderate").at("ap40"));
  double least = 100;
  for (const auto& row : told.at("corruptions"))
    least = std::min(least, moderate(row.at("classes")).is_null() ? 0.0 : moderate(row.at("classes")).get<double>());
  CHECK(least < moderate(told.at("clean")).get<double>());
  CHECK(figures_of(on_ranks(2, command)).at("robustness") == told);
  const auto kept = json_of(run_folder / "robustness.json");
  CHECK(kept.at("corruptions") == told.at("corruptions"));
  CHECK(kept.at("checkpoint") == "step-00000040");
  const fs::path page = new_path("report.html");
  REQUIRE_THAT(run(fastbox({"report", run_folder.string(), "--out", page.string()})), Exits(0));
  CHECK(text_of(page).find("AP40 on worse pictures") != std::string::npos);
  CHECK(text_of(page).find("Reliability, car") != std::string::npos);
  DataCopy::replace(run_folder / "robustness.json", "{\"clean\": 1}");
  REQUIRE_THAT(run(fastbox({"report", run_folder.string(), "--out", page.string()})), Exits(0));
  CHECK(text_of(page).find("is not what fastbox eval --robustness writes") != std::string::npos);
  const Outcome outcome = run(fastbox({"eval", "--checkpoint", run_folder.string(), "--robustness"}));
  CHECK_THAT(outcome, Exits(0));
  CHECK(outcome.out.find("noise, sigma 32") != std::string::npos);
}

TEST_CASE("a bad file in one rank's share ends all ranks at once", "[evaluation_ranks]") {
  const auto refused = [](int ranks, const fs::path& predictions, const Words& more, const std::string& said) {
    INFO(ranks << " ranks, " << said);
    const Outcome outcome = run(on_ranks(ranks, evaluation_of(predictions, more)));
    CHECK_THAT(outcome, Exits(3) && Tells(said));
    CHECK(times_in(outcome.err, said) == 1);
    CHECK(outcome.out.empty());
  };
  for (const int bad_frame : {0, 8, frame_count - 1}) {  // in the first, the middle and the last rank's share
    const fs::path folder = copied_results();
    const std::string name = frame_name(bad_frame) + ".txt";
    DataCopy::replace(folder / name, "Car 0 0 0 100 100 200 200 1 1 1 0 0 0 0\n");
    for (const int ranks : {2, 3}) refused(ranks, folder, {}, name + ":1: 15 columns, expected 16");
    if (bad_frame == 8) refused(2, folder, {"--bands"}, name + ":1: 15 columns, expected 16");
  }
  const fs::path folder = copied_results();
  DataCopy::replace(folder / "000005.txt", "Car 0 0 0 -inf 100 inf 200 1 1 1 0 0 0 0 0.5\n");
  refused(3, folder, {}, "frame 000005: the box or score of detection 1 is not a number");
  fs::remove(folder / "000005.txt");
  const Words listed = {"--split", new_list({"000004", "000005", "000006"}).string()};
  refused(3, folder, listed, "000005.txt");
  DataCopy::replace(folder / "000099.txt", "");  // the last rank's
  refused(3, folder, {}, "000099.txt");
  refused(2, new_path("missing"), {}, "expected a folder of result files");
}

}  // namespace
}  // namespace fastbox::test
