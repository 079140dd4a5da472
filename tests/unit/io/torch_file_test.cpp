#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>

#include "base/files.hpp"
#include "io/torch_file.hpp"
#include "support/support.hpp"
#include "zip_archive.hpp"

using namespace fastbox;
using namespace std::string_literals;
using io::TorchFile;

namespace {

// Made by make_torch_files.py beside this file.
const std::filesystem::path golden = "tests/unit/io/torch_files";

using Tensors = std::map<std::string, io::TensorView>;

void require_same(const Tensors& tensors, const Tensors& expected) {
  REQUIRE(tensors.size() == expected.size());
  for (const auto& [name, view] : expected) {
    CAPTURE(name);
    REQUIRE(tensors.count(name) == 1);
    const auto& read = tensors.at(name);
    CHECK(read.dtype == view.dtype);
    CHECK(read.shape == view.shape);
    CHECK(std::ranges::equal(read.bytes, view.bytes));
  }
}

bool same(const Tensors& a, const Tensors& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.dtype == y.second.dtype && x.second.shape == y.second.shape &&
           std::ranges::equal(x.second.bytes, y.second.bytes);
  });
}

// ---- files written by hand ----

std::string tuple_of(const std::vector<std::int64_t>& numbers) {
  std::string text = "(";
  for (const auto number : numbers) text += "\x8a\x08" + test::little_endian(number);
  return text + "t";
}

struct Claim {
  std::vector<std::int64_t> sizes{2}, strides{1};
  std::int64_t offset = 0, elements = 4;
  std::string key = "7", type = "FloatStorage";
};

std::string tensor(const Claim& claim) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\n" + claim.type + "\nU" +
         static_cast<char>(claim.key.size()) + claim.key + "U\x03" + "cpu\x8a\x08" +
         test::little_endian(claim.elements) + "tQ\x8a\x08" + test::little_endian(claim.offset) +
         tuple_of(claim.sizes) + tuple_of(claim.strides) + "\x89}tR";
}

std::string text(const std::string& value) {
  return "U" + std::string(1, static_cast<char>(value.size())) + value;
}

/// A dictionary of these.
std::string state_dict(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string program = "}(";
  for (const auto& [name, value] : entries) program += text(name) + value;
  return program + "u";
}

const std::string data = "AAAABBBBCCCCDDDD";  // four elements of 32 bits

std::string legacy(const std::string& program, const std::string& keys = "](" + text("7") + "e",
                   const std::string& storages = test::little_endian(std::uint64_t{4}) + data) {
  const auto pickle = [](const std::string& opcodes) { return "\x80\x02" + opcodes + "."; };
  return "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03." + pickle("}") + pickle(program) +
         pickle(keys) + storages;
}

std::string zip(const std::string& program, const std::vector<test::ZipEntry>& more = {{"x/data/7", data}}) {
  std::vector<test::ZipEntry> entries = {{"x/data.pkl", "\x80\x02" + program + "."}};
  entries.insert(entries.end(), more.begin(), more.end());
  return test::make_zip(entries).bytes;
}

void refused(const std::string& bytes, const std::string& why) {
  const auto caught = test::caught([&] { TorchFile("it", bytes); });
  CAPTURE(caught.message);
  CHECK(caught.code == ExitCode::data);
  CHECK(caught.mentions("it: "));
  CHECK(caught.mentions(why));
}

/// The same refusal in both forms.
void claim_refused(const Claim& claim, const std::string& why) {
  refused(legacy(state_dict({{"a", tensor(claim)}})), why);
  refused(zip(state_dict({{"a", tensor(claim)}})), why);
}

std::string bytes_of(const TorchFile& file, const std::string& name) {
  const auto& view = file.tensors().at(name);
  return {reinterpret_cast<const char*>(view.bytes.data()), view.bytes.size()};
}

}  // namespace

TEST_CASE("what torch.save wrote comes back, in both forms, of every type and layout", "[torch_file]") {
  for (const char* name : {"types", "layouts", "module-state"})
    for (const char* form : {"zip-", "legacy-"}) {
      CAPTURE(form, name);
      const io::SafetensorsFile expected(golden / (name + ".safetensors"s));
      REQUIRE_FALSE(expected.tensors().empty());
      require_same(TorchFile(golden / (form + (name + ".pth"s))).tensors(), expected.tensors());
    }
}

