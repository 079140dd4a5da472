# Two hosts on one machine, from network namespaces; skipped where those cannot be made.
add_test(NAME cluster.two_hosts
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cluster/two_hosts $<TARGET_FILE:fastbox> ${FASTBOX_MPIEXEC})
set_tests_properties(cluster.two_hosts PROPERTIES LABELS cluster SKIP_REGULAR_EXPRESSION ${FASTBOX_SKIP_PATTERN} TIMEOUT 600
  PROCESSORS 2 RESOURCE_LOCK two_hosts WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
