#include "base/files.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
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

std::string read_file(const std::filesystem::path& path, std::size_t most) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    fail(ExitCode::data, path.string(), ": is a folder, expected a file");
  const Descriptor file(path, O_RDONLY);
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0)
    fail(ExitCode::data, path.string(), ": cannot be read: ", reason());
  const auto size = static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));  // 0 for pipes, devices and /proc
  if (size > most) fail(ExitCode::data, path.string(), ": holds ", size, " bytes, expected at most ", most);

  std::string bytes(std::max<std::size_t>(size + 1, 4096), '\0');  // one more: the end shows without growing
  std::size_t used = 0;
  for (;;) {
    const ssize_t got = ::read(file.get(), bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(ExitCode::data, path.string(), ": reading failed: ", reason());
    used += static_cast<std::size_t>(got);
    if (used > most) fail(ExitCode::data, path.string(), ": holds more than ", most, " bytes");
    if (got == 0) break;
    if (used == bytes.size()) bytes.resize(2 * bytes.size());
  }
  bytes.resize(used);
  return bytes;
}

class FileWriter::State {
 public:
  explicit State(std::filesystem::path path)
      : path_(std::move(path)), incomplete_(concat(path_.string(), ".incomplete-", ::getpid())) {
    if (path_.has_parent_path()) create_folders(path_.parent_path());
    file_.emplace(incomplete_, O_WRONLY | O_CREAT | O_TRUNC);
    if (file_->get() < 0) fail(ExitCode::environment, path_.string(), ": cannot be written: ", reason());
  }

  ~State() {
    if (file_) ::unlink(incomplete_.c_str());
  }

  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void write(std::string_view bytes) {
    digest_.bytes += bytes.size();
    while (!bytes.empty()) {
      // In pieces, so that each is still in the cache when it is hashed.
      const std::string_view piece = bytes.substr(0, 1 << 18);
      const ssize_t written = ::write(file_->get(), piece.data(), piece.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(ExitCode::environment, path_.string(), ": writing failed: ", reason());
      hash_.add(piece.data(), static_cast<std::size_t>(written));
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  FileDigest commit() {
    if (::fsync(file_->get()) != 0) fail(ExitCode::environment, path_.string(), ": syncing failed: ", reason());
    if (::rename(incomplete_.c_str(), path_.c_str()) != 0)
      fail(ExitCode::environment, path_.string(), ": renaming failed: ", reason());
    file_.reset();
    digest_.sha256 = hash_.hexadecimal();
    return digest_;
  }

 private:
  std::filesystem::path path_, incomplete_;
  std::optional<Descriptor> file_;  // until it is committed
  Sha256 hash_;
  FileDigest digest_;
};

FileWriter::FileWriter(std::filesystem::path path) : state_(std::make_unique<State>(std::move(path))) {}

FileWriter::~FileWriter() = default;

void FileWriter::write(std::string_view bytes) {
  state_->write(bytes);
}

FileDigest FileWriter::commit() {
  return state_->commit();
}

FileDigest write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  FileWriter file(path);
  file.write(bytes);
  return file.commit();
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
