# The plugin beside the executable: libtorch_cuda, our operators' CUDA twins, and the exchange of gradients on GPUs.
#
# CMake 3.25 does not know CUDA 13's C++20 dialect, hence 17; real code for sm_90 and PTX for what comes after.

set(CMAKE_CUDA_COMPILER ${FASTBOX_NVCC})
set(CMAKE_CUDA_ARCHITECTURES 90)
enable_language(CUDA)
find_package(CUDAToolkit REQUIRED)
include(Nccl)

function(fastbox_cuda_plugin)
  add_library(fastbox_cuda MODULE ${ARGN})
  set_target_properties(fastbox_cuda PROPERTIES
    CUDA_STANDARD 17 CUDA_STANDARD_REQUIRED ON LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/apps)
  # NCCL first: the toolkit's folder may hold another version's header.
  if(TARGET nccl::nccl)
    target_link_libraries(fastbox_cuda PRIVATE nccl::nccl)
  endif()
  target_link_libraries(fastbox_cuda PRIVATE torch::cuda CUDA::cudart fastbox_options)
  target_include_directories(fastbox_cuda PRIVATE ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR})
  # No fused multiply-add: kernels round as their twins on the CPU do, and none of them waits for arithmetic.
  target_compile_options(fastbox_cuda PRIVATE
    $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr --fmad=false -diag-suppress=20012>)
  # Whatever of libtorch_cuda is called by name: its kernels register themselves when it is loaded.
  # Nor may anything be left over: the program lends the plugin no functions, so that what is missing would only be told where a
  # GPU is.
  target_link_options(fastbox_cuda PRIVATE -Wl,--no-as-needed -Wl,--no-undefined)
endfunction()
