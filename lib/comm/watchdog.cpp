#include "comm/watchdog.hpp"

#include <unistd.h>

#include <algorithm>
#include <exception>

#include "base/log.hpp"

namespace fastbox::comm {
namespace {

constexpr std::chrono::milliseconds period{500};
constexpr double silent_after = 2;  ///< seconds without a heartbeat
constexpr double last_words = 2;    ///< seconds between giving up and the end, for all ranks to write their operations
constexpr int heartbeat_tag = 1, dump_tag = 2;
constexpr int monitors = 2;  // ranks 0 and 1
constexpr int most_named = 8;
constexpr std::size_t none = SIZE_MAX;

}  // namespace

Watchdog::Watchdog(World& world, const WatchdogOptions& options, std::vector<std::string> parameters,
                   std::vector<std::size_t> bucket_of)
    : world_(world), options_(options), parameters_(std::move(parameters)), bucket_of_(std::move(bucket_of)) {
  if (world_.size() == 1 || (options_.warn_seconds == 0 && options_.timeout_seconds == 0)) return;
  if (is_monitor()) heard_.resize(static_cast<std::size_t>(world_.size()));
  // A rank may fall silent before its first heartbeat: who it is and where is known from the start.
  world_.mpi().run([this] {
    MPI_Comm_dup(MPI_COMM_WORLD, &ranks_);
    const Heartbeat mine = my_heartbeat();
    for (int to = 0; to < std::min(monitors, world_.size()); ++to)
      MPI_Gather(&mine, sizeof mine, MPI_BYTE, heard_.data(), sizeof mine, MPI_BYTE, to, ranks_);
  });
  heard_at_.assign(heard_.size(), now());
  world_.mpi().set_beat(period, [this] { beat(); });
}

Watchdog::~Watchdog() {
  if (ranks_ == MPI_COMM_NULL) return;
  world_.mpi().set_beat(period, nullptr);
  if (std::uncaught_exceptions() > 0) {
    // MPI may be sending the heartbeat until the process ends.
    static auto* const abandoned = new std::vector<std::unique_ptr<Outgoing>>;
    abandoned->push_back(std::move(out_));
    return;
  }
  // Nothing may be left under way when MPI ends.
  world_.barrier();
  world_.mpi().run([this] {
    receive();
    MPI_Waitall(static_cast<int>(out_->sending.size()), out_->sending.data(), MPI_STATUSES_IGNORE);
    MPI_Comm_free(&ranks_);
  });
}

bool Watchdog::is_monitor() const {
  return world_.rank() < monitors;
}

void Watchdog::beat() {
  send_heartbeat();
  receive();
  const double since = world_.standing().waiting_since, at = now();
  if (gave_up_at_ > 0) {
    if (at > gave_up_at_ + last_words) World::abort(ExitCode::environment);
    return;
  }
  if (since == 0) return;
  const double waited = at - since;
  if (options_.timeout_seconds > 0 && waited > options_.timeout_seconds) return give_up(waited);
  if (options_.warn_seconds > 0 && waited > options_.warn_seconds && warned_about_ != since) {
    warned_about_ = since;
    const bool first_is_silent = world_.rank() == 1 && at - heard_at_[0] > silent_after;
    if (world_.is_first() || first_is_silent) warn(waited);
  }
}

Watchdog::Heartbeat Watchdog::my_heartbeat() const {
  const Standing& standing = world_.standing();
  Heartbeat mine;
  mine.rank = world_.rank();
  mine.next_parameter = standing.next_parameter;
  mine.step = standing.step;
  mine.collectives = standing.collectives;
  mine.buckets_ready = standing.buckets_ready;
  mine.buckets_done = standing.buckets_done;
  mine.waiting_since = standing.waiting_since;
  mine.sent_at = now();
  const auto last = world_.timeline().last(mine.last.size());
  mine.records = static_cast<std::int32_t>(last.size());
  std::copy(last.begin(), last.end(), mine.last.begin());
  gethostname(mine.host.data(), mine.host.size() - 1);
  return mine;
}

/// To the monitors; not again before the last has left.
void Watchdog::send_heartbeat() {
  int sent = 1;
  MPI_Testall(static_cast<int>(out_->sending.size()), out_->sending.data(), &sent, MPI_STATUSES_IGNORE);
  if (!sent) return;
  out_->sending.clear();
  out_->beat = my_heartbeat();
  for (int to = 0; to < std::min(monitors, world_.size()); ++to) {
    if (to == world_.rank()) continue;
    MPI_Isend(&out_->beat, sizeof out_->beat, MPI_BYTE, to, heartbeat_tag, ranks_, &out_->sending.emplace_back());
  }
}

void Watchdog::receive() {
  for (;;) {
    int there = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, ranks_, &there, &status);
    if (!there) return;
    Heartbeat beat;
    const int bytes = status.MPI_TAG == heartbeat_tag ? static_cast<int>(sizeof beat) : 0;
    MPI_Recv(&beat, bytes, MPI_BYTE, status.MPI_SOURCE, status.MPI_TAG, ranks_, MPI_STATUS_IGNORE);
    if (status.MPI_TAG == dump_tag) {
      dump_own();
      continue;
    }
    const auto rank = static_cast<std::size_t>(status.MPI_SOURCE);
    heard_[rank] = beat;
    heard_at_[rank] = now();
  }
}

