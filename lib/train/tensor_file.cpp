#include "train/tensor_file.hpp"

#include <ATen/ATen.h>

#include <cstring>

#include "base/error.hpp"

namespace fastbox::train {
namespace {

struct TypeName {
  at::ScalarType type;
  const char* name;
};
constexpr TypeName type_names[] = {
    {at::kDouble, "F64"}, {at::kFloat, "F32"}, {at::kHalf, "F16"}, {at::kBFloat16, "BF16"}, {at::kLong, "I64"},
    {at::kInt, "I32"},    {at::kShort, "I16"}, {at::kChar, "I8"},  {at::kByte, "U8"},       {at::kBool, "BOOL"}};

const char* name_of(at::ScalarType type) {
  for (const auto& entry : type_names)
    if (entry.type == type) return entry.name;
  fail(ExitCode::defect, "tensors of type ", at::toString(type), " have no place in a safetensors file");
}

at::ScalarType type_of(const std::string& name) {
  for (const auto& entry : type_names)
    if (name == entry.name) return entry.type;
  fail(ExitCode::defect, "unknown safetensors type ", name);
}

}  // namespace

FileDigest write_tensors(const std::filesystem::path& file, const NamedTensors& tensors,
                         const std::map<std::string, std::string>& metadata) {
  std::vector<at::Tensor> kept;  // the views below point into these
  std::map<std::string, io::TensorView> views;
  for (const auto& [name, tensor] : tensors) {
    kept.push_back(tensor.detach().to(at::kCPU).contiguous());
    const at::Tensor& t = kept.back();
    views[name] = {
        name_of(t.scalar_type()), t.sizes().vec(), {static_cast<const std::byte*>(t.const_data_ptr()), t.nbytes()}};
  }
  return io::write_safetensors(file, views, metadata);
}

at::Tensor copy_of(const io::TensorView& view) {
  at::Tensor tensor = at::empty(view.shape, type_of(view.dtype));
  if (!view.bytes.empty()) std::memcpy(tensor.mutable_data_ptr(), view.bytes.data(), view.bytes.size());
  return tensor;
}

NamedTensors read_tensors(const std::filesystem::path& file) {
  const io::SafetensorsFile source(file);
  NamedTensors tensors;
  for (const auto& [name, view] : source.tensors()) tensors[name] = copy_of(view);
  return tensors;
}

void copy_by_name(const NamedTensors& from, NamedTensors& into, const std::string& source) {
  std::string problems;
  for (const auto& [name, tensor] : into) {
    const auto found = from.find(name);
    if (found == from.end())
      problems += concat("\n  ", name, ": missing, expected shape ", tensor.sizes());
    else if (found->second.sizes() != tensor.sizes())
      problems += concat("\n  ", name, ": shape ", found->second.sizes(), ", expected ", tensor.sizes());
  }
  for (const auto& [name, tensor] : from)
    if (into.count(name) == 0) problems += concat("\n  ", name, ": not part of the model, shape ", tensor.sizes());
  if (!problems.empty()) fail(ExitCode::data, source, ": does not fit the model:", problems);
  const at::NoGradGuard no_gradient;
  for (auto& [name, tensor] : into) tensor.copy_(from.at(name));
}

}  // namespace fastbox::train
