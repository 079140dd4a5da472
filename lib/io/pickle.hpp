// The part of Python's pickle that PyTorch's state_dict files need, as plain values.
//
// A pickle is a program. This machine obeys the opcodes and knows the globals by which dictionaries, lists, tuples, texts,
// numbers and tensors' descriptions are written, and refuses every other by its name: nothing is ever called or imported.
// Values are places in tables, so that no depth of nesting costs recursion; a dictionary may even hold itself. Sources:
// Python's Lib/pickletools.py; torch/_utils.py; for what old files hold, torch/_weights_only_unpickler.py.
// Thread-safe: immutable after its construction.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fastbox::io {

/// ResNet-101's has 100 kB. Together with the values' bound, a pickle takes at most some 200 MB.
constexpr std::size_t largest_pickle = 16 << 20;
constexpr std::size_t most_pickled_values = 1 << 20;

class Pickle {
 public:
  using Place = std::uint32_t;  ///< of a value

  enum class Kind : std::uint8_t {
    none,
    boolean,
    integer,
    real,
    text,
    tuple,
    list,
    dictionary,
    global,
    storage,    ///< what a persistent id ('storage', type, key, location, elements) stands for
    tensor,     ///< what torch._utils._rebuild_tensor (_v2) makes, or a Parameter of it
    parameter,  ///< one that is not filled yet
  };

  struct Value {
    Kind kind = Kind::none;
    std::uint32_t count = 0;  ///< a text's bytes, a tuple's items
    std::int64_t number = 0;  ///< the integer itself, or a place in a table
  };

  /// A flat block of elements in the file.
  struct Storage {
    const char* dtype;  ///< as TensorView has it
    std::string_view key;
    std::int64_t elements;
  };

  /// What the file says of a tensor; nothing of it is checked yet but that sizes and strides are tuples.
  struct Tensor {
    Place storage;  ///< in storages()
    std::int64_t offset;
    Place sizes, strides;
  };

  /// Obeys the pickle that begins at `bytes[begin]`; `bytes` must outlive the object. Throws Error(data) beginning with
  /// `where` and naming the byte.
  Pickle(std::string_view bytes, std::size_t begin, const std::string& where);

  const Value& root() const { return values_[root_]; }
  const Value& operator[](Place place) const { return values_[place]; }
  std::size_t end() const { return end_; }  ///< the byte after its last

  std::string_view text(const Value& text) const;
  std::span<const Place> items(const Value& tuple_or_list) const;
  /// Keys and values in the file's order. Throws Error(data) where a dictionary is made of a list of anything but pairs.
  std::vector<std::pair<Place, Place>> entries(const Value& dictionary) const;
  const Tensor& tensor(const Value& tensor) const { return tensors_[static_cast<std::size_t>(tensor.number)]; }
  const std::vector<Storage>& storages() const { return storages_; }  ///< as often as the file names them

 private:
  class Machine;

  struct Dictionary {
    Place made_of;  ///< a list of pairs that come first, as Python 2 writes an OrderedDict; none: the value 0
    std::vector<std::pair<Place, Place>> entries;
  };

  std::string_view bytes_;
  std::string where_;
  std::vector<Value> values_;
  std::vector<Place> tuples_;  ///< the items of all tuples
  std::vector<std::vector<Place>> lists_;
  std::vector<Dictionary> dictionaries_;
  std::vector<Storage> storages_;
  std::vector<Tensor> tensors_;
  Place root_ = 0;
  std::size_t end_ = 0;
};

/// For messages: "a tuple", "a text".
const char* describe(Pickle::Kind kind);

}  // namespace fastbox::io
