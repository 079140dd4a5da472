// Where tensors of the CPU get their memory.
#pragma once

namespace fastbox::train {

/// From now on large tensors, and the scratch memory of oneDNN, come from a pool that keeps what a step frees for the next
/// one (base/block_pool.hpp); the small ones from LibTorch's allocator. Once, at the process's begin, before other
/// threads. Tensors made before keep what they have. Nothing happens under the address sanitizer.
void pool_tensor_memory();

}  // namespace fastbox::train
