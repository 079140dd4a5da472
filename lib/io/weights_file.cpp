#include "io/weights_file.hpp"

#include "base/error.hpp"

namespace fastbox::io {
namespace {

using Reader = std::variant<SafetensorsFile, TorchFile>;

Reader choose(const std::string& name, std::string bytes) {
  constexpr std::size_t header_begin = 8, tar_magic = 257;
  const std::string_view text = bytes;
  if (is_zip(text) || is_torch_legacy(text)) return TorchFile(name, std::move(bytes));
  if (text.size() > header_begin && text[header_begin] == '{') return SafetensorsFile(name, std::move(bytes));
  if (text.size() > tar_magic && text.substr(tar_magic).starts_with("ustar"))
    fail(ExitCode::data, name,
         ": a tar archive, as torch before 0.1.10 wrote: read it with torch.load(FILE, weights_only=False), which you "
         "should only do where you trust it, and save it again with torch.save(state_dict, FILE)");
  fail(ExitCode::data, name, ": begins with '", shown(text.substr(0, 16)),
       "', expected weights: safetensors, or a state_dict from torch.save(model.state_dict(), FILE)");
}

}  // namespace

WeightsFile::WeightsFile(const std::filesystem::path& file) : WeightsFile(file.string(), read_file(file)) {}

WeightsFile::WeightsFile(const std::string& name, std::string bytes) : file_(choose(name, std::move(bytes))) {}

const std::map<std::string, TensorView>& WeightsFile::tensors() const {
  return std::visit([](const auto& file) -> const std::map<std::string, TensorView>& { return file.tensors(); }, file_);
}

std::map<std::string, std::string> WeightsFile::metadata() const {
  const auto* const safetensors = std::get_if<SafetensorsFile>(&file_);
  return safetensors == nullptr ? std::map<std::string, std::string>() : safetensors->metadata();
}

const char* WeightsFile::form() const {
  return std::holds_alternative<SafetensorsFile>(file_) ? "safetensors" : "PyTorch";
}

}  // namespace fastbox::io
