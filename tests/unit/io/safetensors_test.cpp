#include <catch2/catch.hpp>

#include <cstring>

#include "base/files.hpp"
#include "io/safetensors.hpp"
#include "support/support.hpp"

using namespace fastbox;
using io::SafetensorsFile;

namespace {

const std::vector<float> numbers = {1.5f, -2.0f, 3.25f, 0.0f, 5.0f, 6.0f};

std::string file_with(const std::string& header, const std::string& data) {
  const std::uint64_t size = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &size, 8);
  return bytes + header + data;
}

}  // namespace

TEST_CASE("tensors come back with type, shape, bytes and metadata", "[safetensors]") {
  const test::ScratchFolder folder;
  io::write_safetensors(
      folder / "t", {{"b", {"F32", {2, 3}, std::as_bytes(std::span(numbers))}}, {"a", {"F32", {0}, {}}}}, {{"k", "v"}});
  const SafetensorsFile file(folder / "t");
  CHECK(file.tensors().size() == 2);
  CHECK(file.metadata().at("k") == "v");
  const auto& b = file.at("b");
  CHECK(b.dtype == "F32");
  CHECK(b.shape == std::vector<std::int64_t>{2, 3});
  REQUIRE(b.bytes.size() == 24);
  CHECK(std::memcmp(b.bytes.data(), numbers.data(), 24) == 0);
  CHECK(test::caught([&] { file.at("c"); }).mentions("no tensor 'c'"));
}

TEST_CASE("a file in memory is read as one on disk, and survives a move", "[safetensors]") {
  SafetensorsFile made("made", io::format_safetensors({{"b", {"F32", {6}, std::as_bytes(std::span(numbers))}}}));
  const SafetensorsFile moved = std::move(made);
  CHECK(std::memcmp(moved.at("b").bytes.data(), numbers.data(), 24) == 0);
  CHECK(test::caught([] { SafetensorsFile("made", ""); }).mentions("made: too short"));
  CHECK(test::caught([] {
          SafetensorsFile("made", file_with(R"({"a":{"dtype":"U8","shape":[4.5],"data_offsets":[0,4]}})", "1234"));
        }).mentions("made: tensor 'a': shape is [4.5], expected a list of whole numbers"));
}

TEST_CASE("equal tensors give equal files", "[safetensors]") {
  const test::ScratchFolder folder;
  for (const char* name : {"x", "y"})
    io::write_safetensors(folder / name, {{"b", {"F32", {6}, std::as_bytes(std::span(numbers))}}});
  CHECK(read_file(folder / "x") == read_file(folder / "y"));
}

TEST_CASE("a damaged file is refused before anything is allocated for it", "[safetensors]") {
  const test::ScratchFolder folder;
  const auto refused = [&](const std::string& bytes) {
    write_file_atomically(folder / "t", bytes);
    return test::caught([&] { SafetensorsFile{folder / "t"}; }).code == ExitCode::data;
  };
  const std::string good = R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})";
  CHECK_FALSE(SafetensorsFile([&] {
                write_file_atomically(folder / "good", file_with(good, "1234"));
                return folder / "good";
              }())
                  .tensors()
                  .empty());
  CHECK(refused(""));
  CHECK(refused(std::string(8, '\xff')));
  CHECK(refused(file_with(good, "123")));
  CHECK(refused(file_with(good, "12345")));
  CHECK(refused(file_with("{", "")));
  CHECK(refused(file_with(R"({"a":{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}})", "1234")));
  CHECK(refused(file_with(R"({"a":{"dtype":"U8","shape":[4.5],"data_offsets":[0,4]}})", "1234")));
  CHECK(refused(file_with(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[false,4]}})", "1234")));
  CHECK(refused(file_with(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4,8]}})", "1234")));
  CHECK(refused(file_with(R"({"a":{"dtype":"U8","shape":[1e300],"data_offsets":[0,1e300]}})", "1234")));
  CHECK(refused(file_with("[]", "")));
  CHECK(refused(file_with(R"({"a":{"dtype":"F32","shape":[25000000000],"data_offsets":[0,100000000000]}})", "1234")));
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(refused(file_with(R"({"a":{"dtype":"U8","shape":)" + nested(20) + R"(,"data_offsets":[0,4]}})", "1234")));
  CHECK(
      refused(file_with(R"({"a":{"dtype":"U8","shape":)" + nested(1'000'000) + R"(,"data_offsets":[0,4]}})", "1234")));
  CHECK(refused(file_with(R"({"a":{"dtype":"Q8","shape":[4],"data_offsets":[0,4]}})", "1234")));
  CHECK(refused(file_with(R"({"a":{"dtype":"F64","shape":[4611686018427387904],"data_offsets":[0,0]}})", "")));
  CHECK(refused(file_with(
      R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
      "123")));
}
