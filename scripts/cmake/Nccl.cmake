# NCCL as LibTorch's wheels bring it (the wheel nvidia-nccl): libtorch_cuda loads that library, so no other will do.
#
#   nccl::nccl             exists only where the header and the library do
#   FASTBOX_NCCL_SOURCE    what the plugin is linked with: NCCL, or its absence

get_filename_component(nccl_dir ${FASTBOX_TORCH_DIR}/../nvidia/nccl ABSOLUTE)
if(EXISTS ${nccl_dir}/include/nccl.h AND EXISTS ${nccl_dir}/lib/libnccl.so.2)
  add_library(nccl::nccl SHARED IMPORTED)
  set_target_properties(nccl::nccl PROPERTIES IMPORTED_LOCATION ${nccl_dir}/lib/libnccl.so.2)
  target_include_directories(nccl::nccl SYSTEM INTERFACE ${nccl_dir}/include)
  set(FASTBOX_NCCL_SOURCE nccl_ranks.cpp)
  message(STATUS "NCCL: ${nccl_dir}")
else()
  set(FASTBOX_NCCL_SOURCE no_nccl.cpp)
  message(STATUS "NCCL: left out of the CUDA plugin, not found in ${nccl_dir}")
endif()