TEST_CASE("what torch before 0.4 wrote under Python 2 comes back", "[torch_file]") {
  require_same(TorchFile(golden / "legacy-old.pth").tensors(),
               io::SafetensorsFile(golden / "old.safetensors").tensors());
}

TEST_CASE("contiguous tensors of one storage share its bytes", "[torch_file]") {
  for (const char* name : {"zip-layouts.pth", "legacy-layouts.pth"}) {
    const TorchFile file(golden / name);
    const auto& all = file.tensors().at("shared.all").bytes;
    CHECK(file.tensors().at("shared.row").bytes.data() == all.data() + 12 * sizeof(float));
  }
}

TEST_CASE("a whole module, TorchScript and other things are refused with a hint", "[torch_file]") {
  const auto message = [](const char* name) { return test::caught([&] { TorchFile{golden / name}; }); };
  const std::string hint = "torch.save(model.state_dict(), FILE)";
  for (const char* name : {"refused-module.pth", "refused-legacy-module.pth"}) {
    CHECK(message(name).code == ExitCode::data);
    CHECK(message(name).mentions("global __main__.Tiny"));
    CHECK(message(name).mentions(hint));
  }
  CHECK(message("refused-script.pt").mentions("TorchScript, expected a state_dict: torch.save(torch.jit.load(FILE)"));
  CHECK(message("refused-number.pth").mentions("tensor 'epoch': is a whole number"));
  CHECK(message("refused-tensor.pth").mentions("holds a tensor, expected a dictionary of tensors: " + hint));
  CHECK(message("refused-complex.pth").mentions("global torch.ComplexFloatStorage"));
  refused("", "no file of PyTorch's");
}

TEST_CASE("a state_dict beside other things is found; two are one too many", "[torch_file]") {
  const std::string inner = state_dict({{"a", tensor({})}});
  for (const char* key : {"state_dict", "model_state_dict", "model"}) {
    const TorchFile file("it", legacy(state_dict({{"epoch", "K\x03"}, {key, inner}, {"hyper", "]"}})));
    CHECK(file.tensors().size() == 1);
    CHECK(bytes_of(file, "a") == "AAAABBBB");
  }
  refused(legacy(state_dict({{"model", inner}, {"state_dict", inner}})), "holds several state_dicts");
  refused(legacy(state_dict({{"other", inner}})), "tensor 'other': is a dictionary");
  CHECK(TorchFile("it", zip(state_dict({{"model", tensor({})}}))).tensors().count("model") == 1);  // a name like any
}

TEST_CASE("any place, size and stride within the storage", "[torch_file]") {
  const auto read = [](const Claim& claim) {
    const std::string program = state_dict({{"a", tensor(claim)}});
    const std::string bytes = bytes_of(TorchFile("it", zip(program)), "a");
    CHECK(bytes_of(TorchFile("it", legacy(program)), "a") == bytes);
    return bytes;
  };
  CHECK(read({{4}, {1}}) == data);
  CHECK(read({{2, 2}, {2, 1}}) == data);
  CHECK(read({{2, 2}, {1, 2}}) == "AAAACCCCBBBBDDDD");
  CHECK(read({{2}, {2}, 1}) == "BBBBDDDD");
  CHECK(read({{1, 2, 1}, {77, 1, 99}, 2}) == "CCCCDDDD");  // the stride of one element is of no matter
  CHECK(read({{2, 2}, {0, 1}, 2}) == "CCCCDDDDCCCCDDDD");
  CHECK(read({{}, {}, 3}) == "DDDD");
  CHECK(read({{0, 5}, {5, 1}, 4}).empty());
  const TorchFile wide("it", zip(state_dict({{"a", tensor({{2}, {1}, 0, 2, "7", "LongStorage"})}})));
  CHECK(bytes_of(wide, "a") == data);
  CHECK(read({{0}, {1}, 0, 4}).empty());
}

