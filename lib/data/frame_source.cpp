#include "data/frame_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <string>
#include <thread>

#include "base/error.hpp"
#include "io/png.hpp"

namespace fastbox::data {
namespace {

constexpr std::size_t tail_bytes = 64;
constexpr std::uint64_t prime1 = 0x9e3779b185ebca87u, prime2 = 0xc2b2ae3d27d4eb4fu;

std::uint64_t round_of(std::uint64_t lane, std::uint64_t word) {
  return std::rotl(lane + word * prime2, 31) * prime1;
}

/// What is there of `size` bytes from `offset`.
std::string read_at(int file, off_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  const ssize_t got = ::pread(file, bytes.data(), size, offset);
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return bytes;
}

}  // namespace

std::uint64_t hash_bytes(const void* bytes, std::size_t size) {
  std::array<std::uint64_t, 4> lanes = {prime1 + prime2, prime2, 0, 0 - prime1};
  const auto* at = static_cast<const std::byte*>(bytes);
  const std::size_t blocks = size / sizeof lanes;
  for (std::size_t block = 0; block < blocks; ++block, at += sizeof lanes) {
    std::array<std::uint64_t, 4> words;
    std::memcpy(words.data(), at, sizeof words);
    for (std::size_t i = 0; i < 4; ++i) lanes[i] = round_of(lanes[i], words[i]);
  }
  std::array<std::uint64_t, 4> rest{};
  std::memcpy(rest.data(), at, size % sizeof lanes);
  std::uint64_t hash = size * prime1;
  for (std::size_t i = 0; i < 4; ++i) hash = round_of(round_of(hash, lanes[i]), rest[i]);
  hash = (hash ^ (hash >> 33)) * prime2;
  return hash ^ (hash >> 29);
}

FrameSource inspect_source(const std::filesystem::path& image) {
  FrameSource source;
  const int file = ::open(image.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return source;
  struct stat status {};
  if (::fstat(file, &status) == 0 && S_ISREG(status.st_mode)) {
    source.bytes = static_cast<std::uint64_t>(status.st_size);
    source.modified = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
    const auto tail = std::min<off_t>(status.st_size, tail_bytes);
    const std::string end = read_at(file, status.st_size - tail, static_cast<std::size_t>(tail));
    source.tail = hash_bytes(end.data(), end.size());
    try {
      const auto header = io::parse_png_header(read_at(file, 0, io::png_header_bytes), image.string());
      if (header.bit_depth == 8 && header.colour_type == 2) source.width = header.width, source.height = header.height;
    } catch (const Error&) {
      // Whoever wants its pixels is told.
    }
  }
  ::close(file);
  return source;
}

std::vector<FrameSource> inspect_sources(const Dataset& dataset, int threads) {
  std::vector<FrameSource> sources(dataset.size());
  std::atomic<std::size_t> next = 0;
  const auto inspect = [&] {
    for (std::size_t i = next++; i < sources.size(); i = next++) sources[i] = inspect_source(dataset[i].image);
  };
  std::vector<std::thread> helpers;
  for (int i = 1; i < threads; ++i) helpers.emplace_back(inspect);
  inspect();
  for (auto& helper : helpers) helper.join();
  return sources;
}

}  // namespace fastbox::data
