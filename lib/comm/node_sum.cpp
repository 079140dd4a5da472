#include "comm/node_sum.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "comm/bf16.hpp"

namespace fastbox::comm {
namespace {

std::vector<LeafRange> all_of(const std::vector<std::vector<LeafRange>>& parts) {
  std::vector<LeafRange> all;
  for (const auto& some : parts) all.insert(all.end(), some.begin(), some.end());
  return all;
}

/// begin[i] = the sum of the counts before i.
std::vector<int> begins_of(const std::vector<int>& counts) {
  std::vector<int> begins(counts.size());
  std::exclusive_scan(counts.begin(), counts.end(), begins.begin(), 0);
  return begins;
}

}  // namespace

/// The three steps of one bucket: partial sums travel, this node's slice is summed, results travel.
template <typename T>
class NodeSum::Running : public NodeSum::Operation {
 public:
  Running(NodeSum& owner, const std::vector<const void*>& inputs, void* result, std::size_t bucket)
      : owner_(owner), nodes_(owner.parts_.size()), offset_(owner.layout_.buckets[bucket].offset) {
    for (const void* input : inputs) inputs_.push_back(static_cast<const T*>(input) + offset_);
    result_ = static_cast<T*>(result) + offset_;
    share_out(owner.layout_.buckets[bucket].count);
    send_parts();
  }

  bool poll() override {
    int arrived = 0;
    MPI_Test(&request_, &arrived, MPI_STATUS_IGNORE);
    if (!arrived) return false;
    if (result_is_travelling_) {
      if (owner_.bf16_) unpack_result();
      return true;
    }
    sum_my_slice();
    send_result();
    result_is_travelling_ = true;
    return poll();
  }

 private:
  std::size_t me() const { return static_cast<std::size_t>(owner_.me_); }
  std::size_t wire_size() const { return owner_.bf16_ ? sizeof(std::uint16_t) : sizeof(T); }

  /// Contiguous slices of whole blocks, one a node.
  void share_out(std::int64_t count) {
    const std::int64_t blocks = blocks_of(count), nodes = static_cast<std::int64_t>(nodes_);
    for (std::int64_t k = 0; k <= nodes; ++k) slices_.push_back(std::min(count, blocks * k / nodes * block_elements));
  }
  std::int64_t slice_count(std::size_t node) const { return slices_[node + 1] - slices_[node]; }

  void send_parts() {
    std::vector<int> send_counts, receive_counts;
    for (std::size_t k = 0; k < nodes_; ++k) {
      const auto bytes = [&](std::size_t from, std::size_t to) {
        return static_cast<int>(owner_.parts_[from].size() * static_cast<std::size_t>(slice_count(to)) * wire_size());
      };
      send_counts.push_back(bytes(me(), k));
      receive_counts.push_back(bytes(k, me()));
    }
    // MPI may read all four until the exchange is over.
    kept_counts_ = {send_counts, begins_of(send_counts), receive_counts, begins_of(receive_counts)};
    const auto &send_begins = kept_counts_[1], &receive_begins = kept_counts_[3];
    sent_.resize(static_cast<std::size_t>(send_begins.back() + send_counts.back()));
    received_.resize(static_cast<std::size_t>(receive_begins.back() + receive_counts.back()));
    std::byte* to = sent_.data();
    for (std::size_t k = 0; k < nodes_; ++k)
      for (std::size_t p = 0; p < inputs_.size(); ++p) to = pack(p, slices_[k], slice_count(k), to);
    MPI_Ialltoallv(sent_.data(), kept_counts_[0].data(), send_begins.data(), MPI_BYTE, received_.data(),
                   kept_counts_[2].data(), receive_begins.data(), MPI_BYTE, owner_.leaders_, &request_);
  }

