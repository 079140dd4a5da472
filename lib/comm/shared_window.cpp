#include "comm/shared_window.hpp"

#include <sys/statvfs.h>

#include <cstring>
#include <exception>
#include <memory>

#include "base/error.hpp"

namespace fastbox::comm {
namespace {

constexpr std::size_t alignment = 64;

/// Bytes that the node's shared memory still has; 0 where that cannot be known.
std::size_t free_shared_memory() {
  struct statvfs state {};
  if (statvfs("/dev/shm", &state) != 0) return 0;
  return static_cast<std::size_t>(state.f_bavail) * state.f_frsize;
}

}  // namespace

SharedWindow::SharedWindow(World& world, MPI_Comm ranks, std::size_t bytes) : world_(world) {
  const auto problem = world_.mpi().run([&]() -> std::string {
    int count = 0;
    MPI_Comm_size(ranks, &count);
    segments_.resize(static_cast<std::size_t>(count));
    unsigned long long wanted = bytes + alignment;
    MPI_Allreduce(MPI_IN_PLACE, &wanted, 1, MPI_UNSIGNED_LONG_LONG, MPI_SUM, ranks);
    // Rank 0 of the node looks, before any has taken its part. Beyond the limit, the first touch would kill us.
    unsigned long long free = free_shared_memory();
    MPI_Bcast(&free, 1, MPI_UNSIGNED_LONG_LONG, 0, ranks);
    if (free > 0 && wanted > free)
      return concat("the node's ranks need ", wanted >> 20, " MiB of shared memory and /dev/shm has ", free >> 20,
                    " MiB; make it larger, or set parallel.allreduce to mpi");
    MPI_Info info;
    MPI_Info_create(&info);
    MPI_Info_set(info, "alloc_shared_noncontig", "true");  // each rank's segment on pages of its own
    void* mine = nullptr;
    MPI_Win_allocate_shared(static_cast<MPI_Aint>(bytes + alignment), 1, info, ranks, &mine, &window_);
    MPI_Info_free(&info);
    for (int rank = 0; rank < count; ++rank) {
      MPI_Aint size = 0;
      int unit = 0;
      void* base = nullptr;
      MPI_Win_shared_query(window_, rank, &size, &unit, &base);
      std::size_t space = static_cast<std::size_t>(size);
      segments_[static_cast<std::size_t>(rank)] =
          static_cast<std::byte*>(std::align(alignment, space - alignment, base, space));
    }
    // A window of one rank is plain memory. This also is the first touch.
    int rank = 0;
    MPI_Comm_rank(ranks, &rank);
    std::memset(segment(rank), 0, bytes);
    MPI_Barrier(ranks);
    return "";
  });
  if (!problem.empty()) fail(ExitCode::environment, problem);
}

SharedWindow::~SharedWindow() {
  if (window_ == MPI_WIN_NULL || std::uncaught_exceptions() > 0) return;
  world_.mpi().run([this] { MPI_Win_free(&window_); });
}

}  // namespace fastbox::comm
