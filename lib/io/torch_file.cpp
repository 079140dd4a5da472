#include "io/torch_file.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <set>

#include "base/error.hpp"
#include "base/files.hpp"
#include "io/pickle.hpp"
#include "io/zip_store.hpp"

namespace fastbox::io {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view zip_magic = "PK\x03\x04"sv;
// PROTO 2, LONG1 of 10 bytes 0x1950a86a20f9469cfc6c, STOP: torch/serialization.py, MAGIC_NUMBER.
constexpr std::string_view legacy_magic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."sv;
constexpr std::int64_t legacy_protocol = 1001;

constexpr std::size_t most_dimensions = 32;

/// Where a state_dict lies that was saved with other things.
constexpr std::array nesting_keys = {"state_dict"sv, "model_state_dict"sv, "model"sv};

/// A tensor's elements within a storage.
struct Layout {
  std::vector<std::int64_t> shape, strides;  ///< strides in elements
  std::uint64_t offset = 0, elements = 0;    ///< of the tensor
  std::uint64_t end = 0;                     ///< one beyond the last element it reaches
  bool contiguous = true;
};

std::vector<std::int64_t> whole_numbers(const Pickle& pickle, Pickle::Place tuple, const std::string& where) {
  const auto items = pickle.items(pickle[tuple]);
  if (items.size() > most_dimensions)
    fail(ExitCode::data, where, items.size(), " dimensions, expected at most ", most_dimensions);
  std::vector<std::int64_t> numbers;
  for (const auto item : items) {
    const auto& value = pickle[item];
    if (value.kind != Pickle::Kind::integer || value.number < 0)
      fail(ExitCode::data, where, "a size or stride is ",
           value.kind == Pickle::Kind::integer ? std::to_string(value.number) : describe(value.kind),
           ", expected a whole number from 0");
    numbers.push_back(value.number);
  }
  return numbers;
}

/// Shape, strides and reach as the file claims them. Throws where they overflow.
Layout layout_of(const Pickle& pickle, const Pickle::Tensor& tensor, const std::string& where) {
  Layout layout{whole_numbers(pickle, tensor.sizes, where), whole_numbers(pickle, tensor.strides, where)};
  if (layout.shape.size() != layout.strides.size() || tensor.offset < 0)
    fail(ExitCode::data, where, layout.shape.size(), " sizes, ", layout.strides.size(), " strides and the offset ",
         tensor.offset, ", expected as many strides as sizes and an offset from 0");
  layout.offset = static_cast<std::uint64_t>(tensor.offset);
  std::uint64_t last = layout.offset, elements = 1;
  bool overflows = false;
  for (std::size_t i = layout.shape.size(); i-- > 0;) {
    const auto size = static_cast<std::uint64_t>(layout.shape[i]),
               stride = static_cast<std::uint64_t>(layout.strides[i]);
    if (size != 1 && stride != elements) layout.contiguous = false;
    std::uint64_t reach = 0;
    overflows |= __builtin_mul_overflow(size == 0 ? 0 : size - 1, stride, &reach);
    overflows |= __builtin_add_overflow(last, reach, &last);
    overflows |= __builtin_mul_overflow(elements, size, &elements);
  }
  // As much again for the bytes of an element.
  if (overflows || last >= INT64_MAX / 8 || elements >= INT64_MAX / 8)
    fail(ExitCode::data, where, "its sizes and strides overflow");
  layout.elements = elements;
  layout.end = elements == 0 ? layout.offset : last + 1;
  if (elements == 0) layout.contiguous = true;
  return layout;
}

/// The tensor's elements, each of `width` bytes, in row-major order. Within the storage, as the caller made sure.
void gather(const Layout& layout, std::size_t width, const char* storage, std::vector<std::byte>& to) {
  struct Dimension {
    std::uint64_t size, stride, index = 0;
  };
  std::vector<Dimension> dimensions;  // the innermost first; one of size 1 never moves
  for (std::size_t i = layout.shape.size(); i-- > 0;)
    if (layout.shape[i] != 1)
      dimensions.push_back(
          {static_cast<std::uint64_t>(layout.shape[i]), static_cast<std::uint64_t>(layout.strides[i])});
  std::uint64_t at = layout.offset;
  for (std::size_t element = 0; element < layout.elements; ++element) {
    std::memcpy(to.data() + element * width, storage + at * width, width);
    for (auto& dimension : dimensions) {
      at += dimension.stride;
      if (++dimension.index < dimension.size) break;
      at -= dimension.stride * dimension.size;
      dimension.index = 0;
    }
  }
}

/// The dictionary of names and tensors: the whole, or what lies in it under one of the usual keys.
const Pickle::Value& state_dict_of(const Pickle& pickle, const std::string& where) {
  const Pickle::Value& root = pickle.root();
  if (root.kind != Pickle::Kind::dictionary)
    fail(ExitCode::data, where, ": holds ", describe(root.kind),
         ", expected a dictionary of tensors: torch.save(model.state_dict(), FILE)");
  const Pickle::Value* found = nullptr;
  for (const auto& [key, value] : pickle.entries(root)) {
    if (pickle[key].kind != Pickle::Kind::text || pickle[value].kind != Pickle::Kind::dictionary) continue;
    if (std::ranges::find(nesting_keys, pickle.text(pickle[key])) == nesting_keys.end()) continue;
    if (found) fail(ExitCode::data, where, ": holds several state_dicts, expected one: save that alone");
    found = &pickle[value];
  }
  return found ? *found : root;
}

/// A key is a number, and names bytes in this file; torch.save counts them or writes addresses.
bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= 20 && std::ranges::all_of(key, [](char c) { return c >= '0' && c <= '9'; });
}

