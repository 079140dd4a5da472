#include "cli/command.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "base/text.hpp"

namespace fastbox::test {
namespace {

constexpr std::chrono::milliseconds pause{5};
constexpr int not_started = 127;  // as shells say it

std::string required_variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set; run the tests with ctest");
  return value;
}

/// Ours, the caller's over it; less what would make fastbox or mpiexec behave as inside a job.
Words environment_of_child(const Environment& wanted) {
  Environment variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (text.starts_with("SLURM_") || text.starts_with("PBS_") || text.starts_with("FASTBOX_")) continue;
    const auto equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  const Environment ours = {{"OMP_NUM_THREADS", "1"}, {"NO_COLOR", "1"}};
  for (const auto& [name, value] : ours) variables.insert_or_assign(name, value);
  for (const auto& [name, value] : wanted) variables.insert_or_assign(name, value);
  Words entries;
  for (const auto& [name, value] : variables) entries.push_back(concat(name, "=", value));
  return entries;
}

std::vector<char*> pointers_to(Words& words) {
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string contents(std::FILE* file) {
  std::rewind(file);
  std::string text;
  char buffer[4096];
  while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, file)) text.append(buffer, count);
  return text;
}

}  // namespace

Words operator+(Words left, const Words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

std::ostream& operator<<(std::ostream& stream, const Outcome& outcome) {
  return stream << "exit code " << outcome.exit_code << " after " << outcome.seconds << " s\n--- stdout\n"
                << outcome.out << "--- stderr\n"
                << outcome.err << "---";
}

Process::Process(const Words& command, const Environment& environment)
    : out_(std::tmpfile(), std::fclose), err_(std::tmpfile(), std::fclose), begin_(std::chrono::steady_clock::now()) {
  if (!out_ || !err_) throw std::runtime_error("no temporary file for a command's output");
  Words words = command, variables = environment_of_child(environment);
  const auto arguments = pointers_to(words), entries = pointers_to(variables);
  child_ = fork();
  if (child_ < 0) throw std::runtime_error("fork failed");
  if (child_ == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // outside ctest's reach now, so it goes with us
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(fileno(out_.get()), STDOUT_FILENO);
    dup2(fileno(err_.get()), STDERR_FILENO);
    execvpe(arguments[0], arguments.data(), entries.data());
    _exit(not_started);
  }
  setpgid(child_, child_);  // whichever of the two comes first
}

Process::~Process() {
  if (!running()) return;
  send(SIGKILL);
  kill(-child_, SIGKILL);
  waitpid(child_, nullptr, 0);
}

bool Process::running() {
  if (!ended_) ended_ = waitpid(child_, &status_, WNOHANG) == child_;
  return !ended_;
}

void Process::send(int signal) const {
  kill(child_, signal);
}

Outcome Process::wait(std::chrono::seconds patience) {
  bool killed = false;
  while (running()) {
    if (!killed && std::chrono::steady_clock::now() - begin_ > patience) {
      kill(-child_, SIGKILL);
      killed = true;
    }
    std::this_thread::sleep_for(pause);
  }
  Outcome outcome;
  outcome.exit_code = killed ? Outcome::timed_out : WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  outcome.out = contents(out_.get());
  outcome.err = contents(err_.get());
  return outcome;
}

Outcome run(const Words& command, const Environment& environment) {
  return Process(command, environment).wait();
}

Words fastbox(const Words& words) {
  return Words{required_variable("FASTBOX_BINARY")} + words;
}

std::string launcher() {
  return required_variable("FASTBOX_MPIEXEC");
}

Words on_ranks(int ranks, const Words& command) {
  return Words{launcher(), "-n", std::to_string(ranks)} + command;
}

}  // namespace fastbox::test
