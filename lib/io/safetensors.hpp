// The safetensors format: named tensors of plain numbers in one file that Python, Rust and JavaScript read.
//
// Free of LibTorch: a tensor is its type's name, its shape and its bytes. Layout (huggingface/safetensors): 8 bytes of
// little-endian header length, a JSON header {name: {dtype, shape, data_offsets}}, the data. Thread-safe: a reader is
// immutable after its construction.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/files.hpp"

namespace fastbox::io {

/// A tensor's description and where its bytes lie. The bytes belong to whoever made the view.
struct TensorView {
  std::string dtype;  ///< "F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8" or "BOOL"
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;  ///< contiguous, row-major, little-endian
};

/// Bytes of one element; 0 for a name that the format does not know.
std::size_t element_size(const std::string& dtype);

/// A file read whole into memory and checked.
class SafetensorsFile {
 public:
  /// Throws Error(data) naming file and tensor where the header is damaged, claims more bytes than there are, leaves a
  /// hole or an overlap, or a tensor's bytes do not fit its shape.
  explicit SafetensorsFile(const std::filesystem::path& file);

  /// As above from bytes already in memory; `name` is for messages.
  SafetensorsFile(std::string name, std::string bytes);

  // A copy's views would point into the original's bytes.
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;
  SafetensorsFile(SafetensorsFile&&) = default;
  SafetensorsFile& operator=(SafetensorsFile&&) = default;

  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// Throws Error(data) naming the tensor where it is missing.
  const TensorView& at(const std::string& name) const;
  bool contains(const std::string& name) const { return tensors_.count(name) != 0; }

 private:
  std::string name_;
  std::string bytes_;
  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// Writes the tensors in the map's order, so equal tensors give equal files; whole or not at all. Throws
/// Error(environment).
FileDigest write_safetensors(const std::filesystem::path& file, const std::map<std::string, TensorView>& tensors,
                             const std::map<std::string, std::string>& metadata = {});

/// The bytes of such a file.
std::string format_safetensors(const std::map<std::string, TensorView>& tensors,
                               const std::map<std::string, std::string>& metadata = {});

}  // namespace fastbox::io
