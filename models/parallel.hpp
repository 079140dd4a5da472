// Loops on LibTorch's threads.
//
// at::parallel_for is a template, and without the compiler's OpenMP switch it is compiled to a plain loop, silently. So it is
// called in one file, which has the switch, and all others call this. For the thread that runs the network (each thread that
// asks has LibTorch start a team of its own).
#pragma once

#include <cstdint>
#include <functional>

namespace fastbox::models {

/// work(first, last) over disjoint pieces of [begin, end), each of at least `grain` but for the last, on at most
/// at::get_num_threads() threads; returns when all are done. Within another such loop: on this thread. What a piece throws
/// is thrown here.
void parallel_for(std::int64_t begin, std::int64_t end, std::int64_t grain,
                  const std::function<void(std::int64_t, std::int64_t)>& work);

}  // namespace fastbox::models
