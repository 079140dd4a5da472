# MPICH by name: where Open MPI is installed too, FindMPI may take that one.

find_program(FASTBOX_MPICC NAMES mpicc.mpich mpicc)
if(FASTBOX_MPICC)
  set(MPI_C_COMPILER ${FASTBOX_MPICC})
endif()
find_package(MPI REQUIRED COMPONENTS C)
find_program(FASTBOX_MPIEXEC NAMES mpiexec.hydra mpiexec.mpich mpiexec REQUIRED)
add_library(mpich::mpich ALIAS MPI::MPI_C)
