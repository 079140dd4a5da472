// Says which rank the others wait for, while they wait, and ends the job when there is no more hope.
//
// Every rank's MPI thread tells ranks 0 and 1, twice a second, what the rank is doing (a heartbeat: its standing and its last
// operations). When a wait for other ranks lasts longer than warn_seconds, rank 0 names the ranks that are missing, with
// host, bucket, tensor and what they did last; rank 1 speaks where it is rank 0 that has gone silent. After
// timeout_seconds every rank that still runs writes its last operations to the log, the monitors add those of silent ranks
// from their last heartbeats, and the job ends with exit code 4. The object must not outlive the World; its destructor
// is collective, but not where an exception unwinds.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "comm/world.hpp"

namespace fastbox::comm {

struct WatchdogOptions {
  double warn_seconds = 10, timeout_seconds = 600;  ///< 0: never
};

class Watchdog {
 public:
  /// `parameters`: names in the order in which backward reaches them; `bucket_of`: each one's bucket. Collective.
  Watchdog(World& world, const WatchdogOptions& options, std::vector<std::string> parameters,
           std::vector<std::size_t> bucket_of);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  /// What travels: plain data.
  struct Heartbeat {
    std::int32_t rank = 0, next_parameter = -1;
    std::int64_t step = 0, collectives = 0, buckets_ready = 0, buckets_done = 0;
    double waiting_since = 0, sent_at = 0;  // on the sender's clock
    std::int32_t records = 0;
    std::array<OpRecord, 12> last{};
    std::array<char, 64> host{};
  };

  void beat();
  Heartbeat my_heartbeat() const;
  void send_heartbeat();
  void receive();
  bool is_monitor() const;
  void warn(double waited) const;
  std::string describe_missing(const Heartbeat& beat, double silent_seconds, std::size_t awaited) const;
  void give_up(double waited);
  void dump_own();

  World& world_;
  WatchdogOptions options_;
  std::vector<std::string> parameters_;
  std::vector<std::size_t> bucket_of_;
  MPI_Comm ranks_ = MPI_COMM_NULL;
  // MPI thread only from here on.
  /// A heartbeat that MPI may be sending.
  struct Outgoing {
    Heartbeat beat;
    std::vector<MPI_Request> sending;
  };
  std::unique_ptr<Outgoing> out_ = std::make_unique<Outgoing>();
  std::vector<Heartbeat> heard_;  // by rank; monitors only
  std::vector<double> heard_at_;  // on this rank's clock
  double warned_about_ = 0;       // waiting_since of the wait that was warned of
  double gave_up_at_ = 0;
  bool dumped_ = false;
};

}  // namespace fastbox::comm
