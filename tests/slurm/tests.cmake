# scripts/slurm/train.sbatch on a real Slurm, where there are root and scripts/setup --slurm; one cluster at a time. Each part
# has one of its own, which takes two seconds to start.
foreach(part stop_srun stop_mpiexec two_nodes_srun two_nodes_mpiexec margin time_limit array cancel give_up refuse)
  add_test(NAME slurm.${part} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/slurm/jobs $<TARGET_FILE:fastbox> ${FASTBOX_MPIEXEC} ${part})
  set_tests_properties(slurm.${part} PROPERTIES LABELS slurm RESOURCE_LOCK two_hosts)
  list(APPEND FASTBOX_SLURM_TESTS slurm.${part})
endforeach()
# Mostly waiting for clocks; what the other parts do not show.
set_tests_properties(slurm.stop_mpiexec slurm.two_nodes_srun slurm.two_nodes_mpiexec slurm.margin slurm.cancel
  PROPERTIES LABELS "slurm;long")
# scripts/pbs/train.pbs with a made qsub, and the signals that PBS sends.
add_test(NAME pbs.train COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/slurm/pbs_jobs $<TARGET_FILE:fastbox> ${FASTBOX_MPIEXEC})
set_tests_properties(${FASTBOX_SLURM_TESTS} pbs.train PROPERTIES SKIP_REGULAR_EXPRESSION ${FASTBOX_SKIP_PATTERN} TIMEOUT 600
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set_tests_properties(pbs.train PROPERTIES LABELS long)
