# The communication room at 1, 2, 3 and 4 ranks, also where that is more than the machine has cores.
add_executable(mpi_tests mpi/main.cpp mpi/world_test.cpp mpi/exchange_test.cpp mpi/gradient_averager_test.cpp mpi/gpu_exchange_test.cpp
  mpi/train_step_test.cpp mpi/shards_test.cpp mpi/step_control_test.cpp mpi/watchdog_test.cpp mpi/batch_norm_test.cpp mpi/same_start_test.cpp)
target_include_directories(mpi_tests PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(mpi_tests PRIVATE fastbox_test_support fastbox_train fastbox_options)
fastbox_use_torch(mpi_tests)

# Seconds. Sanitized code is many times slower.
set(FASTBOX_MPI_TIMEOUT 300)
if(FASTBOX_SANITIZE)
  set(FASTBOX_MPI_TIMEOUT 3000)
endif()

# fastbox_mpi_test(CONCERN RANKS [NAME suffix ENVIRONMENT assignment])
function(fastbox_mpi_test concern ranks)
  cmake_parse_arguments(MPI "" "NAME;ENVIRONMENT" "" ${ARGN})
  set(name mpi.${concern}.${ranks}${MPI_NAME})
  add_test(NAME ${name} COMMAND ${FASTBOX_MPIEXEC} -n ${ranks} $<TARGET_FILE:mpi_tests> "[${concern}]" --warn NoTests)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${FASTBOX_MPI_TIMEOUT} PROCESSORS 2 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    ENVIRONMENT "OMP_NUM_THREADS=1;${MPI_ENVIRONMENT}")
endfunction()

foreach(concern world exchange gpu_exchange gradient_averager step_control watchdog train_step batch_norm shards same_start)
  foreach(ranks 1 2 3 4)
    fastbox_mpi_test(${concern} ${ranks})
  endforeach()
endforeach()
fastbox_mpi_test(shards 6)
# MPICH takes the ranks of one machine for two nodes' (0 and 2 on one, 1 and 3 on the other, or halves).
foreach(concern exchange gradient_averager shards)
  fastbox_mpi_test(${concern} 4 NAME .two_nodes ENVIRONMENT MPIR_CVAR_NUM_CLIQUES=2)
  fastbox_mpi_test(${concern} 3 NAME .alone ENVIRONMENT MPIR_CVAR_NOLOCAL=1)
endforeach()

# Exit code 3, and soon: hydra combines the ranks' codes.
add_executable(unmatched_exchange mpi/unmatched_exchange.cpp)
target_link_libraries(unmatched_exchange PRIVATE fastbox_comm fastbox_options)
add_test(NAME mpi.unmatched_exchange COMMAND sh -c "\"$@\"; test $? -eq 3" sh ${FASTBOX_MPIEXEC} -n 3 $<TARGET_FILE:unmatched_exchange>)
set_tests_properties(mpi.unmatched_exchange PROPERTIES TIMEOUT 60)
