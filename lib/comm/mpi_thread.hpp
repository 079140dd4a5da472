// The one thread that calls MPI (World::abort alone, the end of everything, does not wait for it).
//
// MPICH's non-blocking collectives make no progress by themselves and its blocking ones burn a core, so a thread of its
// own posts requests and tests them with a short back-off while the others compute. It also calls MPI_Init_thread and
// MPI_Finalize: MPI_THREAD_FUNNELED suffices.
//
// All public functions may be called from any thread. Tasks run in the order in which they were posted; a request's
// `done` runs on the MPI thread. Errors of MPI are fatal for the job (MPI_ERRORS_ARE_FATAL): a rank that lost a peer
// cannot go on.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include <mpi.h>

namespace fastbox::comm {

class MpiThread {
 public:
  /// Starts the thread, which initialises MPI. Throws Error(environment) where that fails.
  MpiThread();

  /// Waits for all requests and finalises MPI, on several nodes with all ranks. Where an exception unwinds, ranks may have
  /// failed with requests that no other will ever match: they are waited for no longer than two seconds.
  ~MpiThread();
  MpiThread(const MpiThread&) = delete;
  MpiThread& operator=(const MpiThread&) = delete;

  /// Queues `task` and returns at once. The task must not throw and must not block on another rank for long.
  void post(std::function<void()> task);

  /// Runs `task` on the MPI thread and returns its result here; exceptions travel too.
  template <typename Task>
  auto run(Task task) -> decltype(task()) {
    std::packaged_task<decltype(task())()> packaged(std::move(task));
    auto result = packaged.get_future();
    post([&packaged] { packaged(); });
    return result.get();
  }

  /// That the ranks are on several nodes, where MPI ends in another way.
  void set_several_nodes() { several_nodes_ = true; }

  /// Watches a request that a task has started; `done` runs once it is complete. MPI thread only.
  void watch(MPI_Request request, std::function<void()> done);

  /// Calls `beat` on the MPI thread every `period`, whatever else it does; an empty one ends it. Returns once it is so.
  void set_beat(std::chrono::milliseconds period, std::function<void()> beat);

  /// Calls `poll` again and again, with the pauses of the above, until it returns true. MPI thread only.
  void watch(std::function<bool()> poll);

 private:
  void loop(std::promise<void>& started);
  void end_mpi();
  void poll_watched();
  void beat_if_due();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::chrono::steady_clock::time_point give_up_at_ = std::chrono::steady_clock::time_point::max();  // by mutex_
  std::atomic<bool> several_nodes_ = false;
  std::list<std::function<bool()>> watched_;  // MPI thread only; polls may add to it
  std::function<void()> beat_;                // MPI thread only, as the two below
  std::chrono::steady_clock::duration beat_period_{};
  std::chrono::steady_clock::time_point next_beat_{};
  std::thread thread_;
};

}  // namespace fastbox::comm
