#include <catch2/catch.hpp>

#include "io/pickle.hpp"
#include "io/pickle_names.hpp"
#include "support/support.hpp"

using namespace fastbox;
using namespace std::string_literals;
using io::Pickle;
using Kind = io::Pickle::Kind;

namespace {

const std::string begin = "\x80\x02";

Pickle load(const std::string& program) {
  static std::string bytes;  // a Pickle points into it
  bytes = begin + program;
  return Pickle(bytes, 0, "it");
}

test::Caught refusal(const std::string& program) {
  return test::caught([&] { load(program); });
}

bool refused(const std::string& program, const std::string& why) {
  const auto caught = refusal(program);
  CAPTURE(caught.message);
  CHECK(caught.code == ExitCode::data);
  CHECK(caught.mentions("it, byte "));
  CHECK(caught.mentions(why));
  return caught.code == ExitCode::data && caught.mentions(why);
}

const std::string float_storage = "(U\x07storagectorch\nFloatStorage\nU\x01"s + "7U\x03" + "cpuK\x06tQ";
const std::string tensor = "ctorch._utils\n_rebuild_tensor\n(" + float_storage + "K\x01(K\x02K\x02t(K\x02K\x01ttR";

}  // namespace

TEST_CASE("numbers, texts and what holds them", "[pickle]") {
  CHECK(load("N.").root().kind == Kind::none);
  CHECK(load("\x88.").root().number == 1);
  CHECK(load("\x89.").root().number == 0);
  CHECK(load("J\xfe\xff\xff\xff.").root().number == -2);
  CHECK(load("K\xff.").root().number == 255);
  CHECK(load("M\xe9\x03.").root().number == 1001);
  CHECK(load("\x8a\x00."s).root().number == 0);
  CHECK(load("\x8a\x01\x80.").root().number == -128);
  CHECK(load("\x8a\x05\x00\x00\x00\x00\x01."s).root().number == std::int64_t{1} << 32);
  CHECK(load("G\x3f\xf0\x00\x00\x00\x00\x00\x00."s).root().kind == Kind::real);

  const Pickle texts = load("X\x03\x00\x00\x00"s + "abcU\x02" + "de\x86q\x05h\x05\x86.");
  REQUIRE(texts.root().count == 2);
  CHECK(texts.items(texts.root())[0] == texts.items(texts.root())[1]);
  const auto inner = texts.items(texts[texts.items(texts.root())[0]]);
  REQUIRE(inner.size() == 2);
  CHECK(texts.text(texts[inner[0]]) == "abc");
  CHECK(texts.text(texts[inner[1]]) == "de");
  CHECK(load("K\x01K\x02K\x03\x87.").root().count == 3);
  CHECK(load("(K\x01K\x02K\x03K\x04t.").root().count == 4);
  CHECK(load(").").root().count == 0);
  const Pickle list = load(
      "](K\x01K\x02"
      "eK\x03"
      "a.");
  CHECK(list.items(list.root()).size() == 3);
}

TEST_CASE("dictionaries keep the file's order; Python 2's are made of lists", "[pickle]") {
  const Pickle plain = load("}(K\x01K\x02K\x03K\x04uK\x05K\x06s.");
  const auto entries = plain.entries(plain.root());
  REQUIRE(entries.size() == 3);
  CHECK(plain[entries[2].first].number == 5);
  CHECK(plain[entries[2].second].number == 6);

  const Pickle made = load(
      "ccollections\nOrderedDict\n]](K\x01K\x02"
      "eaK\x03K\x04\x86"
      "a\x85R}bK\x05K\x06s.");
  REQUIRE(made.root().kind == Kind::dictionary);
  const auto pairs = made.entries(made.root());
  REQUIRE(pairs.size() == 3);
  CHECK(made[pairs[1].second].number == 4);
  CHECK(made[pairs[2].first].number == 5);

  const Pickle odd = load(
      "ccollections\nOrderedDict\n]K\x01"
      "a\x85R.");
  CHECK(test::caught([&] { odd.entries(odd.root()); }).mentions("made of a whole number, expected pairs"));
}

