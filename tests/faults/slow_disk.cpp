// Preloaded into fastbox by the tests: a rank whose disk is slow to open pictures.
//
//   SLOW_RANK     the rank, by its PMI_RANK
//   SLOW_MILLIS   how long each PNG takes it to open
//
// Thread-safe.
#include <dlfcn.h>
#include <fcntl.h>
#include <time.h>

#include <cstdarg>
#include <cstdlib>
#include <cstring>

namespace {

void wait_for_disk(const char* path) {
  static const char* const rank = std::getenv("PMI_RANK");
  static const char* const slow = std::getenv("SLOW_RANK");
  static const char* const millis = std::getenv("SLOW_MILLIS");
  const std::size_t length = std::strlen(path);
  if (!rank || !slow || !millis || std::strcmp(rank, slow) != 0) return;
  if (length < 4 || std::strcmp(path + length - 4, ".png") != 0) return;
  const timespec time{0, std::atol(millis) * 1000000};
  ::nanosleep(&time, nullptr);
}

int open_slowly(const char* name, const char* path, int flags, va_list rest) {
  wait_for_disk(path);
  const auto next = reinterpret_cast<int (*)(const char*, int, ...)>(dlsym(RTLD_NEXT, name));
  return next(path, flags, va_arg(rest, mode_t));
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int descriptor = open_slowly("open", path, flags, rest);
  va_end(rest);
  return descriptor;
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int descriptor = open_slowly("open64", path, flags, rest);
  va_end(rest);
  return descriptor;
}

}  // extern "C"
