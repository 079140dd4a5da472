# The communication room at 1, 2, 3 and 4 ranks, also where that is more than the machine has cores.
add_executable(mpi_tests mpi/main.cpp mpi/world_test.cpp mpi/gradient_averager_test.cpp mpi/train_step_test.cpp)
target_include_directories(mpi_tests PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(mpi_tests PRIVATE Catch2::Catch2 fastbox_train fastbox_options)
fastbox_use_torch(mpi_tests)
foreach(concern world gradient_averager train_step)
  foreach(ranks 1 2 3 4)
    add_test(NAME mpi.${concern}.${ranks} COMMAND ${FASTBOX_MPIEXEC} -n ${ranks} $<TARGET_FILE:mpi_tests> "[${concern}]" --warn NoTests)
    set_tests_properties(mpi.${concern}.${ranks} PROPERTIES TIMEOUT 300 PROCESSORS 2 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
      ENVIRONMENT "OMP_NUM_THREADS=1")
  endforeach()
endforeach()