TEST_CASE("a dictionary that holds itself, and nesting of a million levels, cost no recursion", "[pickle]") {
  const Pickle circle = load("}q\x00K\x01h\x00s."s);
  CHECK(&circle[circle.entries(circle.root())[0].second] == &circle.root());
  const Pickle deep = load(")" + std::string(500'000, '\x85') + ".");
  CHECK(deep.root().kind == Kind::tuple);
}

TEST_CASE("a tensor's description", "[pickle]") {
  const Pickle pickle = load(tensor + ".");
  REQUIRE(pickle.root().kind == Kind::tensor);
  const auto& made = pickle.tensor(pickle.root());
  CHECK(made.offset == 1);
  CHECK(pickle.items(pickle[made.sizes]).size() == 2);
  REQUIRE(pickle.storages().size() == 1);
  CHECK(pickle.storages()[0].dtype == "F32"s);
  CHECK(pickle.storages()[0].key == "7");
  CHECK(pickle.storages()[0].elements == 6);
  CHECK(load("ctorch._utils\n_rebuild_parameter\n(" + tensor + "\x88}tR.").root().kind == Kind::tensor);
  CHECK(load("ctorch.nn.parameter\nParameter\n" + tensor + "\x85R(\x88\x89}tb.").root().kind == Kind::tensor);
  CHECK(load("ctorch\nSize\n)\x85R.").root().kind == Kind::tuple);
}

TEST_CASE("an old Parameter is filled wherever it was remembered", "[pickle]") {
  const Pickle pickle = load("ctorch.nn.parameter\nParameter\n)\x81q\x00("s + tensor + "N}\x88\x89tbh\x00\x86."s);
  for (const auto place : pickle.items(pickle.root())) CHECK(pickle[place].kind == Kind::tensor);
}

TEST_CASE("nothing is called, made or imported but what a state_dict needs", "[pickle]") {
  const std::string needless = "a state_dict does not need it. Where a whole module was saved";
  refused(
      "cos\nsystem\nU\x02"
      "ls\x85R.",
      "byte 2: global os.system: " + needless);
  refused("cposix\nsystem\n.", "global posix.system");
  refused("c__builtin__\neval\n.", "global __builtin__.eval");
  refused("ctorch.serialization\nload\n.", "global torch.serialization.load");
  refused("ctorch._utils\n_rebuild_tensor_v3\n.", "global torch._utils._rebuild_tensor_v3");
  refused("ctorch\nComplexFloatStorage\n.", "global torch.ComplexFloatStorage");
  refused("ccollections\nOrderedDict2\n.", "global collections.OrderedDict2");
  refused("c\n\n.", "global .: ");
  refused("c" + std::string(1000, 'a') + "\nb\n.", "global aaaa");
  refused("ctorch\nFloatStorage\n)R.", "REDUCE of torch.FloatStorage with 0 arguments");
  refused("ctorch\nFloatStorage\n)\x81.", "NEWOBJ of torch.FloatStorage");
  refused("ccollections\nOrderedDict\n)\x81.", "NEWOBJ of collections.OrderedDict");
  refused("ccollections\nOrderedDict\nK\x01\x85R.", "REDUCE of collections.OrderedDict with 1 arguments");
  refused("ctorch._utils\n_rebuild_tensor_v2\n)R.", "REDUCE of torch._utils._rebuild_tensor_v2 with 0 arguments");
  refused("ctorch._utils\n_rebuild_parameter\n(K\x01\x88}tR.", "REDUCE of torch._utils._rebuild_parameter");
  refused("K\x01)R.", "REDUCE of a whole number and a tuple, expected a global and a tuple");
  refused("]}b.", "BUILD of a list with a dictionary");
  refused(
      "}K\x01"
      "b.",
      "BUILD of a dictionary with a whole number");
  refused("ctorch.nn.parameter\nParameter\n)\x81}b.", "BUILD of an empty Parameter with a dictionary");
  refused("U\x06module)\x86Q.", "the source of a module");
  refused("U\x07storage\x85Q.", "no ('storage', type, key, location, elements)");
  refused("K\x01Q.", "a persistent id that is a whole number");
  refused(
      "(U\x07storageccollections\nOrderedDict\nU\x01"
      "7U\x03"
      "cpuK\x06tQ.",
      "no ('storage', type");
  refused(
      "(U\x07storagectorch\nFloatStorage\nU\x01"
      "7U\x03"
      "cpuK\x06)tQ.",
      "a part of another");
  refused("ctorch._utils\n_rebuild_tensor_v2\n(" + float_storage + "K\x01))\x89}}tR.", "a tensor with metadata");
}

TEST_CASE("every other byte is refused as an opcode by its name", "[pickle]") {
  const std::string needed =
      "(.N\x89\x88JKM\x8aGXU)t\x85\x86\x87]ae}suqrhjcR\x81"
      "bQ";
  std::size_t refusals = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const char opcode = static_cast<char>(byte);
    if (needed.find(opcode) != std::string::npos) continue;
    const std::string name(io::opcode_name(static_cast<unsigned char>(byte)));
    refusals += refused(std::string(1, opcode) + "...", "byte 2: opcode " + name + ": a state_dict does not need it");
  }
  CHECK(refusals == 256 - needed.size());
  CHECK(io::opcode_name('i') == "INST");
  CHECK(io::opcode_name(0x93) == "STACK_GLOBAL");
  CHECK(io::opcode_name(0xfe) == "0xfe");
}

TEST_CASE("a stack, a mark or a memo that is not there", "[pickle]") {
  for (const char* program :
       {"\x85.", "K\x01\x86.", "K\x01\x87.", "a.", "]a.", "s.", "}s.", "}K\x01s.", "R.", "cos", "b.", "Q.", "q\x01.",
        "](K\x01"
        "a.",
        "K\x01(\x85.", "}(K\x01s.", "K\x01(R."})
    CHECK(refusal(program).code == ExitCode::data);
  refused("t.", "no mark");
  refused("e.", "no mark");
  refused("u.", "no mark");
  refused("(e.", "the stack holds too little");
  refused("}(K\x01u.", "a key without a value");
  refused(
      "}(K\x01"
      "e.",
      "items are added to a dictionary, expected a list");
  refused("h\x05.", "memo 5 was never put");
  refused("K\x01r\xff\xff\xff\xff.", "memo 4294967295, expected at most one for each byte");
  refused("K\x01K\x02.", "ends with 2 values");
  refused("K\x01(.", "ends with 1 values");
  refused(".", "ends with 0 values");
}

TEST_CASE("a program that is cut off or of another protocol", "[pickle]") {
  const std::string whole = begin + tensor + ".";
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK(test::caught([&] { Pickle(std::string_view(whole).substr(0, length), 0, "it"); }).code == ExitCode::data);
  refused(
      "X\xff\xff\xff\x7f"
      "abc.",
      "cut off");
  refused(
      "U\xff"
      "abc.",
      "cut off");
  refused(
      "\x8a\x09"
      "123456789.",
      "an integer of 9 bytes");
  refused("ccollections", "a line does not end");
  CHECK(test::caught([] { Pickle("\x80\x04N.", 0, "it"); }).mentions("it, byte 0: pickle protocol 4, expected 2"));
  CHECK(test::caught([] { Pickle("N.", 0, "it"); }).mentions("there is no pickle"));
  CHECK(test::caught([] { Pickle("N.", 2, "it"); }).mentions("there is no pickle"));
}

TEST_CASE("bytes of one opcode each take bounded memory", "[pickle]") {
  const std::size_t many = 2 * io::most_pickled_values;
  for (const char* opcodes : {"N", "(", "}", "]", ")", "K\x01", "}q\x01h\x01"}) {
    std::string program;
    while (program.size() < many * 2) program += opcodes;
    refused(program, "the pickle holds more than 1048576 values");
  }
  std::string endless;
  while (endless.size() <= io::largest_pickle)
    endless +=
        "](NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNt\x85q\x01"
        "ea";
  CHECK(refusal(endless).code == ExitCode::data);
  refused(
      "N" +
          [] {
            std::string quiet;
            while (quiet.size() <= io::largest_pickle) quiet += "q\x01";
            return quiet;
          }(),
      "the pickle is longer than 16777216 bytes");
}
