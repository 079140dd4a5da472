// Objects of other frames in a training frame: where they go, what their pixels are, and that nothing else changes.
#include "data/paste.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

#include "support/support.hpp"

using namespace fastbox;

namespace {

constexpr int width = 1242, height = 375;

io::Object car_at(double left, double top, double right, double bottom, int occluded = 0) {
  io::Object object;
  object.type = "Car";
  object.truncated = 0, object.occluded = occluded;
  object.box = {left, top, right, bottom};
  return object;
}

data::FrameContents frame_of(int grey, std::vector<io::Object> objects) {
  data::FrameContents frame{cv::Mat(height, width, CV_8UC3, cv::Scalar::all(grey)), std::move(objects)};
  return frame;
}

/// A red car, its front green, on grey.
data::FrameContents donor() {
  data::FrameContents frame = frame_of(90, {car_at(600, 190, 700, 250)});
  frame.picture(cv::Rect(600, 190, 100, 60)) = cv::Scalar(200, 0, 0);
  frame.picture(cv::Rect(600, 190, 30, 60)) = cv::Scalar(0, 200, 0);
  return frame;
}

data::ObjectPaster::Donor as_donor(const data::FrameContents& frame) {
  const data::FrameOutline outline{frame.picture.cols, frame.picture.rows, frame.objects};
  return {std::make_shared<const data::FrameOutline>(outline), [picture = frame.picture] { return picture; }};
}

data::ObjectRoles cars() {
  config::Settings settings;
  return data::ObjectRoles(settings);
}

}  // namespace

TEST_CASE("a pasted object stands where its size belongs, with its own pixels", "[paste]") {
  const auto roles = cars();
  const data::ObjectPaster paster(roles, 3);
  const auto frame = frame_of(30, {});
  const auto from = donor();
  int pasted = 0, mirrored = 0;
  for (std::uint64_t sample = 0; sample < 40; ++sample) {
    Random random = data::paste_stream(1, 0, sample);
    const auto result = paster.paste(
        frame, 1, [&](std::size_t) { return as_donor(from); }, random);
    CHECK(cv::norm(frame.picture, cv::Mat(height, width, CV_8UC3, cv::Scalar::all(30)), cv::NORM_INF) == 0);
    cv::Mat untouched(height, width, CV_8UC1, cv::Scalar(255));
    for (const auto& object : result.objects) {
      const io::Box& box = object.box;
      // The horizon at 0.46 of the height: as far below it as is the size.
      const double scale = box.height() / 60, horizon = 0.46 * height;
      CHECK(scale >= 0.69);
      CHECK(scale <= 1.41);
      CHECK(box.width() / 100 == Approx(scale).margin(0.02));
      CHECK(box.bottom == Approx(horizon + (250 - horizon) * scale).margin(1.5));
      CHECK(box.left >= 0);
      CHECK(box.right <= width);
      ++pasted;
      const cv::Rect soft(static_cast<int>(box.left) - 6, static_cast<int>(box.top) - 6,
                          static_cast<int>(box.width()) + 12, static_cast<int>(box.height()) + 12);
      untouched(soft) = cv::Scalar(0);
      if (result.objects.size() > 1) continue;  // one may cover the other
      const auto at = [&](double share) {
        return result.picture.at<cv::Vec3b>(static_cast<int>(box.top + box.height() / 2),
                                            static_cast<int>(box.left + share * box.width()));
      };
      const bool turned = at(0.9)[1] > 150;
      mirrored += turned;
      CHECK(at(turned ? 0.9 : 0.1) == cv::Vec3b(0, 200, 0));
      CHECK(at(turned ? 0.1 : 0.9) == cv::Vec3b(200, 0, 0));
    }
    cv::Mat difference;
    cv::absdiff(result.picture, frame.picture, difference);
    difference.setTo(cv::Scalar::all(0), 255 - untouched);
    CHECK(cv::norm(difference, cv::NORM_INF) == 0);
  }
  CHECK(pasted > 30);
  CHECK(mirrored > 0);
}

