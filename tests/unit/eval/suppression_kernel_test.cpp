// The steps that a GPU takes, run one after the other on the CPU, against suppression as it is written down.
#include "eval/suppression_kernel.hpp"

#include <catch2/catch.hpp>

#include <limits>

#include "eval/suppression.hpp"
#include "unit/eval/made_grids.hpp"

using namespace fastbox;
using namespace fastbox::eval;

namespace {

/// As lib/train/suppress_grid.cu has it: the same loops, the same memory.
class Steps {
 public:
  Steps(const test::MadeGrid& made, const DecodeOptions& options, double overlap)
      : made_(made),
        rule_{made.grid.stride, options.whole_pixels, options.minimum_score},
        overlap_(overlap),
        cells_(made.grid.cells()),
        tiles_(tiles_of(cells_)),
        key_(at(cells_), std::numeric_limits<float>::quiet_NaN()),
        order_(at(cells_), -1),
        boxes_(at(cells_)),
        words_(at(cells_) * at(tiles_), garbage) {}

  std::vector<Candidate> run() {
    for (int cell = 0; cell < cells_; ++cell) {
      DecodedBox decoded{};
      if (decode(cell, decoded) == CellState::candidate) key_[at(cell)] = made_.confidence[at(cell)];
    }
    for (int cell = 0; cell < cells_; ++cell) put(cell);
    for (int own = 0; own < tiles_; ++own)
      for (int tile = own; tile < tiles_; ++tile) write_words(own, tile);
    return walk();
  }

 private:
  static constexpr std::uint64_t garbage = 0x5555555555555555u;
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }

  CellState decode(int cell, DecodedBox& decoded) const {
    return decode_cell(made_.confidence[at(cell)], made_.box.data() + 4 * cell, cell / made_.grid.columns(),
                       cell % made_.grid.columns(), rule_, decoded);
  }

  /// A warp: 32 lanes count.
  void put(int cell) {
    if (key_[at(cell)] != key_[at(cell)]) return;
    int place = 0;
    for (int lane = 0; lane < 32; ++lane) place += count_before(key_.data(), cells_, cell, lane, 32);
    REQUIRE(order_[at(place)] == -1);
    order_[at(place)] = cell;
    decode(cell, boxes_[at(place)]);
  }

  int candidates_in(int tile) const {
    int count = 0;
    for (int i = tile * tile_size; i < std::min(cells_, (tile + 1) * tile_size); ++i) count += order_[at(i)] >= 0;
    return count;
  }

  void write_words(int own, int tile) {
    const int last = candidates_in(tile);
    for (int i = 0; i < candidates_in(own) && last > 0; ++i) {
      const int row = own * tile_size + i;
      words_[at(row) * at(tiles_) + at(tile)] =
          overlap_word(boxes_[at(row)], boxes_.data() + tile * tile_size, tile == own ? i + 1 : 0, last, overlap_);
    }
  }

  std::vector<Candidate> walk() const {
    int candidates = 0;
    for (int tile = 0; tile < tiles_; ++tile) candidates += candidates_in(tile);
    std::vector<std::uint64_t> closed(at(tiles_), 0);
    std::vector<Candidate> found(at(candidates));
    int before = 0;
    for (int tile = 0; tile < tiles_of(candidates); ++tile) {
      const int begin = tile * tile_size, count = std::min(tile_size, candidates - begin);
      std::uint64_t own[tile_size];
      for (int i = 0; i < count; ++i) own[i] = words_[at(begin + i) * at(tiles_) + at(tile)];
      const std::uint64_t kept = kept_of_tile(own, closed[at(tile)], count);
      for (int other = tile + 1; other < tiles_of(candidates); ++other)
        for (int first = 0; first < tile_size; first += 8)  // eight groups of threads
          closed[at(other)] |= closed_by(words_.data() + begin * tiles_ + other, tiles_, kept, first, 8);
      for (int i = 0; i < count; ++i) {
        if ((kept >> i & 1) == 0) continue;
        const DecodedBox& box = boxes_[at(begin + i)];
        const int cell = order_[at(begin + i)];
        found.at(at(before + place_in_tile(kept, i))) = {box.cx, box.cy, box.w, box.h, made_.confidence[at(cell)],
                                                         cell};
      }
      before += count_bits(kept);
    }
    found.resize(at(before));
    return found;
  }

  const test::MadeGrid& made_;
  DecodeRule rule_;
  double overlap_;
  int cells_, tiles_;
  std::vector<float> key_;
  std::vector<int> order_;
  std::vector<DecodedBox> boxes_;
  std::vector<std::uint64_t> words_;
};

bool same(const Candidate& a, const Candidate& b) {
  return a.cx == b.cx && a.cy == b.cy && a.w == b.w && a.h == b.h && a.confidence == b.confidence && a.cell == b.cell;
}

}  // namespace

TEST_CASE("rank, tiles and walk keep the boxes that suppression keeps, in its order", "[suppression_kernel]") {
  std::size_t most = 0;
  for (const auto& made : test::made_grids())
    for (const bool whole_pixels : {true, false})
      for (const double overlap : {0.0, 0.35, 0.5, 1.0}) {
        const DecodeOptions options{whole_pixels, 0.1};
        const auto expected = suppress(decode(made.confidence, made.box, made.grid, options), overlap);
        const auto found = Steps(made, options, overlap).run();
        INFO(made.grid.columns() << " x " << made.grid.rows() << ", overlap " << overlap << ", " << whole_pixels);
        REQUIRE(found.size() == expected.size());
        CHECK(std::equal(found.begin(), found.end(), expected.begin(), same));
        most = std::max(most, found.size());
      }
  CHECK(most > 10 * tile_size);
}

TEST_CASE("within a tile a kept candidate closes what it overlaps, and a closed one nothing", "[suppression_kernel]") {
  std::uint64_t own[tile_size] = {};
  own[0] = 0b0010;  // 0 closes 1
  own[1] = 0b0100;  // 1 would close 2
  CHECK(kept_of_tile(own, 0, 4) == 0b1101);
  CHECK(kept_of_tile(own, 0b0001, 4) == 0b1010);
  CHECK(kept_of_tile(own, 0, 64) == ~std::uint64_t{0b0010});
  CHECK(kept_of_tile(own, 0, 0) == 0);
  CHECK(place_in_tile(0b1101, 3) == 2);
  CHECK(place_in_tile(~std::uint64_t{0}, 63) == 63);
}
