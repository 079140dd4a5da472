# LibTorch from PyPI's wheel, as imported targets of our own: the wheel's CMake package insists on a CUDA toolkit, and
# the core needs none. scripts/setup puts the wheel where this file looks.
#
#   torch::cpu    libtorch_cpu and libc10: all that the fastbox binary links
#   torch::gomp   its OpenMP threads, where the wheel brings them
#   torch::cuda   libtorch_cuda and libc10_cuda, for the plugin; exists only where nvcc and those libraries do

set(FASTBOX_TORCH "" CACHE PATH "The folder 'torch' of an unpacked wheel or of a Python's site-packages; empty: search")

# Remembered, so that a rebuild from a shell without the variable finds the same LibTorch.
if(DEFINED ENV{FASTBOX_DEPS} AND NOT "$ENV{FASTBOX_DEPS}" STREQUAL "")
  set(FASTBOX_DEPS $ENV{FASTBOX_DEPS} CACHE PATH "The folder that scripts/setup installs into" FORCE)
else()
  set(FASTBOX_DEPS ${PROJECT_SOURCE_DIR}/.deps CACHE PATH "The folder that scripts/setup installs into")
endif()
set(fastbox_deps ${FASTBOX_DEPS})
if(FASTBOX_TORCH)
  set(torch_candidates ${FASTBOX_TORCH})
else()
  file(GLOB torch_candidates ${fastbox_deps}/python/lib/python3*/site-packages/torch ${fastbox_deps}/libtorch-*/torch)
endif()
set(torch_dir "")
foreach(candidate IN LISTS torch_candidates)
  if(NOT torch_dir AND EXISTS ${candidate}/lib/libtorch_cpu.so)
    set(torch_dir ${candidate})
  endif()
endforeach()
if(NOT torch_dir)
  message(FATAL_ERROR "LibTorch was not found in '${fastbox_deps}'. Run scripts/setup, or give -DFASTBOX_TORCH=.../torch")
endif()
message(STATUS "LibTorch: ${torch_dir}")

function(fastbox_torch_library target file)
  add_library(${target} SHARED IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${torch_dir}/lib/${file} IMPORTED_NO_SONAME OFF)
  target_include_directories(${target} SYSTEM INTERFACE
    ${torch_dir}/include ${torch_dir}/include/torch/csrc/api/include)
endfunction()

fastbox_torch_library(torch::c10 libc10.so)
fastbox_torch_library(torch::libtorch_cpu libtorch_cpu.so)
file(GLOB torch_gomp RELATIVE ${torch_dir}/lib ${torch_dir}/lib/libgomp*.so*)
if(torch_gomp)
  list(GET torch_gomp 0 torch_gomp)
  fastbox_torch_library(torch::gomp ${torch_gomp})
endif()
add_library(torch::cpu INTERFACE IMPORTED GLOBAL)
target_link_libraries(torch::cpu INTERFACE torch::libtorch_cpu torch::c10)
# Its headers lay classes out by NDEBUG (at::RecordFunction), and the wheels are built with it: so is a debug build of ours.
target_compile_definitions(torch::cpu INTERFACE NDEBUG)
# libtorch_cpu finds its own CUDA runtime and cupti by its RUNPATH; the linker has no need to look for them.
target_link_options(torch::cpu INTERFACE -Wl,--allow-shlib-undefined -Wl,--disable-new-dtags)
set(FASTBOX_TORCH_DIR ${torch_dir})

find_program(FASTBOX_NVCC nvcc HINTS ${CUDAToolkit_ROOT} ENV CUDA_PATH PATH_SUFFIXES bin PATHS /usr/local/cuda)
set(FASTBOX_CUDA OFF)
if(NOT FASTBOX_NVCC)
  message(STATUS "CUDA plugin: left out, no nvcc here")
elseif(NOT EXISTS ${torch_dir}/lib/libtorch_cuda.so OR NOT EXISTS ${torch_dir}/../nvidia/cudnn)
  message(STATUS "CUDA plugin: left out, LibTorch's CUDA libraries are not installed (scripts/setup --cuda)")
elseif(FASTBOX_SANITIZE)
  message(STATUS "CUDA plugin: left out of a build with sanitizers")
else()
  set(FASTBOX_CUDA ON)
  fastbox_torch_library(torch::libtorch_cuda libtorch_cuda.so)
  fastbox_torch_library(torch::c10_cuda libc10_cuda.so)
  add_library(torch::cuda INTERFACE IMPORTED GLOBAL)
  target_link_libraries(torch::cuda INTERFACE torch::libtorch_cuda torch::c10_cuda torch::cpu)
endif()
