// The names of pickle's opcodes, for messages, and of the globals that a state_dict needs. Pure functions.
//
// Sources: Python's Lib/pickletools.py (protocols 0 to 5); torch/storage.py and torch/_utils.py for the globals.
#pragma once

#include <cstdint>
#include <string_view>

namespace fastbox::io {

enum class Opcode : unsigned char {
  mark = '(',
  stop = '.',
  none = 'N',
  newfalse = 0x89,
  newtrue = 0x88,
  binint = 'J',
  binint1 = 'K',
  binint2 = 'M',
  long1 = 0x8a,
  binfloat = 'G',
  binunicode = 'X',
  short_binstring = 'U',
  empty_tuple = ')',
  tuple = 't',
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  empty_list = ']',
  append = 'a',
  appends = 'e',
  empty_dict = '}',
  setitem = 's',
  setitems = 'u',
  binput = 'q',
  long_binput = 'r',
  binget = 'h',
  long_binget = 'j',
  global = 'c',
  reduce = 'R',
  newobj = 0x81,
  build = 'b',
  binpersid = 'Q',
};

/// "REDUCE", "INST"; "0xff" for a byte that is no opcode.
std::string_view opcode_name(unsigned char byte);

enum class KnownGlobal : std::uint8_t {
  ordered_dict,
  rebuild_tensor,
  rebuild_tensor_v2,
  rebuild_parameter,
  parameter,
  size,
  storage,
};

struct GlobalEntry {
  std::string_view module, name;
  KnownGlobal meaning;
  const char* dtype = nullptr;  ///< of a storage: as TensorView has it
};

/// Nothing where a state_dict does not need it. The entry lives as long as the program.
const GlobalEntry* find_global(std::string_view module, std::string_view name);

}  // namespace fastbox::io