void require_key(std::string_view key, const std::string& where) {
  if (!is_key(key)) fail(ExitCode::data, where, ": a storage's key is '", shown(key), "', expected a whole number");
}

/// The legacy form's list of keys, in the order in which the storages follow.
std::vector<std::string_view> keys_of(const Pickle& pickle, const std::string& where) {
  if (pickle.root().kind != Pickle::Kind::list)
    fail(ExitCode::data, where, ": ", describe(pickle.root().kind),
         " follows the tensors, expected the storages' keys");
  std::vector<std::string_view> keys;
  for (const auto place : pickle.items(pickle.root())) {
    if (pickle[place].kind != Pickle::Kind::text) fail(ExitCode::data, where, ": a storage's key is no text");
    keys.push_back(pickle.text(pickle[place]));
  }
  return keys;
}

}  // namespace

bool is_zip(std::string_view bytes) {
  return bytes.starts_with(zip_magic);
}

bool is_torch_legacy(std::string_view bytes) {
  return bytes.starts_with(legacy_magic);
}

TorchFile::TorchFile(const std::filesystem::path& file) : TorchFile(file.string(), read_file(file)) {}

TorchFile::TorchFile(std::string name, std::string bytes) : name_(std::move(name)), bytes_(std::move(bytes)) {
  if (is_zip(bytes_))
    read_zip();
  else if (is_torch_legacy(bytes_))
    read_legacy();
  else
    fail(ExitCode::data, name_, ": no file of PyTorch's, expected torch.save(model.state_dict(), FILE)");
}

void TorchFile::read_zip() {
  const ZipStore zip(bytes_, name_);
  const std::string folder(zip.first_name().substr(0, zip.first_name().find('/') + 1));  // any name
  if (zip.contains(folder + "constants.pkl"))
    fail(ExitCode::data, name_,
         ": TorchScript, expected a state_dict: torch.save(torch.jit.load(FILE).state_dict(), NEW_FILE)");
  const auto program = zip.find(folder + "data.pkl");
  if (!program) fail(ExitCode::data, name_, ": a zip archive without data.pkl, expected one that torch.save wrote");
  const auto order = zip.find(folder + "byteorder");
  if (order && *order != "little")
    fail(ExitCode::data, name_, ": byteorder is '", shown(*order), "', expected 'little': save it on such a machine");

  const std::string where = name_ + ": data.pkl";
  const Pickle pickle(*program, 0, where);
  if (pickle.end() != program->size()) fail(ExitCode::data, where, ": goes on after its end at ", pickle.end());
  Storages storages;
  for (const auto& storage : pickle.storages()) {
    require_key(storage.key, where);
    if (const auto data = zip.find(concat(folder, "data/", storage.key))) storages.emplace(storage.key, *data);
  }
  take_tensors(pickle, storages, where);
}

