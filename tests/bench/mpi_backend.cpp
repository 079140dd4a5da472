#include "bench/mpi_backend.hpp"

#include <ATen/ATen.h>

#include "base/error.hpp"

namespace fastbox::bench {
namespace {

/// Done when its future is: c10d waits for either.
class MpiWork : public c10d::Work {
 public:
  MpiWork(int rank, c10d::OpType type, std::vector<at::Tensor> tensors)
      : Work(rank, type), tensors_(std::move(tensors)) {
    future_ = c10::make_intrusive<c10::ivalue::Future>(c10::ListType::create(c10::TensorType::get()));
  }
  bool isCompleted() override { return future_->completed(); }
  bool isSuccess() const override { return future_->completed(); }
  std::vector<at::Tensor> result() override { return tensors_; }
  bool wait(std::chrono::milliseconds) override {
    future_->wait();
    return true;
  }
  c10::intrusive_ptr<c10::ivalue::Future> getFuture() override { return future_; }
  void finish_now() { future_->markCompleted(c10::IValue(tensors_)); }

 private:
  std::vector<at::Tensor> tensors_;
  c10::intrusive_ptr<c10::ivalue::Future> future_;
};

MPI_Datatype type_of(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return MPI_FLOAT;
    case at::kDouble:
      return MPI_DOUBLE;
    case at::kInt:
      return MPI_INT;
    case at::kLong:
      return MPI_INT64_T;
    default:
      fail(ExitCode::defect, "the MPI backend of the comparison has no ", at::toString(tensor.scalar_type()));
  }
}

}  // namespace

MpiBackend::MpiBackend(comm::World& world) : Backend(world.rank(), world.size()), world_(world) {
  world_.mpi().run([this] { MPI_Comm_dup(MPI_COMM_WORLD, &ranks_); });
}

MpiBackend::~MpiBackend() {
  world_.mpi().run([this] { MPI_Comm_free(&ranks_); });
}

c10::intrusive_ptr<c10d::Work> MpiBackend::allreduce(std::vector<at::Tensor>& tensors, const c10d::AllreduceOptions&) {
  auto work = c10::make_intrusive<MpiWork>(getRank(), c10d::OpType::ALLREDUCE, tensors);
  world_.mpi().post([this, work, tensor = tensors.at(0)] {
    MPI_Request request;
    MPI_Iallreduce(MPI_IN_PLACE, tensor.data_ptr(), static_cast<int>(tensor.numel()), type_of(tensor), MPI_SUM, ranks_,
                   &request);
    world_.mpi().watch(request, [work] { work->finish_now(); });
  });
  return work;
}

c10::intrusive_ptr<c10d::Work> MpiBackend::broadcast(std::vector<at::Tensor>& tensors,
                                                     const c10d::BroadcastOptions& options) {
  auto work = c10::make_intrusive<MpiWork>(getRank(), c10d::OpType::BROADCAST, tensors);
  world_.mpi().post([this, work, tensor = tensors.at(0), root = static_cast<int>(options.rootRank)] {
    MPI_Request request;
    MPI_Ibcast(tensor.data_ptr(), static_cast<int>(tensor.numel()), type_of(tensor), root, ranks_, &request);
    world_.mpi().watch(request, [work] { work->finish_now(); });
  });
  return work;
}

c10::intrusive_ptr<c10d::ProcessGroup> make_process_group(comm::World& world) {
  auto group = c10::make_intrusive<c10d::ProcessGroup>(world.rank(), world.size());
  group->setBackend(c10::DeviceType::CPU, c10d::ProcessGroup::BackendType::CUSTOM,
                    c10::make_intrusive<MpiBackend>(world));
  group->setDefaultBackend(c10d::ProcessGroup::BackendType::CUSTOM);
  return group;
}

}  // namespace fastbox::bench
