// Marks a function that the compiler makes several times, for older and newer x86-64 processors; the loader picks.
//
// FASTBOX_VECTOR_CLONES: for the oldest, and for those with AVX2. Never with fused multiply-add: the bits are the same
// on all processors, so ranks on different ones stay equal. FASTBOX_FUSED_CLONES: also for those with AVX-512, and with
// fused multiply-adds where the processor has them and the file is compiled with -ffp-contract=fast: for what follows a
// product whose bits depend on the processor anyway. Nothing elsewhere than on x86-64, and under the thread sanitizer,
// whose start the choice of a clone would come before.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define FASTBOX_VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#define FASTBOX_FUSED_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FASTBOX_VECTOR_CLONES
#define FASTBOX_FUSED_CLONES
#endif
