#include "comm/step_control.hpp"

#include <algorithm>
#include <array>
#include <exception>

namespace fastbox::comm {
namespace {

/// The lower of the two in the middle where their number is even: of two ranks, the faster is the measure.
double lower_median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

StepControl::StepControl(World& world) : world_(world) {
  if (world_.size() > 1) world_.mpi().run([this] { MPI_Comm_dup(MPI_COMM_WORLD, &ranks_); });
}

StepControl::~StepControl() {
  if (ranks_ == MPI_COMM_NULL || std::uncaught_exceptions() > 0) return;
  if (is_under_way()) wait();
  world_.mpi().run([this] { MPI_Comm_free(&ranks_); });
}

void StepControl::post(RankStep mine) {
  mine.rank = world_.rank();
  message_ = std::make_shared<Message>();
  message_->mine = mine;
  message_->all.assign(static_cast<std::size_t>(world_.size()), mine);
  is_under_way_ = true;
  if (world_.size() == 1) {
    message_->arrived.set_value();
    return;
  }
  world_.mpi().post([&mpi = world_.mpi(), message = message_, ranks = ranks_] {
    MPI_Request request;
    MPI_Iallgather(&message->mine, sizeof(RankStep), MPI_BYTE, message->all.data(), sizeof(RankStep), MPI_BYTE, ranks,
                   &request);
    mpi.watch(request, [message] { message->arrived.set_value(); });
  });
}

std::span<const RankStep> StepControl::wait() {
  const World::Waiting waiting(world_, Op::waiting_for_ranks);
  message_->arrived.get_future().wait();
  is_under_way_ = false;
  return message_->all;
}

std::optional<Straggler> find_straggler(std::span<const RankStep> means, double least_share) {
  if (means.size() < 2) return std::nullopt;
  const std::array<std::pair<const char*, double RankStep::*>, 3> causes = {
      {{"data", &RankStep::data_seconds},
       {"compute", &RankStep::compute_seconds},
       {"exchange", &RankStep::exchange_seconds}}};
  const auto own = [&](const RankStep& rank) {
    return rank.data_seconds + rank.compute_seconds + rank.exchange_seconds;
  };
  const auto median_of = [&](const auto& value) {
    std::vector<double> values;
    for (const RankStep& rank : means) values.push_back(value(rank));
    return lower_median(std::move(values));
  };
  const RankStep& slowest =
      *std::max_element(means.begin(), means.end(), [&](const auto& a, const auto& b) { return own(a) < own(b); });
  const double median = median_of(own);
  Straggler found{slowest.rank, "", own(slowest) - median};
  if (found.late_seconds < std::max(1e-3, least_share * median)) return std::nullopt;
  double most = 0;
  for (const auto& [name, member] : causes) {
    const double behind = slowest.*member - median_of([m = member](const RankStep& rank) { return rank.*m; });
    if (behind > most) most = behind, found.cause = name;
  }
  return found;
}

}  // namespace fastbox::comm
