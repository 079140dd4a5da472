#include "io/pickle_names.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace fastbox::io {
namespace {

constexpr std::array<std::pair<unsigned char, std::string_view>, 68> opcode_names = {{
    {'(', "MARK"},
    {'.', "STOP"},
    {'0', "POP"},
    {'1', "POP_MARK"},
    {'2', "DUP"},
    {'F', "FLOAT"},
    {'I', "INT"},
    {'J', "BININT"},
    {'K', "BININT1"},
    {'L', "LONG"},
    {'M', "BININT2"},
    {'N', "NONE"},
    {'P', "PERSID"},
    {'Q', "BINPERSID"},
    {'R', "REDUCE"},
    {'S', "STRING"},
    {'T', "BINSTRING"},
    {'U', "SHORT_BINSTRING"},
    {'V', "UNICODE"},
    {'X', "BINUNICODE"},
    {'a', "APPEND"},
    {'b', "BUILD"},
    {'c', "GLOBAL"},
    {'d', "DICT"},
    {'}', "EMPTY_DICT"},
    {'e', "APPENDS"},
    {'g', "GET"},
    {'h', "BINGET"},
    {'i', "INST"},
    {'j', "LONG_BINGET"},
    {'l', "LIST"},
    {']', "EMPTY_LIST"},
    {'o', "OBJ"},
    {'p', "PUT"},
    {'q', "BINPUT"},
    {'r', "LONG_BINPUT"},
    {'s', "SETITEM"},
    {'t', "TUPLE"},
    {')', "EMPTY_TUPLE"},
    {'u', "SETITEMS"},
    {'G', "BINFLOAT"},
    {'B', "BINBYTES"},
    {'C', "SHORT_BINBYTES"},
    {0x80, "PROTO"},
    {0x81, "NEWOBJ"},
    {0x82, "EXT1"},
    {0x83, "EXT2"},
    {0x84, "EXT4"},
    {0x85, "TUPLE1"},
    {0x86, "TUPLE2"},
    {0x87, "TUPLE3"},
    {0x88, "NEWTRUE"},
    {0x89, "NEWFALSE"},
    {0x8a, "LONG1"},
    {0x8b, "LONG4"},
    {0x8c, "SHORT_BINUNICODE"},
    {0x8d, "BINUNICODE8"},
    {0x8e, "BINBYTES8"},
    {0x8f, "EMPTY_SET"},
    {0x90, "ADDITEMS"},
    {0x91, "FROZENSET"},
    {0x92, "NEWOBJ_EX"},
    {0x93, "STACK_GLOBAL"},
    {0x94, "MEMOIZE"},
    {0x95, "FRAME"},
    {0x96, "BYTEARRAY8"},
    {0x97, "NEXT_BUFFER"},
    {0x98, "READONLY_BUFFER"},
}};

constexpr std::array<GlobalEntry, 26> known_globals = {{
    {"collections", "OrderedDict", KnownGlobal::ordered_dict},
    {"torch._utils", "_rebuild_tensor", KnownGlobal::rebuild_tensor},  // torch before 0.4: vgg16-397923af.pth
    {"torch._utils", "_rebuild_tensor_v2", KnownGlobal::rebuild_tensor_v2},
    {"torch._utils", "_rebuild_parameter", KnownGlobal::rebuild_parameter},
    {"torch.nn.parameter", "Parameter", KnownGlobal::parameter},  // torch before 0.4
    {"torch", "Size", KnownGlobal::size},
    {"torch", "DoubleStorage", KnownGlobal::storage, "F64"},
    {"torch", "FloatStorage", KnownGlobal::storage, "F32"},
    {"torch", "HalfStorage", KnownGlobal::storage, "F16"},
    {"torch", "BFloat16Storage", KnownGlobal::storage, "BF16"},
    {"torch", "LongStorage", KnownGlobal::storage, "I64"},
    {"torch", "IntStorage", KnownGlobal::storage, "I32"},
    {"torch", "ShortStorage", KnownGlobal::storage, "I16"},
    {"torch", "CharStorage", KnownGlobal::storage, "I8"},
    {"torch", "ByteStorage", KnownGlobal::storage, "U8"},
    {"torch", "BoolStorage", KnownGlobal::storage, "BOOL"},
    {"torch.cuda", "DoubleStorage", KnownGlobal::storage, "F64"},
    {"torch.cuda", "FloatStorage", KnownGlobal::storage, "F32"},
    {"torch.cuda", "HalfStorage", KnownGlobal::storage, "F16"},
    {"torch.cuda", "BFloat16Storage", KnownGlobal::storage, "BF16"},
    {"torch.cuda", "LongStorage", KnownGlobal::storage, "I64"},
    {"torch.cuda", "IntStorage", KnownGlobal::storage, "I32"},
    {"torch.cuda", "ShortStorage", KnownGlobal::storage, "I16"},
    {"torch.cuda", "CharStorage", KnownGlobal::storage, "I8"},
    {"torch.cuda", "ByteStorage", KnownGlobal::storage, "U8"},
    {"torch.cuda", "BoolStorage", KnownGlobal::storage, "BOOL"},
}};

/// Every byte as "0x.." for those that are no opcodes.
std::array<std::string, 256> make_hexadecimal() {
  std::array<std::string, 256> texts;
  for (std::size_t byte = 0; byte < texts.size(); ++byte)
    texts[byte] = {'0', 'x', "0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  return texts;
}

}  // namespace

std::string_view opcode_name(unsigned char byte) {
  const auto found = std::ranges::find(opcode_names, byte, &std::pair<unsigned char, std::string_view>::first);
  if (found != opcode_names.end()) return found->second;
  static const std::array<std::string, 256> hexadecimal = make_hexadecimal();
  return hexadecimal[byte];
}

const GlobalEntry* find_global(std::string_view module, std::string_view name) {
  const auto found = std::ranges::find_if(
      known_globals, [&](const GlobalEntry& entry) { return entry.module == module && entry.name == name; });
  return found == known_globals.end() ? nullptr : &*found;
}

}  // namespace fastbox::io
