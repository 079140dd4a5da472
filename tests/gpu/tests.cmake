# What only a GPU can show; skipped where there is none. The executable lies beside the plugin, as fastbox does.
if(FASTBOX_CUDA)
  add_executable(gpu_tests mpi/main.cpp gpu/nccl_exchange_test.cpp gpu/staged_exchange_test.cpp)
  set_target_properties(gpu_tests PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/apps)
  target_include_directories(gpu_tests PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(gpu_tests PRIVATE Catch2::Catch2 fastbox_train fastbox_options)
  fastbox_use_torch(gpu_tests)
  add_dependencies(gpu_tests fastbox_cuda)
  foreach(concern nccl_exchange staged_exchange)
    foreach(ranks 1 2 4)
      add_test(NAME gpu.${concern}.${ranks}
        COMMAND ${FASTBOX_MPIEXEC} -n ${ranks} $<TARGET_FILE:gpu_tests> "[${concern}]" --warn NoTests)
      set_tests_properties(gpu.${concern}.${ranks} PROPERTIES TIMEOUT 300 LABELS gpu ENVIRONMENT OMP_NUM_THREADS=1
        SKIP_REGULAR_EXPRESSION ${FASTBOX_SKIP_PATTERN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    endforeach()
  endforeach()
endif()