void TorchFile::read_legacy() {
  const std::string where = name_ + ": pickle";
  const std::string_view bytes = bytes_;
  const Pickle protocol(bytes, legacy_magic.size(), where);
  if (protocol.root().kind != Pickle::Kind::integer || protocol.root().number != legacy_protocol)
    fail(ExitCode::data, name_, ": unknown protocol of PyTorch's, expected ", legacy_protocol);
  const Pickle system(bytes, protocol.end(),
                      where);  // sizes of the C types there; torch.load does not look at it either
  const Pickle pickle(bytes, system.end(), where);
  const Pickle keys(bytes, pickle.end(), where);

  std::map<std::string_view, std::size_t> widths;  // bytes of an element, by key
  for (const auto& storage : pickle.storages()) {
    require_key(storage.key, where);
    const std::size_t width = element_size(storage.dtype);
    if (widths.emplace(storage.key, width).first->second != width)
      fail(ExitCode::data, where, ": storage ", storage.key, " is of several types");
  }
  Storages storages;
  std::size_t at = keys.end();
  for (const auto key : keys_of(keys, where)) {
    const auto width = widths.find(key);
    if (width == widths.end()) fail(ExitCode::data, where, ": no tensor has the storage '", shown(key), "'");
    std::uint64_t elements = 0;
    if (bytes.size() - at < sizeof elements) fail(ExitCode::data, name_, ": cut off before storage ", key);
    std::memcpy(&elements, bytes.data() + at, sizeof elements);
    at += sizeof elements;
    if (elements > (bytes.size() - at) / width->second)
      fail(ExitCode::data, name_, ": storage ", key, " claims ", elements, " elements of ", width->second,
           " bytes, there are ", bytes.size() - at, " bytes");
    if (!storages.emplace(key, bytes.substr(at, elements * width->second)).second)
      fail(ExitCode::data, name_, ": storage ", key, " is there twice");
    at += elements * width->second;
  }
  if (at != bytes.size()) fail(ExitCode::data, name_, ": goes on after its last storage, from byte ", at);
  take_tensors(pickle, storages, where);
}

void TorchFile::take_tensors(const Pickle& pickle, const Storages& storages, const std::string& where) {
  for (const auto& [key, value] : pickle.entries(state_dict_of(pickle, where))) {
    if (pickle[key].kind != Pickle::Kind::text)
      fail(ExitCode::data, where, ": a tensor's name is ", describe(pickle[key].kind), ", expected a text");
    const std::string_view name = pickle.text(pickle[key]);
    if (!std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; }))
      fail(ExitCode::data, where, ": a tensor's name is '", shown(name), "', expected printable ASCII");
    const std::string tensor = concat(name_, ": tensor '", shown(name), "': ");
    if (pickle[value].kind != Pickle::Kind::tensor)
      fail(ExitCode::data, tensor, "is ", describe(pickle[value].kind),
           ", expected a state_dict's tensor: torch.save(model.state_dict(), FILE)");
    if (!tensors_.emplace(name, view(pickle, value, storages, tensor)).second)
      fail(ExitCode::data, tensor, "is there twice");
  }
}

TensorView TorchFile::view(const Pickle& pickle, std::size_t place, const Storages& storages,
                           const std::string& where) {
  const Pickle::Tensor& tensor = pickle.tensor(pickle[static_cast<Pickle::Place>(place)]);
  const Pickle::Storage& storage = pickle.storages()[tensor.storage];
  const std::size_t width = element_size(storage.dtype);
  const auto found = storages.find(storage.key);
  if (found == storages.end()) fail(ExitCode::data, where, "there is no storage ", storage.key);
  const std::string_view data = found->second;
  if (storage.elements < 0 || data.size() % width != 0 ||
      data.size() / width != static_cast<std::uint64_t>(storage.elements))
    fail(ExitCode::data, where, "storage ", storage.key, " claims ", storage.elements, " elements of ", width,
         " bytes, has ", data.size(), " bytes");

  const Layout layout = layout_of(pickle, tensor, where);
  if (layout.end > data.size() / width)
    fail(ExitCode::data, where, "claims elements ", layout.offset, "..", layout.end, " of storage ", storage.key,
         ", which has ", storage.elements);
  TensorView view{storage.dtype, layout.shape, {}};
  const std::size_t bytes = layout.elements * width;
  if (layout.contiguous) {
    view.bytes = std::as_bytes(std::span(data.substr(layout.offset * width, bytes)));
    return view;
  }
  // Strides of 0 let a few bytes claim any number of elements.
  if (bytes > bytes_.size() - gathered_bytes_)
    fail(ExitCode::data, where,
         "with it, tensors whose elements do not lie one after another have more bytes than the "
         "file: save .contiguous() ones");
  gathered_bytes_ += bytes;
  gather(layout, width, data.data(), gathered_.emplace_back(bytes));
  view.bytes = gathered_.back();
  return view;
}

}  // namespace fastbox::io
