// Ranks that fail together while an exchange is under way that one of them never joined: the program must end, and by code 3.
#include <iostream>

#include "comm/world.hpp"

int main() {
  using namespace fastbox;
  try {
    comm::World world;
    if (world.is_first())
      world.mpi().run([&] {
        MPI_Request request;
        MPI_Ibarrier(world.leaving(), &request);
        world.mpi().watch(request, [] {});
      });
    fail(ExitCode::data, "all ranks fail");
  } catch (const Error& problem) {
    std::cerr << problem.what() << std::endl;
    return static_cast<int>(problem.code());
  }
}
