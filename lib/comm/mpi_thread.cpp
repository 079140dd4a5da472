#include "comm/mpi_thread.hpp"

#include <sys/prctl.h>

#include <chrono>
#include <exception>

#include "base/error.hpp"
#include "comm/launcher.hpp"

namespace fastbox::comm {
namespace {

using Clock = std::chrono::steady_clock;

// While requests are under way, they are tested without a pause for so long after something was done: a small exchange
// ends within microseconds, and ranks that share out the work finish theirs together. Then the pause between two tests
// doubles from the first to the second below: a large one must not take a core from the backward pass.
constexpr std::chrono::microseconds attentive{20};
constexpr std::chrono::microseconds least_work{1};  // a round that takes longer has done more than test
constexpr std::chrono::microseconds shortest_pause{5};
constexpr std::chrono::microseconds longest_pause{80};

// For requests under way where ranks fail: ranks that have agreed to leave are at most moments apart.
constexpr std::chrono::seconds patience{2};

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
    if (std::uncaught_exceptions() > 0) give_up_at_ = Clock::now() + patience;
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
  watch([request, done = std::move(done)]() mutable {
    int complete = 0;
    MPI_Test(&request, &complete, MPI_STATUS_IGNORE);
    if (complete) done();
    return complete != 0;
  });
}

void MpiThread::watch(std::function<bool()> poll) {
  watched_.push_back(std::move(poll));
}

void MpiThread::poll_watched() {
  for (auto poll = watched_.begin(); poll != watched_.end();) poll = (*poll)() ? watched_.erase(poll) : std::next(poll);
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

  // The kernel would add its default slack of 50 microseconds to every pause.
  prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
  auto pause = shortest_pause;
  auto attentive_until = Clock::time_point::min();
  std::deque<std::function<void()>> tasks;  // kept: a new one would allocate in every round
  for (;;) {
    tasks.clear();
    const auto begin = Clock::now();
    {
      std::unique_lock lock(mutex_);
      const auto has_work = [this] { return !tasks_.empty() || stopping_; };
      if (!watched_.empty() && begin < attentive_until) {
        // no pause
      } else if (!watched_.empty()) {
        if (!wake_.wait_for(lock, pause, has_work)) pause = std::min(2 * pause, longest_pause);
      } else if (beat_) {
        wake_.wait_until(lock, next_beat_, has_work);
      } else {
        wake_.wait(lock, has_work);
      }
      if (tasks_.empty() && stopping_ && (watched_.empty() || Clock::now() > give_up_at_)) break;
      tasks.swap(tasks_);
    }
    const auto awake = Clock::now();
    for (auto& task : tasks) task();
    poll_watched();
    const auto end = Clock::now();
    if (!tasks.empty() || end - awake > least_work) {
      pause = shortest_pause;
      attentive_until = end + attentive;
    }
    beat_if_due();
  }
  end_mpi();
}

/// MPI_Finalize of MPICH 4.0 over UCX waits in the launcher's barrier without progress as soon as a rank has closed its own
/// connections, while other ranks need its answers to close theirs: over TCP a third of the jobs never ended
/// (pmodels/mpich, pull request 6596). All messages have arrived when all ranks are here, so the launcher is told and the
/// connections end with the process.
void MpiThread::end_mpi() {
  const auto progress = [] {
    int there = 0;
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_SELF, &there, MPI_STATUS_IGNORE);
  };
  // Ranks that fail have agreed to, all of them. MPI_Finalize would wait for requests that some of them have left unmatched.
  const bool fails = give_up_at_ != Clock::time_point::max();
  if ((several_nodes_ || fails) && leave_by_launcher(progress)) return;
  if (!fails) MPI_Finalize();
}

void MpiThread::set_beat(std::chrono::milliseconds period, std::function<void()> beat) {
  run([&] {
    beat_ = std::move(beat);
    beat_period_ = period;
    next_beat_ = std::chrono::steady_clock::now() + period;
  });
}

void MpiThread::beat_if_due() {
  if (!beat_ || std::chrono::steady_clock::now() < next_beat_) return;
  next_beat_ = std::chrono::steady_clock::now() + beat_period_;
  beat_();
}

}  // namespace fastbox::comm
