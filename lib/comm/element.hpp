// The type of a gradient's elements. C++17: the CUDA plugin reads it too.
#pragma once

#include <cstddef>

namespace fastbox::comm {

enum class Element { float32, float64 };

constexpr std::size_t size_of(Element element) {
  return element == Element::float32 ? 4 : 8;
}

}  // namespace fastbox::comm
