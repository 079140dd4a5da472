# What only a GPU can show; skipped where there is none. The executable lies beside the plugin, as fastbox does.
#
# Kernels against their twins on the CPU: gpu/<concern>_test.cpp, one rank is enough. The same files are built once more with the
# kernels' sources compiled for this CPU (emulated_gpu): what a machine without a GPU can show of them.
set(kernels
  augment
  adam_step
  center_losses
  conv_relu
  dropout
  group_norm
  losses
  max_pool
  rezoom
  suppress
  targets
  )
list(TRANSFORM kernels REPLACE "(.+)" "gpu/\\1_test.cpp" OUTPUT_VARIABLE kernel_tests)

if(FASTBOX_CUDA)
  set(of_one_rank ${kernels} batch_upload graph_step padded_channels)
  add_executable(gpu_tests mpi/main.cpp gpu/kernel_place.cpp ${kernel_tests} gpu/batch_upload_test.cpp gpu/graph_step_test.cpp
    gpu/padded_channels_test.cpp gpu/nccl_exchange_test.cpp gpu/staged_exchange_test.cpp)
  set_target_properties(gpu_tests PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/apps)
  target_include_directories(gpu_tests PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(gpu_tests PRIVATE fastbox_test_support fastbox_train fastbox_options)
  fastbox_use_torch(gpu_tests)
  add_dependencies(gpu_tests fastbox_cuda)
  foreach(concern nccl_exchange staged_exchange ${of_one_rank})
    set(numbers 1 2 4)
    if(concern IN_LIST of_one_rank)
      set(numbers 1)
    endif()
    foreach(ranks ${numbers})
      add_test(NAME gpu.${concern}.${ranks}
        COMMAND ${FASTBOX_MPIEXEC} -n ${ranks} $<TARGET_FILE:gpu_tests> "[${concern}]" --warn NoTests)
      set_tests_properties(gpu.${concern}.${ranks} PROPERTIES TIMEOUT 300 LABELS gpu ENVIRONMENT OMP_NUM_THREADS=1
        SKIP_REGULAR_EXPRESSION ${FASTBOX_SKIP_PATTERN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    endforeach()
  endforeach()
endif()

# No fused multiply-add, as in the plugin. Our headers of CUDA's and LibTorch's names come first.
set(emulated_sources
  lib/train/adam_step.cu
  lib/train/assign_targets.cu
  lib/train/augment_images.cu
  lib/train/suppress_grid.cu
  models/center_losses.cu
  models/conv_relu.cu
  models/dropout.cu
  models/grid_losses.cu
  models/group_norm.cu
  models/max_pool.cu
  models/rezoom.cu
  models/squared_norm.cu
  )
list(TRANSFORM emulated_sources PREPEND ${PROJECT_SOURCE_DIR}/)
set_source_files_properties(${emulated_sources} PROPERTIES LANGUAGE CXX)
add_library(emulated_kernels OBJECT ${emulated_sources} emulated_gpu/block_squares_test.cpp emulated_gpu/cudnn.cpp)
target_include_directories(emulated_kernels BEFORE PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/emulated_gpu ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_options(emulated_kernels PRIVATE "SHELL:-include emulated_gpu/cuda_words.hpp" "SHELL:-include emulated_gpu/kernels.hpp"
  -ffp-contract=off -Wno-unknown-pragmas)
target_link_libraries(emulated_kernels PRIVATE Catch2::Catch2 fastbox_train fastbox_options torch::cpu)
add_executable(emulated_gpu_tests emulated_gpu/grid.cpp emulated_gpu/grid_test.cpp emulated_gpu/kernel_place.cpp
  emulated_gpu/training_step_test.cpp ${kernel_tests} $<TARGET_OBJECTS:emulated_kernels>)
target_link_libraries(emulated_gpu_tests PRIVATE fastbox_test_support fastbox_train fastbox_options)
fastbox_use_torch(emulated_gpu_tests)
foreach(concern block_squares grid training_step ${kernels})
  add_test(NAME emulated_gpu.${concern} COMMAND emulated_gpu_tests "[${concern}]" --warn NoTests)
  set_tests_properties(emulated_gpu.${concern} PROPERTIES TIMEOUT 600 ENVIRONMENT OMP_NUM_THREADS=1
    SKIP_REGULAR_EXPRESSION ${FASTBOX_SKIP_PATTERN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endforeach()
