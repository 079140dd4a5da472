// Marks a function that the compiler makes twice, for the oldest x86-64 processors and for those with AVX2; the loader picks.
//
// Never with fused multiply-add: the bits are the same on all processors, so ranks on different ones stay equal. Nothing
// elsewhere than on x86-64, and under the thread sanitizer, whose start the choice of a clone would come before.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define FASTBOX_VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define FASTBOX_VECTOR_CLONES
#endif
