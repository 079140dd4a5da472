#include "comm/gpu_queue.hpp"

#include <utility>

namespace fastbox::comm {

GpuQueue::GpuQueue(MpiThread& mpi, std::function<void()> check) : mpi_(mpi), state_(std::make_shared<State>()) {
  state_->check = std::move(check);
}

GpuQueue::~GpuQueue() {
  mpi_.run([this] {
    state_->stopped = true;
    state_->waiting.clear();
    state_->check = {};
  });
}

void GpuQueue::State::attempt(const std::function<void()>& action) {
  if (failed) return;
  try {
    action();
  } catch (...) {
    failure = std::current_exception();
    failed.store(true, std::memory_order_release);
  }
}

void GpuQueue::attempt(const std::function<void()>& action) {
  state_->attempt(action);
}

void GpuQueue::after(std::unique_ptr<GpuEvent> event, std::function<void()> step) {
  state_->waiting.push_back({std::move(event), std::move(step)});
  if (state_->waiting.size() == 1) mpi_.watch([state = state_] { return state->poll(); });
}

bool GpuQueue::State::poll() {
  if (stopped) return true;
  while (!waiting.empty()) {
    bool over = false;
    attempt([&] {
      if (check) check();
      over = waiting.front().event == nullptr || waiting.front().event->is_over();
    });
    if (!over && !failed) return false;
    // Still in the queue while it runs: what it adds must not start a second poll.
    const auto step = std::move(waiting.front().step);
    step();
    if (stopped) return true;
    waiting.pop_front();
  }
  return true;
}

void GpuQueue::rethrow() const {
  if (failed()) std::rethrow_exception(state_->failure);
}

}  // namespace fastbox::comm
