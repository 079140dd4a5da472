#include "io/safetensors.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "base/files.hpp"
#include "io/json_text.hpp"

namespace fastbox::io {
namespace {

// The format allows 100 MB. Parsed, a header takes up to 25 times its bytes; ours, of some 100 tensors, have 20 kB.
constexpr std::uint64_t largest_header = 16 << 20;

const std::map<std::string, std::size_t>& element_sizes() {
  static const std::map<std::string, std::size_t> sizes = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2},
                                                           {"I64", 8}, {"I32", 4}, {"I16", 2}, {"I8", 1},
                                                           {"U8", 1},  {"BOOL", 1}};
  return sizes;
}

/// Elements of the shape times bytes of one, or nothing where that overflows.
bool bytes_of_shape(const std::vector<std::int64_t>& shape, std::size_t element, std::uint64_t& bytes) {
  bytes = element;
  for (const auto side : shape) {
    if (side < 0 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(side), &bytes)) return false;
  }
  return true;
}

/// A list of whole numbers from 0 to 2^63 - 1. nlohmann alone would cut 4.5 to 4, read true as 1 and overflow at 1e300.
std::vector<std::int64_t> sizes(const nlohmann::json& list, const std::string& where) {
  const auto is_size = [](const nlohmann::json& number) {
    return number.is_number_unsigned() && number.get<std::uint64_t>() <= INT64_MAX;
  };
  if (!list.is_array() || !std::all_of(list.begin(), list.end(), is_size))
    fail(ExitCode::data, where, " is ", describe(list), ", expected a list of whole numbers");
  return list.get<std::vector<std::int64_t>>();
}

}  // namespace

std::size_t element_size(const std::string& dtype) {
  const auto found = element_sizes().find(dtype);
  return found == element_sizes().end() ? 0 : found->second;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& file) : SafetensorsFile(file.string(), read_file(file)) {}

SafetensorsFile::SafetensorsFile(std::string name, std::string bytes)
    : name_(std::move(name)), bytes_(std::move(bytes)) {
  std::uint64_t header_size = 0;
  if (bytes_.size() < sizeof header_size) fail(ExitCode::data, name_, ": too short for a safetensors file");
  std::memcpy(&header_size, bytes_.data(), sizeof header_size);
  if (header_size > largest_header || header_size > bytes_.size() - sizeof header_size)
    fail(ExitCode::data, name_, ": the safetensors header claims ", header_size, " bytes of ", bytes_.size(),
         ", expected at most ", largest_header);

  const std::string_view data = std::string_view(bytes_).substr(sizeof header_size + header_size);
  std::map<std::uint64_t, std::uint64_t> extents;  // begin -> end
  try {
    const auto header = parse_json(std::string_view(bytes_).substr(sizeof header_size, header_size),
                                   concat(name_, ": the safetensors header"));
    if (!header.is_object()) fail(ExitCode::data, name_, ": the safetensors header is no object of tensors");
    for (const auto& [key, entry] : header.items()) {
      if (key == "__metadata__") {
        metadata_ = entry.get<std::map<std::string, std::string>>();
        continue;
      }
      const std::string tensor = concat(name_, ": tensor '", shown(key), "': ");
      TensorView view{entry.at("dtype"), sizes(entry.at("shape"), tensor + "shape"), {}};
      const auto offsets = sizes(entry.at("data_offsets"), tensor + "data_offsets");
      if (offsets.size() != 2)
        fail(ExitCode::data, tensor, "data_offsets has ", offsets.size(), " numbers, expected begin and end");
      const auto begin = static_cast<std::uint64_t>(offsets[0]), end = static_cast<std::uint64_t>(offsets[1]);
      std::uint64_t expected = 0;
      const std::size_t element = element_size(view.dtype);
      if (element == 0) fail(ExitCode::data, tensor, "is of unknown type '", shown(view.dtype), "'");
      if (!bytes_of_shape(view.shape, element, expected) || begin > end || end > data.size() || end - begin != expected)
        fail(ExitCode::data, tensor, "claims bytes ", begin, "..", end, " of ", data.size(), ", expected ", expected,
             " for its shape");
      view.bytes = std::as_bytes(std::span(data.substr(begin, end - begin)));
      if (begin != end) extents.emplace(begin, end);
      tensors_.emplace(key, std::move(view));
    }
  } catch (const nlohmann::json::exception& problem) {
    fail(ExitCode::data, name_, ": the safetensors header is damaged: ", problem.what());
  }

  std::uint64_t expected_begin = 0;
  for (const auto& [begin, end] : extents) {
    if (begin != expected_begin) fail(ExitCode::data, name_, ": the tensors' bytes overlap or leave a hole at ", begin);
    expected_begin = end;
  }
  if (expected_begin != data.size())
    fail(ExitCode::data, name_, ": ", data.size(), " bytes of data, expected ", expected_begin);
}

const TensorView& SafetensorsFile::at(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) fail(ExitCode::data, name_, ": there is no tensor '", name, "'");
  return found->second;
}

namespace {

/// What stands before the tensors' bytes: the header's size, and the header.
std::string beginning_of(const std::map<std::string, TensorView>& tensors,
                         const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto& [name, view] : tensors) {
    header[name] = {
        {"dtype", view.dtype}, {"shape", view.shape}, {"data_offsets", {offset, offset + view.bytes.size()}}};
    offset += view.bytes.size();
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');  // the data begin on a multiple of 8
  const std::uint64_t header_size = text.size();
  return std::string(reinterpret_cast<const char*>(&header_size), sizeof header_size) + text;
}

std::string_view text_of(const TensorView& view) {
  return {reinterpret_cast<const char*>(view.bytes.data()), view.bytes.size()};
}

}  // namespace

std::string format_safetensors(const std::map<std::string, TensorView>& tensors,
                               const std::map<std::string, std::string>& metadata) {
  std::string bytes = beginning_of(tensors, metadata);
  for (const auto& [name, view] : tensors) bytes += text_of(view);
  return bytes;
}

FileDigest write_safetensors(const std::filesystem::path& file, const std::map<std::string, TensorView>& tensors,
                             const std::map<std::string, std::string>& metadata) {
  FileWriter writer(file);
  writer.write(beginning_of(tensors, metadata));
  for (const auto& [name, view] : tensors) writer.write(text_of(view));
  return writer.commit();
}

}  // namespace fastbox::io
