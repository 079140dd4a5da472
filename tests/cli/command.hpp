// Runs command lines as a user does: a process of its own, with its environment, its two streams and its exit
// code.
//
// A Process owns its child and ends it (and the child's process group) when it goes out of scope. One thread.
// The child has no standard input and no variable that would change what fastbox does (see command.cpp).
#pragma once

#include <sys/types.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace fastbox::test {

using Words = std::vector<std::string>;
using Environment = std::map<std::string, std::string>;

Words operator+(Words left, const Words& right);

/// What a finished command left. `exit_code`: 128 + the signal where one ended it, timed_out where we did.
struct Outcome {
  static constexpr int timed_out = -1;
  int exit_code = 0;
  std::string out, err;  ///< the whole of the two streams
  double seconds = 0;    ///< from start to end, by the wall clock
};

std::ostream& operator<<(std::ostream& stream, const Outcome& outcome);

class Process {
 public:
  /// Starts the command; its first word is the program, with a path or found by PATH.
  explicit Process(const Words& command, const Environment& environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  bool running();
  void send(int signal) const;

  /// Waits for the end; after `patience` the whole process group is killed.
  Outcome wait(std::chrono::seconds patience = std::chrono::seconds(240));

 private:
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

  pid_t child_ = -1;
  bool ended_ = false;
  int status_ = 0;
  File out_, err_;
  std::chrono::steady_clock::time_point begin_;
};

/// Starts and waits.
Outcome run(const Words& command, const Environment& environment = {});

/// `fastbox` and its words. The binary is the one that FASTBOX_BINARY names.
Words fastbox(const Words& words);

/// The command on so many ranks of one thread. The launcher is the one that FASTBOX_MPIEXEC names.
Words on_ranks(int ranks, const Words& command);
std::string launcher();

/// Matcher: the command ended with this exit code. A mismatch shows both streams.
class Exits : public Catch::MatcherBase<Outcome> {
 public:
  explicit Exits(int code) : code_(code) {}
  bool match(const Outcome& outcome) const override { return outcome.exit_code == code_; }
  std::string describe() const override { return "ends with exit code " + std::to_string(code_); }

 private:
  int code_;
};

/// Matcher: standard error holds the text.
class Tells : public Catch::MatcherBase<Outcome> {
 public:
  explicit Tells(std::string text) : text_(std::move(text)) {}
  bool match(const Outcome& outcome) const override { return outcome.err.find(text_) != std::string::npos; }
  std::string describe() const override { return "says \"" + text_ + "\" on standard error"; }

 private:
  std::string text_;
};

}  // namespace fastbox::test
