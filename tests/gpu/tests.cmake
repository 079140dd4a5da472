# What only a GPU can show; skipped where there is none. The executable lies beside the plugin, as fastbox does.
if(FASTBOX_CUDA)
  # Kernels against their twins on the CPU, gpu/<concern>_test.cpp: one rank is enough.
  set(kernels
    augment
    adam_step
    conv_relu
    dropout
    graph_step
    losses
    max_pool
    rezoom
    suppress
    targets
    )
  list(TRANSFORM kernels REPLACE "(.+)" "gpu/\\1_test.cpp" OUTPUT_VARIABLE kernel_tests)
  add_executable(gpu_tests mpi/main.cpp gpu/nccl_exchange_test.cpp gpu/staged_exchange_test.cpp ${kernel_tests})
  set_target_properties(gpu_tests PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/apps)
  target_include_directories(gpu_tests PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(gpu_tests PRIVATE fastbox_test_support fastbox_train fastbox_options)
  fastbox_use_torch(gpu_tests)
  add_dependencies(gpu_tests fastbox_cuda)
  foreach(concern nccl_exchange staged_exchange ${kernels})
    set(numbers 1 2 4)
    if(concern IN_LIST kernels)
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