  std::byte* pack(std::size_t part, std::int64_t begin, std::int64_t count, std::byte* to) {
    if constexpr (std::is_same_v<T, float>) {
      if (owner_.bf16_) {
        pack_bf16(inputs_[part] + begin, owner_.residuals_[part].data() + offset_ + begin,
                  reinterpret_cast<std::uint16_t*>(to), count);
        return to + count * 2;
      }
    }
    std::memcpy(to, inputs_[part] + begin, static_cast<std::size_t>(count) * sizeof(T));
    return to + count * static_cast<std::int64_t>(sizeof(T));
  }

  void sum_my_slice() {
    const std::int64_t count = slice_count(me());
    std::size_t all = 0;
    for (const auto& parts : owner_.parts_) all += parts.size();
    std::vector<const T*> operands;
    if (owner_.bf16_) wide_.resize(all * static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < all; ++i) {
      const auto first = static_cast<std::int64_t>(i) * count;
      if constexpr (std::is_same_v<T, float>) {
        if (owner_.bf16_) {
          unpack_bf16(reinterpret_cast<const std::uint16_t*>(received_.data()) + first, wide_.data() + first, count);
          operands.push_back(wide_.data() + first);
          continue;
        }
      }
      operands.push_back(reinterpret_cast<const T*>(received_.data()) + first);
    }
    T* const output = result_ + slices_[me()];
    owner_.sum_.run<T>(operands, std::span(&output, 1), 0, count, nullptr);
  }

  void send_result() {
    std::vector<int> counts;
    for (std::size_t k = 0; k < nodes_; ++k)
      counts.push_back(static_cast<int>(static_cast<std::size_t>(slice_count(k)) * wire_size()));
    kept_counts_ = {counts, begins_of(counts)};
    void* memory = result_;
    if constexpr (std::is_same_v<T, float>) {
      if (owner_.bf16_) {
        sent_.resize(static_cast<std::size_t>(slices_.back()) * 2);
        memory = sent_.data();
        pack_bf16(result_ + slices_[me()], owner_.residuals_.back().data() + offset_ + slices_[me()],
                  reinterpret_cast<std::uint16_t*>(sent_.data()) + slices_[me()], slice_count(me()));
      }
    }
    MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, memory, kept_counts_[0].data(), kept_counts_[1].data(),
                    MPI_BYTE, owner_.leaders_, &request_);
  }

  void unpack_result() {
    if constexpr (std::is_same_v<T, float>)
      unpack_bf16(reinterpret_cast<const std::uint16_t*>(sent_.data()), result_, slices_.back());
  }

  NodeSum& owner_;
  std::size_t nodes_;
  std::int64_t offset_;  // of the bucket in the flat buffers
  std::vector<const T*> inputs_;
  T* result_ = nullptr;
  std::vector<std::int64_t> slices_;  // elements from the bucket's begin
  std::vector<std::byte> sent_, received_;
  std::vector<float> wide_;
  std::vector<std::vector<int>> kept_counts_;
  MPI_Request request_ = MPI_REQUEST_NULL;
  bool result_is_travelling_ = false;
};

NodeSum::NodeSum(MPI_Comm leaders, const ExchangeLayout& layout, std::vector<std::vector<LeafRange>> parts, bool bf16)
    : leaders_(leaders),
      layout_(layout),
      parts_(std::move(parts)),
      bf16_(bf16),
      sum_(all_of(parts_), {layout.tree.root()}) {
  MPI_Comm_rank(leaders_, &me_);
  if (bf16_)
    residuals_.assign(parts_[static_cast<std::size_t>(me_)].size() + 1,
                      std::vector<float>(static_cast<std::size_t>(layout.elements)));
}

std::unique_ptr<NodeSum::Operation> NodeSum::start(const std::vector<const void*>& inputs, void* result,
                                                   std::size_t bucket) {
  if (layout_.element == Element::float32) return std::make_unique<Running<float>>(*this, inputs, result, bucket);
  return std::make_unique<Running<double>>(*this, inputs, result, bucket);
}

std::vector<float*> NodeSum::residuals() {
  std::vector<float*> found;
  for (auto& residual : residuals_) found.push_back(residual.data());
  return found;
}

}  // namespace fastbox::comm
