// c10d's gradient averaging on our MPI: what it is compared with has the same library and the same thread under it.
//
// A Backend whose collectives are MPI's non-blocking ones on host tensors, posted to the World's MPI thread. Owns its
// communicator; the World must outlive it. Threads: c10d's own.
#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include "comm/world.hpp"

namespace fastbox::bench {

class MpiBackend : public c10d::Backend {
 public:
  explicit MpiBackend(comm::World& world);
  ~MpiBackend() override;

  const std::string getBackendName() const override { return "fastbox_mpi"; }
  c10::intrusive_ptr<c10d::Work> allreduce(std::vector<at::Tensor>& tensors,
                                           const c10d::AllreduceOptions& options) override;
  c10::intrusive_ptr<c10d::Work> broadcast(std::vector<at::Tensor>& tensors,
                                           const c10d::BroadcastOptions& options) override;

 private:
  comm::World& world_;
  MPI_Comm ranks_ = MPI_COMM_NULL;
};

/// A process group of all ranks over an MpiBackend. Collective.
c10::intrusive_ptr<c10d::ProcessGroup> make_process_group(comm::World& world);

}  // namespace fastbox::bench