/// `awaited`: the bucket that this rank waits for, or none. A heartbeat may be half a second old: what has arrived here
/// since then is known better.
std::string Watchdog::describe_missing(const Heartbeat& beat, double silent_seconds, std::size_t awaited) const {
  std::string text = concat("\n  rank ", beat.rank, " on host ", beat.host.data());
  if (awaited != none) {
    auto next = static_cast<std::size_t>(std::max(beat.next_parameter, 0));
    while (next + 1 < parameters_.size() && bucket_of_[next] < awaited) ++next;
    text += concat(": bucket ", awaited, " of step ", world_.standing().step.load(),
                   " has not come, first missing is the gradient of ", parameters_[next]);
  }
  text += silent_seconds > silent_after ? concat("; silent for ", fixed(silent_seconds, 1), " s")
                                        : concat("; heard of ", fixed(silent_seconds, 1), " s ago");
  if (beat.records > 0) {
    const OpRecord& last = beat.last[static_cast<std::size_t>(beat.records - 1)];
    text += concat("; the last that it told: ", name_of(last.op), last.detail >= 0 ? concat(' ', last.detail) : "",
                   " of step ", last.step, ", begun ", fixed(beat.sent_at - last.begin + silent_seconds, 1), " s ago");
  }
  return text;
}

void Watchdog::warn(double waited) const {
  const Heartbeat mine = my_heartbeat();
  const bool for_bucket = mine.buckets_ready > mine.buckets_done;
  const std::size_t buckets = bucket_of_.empty() ? 1 : bucket_of_.back() + 1;
  const std::size_t awaited = for_bucket ? static_cast<std::size_t>(mine.buckets_done) % buckets : none;
  std::string missing;
  int count = 0;
  for (std::size_t rank = 0; rank < heard_.size(); ++rank) {
    if (static_cast<int>(rank) == world_.rank()) continue;
    const Heartbeat& beat = heard_[rank];
    const double silent = now() - heard_at_[rank];
    // Behind in what this rank waits for: the bucket after those that are summed, or a small collective.
    const bool behind = for_bucket ? beat.buckets_ready <= mine.buckets_done : beat.collectives < mine.collectives;
    if (!behind && silent < silent_after) continue;
    if (++count <= most_named) missing += describe_missing(beat, silent, awaited);
  }
  if (count > most_named) missing += concat("\n  and ", count - most_named, " more");
  if (count == 0) missing = "\n  no rank: all have come so far, so the exchange itself is slow or stuck";
  log::warning("step ", mine.step, " has been waiting for ", for_bucket ? "the exchange" : "the other ranks", " for ",
               fixed(waited, 1), " s. Missing:", missing);
}

void Watchdog::dump_own() {
  if (dumped_) return;
  dumped_ = true;
  log::error("step ", world_.standing().step,
             ": the last operations of this rank:", describe(world_.timeline().last(24), now()));
}

void Watchdog::give_up(double waited) {
  gave_up_at_ = now();
  log::error("waited ", fixed(waited, 1), " s for other ranks (parallel.timeout_seconds); the job ends");
  dump_own();
  static std::vector<MPI_Request> asking;  // until the end of the process
  for (int to = 0; to < world_.size(); ++to)
    if (to != world_.rank()) MPI_Isend(nullptr, 0, MPI_BYTE, to, dump_tag, ranks_, &asking.emplace_back());
  if (!world_.is_first() && !(world_.rank() == 1 && now() - heard_at_[0] > silent_after)) return;
  for (std::size_t rank = 0; rank < heard_.size(); ++rank) {
    const double silent = now() - heard_at_[rank];
    if (static_cast<int>(rank) == world_.rank() || silent < silent_after) continue;
    const Heartbeat& beat = heard_[rank];
    log::error("rank ", rank, " on host ", beat.host.data(), " is silent for ", fixed(silent, 1),
               " s; the last operations that it published:",
               describe({beat.last.begin(), beat.last.begin() + beat.records}, beat.sent_at));
  }
}

}  // namespace fastbox::comm
