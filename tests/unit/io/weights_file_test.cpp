#include <catch2/catch.hpp>

#include <algorithm>

#include "base/files.hpp"
#include "io/weights_file.hpp"
#include "support/support.hpp"

using namespace fastbox;
using io::WeightsFile;

namespace {

const std::filesystem::path golden = "tests/unit/io/torch_files";

std::string refusal(const std::string& bytes) {
  const auto caught = test::caught([&] { WeightsFile("it", bytes); });
  CHECK(caught.code == ExitCode::data);
  return caught.message;
}

}  // namespace

TEST_CASE("the first bytes tell the form, whatever the file's name", "[weights_file]") {
  const test::ScratchFolder folder;
  const std::pair<const char*, const char*> files[] = {
      {"types.safetensors", "safetensors"}, {"zip-types.pth", "PyTorch"}, {"legacy-types.pth", "PyTorch"}};
  for (const auto& [name, form] : files) {
    std::filesystem::copy_file(golden / name, folder / "weights.bin",
                               std::filesystem::copy_options::overwrite_existing);
    const WeightsFile file(folder / "weights.bin");
    CHECK(file.form() == std::string(form));
    CHECK(file.tensors().size() == 10);
    CHECK(file.tensors().at("float64").dtype == "F64");
  }
}

TEST_CASE("tensors survive a move of their file", "[weights_file]") {
  for (const char* name : {"layouts.safetensors", "zip-layouts.pth", "legacy-layouts.pth"}) {
    WeightsFile made(golden / name);
    const WeightsFile moved = std::move(made);
    const WeightsFile expected(golden / "layouts.safetensors");
    for (const auto& [tensor, view] : expected.tensors())
      CHECK(std::ranges::equal(moved.tensors().at(tensor).bytes, view.bytes));
  }
}

TEST_CASE("what is none of these is refused with a hint", "[weights_file]") {
  CHECK(refusal("").find("it: begins with '', expected weights") != std::string::npos);
  CHECK(refusal("version https://git-lfs.github.com/spec/v1\n").find("begins with 'version https://'") !=
        std::string::npos);
  CHECK(refusal("<!DOCTYPE html><html>").find("begins with '<!DOCTYPE html><'") != std::string::npos);
  CHECK(refusal("\x80\x04\x95").find("expected weights") != std::string::npos);
  std::string tar(512, '\0');
  tar.replace(257, 5, "ustar");
  CHECK(refusal(tar).find("a tar archive, as torch before 0.1.10 wrote") != std::string::npos);
  CHECK(test::caught([] { WeightsFile(golden / "absent"); }).mentions("cannot be read"));
}