TEST_CASE("pasting depends on the sample alone, and leaves its frame be where nothing is put", "[paste]") {
  const auto roles = cars();
  const data::ObjectPaster paster(roles, 3);
  const auto frame = frame_of(30, {});
  const auto from = donor();
  const auto once = [&](std::uint64_t sample) {
    Random random = data::paste_stream(1, 0, sample);
    return paster.paste(
        frame, 1, [&](std::size_t) { return as_donor(from); }, random);
  };
  bool differs = false, none = false;
  for (std::uint64_t sample = 0; sample < 10; ++sample) {
    const auto a = once(sample), b = once(sample), next = once(sample + 1);
    CHECK(cv::norm(a.picture, b.picture, cv::NORM_INF) == 0);
    CHECK(a.objects.size() == b.objects.size());
    differs = differs || cv::norm(a.picture, next.picture, cv::NORM_INF) != 0;
    none = none || (a.objects.empty() && a.picture.data == frame.picture.data);
  }
  CHECK(differs);
  CHECK(none);
}

TEST_CASE("a rare class is pasted as often as a common one", "[paste]") {
  config::Settings settings;
  settings.targets.classes = {"Car", "Cyclist"};
  const data::ObjectRoles roles(settings);
  const data::ObjectPaster paster(roles, 1);
  auto cyclist = car_at(600, 190, 640, 250);
  cyclist.type = "Cyclist";
  std::vector<data::FrameContents> donors(7, frame_of(90, {car_at(600, 190, 700, 250), car_at(100, 190, 200, 250)}));
  donors.push_back(frame_of(90, {cyclist, car_at(100, 190, 200, 250)}));  // 15 cars to one cyclist
  const auto empty = frame_of(120, {});
  int cars_put = 0, cyclists_put = 0;
  for (std::uint64_t sample = 0; sample < 1000; ++sample) {
    auto random = data::paste_stream(1, 0, sample);
    const auto result = paster.paste(
        empty, donors.size(), [&](std::size_t i) { return as_donor(donors[i]); }, random);
    for (const auto& object : result.objects) ++(object.type == "Car" ? cars_put : cyclists_put);
  }
  CHECK(cars_put > 200);
  CHECK(cyclists_put > 0.75 * cars_put);
  CHECK(cyclists_put < 1.25 * cars_put);
}

TEST_CASE("what is occluded, ignored or far is not taken, and nothing stands behind or over another", "[paste]") {
  const auto roles = cars();
  const data::ObjectPaster paster(roles, 3);
  io::Object cut = car_at(0, 190, 100, 250), tram = car_at(300, 190, 400, 250);
  cut.truncated = 0.4, tram.type = "DontCare";
  const auto unfit = frame_of(90, {car_at(600, 190, 700, 250, 1), cut, tram, car_at(800, 180, 830, 200)});
  const auto good = donor();
  // A wall of near cars from edge to edge: whatever comes would stand behind them.
  std::vector<io::Object> wall;
  for (int x = 0; x + 100 < width; x += 100) wall.push_back(car_at(x, 150, x + 100, 370));
  const auto blocked = frame_of(30, wall), open = frame_of(30, {});
  for (std::uint64_t sample = 0; sample < 20; ++sample) {
    Random random = data::paste_stream(1, 0, sample);
    CHECK(paster
              .paste(
                  open, 1, [&](std::size_t) { return as_donor(unfit); }, random)
              .objects.empty());
    CHECK(paster
              .paste(
                  blocked, 1, [&](std::size_t) { return as_donor(good); }, random)
              .objects.size() == wall.size());
    CHECK(paster
              .paste(
                  open, 1, [](std::size_t) { return data::ObjectPaster::Donor{}; }, random)
              .objects.empty());
  }
}

TEST_CASE("a donor's pixels are asked for once for each object that is put, and what has none is not put", "[paste]") {
  const auto roles = cars();
  const data::ObjectPaster paster(roles, 3);
  const auto from = donor(), unfit = frame_of(90, {car_at(600, 190, 700, 250, 1)});
  std::size_t asked = 0, put = 0, looked = 0;
  const auto counted = [&](std::size_t index) {
    ++looked;
    auto donor = as_donor(index == 0 ? from : unfit);
    return data::ObjectPaster::Donor{donor.outline, [&asked, donor] { return ++asked, donor.picture(); }};
  };
  const auto without_pixels = [&](std::size_t) {
    return data::ObjectPaster::Donor{as_donor(from).outline, [] { return cv::Mat(); }};
  };
  for (std::uint64_t sample = 0; sample < 40; ++sample) {
    Random random = data::paste_stream(1, 0, sample), other = data::paste_stream(1, 0, sample);
    put += paster.paste(frame_of(30, {}), 9, counted, random).objects.size();
    CHECK(paster.paste(frame_of(30, {}), 1, without_pixels, other).objects.empty());
  }
  CHECK(put > 20);
  CHECK(asked == put);
  CHECK(looked > 4 * put);
}
