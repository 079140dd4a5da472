// The reader of weights files (safetensors, PyTorch's zip form and the one before it): refuses with Error(data) or gives
// tensors that lie in memory.
//
// A zip's data lie behind CRCs that no mutation keeps, so what is refused is read a second time with its CRCs taken out,
// which the reader allows. An input that begins with neither form's magic is also run as a pickle between the other parts.

#include <algorithm>
#include <numeric>

#include "fuzz.hpp"
#include "io/pickle.hpp"
#include "io/weights_file.hpp"

using namespace fastbox;
using namespace std::string_view_literals;

namespace {

constexpr std::string_view legacy_begin =
    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}."sv;
constexpr std::string_view legacy_end =
    "\x80\x02]U\x01"
    "7a.\x04\0\0\0\0\0\0\0"
    "AAAABBBBCCCCDDDD"sv;

bool same(const io::TensorView& a, const io::TensorView& b) {
  return a.dtype == b.dtype && a.shape == b.shape && std::ranges::equal(a.bytes, b.bytes);
}

void read(std::string bytes) {
  const std::size_t size = bytes.size();
  const auto file = fuzz::accepted(ExitCode::data, [&] { return io::WeightsFile("input", std::move(bytes)); });
  if (!file) return;
  for (const auto& [name, view] : file->tensors()) {
    const auto elements = std::accumulate(view.shape.begin(), view.shape.end(), std::int64_t{1}, std::multiplies<>());
    fuzz::require(view.bytes.size() == static_cast<std::size_t>(elements) * io::element_size(view.dtype),
                  "a tensor has the bytes of its shape");
    fuzz::require(view.bytes.size() <= size, "no tensor is larger than its file");
  }
  if (file->tensors().count("__metadata__") != 0) return;  // no tensor's name in a safetensors file
  const io::SafetensorsFile again("again", io::format_safetensors(file->tensors()));
  fuzz::require(
      std::ranges::equal(again.tensors(), file->tensors(),
                         [](const auto& a, const auto& b) { return a.first == b.first && same(a.second, b.second); }),
      "as a safetensors file, the tensors are the same");
}

std::string without_crcs(std::string bytes) {
  constexpr std::string_view signature = "PK\x01\x02"sv;
  constexpr std::size_t crc_at = 16;
  for (std::size_t at = bytes.find(signature); at != std::string::npos; at = bytes.find(signature, at + 1))
    for (std::size_t i = 0; i < 4 && at + crc_at + i < bytes.size(); ++i) bytes[at + crc_at + i] = '\0';
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string input(fuzz::text_of(bytes, size));
  read(input);
  if (io::is_zip(input)) read(without_crcs(input));
  if (!io::is_zip(input) && !io::is_torch_legacy(input))
    read(std::string(legacy_begin) + input + std::string(legacy_end));
  return 0;
}
