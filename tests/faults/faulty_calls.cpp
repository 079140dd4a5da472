// Preloaded into fastbox by the tests: one call that changes a file or folder below one folder is the last, or fails.
//
//   FAULT_FOLDER   calls on paths below it are counted; those on log.txt are not
//   FAULT_CALL     "CALL PATH N": the N-th such call on this path, which is relative and has no process numbers in it; of
//                  writes to a path the first three count
//   FAULT_ACTION   kill: SIGKILL right after the call, of a write after half of its bytes; else the errno with which the call
//                  fails, untried
//   FAULT_LOG      a line "CALL PATH N" for every counted call
//
// What is on disk after a call is what is on disk before the next one, so every state between calls is met. Thread-safe.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

namespace {

constexpr int most_writes = 3;  // of one file: a tensor file is hundreds of them

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

struct Plan {
  std::string folder = variable("FAULT_FOLDER"), action = variable("FAULT_ACTION"), log = variable("FAULT_LOG");
  std::string call = variable("FAULT_CALL");
  std::mutex mutex;  // guards the counts
  std::map<std::string, int> counts;
};

Plan& plan() {
  static Plan only;
  return only;
}

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

/// Without calls of this file's own.
void note(const std::string& call) {
  if (plan().log.empty()) return;
  const std::string line = call + "\n";
  const int fd = static_cast<int>(
      ::syscall(SYS_openat, AT_FDCWD, plan().log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (fd < 0 || ::syscall(SYS_write, fd, line.data(), line.size()) < 0) std::abort();
  ::close(fd);
}

std::string path_of(int descriptor) {
  char target[PATH_MAX];
  const ssize_t length = ::readlink(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), target, sizeof target);
  return length < 0 ? "" : std::string(target, static_cast<std::size_t>(length));
}

std::string path_at(int folder, const char* path) {
  if (path[0] == '/' || folder == AT_FDCWD) return path;
  return path_of(folder) + "/" + path;
}

/// Below the folder, ".incomplete-1234" without its number; "": not below it.
std::string counted_name(const std::string& path) {
  const std::string& folder = plan().folder;
  if (folder.empty() || path.compare(0, folder.size(), folder) != 0) return {};
  if (path.size() > folder.size() && path[folder.size()] != '/') return {};
  std::string name = path.substr(folder.size());
  name.insert(0, 1, '.');
  const std::string mark = ".incomplete-";
  for (auto at = name.find(mark); at != std::string::npos; at = name.find(mark, at + mark.size())) {
    const auto digits = at + mark.size(), end = name.find_first_not_of("0123456789", digits);
    name.erase(digits, end == std::string::npos ? end : end - digits);
  }
  return name == "./log.txt" ? "" : name;
}

/// One counted call.
class Call {
 public:
  Call(const char* name, const std::string& path) {
    const int before = errno;
    const std::string relative = counted_name(path);
    if (!relative.empty()) {
      Plan& p = plan();
      const std::string call = std::string(name) + " " + relative;
      const std::lock_guard lock(p.mutex);
      const int number = ++p.counts[call];
      if (number <= most_writes || std::strstr(name, "write") == nullptr) {
        const std::string numbered = call + " " + std::to_string(number);
        note(numbered);
        chosen_ = numbered == p.call;
      }
    }
    errno = before;
  }

  bool is_last() const { return chosen_ && plan().action == "kill"; }
  bool fails() const { return chosen_ && plan().action != "kill"; }

  /// Ends the process where this call is its last; else what the call gave.
  template <typename Result>
  Result done(Result result) const {
    if (is_last()) {
      ::kill(::getpid(), SIGKILL);
      for (;;) ::pause();
    }
    return result;
  }

  template <typename Result>
  Result failed(Result result) const {
    errno = std::atoi(plan().action.c_str());
    return result;
  }

 private:
  bool chosen_ = false;
};

bool writes(int flags) {
  return (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0;
}

mode_t mode_from(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

int open_counted(const char* name, int folder, const char* path, int flags, mode_t mode) {
  static auto* const real = next<int(int, const char*, int, ...)>("openat");
  if (!writes(flags)) return real(folder, path, flags, mode);
  const Call call(name, path_at(folder, path));
  if (call.fails()) return call.failed(-1);
  return call.done(real(folder, path, flags, mode));
}

/// A call with one path, or with two of which the second is the one that appears.
template <typename... Parameters>
int call_counted(const char* name, const std::string& path, Parameters... parameters) {
  const Call call(name, path);
  if (call.fails()) return call.failed(-1);
  return call.done(next<int(Parameters...)>(name)(parameters...));
}

std::FILE* fopen_counted(const char* name, const char* path, const char* mode) {
  auto* const real = next<std::FILE*(const char*, const char*)>(name);
  if (std::strpbrk(mode, "wa+") == nullptr) return real(path, mode);
  const Call call(name, path);
  if (call.fails()) return call.failed<std::FILE*>(nullptr);
  return call.done(real(path, mode));
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_from(flags, arguments);
  va_end(arguments);
  return open_counted("open", AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_from(flags, arguments);
  va_end(arguments);
  return open_counted("open", AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_from(flags, arguments);
  va_end(arguments);
  return open_counted("openat", folder, path, flags, mode);
}

std::FILE* fopen(const char* path, const char* mode) {
  return fopen_counted("fopen", path, mode);
}

std::FILE* fopen64(const char* path, const char* mode) {
  return fopen_counted("fopen64", path, mode);
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
  static auto* const real = next<ssize_t(int, const void*, size_t)>("write");
  const Call call("write", path_of(descriptor));
  if (call.fails()) return call.failed<ssize_t>(-1);
  return call.done(real(descriptor, bytes, call.is_last() ? size / 2 : size));
}

ssize_t writev(int descriptor, const struct iovec* parts, int count) {
  static auto* const real = next<ssize_t(int, const struct iovec*, int)>("writev");
  const Call call("writev", path_of(descriptor));
  if (call.fails()) return call.failed<ssize_t>(-1);
  return call.done(real(descriptor, parts, call.is_last() ? count / 2 : count));
}

int fsync(int descriptor) {
  return call_counted("fsync", path_of(descriptor), descriptor);
}

int ftruncate(int descriptor, off_t size) {
  return call_counted("ftruncate", path_of(descriptor), descriptor, size);
}

int rename(const char* from, const char* to) {
  return call_counted("rename", to, from, to);
}

int symlink(const char* target, const char* path) {
  return call_counted("symlink", path, target, path);
}

int mkdir(const char* path, mode_t mode) {
  return call_counted("mkdir", path, path, mode);
}

int unlink(const char* path) {
  return call_counted("unlink", path, path);
}

int unlinkat(int folder, const char* path, int flags) {
  return call_counted("unlinkat", path_at(folder, path), folder, path, flags);
}

int rmdir(const char* path) {
  return call_counted("rmdir", path, path);
}

int remove(const char* path) {
  return call_counted("remove", path, path);
}
}
