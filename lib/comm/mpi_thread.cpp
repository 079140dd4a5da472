#include "comm/mpi_thread.hpp"

#include <chrono>

#include "base/error.hpp"

namespace fastbox::comm {
namespace {

// While requests are under way, the pause between two tests of them doubles from the first to the second: a small
// exchange ends within microseconds, a large one must not take a core from the backward pass.
constexpr std::chrono::microseconds shortest_pause{5};
constexpr std::chrono::microseconds longest_pause{80};

}  // namespace

MpiThread::MpiThread() {
  std::promise<void> started;
  auto ready = started.get_future();
  thread_ = std::thread([this, &started] { loop(started); });
  try {
    ready.get();
  } catch (...) {
    thread_.join();
    throw;
  }
}

MpiThread::~MpiThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void MpiThread::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void MpiThread::watch(MPI_Request request, std::function<void()> done) {
  watched_.push_back({request, std::move(done)});
}

void MpiThread::test_requests() {
  for (std::size_t i = 0; i < watched_.size();) {
    int complete = 0;
    MPI_Test(&watched_[i].request, &complete, MPI_STATUS_IGNORE);
    if (!complete) {
      ++i;
      continue;
    }
    const auto done = std::move(watched_[i].done);
    watched_.erase(watched_.begin() + static_cast<std::ptrdiff_t>(i));
    done();
  }
}

void MpiThread::loop(std::promise<void>& started) {
  int provided = 0;
  if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS ||
      provided < MPI_THREAD_FUNNELED) {
    started.set_exception(
        std::make_exception_ptr(Error(ExitCode::environment, "MPI could not be initialised with a thread of its own")));
    return;
  }
  started.set_value();

  auto pause = shortest_pause;
  for (;;) {
    std::deque<std::function<void()>> tasks;
    {
      std::unique_lock lock(mutex_);
      const auto has_work = [this] { return !tasks_.empty() || stopping_; };
      if (watched_.empty()) {
        wake_.wait(lock, has_work);
      } else if (!wake_.wait_for(lock, pause, has_work)) {
        pause = std::min(2 * pause, longest_pause);
      }
      if (tasks_.empty() && watched_.empty() && stopping_) break;
      tasks.swap(tasks_);
    }
    if (!tasks.empty()) pause = shortest_pause;
    for (auto& task : tasks) task();
    test_requests();
  }
  MPI_Finalize();
}

}  // namespace fastbox::comm
