// The reader of safetensors files: refuses with Error(data) or gives tensors that lie within the file.

#include <algorithm>
#include <numeric>

#include "fuzz.hpp"
#include "io/safetensors.hpp"

using namespace fastbox;

namespace {

bool same(const io::TensorView& a, const io::TensorView& b) {
  return a.dtype == b.dtype && a.shape == b.shape && std::ranges::equal(a.bytes, b.bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto file = fuzz::accepted(
      ExitCode::data, [&] { return io::SafetensorsFile("input", std::string(fuzz::text_of(bytes, size))); });
  if (!file) return 0;
  for (const auto& [name, view] : file->tensors()) {
    const auto elements = std::accumulate(view.shape.begin(), view.shape.end(), std::int64_t{1}, std::multiplies<>());
    fuzz::require(view.bytes.size() == static_cast<std::size_t>(elements) * io::element_size(view.dtype),
                  "a tensor has the bytes of its shape");
  }
  const io::SafetensorsFile again("again", io::format_safetensors(file->tensors(), file->metadata()));
  fuzz::require(again.metadata() == file->metadata(), "the metadata come back");
  fuzz::require(
      std::ranges::equal(again.tensors(), file->tensors(),
                         [](const auto& a, const auto& b) { return a.first == b.first && same(a.second, b.second); }),
      "the tensors come back");
  return 0;
}
