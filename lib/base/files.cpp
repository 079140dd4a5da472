#include "base/files.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "base/error.hpp"

namespace fastbox {
namespace {

std::string reason() {
  return std::strerror(errno);
}

/// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(const void* bytes, std::size_t size) { EVP_DigestUpdate(context_.get(), bytes, size); }
  std::string hexadecimal() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest, &size);
    std::string text;
    for (unsigned int i = 0; i < size; ++i) {
      text += "0123456789abcdef"[digest[i] >> 4];
      text += "0123456789abcdef"[digest[i] & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    fail(ExitCode::data, path.string(), ": is a folder, expected a file");
  std::ifstream stream(path, std::ios::binary);
  if (!stream) fail(ExitCode::data, path.string(), ": cannot be read: ", reason());
  std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (stream.bad()) fail(ExitCode::data, path.string(), ": reading failed: ", reason());
  return bytes;
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  if (path.has_parent_path()) create_folders(path.parent_path());
  const std::filesystem::path incomplete = concat(path.string(), ".incomplete-", ::getpid());
  try {
    const Descriptor file(incomplete, O_WRONLY | O_CREAT | O_TRUNC);
    if (file.get() < 0) fail(ExitCode::environment, path.string(), ": cannot be written: ", reason());
    while (!bytes.empty()) {
      const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(ExitCode::environment, path.string(), ": writing failed: ", reason());
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file.get()) != 0) fail(ExitCode::environment, path.string(), ": syncing failed: ", reason());
    if (::rename(incomplete.c_str(), path.c_str()) != 0)
      fail(ExitCode::environment, path.string(), ": renaming failed: ", reason());
  } catch (...) {
    ::unlink(incomplete.c_str());
    throw;
  }
}

void sync_path(const std::filesystem::path& path) {
  const Descriptor file(path, O_RDONLY);
  if (file.get() < 0 || ::fsync(file.get()) != 0)
    fail(ExitCode::environment, path.string(), ": syncing failed: ", reason());
}

void create_folders(const std::filesystem::path& path) {
  std::error_code problem;
  std::filesystem::create_directories(path, problem);
  if (problem) fail(ExitCode::environment, path.string(), ": the folder cannot be made: ", problem.message());
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes.data(), bytes.size());
  return hash.hexadecimal();
}

std::string sha256_of_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) fail(ExitCode::data, path.string(), ": cannot be read: ", reason());
  Sha256 hash;
  std::vector<char> buffer(1 << 20);
  while (stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || stream.gcount() > 0)
    hash.add(buffer.data(), static_cast<std::size_t>(stream.gcount()));
  return hash.hexadecimal();
}

PendingFolder::PendingFolder(std::filesystem::path final_path)
    : final_path_(std::move(final_path)), path_(concat(final_path_.string(), ".incomplete-", ::getpid())) {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);  // left by a killed process that had our number
  create_folders(path_);
}

PendingFolder::~PendingFolder() {
  if (committed_) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void PendingFolder::commit() {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) sync_path(entry.path());
  sync_path(path_);
  if (::rename(path_.c_str(), final_path_.c_str()) != 0)
    fail(ExitCode::environment, final_path_.string(), ": renaming failed: ", reason());
  committed_ = true;
  sync_path(final_path_.has_parent_path() ? final_path_.parent_path() : std::filesystem::path("."));
}

}  // namespace fastbox
