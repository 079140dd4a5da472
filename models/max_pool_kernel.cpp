#include "models/max_pool_kernel.hpp"

#include "base/vector_clones.hpp"
#include "models/vectors.hpp"

namespace fastbox::models {
namespace {

template <typename Element>
FASTBOX_INLINE void pool(const Element* upper, const Element* lower, const PooledRow& row, Element* maxima,
                         std::uint8_t* which) {
  for (std::int64_t column = 0; column < row.columns; ++column)
    for (std::int64_t c = 0; c < row.channels; c += lanes) {
      const std::int64_t left = 2 * column * row.channels + c, right = left + row.channels;
      const Element* const candidates[] = {upper + left, upper + right, lower + left, lower + right};
      Floats most, other;
      Words first = {};
      load(candidates[0], most);
      for (unsigned i = 1; i < 4; ++i) {
        load(candidates[i], other);
        const auto takes = (other > most) | (other != other);
        most = takes ? other : most;
        first = takes ? Words{} + i : first;
      }
      const std::int64_t to = column * row.channels + c;
      store(most, maxima + to);
      if (which == nullptr) continue;
      const Bytes bytes = __builtin_convertvector(first, Bytes);
      std::memcpy(which + to, &bytes, sizeof bytes);
    }
}

template <typename Element>
FASTBOX_INLINE void spread(const Element* gradient, const std::uint8_t* which, const PooledRow& row, Element* upper,
                           Element* lower) {
  for (std::int64_t column = 0; column < row.columns; ++column)
    for (std::int64_t c = 0; c < row.channels; c += lanes) {
      const std::int64_t from = column * row.channels + c, left = 2 * column * row.channels + c,
                         right = left + row.channels;
      Element* const places[] = {upper + left, upper + right, lower + left, lower + right};
      Floats value;
      Bytes bytes;
      load(gradient + from, value);
      std::memcpy(&bytes, which + from, sizeof bytes);
      const Words first = __builtin_convertvector(bytes, Words);
      for (unsigned i = 0; i < 4; ++i) store(first == i ? value : Floats{}, places[i]);
    }
}

}  // namespace

// Each is written for both elements, since a clone is made of a function and not of a template.
#define FASTBOX_FOR(Element)                                                                                      \
  template <>                                                                                                     \
  FASTBOX_VECTOR_CLONES void pool_row(const Element* upper, const Element* lower, const PooledRow& row,           \
                                      Element* maxima, std::uint8_t* which) {                                     \
    pool(upper, lower, row, maxima, which);                                                                       \
  }                                                                                                               \
  template <>                                                                                                     \
  FASTBOX_VECTOR_CLONES void spread_row(const Element* gradient, const std::uint8_t* which, const PooledRow& row, \
                                        Element* upper, Element* lower) {                                         \
    spread(gradient, which, row, upper, lower);                                                                   \
  }
FASTBOX_FOR(float)
FASTBOX_FOR(Bf16)

}  // namespace fastbox::models
