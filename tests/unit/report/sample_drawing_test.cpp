#include "report/sample_drawing.hpp"

#include <catch2/catch.hpp>

using namespace fastbox;

namespace {

/// One grey image of 4 x 2 cells, every cell counting, none positive.
data::Batch grey_batch(int classes) {
  data::Batch batch;
  batch.resize(1, 64, 128, data::Grid{4, 2, 32, classes});
  std::fill(batch.image.begin(), batch.image.end(), 100.0f);
  std::fill(batch.confidence.begin(), batch.confidence.end(), 0.0f);
  std::fill(batch.box.begin(), batch.box.end(), 0.0f);
  std::fill(batch.weight.begin(), batch.weight.end(), 0.0f);
  std::fill(batch.mask.begin(), batch.mask.end(), 1.0f);
  batch.names = {""};
  return batch;
}

/// Near the corner of a cell, off any line that is drawn around a box.
cv::Vec3b pixel(const cv::Mat& rgb, int row, int column) {
  return rgb.at<cv::Vec3b>(row * 32 + 28, column * 32 + 28);
}

const cv::Vec3b grey{100, 100, 100};

}  // namespace

TEST_CASE("a cell that is masked turns red, half so for one of two classes", "[sample_drawing]") {
  auto batch = grey_batch(2);
  batch.mask[2 * (1 * 4 + 2)] = batch.mask[2 * (1 * 4 + 2) + 1] = 0;  // row 1, column 2: both
  batch.mask[2 * (1 * 4 + 3)] = 0;                                    // column 3: one
  const cv::Mat rgb = report::draw_sample(batch, 0);
  CHECK(rgb.size() == cv::Size(128, 64));
  CHECK(pixel(rgb, 1, 1) == grey);
  const auto whole = pixel(rgb, 1, 2), half = pixel(rgb, 1, 3);
  CHECK(whole[0] > grey[0]);
  CHECK(whole[1] < half[1]);
  CHECK(half[1] < grey[1]);
  CHECK(pixel(rgb, 0, 2) == grey);
}

TEST_CASE("a positive cell is tinted and its box drawn where the target says", "[sample_drawing]") {
  auto batch = grey_batch(1);
  const std::size_t cell = 1 * 4 + 1;  // its centre: (48, 48)
  batch.confidence[cell] = 1;
  batch.weight[cell] = 1;
  const float box[] = {10, -8, 60, 30};  // centre (58, 40): pixels 28 to 87 of rows 25 to 54
  std::copy(std::begin(box), std::end(box), batch.box.begin() + 4 * cell);
  const cv::Mat rgb = report::draw_sample(batch, 0);
  CHECK(pixel(rgb, 1, 1)[1] > grey[1]);
  CHECK(pixel(rgb, 1, 3) == grey);
  for (const cv::Point on_line : {cv::Point(28, 40), cv::Point(87, 40), cv::Point(58, 25), cv::Point(58, 54)}) {
    INFO(on_line);
    const auto colour = rgb.at<cv::Vec3b>(on_line);
    CHECK(colour[1] > colour[0] + 50);  // the class's green
  }
  batch.weight[cell] = 0;  // the loss does not look at the box
  CHECK(report::draw_sample(batch, 0).at<cv::Vec3b>(40, 87) == grey);
}

TEST_CASE("a sheet holds the pictures in rows", "[sample_drawing]") {
  const std::vector<cv::Mat> pictures(5, cv::Mat(50, 100, CV_8UC3, cv::Scalar(200, 10, 10)));
  const cv::Mat sheet = report::contact_sheet(pictures, 3, 200);
  CHECK(sheet.size() == cv::Size(3 * 200 + 4 * 4, 2 * 100 + 3 * 4));
  CHECK(sheet.at<cv::Vec3b>(50, 100) == cv::Vec3b(200, 10, 10));
  CHECK(sheet.at<cv::Vec3b>(160, 500)[0] < 50);  // no sixth picture
  CHECK(report::contact_sheet({pictures[0]}, 3, 50).size() == cv::Size(58, 33));
}
