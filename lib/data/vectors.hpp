// Which vector instructions a kernel takes: it is picked once, by what the processor has.
//
// Thread-safe: no state. Every choice gives the same bits; a test asks for fewer than there are, to run what other
// processors run.
#pragma once

#include <algorithm>

#if defined(__x86_64__)
/// A function that only a processor with these may run.
#define FASTBOX_AVX2 __attribute__((target("avx2")))
#define FASTBOX_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")))
#endif

namespace fastbox::data {

/// In rising order. avx512: with byte permutations and dot products of bytes, as Intel's servers have since Ice Lake and
/// AMD's since Zen 4; older ones take avx2.
enum class Vectors { none, avx2, avx512 };

/// The best of this processor, and no better than `most`.
inline Vectors usable_vectors(Vectors most) {
#if defined(__x86_64__)
  static const Vectors best = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") &&
                                      __builtin_cpu_supports("avx512vnni")
                                  ? Vectors::avx512
                              : __builtin_cpu_supports("avx2") ? Vectors::avx2
                                                               : Vectors::none;
  return std::min(best, most);
#else
  return std::min(Vectors::none, most);
#endif
}

}  // namespace fastbox::data
