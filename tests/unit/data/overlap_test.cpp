// Fingerprints, and what two lists have in common.

#include "data/overlap.hpp"

#include <catch2/catch.hpp>
#include <opencv2/imgproc.hpp>

#include "data/check.hpp"
#include "support/support.hpp"
#include "unit/data/made_frames.hpp"

using namespace fastbox;
using data::Fingerprint;

namespace {

/// A street of sorts: broad patches, so that 9 x 8 pixels have something to show.
cv::Mat patches(std::uint64_t seed) {
  cv::Mat small(8, 9, CV_8UC3), large;
  Random random(seed, Purpose::scene);
  for (std::size_t i = 0; i < small.total() * 3; ++i) small.data[i] = static_cast<uchar>(random.below(256));
  cv::resize(small, large, {180, 80}, 0, 0, cv::INTER_NEAREST);
  return large;
}

Fingerprint with_bits(const std::string& pixels, std::uint64_t bits) {
  return {pixels, bits};
}

}  // namespace

TEST_CASE("the difference hash compares neighbours, row by row", "[overlap]") {
  cv::Mat rising(80, 90, CV_8UC3);
  for (int x = 0; x < rising.cols; ++x) rising.col(x).setTo(cv::Scalar::all(2 * x));
  CHECK(data::fingerprint_of(rising).difference == ~std::uint64_t{0});
  cv::Mat falling;
  cv::flip(rising, falling, 1);
  CHECK(data::fingerprint_of(falling).difference == 0);
  cv::Mat both = falling.clone();
  rising.rowRange(0, 10).copyTo(both.rowRange(0, 10));
  CHECK(data::fingerprint_of(both).difference == 0xff);  // the first row's bits
}

TEST_CASE("equal pixels are equal, slight changes are near, other pictures far", "[overlap]") {
  const cv::Mat picture = patches(1);
  const auto print = data::fingerprint_of(picture);
  CHECK(data::fingerprint_of(picture.clone()).pixels == print.pixels);
  cv::Mat changed = picture.clone();
  changed.at<cv::Vec3b>(3, 4)[1] ^= 1;
  CHECK(data::fingerprint_of(changed).pixels != print.pixels);
  CHECK(data::difference_distance(data::fingerprint_of(changed), print) <= data::near_distance);
  cv::Mat darker;
  picture.convertTo(darker, -1, 0.8, 5);
  CHECK(data::difference_distance(data::fingerprint_of(darker), print) <= data::near_distance);
  for (std::uint64_t seed = 2; seed < 12; ++seed)
    CHECK(data::difference_distance(data::fingerprint_of(patches(seed)), print) > data::near_distance);
  // The same bytes as a picture of another shape are another picture.
  CHECK(data::fingerprint_of(picture.reshape(0, 160)).pixels != print.pixels);
}

TEST_CASE("frames, equal pictures and pictures that look alike, each once", "[overlap]") {
  const std::map<std::string, Fingerprint> prints = {{"t1", with_bits("one", 0)},
                                                     {"t2", with_bits("two", 0xffff)},
                                                     {"both", with_bits("three", 1u << 20)},
                                                     {"same", with_bits("two", 0)},
                                                     {"near", with_bits("four", 0xffff00)},
                                                     {"near2", with_bits("five", 0xfffe)},
                                                     {"limit", with_bits("six", 0x3f)},
                                                     {"far", with_bits("seven", 0x7full << 40)}};
  const auto overlap =
      data::compare_lists({"train.txt", {"t1", "t2", "both", "no-picture"}},
                          {"val.txt", {"both", "same", "near2", "limit", "far", "unreadable"}}, prints, nullptr);
  CHECK(overlap.train == 4);
  CHECK(overlap.val == 6);
  CHECK(overlap.compared == 5);
  CHECK(overlap.in_both == std::vector<std::string>{"both"});
  REQUIRE(overlap.equal.size() == 1);
  CHECK((overlap.equal[0].val == "same" && overlap.equal[0].train == "t2"));
  REQUIRE(overlap.alike.size() == 2);
  CHECK((overlap.alike[0].val == "near2" && overlap.alike[0].train == "t2" && overlap.alike[0].distance == 1));
  CHECK((overlap.alike[1].val == "limit" && overlap.alike[1].train == "t1" && overlap.alike[1].distance == 6));
  CHECK_FALSE(overlap.drives);
  const auto warnings = data::overlap_warnings(overlap);
  REQUIRE(warnings.size() == 3);
  CHECK(warnings[0] == "val.txt: 1 of 6 validation frames are trained on (both)");
  CHECK(warnings[1] == "val.txt: 1 of 5 validation pictures equal one that is trained on (same and t2)");
  CHECK(warnings[2] ==
        "val.txt: 2 of 5 validation pictures look like one that is trained on (near2 and t2, limit and t1)");
  CHECK(data::overlap_text(overlap) ==
        "train.txt (4 frames) and val.txt (6): 1 frames in both, 1 equal pictures, 2 that look alike");
  CHECK(data::overlap_warnings(data::compare_lists({"a", {"t1"}}, {"b", {"far"}}, prints, nullptr)).empty());
}

TEST_CASE("drives in both lists, and how near their frames are", "[overlap]") {
  const data::Drives drives = {{"a", {"one", 100}}, {"b", {"one", 110}}, {"c", {"one", 111}}, {"d", {"two", 100}},
                               {"e", {"three", 5}}, {"f", {"one", 89}},  {"g", {"one", 90}}};
  const auto overlap =
      data::compare_lists({"train", {"a", "d"}}, {"val", {"b", "c", "e", "f", "g", "unknown"}}, {}, &drives);
  REQUIRE(overlap.drives);
  CHECK(overlap.drives->train == 2);
  CHECK(overlap.drives->val == 2);
  REQUIRE(overlap.drives->shared.size() == 1);
  const auto& shared = overlap.drives->shared[0];
  CHECK((shared.drive == "one" && shared.train == 1 && shared.val == 4));
  CHECK(overlap.drives->val_frames == 4);
  CHECK(overlap.drives->within_a_second == 2);  // b and g: ten frames; c and f: eleven
  CHECK(overlap.drives->unknown == std::vector<std::string>{"unknown"});
  const auto warnings = data::overlap_warnings(overlap);
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0].find(
            "val: 4 of 6 validation frames are from 1 drives that are trained on, 2 of them within a second") !=
        std::string::npos);
  CHECK(warnings[1] == "the drives of 1 listed frames are not known (unknown)");
}

TEST_CASE("a check finds a picture that lies in both lists under two names", "[overlap]") {
  const test::ScratchFolder folder;
  test::write_frames(folder.path(), 4);
  const auto images = data::image_folder(folder.path());
  std::filesystem::copy_file(images / "000000.png", images / "000003.png",
                             std::filesystem::copy_options::overwrite_existing);
  auto report = data::check_data(folder.path(), 2);
  REQUIRE(report.fingerprints.size() == 4);
  check_overlap({"train", {"000000", "000001"}}, {"val", {"000002", "000003"}}, nullptr, report);
  REQUIRE(report.overlap);
  REQUIRE(report.overlap->equal.size() == 1);
  CHECK(report.overlap->equal[0].val == "000003");
  REQUIRE(report.warnings.size() == 1);
  CHECK(report.ok());
  CHECK(data::format_report(report).find("1 equal pictures") != std::string::npos);
}
