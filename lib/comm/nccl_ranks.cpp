#include "comm/nccl_ranks.hpp"

#include <nccl.h>

#include <cstring>
#include <exception>

#include "comm/cuda_stream.hpp"

namespace fastbox::comm {
namespace {

void require_nccl(ncclResult_t result, const char* what, ncclComm_t communicator = nullptr) {
  if (result == ncclSuccess) return;
  const char* const details = ncclGetLastError(communicator);
  fail(ExitCode::environment, "NCCL, ", what, ": ", ncclGetErrorString(result),
       details != nullptr && *details != '\0' ? concat(": ", details) : "");
}

class NcclRanks : public GpuRanks {
 public:
  NcclRanks(int device, const std::string& id, int rank, int ranks) : device_(device) {
    const OnGpu on_gpu(device_);
    ncclUniqueId unique;
    if (id.size() != sizeof unique) fail(ExitCode::defect, "an NCCL id of ", id.size(), " bytes");
    std::memcpy(&unique, id.data(), sizeof unique);
    require_nccl(ncclCommInitRank(&communicator_, ranks, unique, rank), "meeting the other ranks");
  }

  ~NcclRanks() override {
    // Destroying waits for what is queued, which never ends where another rank has left.
    if (failed_ || std::uncaught_exceptions() > 0)
      ncclCommAbort(communicator_);
    else
      ncclCommDestroy(communicator_);
  }
  NcclRanks(const NcclRanks&) = delete;
  NcclRanks& operator=(const NcclRanks&) = delete;

  void sum(void* values, Element element, std::int64_t count, GpuStream& stream) override {
    const OnGpu on_gpu(device_);
    require(ncclAllReduce(values, values, static_cast<std::size_t>(count),
                          element == Element::float32 ? ncclFloat32 : ncclFloat64, ncclSum, communicator_,
                          static_cast<CudaStream&>(stream).handle()),
            "summing gradients");
  }

  void check() override {
    ncclResult_t state = ncclSuccess;
    require(ncclCommGetAsyncError(communicator_, &state), "asking for errors");
    if (state != ncclInProgress) require(state, "summing gradients");
  }

 private:
  void require(ncclResult_t result, const char* what) {
    if (result != ncclSuccess) failed_ = true;
    require_nccl(result, what, communicator_);
  }

  int device_;
  ncclComm_t communicator_ = nullptr;
  bool failed_ = false;
};

}  // namespace

bool has_nccl() {
  return true;
}

std::string make_nccl_id() {
  ncclUniqueId id;
  require_nccl(ncclGetUniqueId(&id), "making an id");
  return {reinterpret_cast<const char*>(&id), sizeof id};
}

std::unique_ptr<GpuRanks> join_nccl(int device, const std::string& id, int rank, int ranks) {
  return std::make_unique<NcclRanks>(device, id, rank, ranks);
}

}  // namespace fastbox::comm