TEST_CASE("a tensor that reaches beyond its storage or claims what is not there is refused", "[torch_file]") {
  claim_refused({{5}, {1}}, "tensor 'a': claims elements 0..5 of storage 7, which has 4");
  claim_refused({{2}, {1}, 3}, "claims elements 3..5");
  claim_refused({{2}, {4}}, "claims elements 0..5");
  claim_refused({{0}, {1}, 5}, "claims elements 5..5");
  claim_refused({{2}, {1}, -1}, "an offset from 0");
  claim_refused({{-2}, {1}}, "a size or stride is -2");
  claim_refused({{2}, {-1}, 1}, "a size or stride is -1");
  claim_refused({{2, 2}, {1}}, "as many strides as sizes");
  claim_refused({std::vector<std::int64_t>(33, 1), std::vector<std::int64_t>(33, 1)},
                "33 dimensions, expected at most 32");
  claim_refused({{25'000'000'000}, {1}, 0, 4}, "claims elements 0..25000000000");
  claim_refused({{INT64_MAX, INT64_MAX}, {1, 1}}, "overflow");
  claim_refused({{INT64_MAX}, {1}}, "overflow");
  claim_refused({{2}, {INT64_MAX}}, "overflow");
  claim_refused({{0, INT64_MAX}, {INT64_MAX, 1}}, "overflow");
  claim_refused({{2}, {1}, INT64_MAX}, "overflow");
  claim_refused({{2}, {1}, 0, 25'000'000'000}, "claims 25000000000 elements");
  claim_refused({{2}, {1}, 0, 3}, "claims 3 elements of 4 bytes, has 16 bytes");
  claim_refused({{2}, {1}, 0, -4}, "claims -4 elements");
  refused(zip(state_dict({{"a", tensor({{1}, {1}, 0, 3, "7", "DoubleStorage"})}})),
          "claims 3 elements of 8 bytes, has 16");
}

TEST_CASE("strides of nought do not make a gigabyte of a few bytes", "[torch_file]") {
  claim_refused({{1 << 20, 1 << 20}, {0, 0}}, "more bytes than the file: save .contiguous() ones");
  // Each for itself would do.
  std::vector<std::pair<std::string, std::string>> entries;
  for (int i = 0; i < 200; ++i) entries.emplace_back("t" + std::to_string(i), "h\x05");
  entries[0].second = tensor({{400}, {0}}) + "q\x05";
  refused(legacy(state_dict(entries)), "more bytes than the file");
}

TEST_CASE("names and keys that are none", "[torch_file]") {
  refused(legacy(state_dict({{"a", tensor({})}, {"a", tensor({})}})), "tensor 'a': is there twice");
  refused(legacy("}K\x01" + tensor({}) + "s"), "a tensor's name is a whole number");
  refused(legacy(state_dict({{"a\nb", tensor({})}})), "a tensor's name is 'a?b', expected printable ASCII");
  refused(legacy(state_dict({{"\xff", tensor({})}})), "expected printable ASCII");
  for (const char* key : {"../x", "/etc/passwd", "", "7/../7", "-7", "123456789012345678901"}) {
    Claim claim;
    claim.key = key;
    refused(zip(state_dict({{"a", tensor(claim)}}), {{"x/data/"s + key, data}}), "expected a whole number");
    refused(legacy(state_dict({{"a", tensor(claim)}}), "](" + text(key) + "e"), "expected a whole number");
  }
}

TEST_CASE("the zip form: what must be in the archive", "[torch_file]") {
  const std::string program = state_dict({{"a", tensor({})}});
  refused(test::make_zip({{"x/data/7", data}}).bytes, "a zip archive without data.pkl");
  refused(test::make_zip({}).bytes, "no file of PyTorch's");  // begins with its end
  refused(zip(program, {{"y/data/7", data}}), "tensor 'a': there is no storage 7");
  refused(zip(program, {{"x/data/7", data}, {"x/byteorder", "big"}}), "byteorder is 'big', expected 'little'");
  refused(zip(program, {{"x/data/7", data, 8}}), "is compressed (method 8)");
  refused(zip(program, {{"x/data/7", data}, {"x/data/7", data}}), "is there twice");
  refused(zip(program + ".N"), "data.pkl: goes on after its end");
  refused(zip("N"), "holds None, expected a dictionary of tensors");
  CHECK(TorchFile("it", zip(program, {{"x/data/7", data}, {"x/byteorder", "little"}})).tensors().size() == 1);
  CHECK(TorchFile("it", zip("}")).tensors().empty());
}

TEST_CASE("the legacy form: what must follow the tensors", "[torch_file]") {
  const std::string program = state_dict({{"a", tensor({})}});
  const std::string keys = "](" + text("7") + "e", four = test::little_endian(std::uint64_t{4});
  CHECK(bytes_of(TorchFile("it", legacy(program)), "a") == "AAAABBBB");
  refused(legacy(program, "]", ""), "tensor 'a': there is no storage 7");
  refused(legacy(program, "}"), "a dictionary follows the tensors, expected the storages' keys");
  refused(legacy(program,
                 "]K\x07"
                 "a"),
          "a storage's key is no text");
  refused(legacy(program, "](" + text("7") + text("8") + "e", four + data + four + data),
          "no tensor has the storage '8'");
  refused(legacy(program, "](" + text("7") + text("7") + "e", four + data + four + data), "storage 7 is there twice");
  refused(legacy(program, keys, four + data + "x"), "goes on after its last storage");
  refused(legacy(program, keys, four + data.substr(1)), "claims 4 elements of 4 bytes, there are 15 bytes");
  refused(legacy(program, keys, four.substr(1)), "cut off before storage 7");
  refused(legacy(program, keys, std::string(8, '\xff') + data), "claims 18446744073709551615 elements");
  refused(legacy(program, keys, test::little_endian(std::uint64_t{3}) + data.substr(4)),
          "claims 4 elements of 4 bytes, has 12");
  Claim wide;
  wide.type = "DoubleStorage";
  refused(legacy(state_dict({{"a", tensor({})}, {"b", tensor(wide)}})), "storage 7 is of several types");
  std::string other = legacy(program);
  other[other.find("M\xe9\x03") + 1] = '\x01';
  refused(other, "unknown protocol of PyTorch's, expected 1001");
}

TEST_CASE("a program that does anything is refused wherever it stands", "[torch_file]") {
  const std::string evil = "cos\nsystem\n" + text("true") + "\x85R";
  const std::string why = "global os.system: a state_dict does not need it";
  refused(zip(evil), "it: data.pkl, byte 2: " + why);
  refused(zip(state_dict({{"a", tensor({})}, {"b", evil}})), why);
  refused(zip(state_dict({{"a", tensor({})}, {"model", evil}})), why);
  refused(legacy(evil), "it: pickle, byte ");
  refused(legacy(evil), why);
  refused(legacy(state_dict({{"a", tensor({})}}), evil), why);
}

TEST_CASE("files that are cut off anywhere are refused", "[torch_file]") {
  for (const char* name : {"zip-layouts.pth", "legacy-layouts.pth", "legacy-old.pth", "zip-module-state.pth"}) {
    const std::string whole = read_file(golden / name);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      CAPTURE(name, length);
      const auto caught = test::caught([&] { TorchFile("it", whole.substr(0, length)); });
      if (caught.code != ExitCode::data) FAIL(caught.message);
    }
  }
}

TEST_CASE("with any bit flipped a zip is refused or the same, the older form refused or loaded whole", "[torch_file]") {
  for (const char* name : {"zip-layouts.pth", "legacy-layouts.pth", "legacy-old.pth"}) {
    const std::string whole = read_file(golden / name);
    const TorchFile expected("it", whole);
    const bool has_sums = name[0] == 'z';
    std::size_t loaded = 0, wrong = 0;
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
      std::string damaged = whole;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
      try {
        const TorchFile file("it", std::move(damaged));
        ++loaded;
        for (const auto& [tensor, view] : file.tensors()) {
          std::size_t bytes = io::element_size(view.dtype);
          for (const auto side : view.shape) bytes *= static_cast<std::size_t>(side);
          wrong += bytes != view.bytes.size();
        }
        if (has_sums) wrong += !same(file.tensors(), expected.tensors());
      } catch (const Error& error) {
        wrong += error.code() != ExitCode::data;
      }
    }
    CAPTURE(name);
    CHECK(loaded > 0);
    CHECK(loaded < 8 * whole.size());
    CHECK(wrong == 0);
  }
}
