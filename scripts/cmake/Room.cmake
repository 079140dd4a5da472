# The house: one static library a room, one test binary a room, one ctest entry a concern.

# fastbox_room(NAME SOURCES file... USES target... [TORCH])
#
# Makes fastbox_NAME. Public include paths are the folders that hold the rooms, so that files include "NAME/thing.hpp".
# TORCH: links LibTorch and shares the precompiled header below.
function(fastbox_room name)
  cmake_parse_arguments(ROOM "TORCH" "" "SOURCES;USES" ${ARGN})
  add_library(fastbox_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(fastbox_${name} PUBLIC ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR})
  target_link_libraries(fastbox_${name} PUBLIC ${ROOM_USES} PRIVATE fastbox_options)
  if(ROOM_TORCH)
    fastbox_use_torch(fastbox_${name})
  endif()
endfunction()

# ccache reads a precompiled header of half a gigabyte anew for every file, and another build's never matches.
function(fastbox_without_ccache target)
  set_target_properties(${target} PROPERTIES CXX_COMPILER_LAUNCHER "")
endfunction()

# torch/torch.h costs 19 s a file; the narrow set in torch_pch.hpp, compiled once, costs next to nothing.
function(fastbox_use_torch target)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    target_link_libraries(${target} PRIVATE torch::cpu)
  else()
    target_link_libraries(${target} PUBLIC torch::cpu)
  endif()
  if(NOT FASTBOX_PCH)
    return()
  endif()
  if(NOT TARGET fastbox_torch_pch)
    file(WRITE ${PROJECT_BINARY_DIR}/torch_pch.cpp "// Carries the precompiled header.\n")
    add_library(fastbox_torch_pch OBJECT ${PROJECT_BINARY_DIR}/torch_pch.cpp)
    target_link_libraries(fastbox_torch_pch PRIVATE fastbox_options torch::cpu Threads::Threads)
    target_precompile_headers(fastbox_torch_pch PRIVATE ${PROJECT_SOURCE_DIR}/scripts/cmake/torch_pch.hpp)
    fastbox_without_ccache(fastbox_torch_pch)
  endif()
  target_precompile_headers(${target} REUSE_FROM fastbox_torch_pch)
  fastbox_without_ccache(${target})
endfunction()

# Text in a test's output that makes ctest call it skipped (Catch2 2.13 has no SKIP).
set(FASTBOX_SKIP_PATTERN "SKIPPED: ")

# Test code runs once: what counts is how long it takes to compile.
function(fastbox_compile_quickly target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# fastbox_unit_tests(ROOM CONCERNS name... [USES target...] [TORCH])
#
# Every concern is a file tests/unit/ROOM/name_test.cpp whose test cases carry the tag [name], and a ctest entry
# ROOM.name. A tag that matches no test case fails.
function(fastbox_unit_tests room)
  cmake_parse_arguments(UNIT "TORCH" "" "CONCERNS;USES" ${ARGN})
  set(sources)
  foreach(concern IN LISTS UNIT_CONCERNS)
    list(APPEND sources ${PROJECT_SOURCE_DIR}/tests/unit/${room}/${concern}_test.cpp)
  endforeach()
  add_executable(unit_${room} ${sources})
  target_link_libraries(unit_${room} PRIVATE fastbox_${room} fastbox_test_support ${UNIT_USES} fastbox_options)
  if(UNIT_TORCH)
    fastbox_use_torch(unit_${room})
  else()
    fastbox_compile_quickly(unit_${room})  # a precompiled header wants the flags that it was made with
  endif()
  foreach(concern IN LISTS UNIT_CONCERNS)
    add_test(NAME ${room}.${concern} COMMAND unit_${room} "[${concern}]" --warn NoTests)
    set_tests_properties(${room}.${concern} PROPERTIES
      SKIP_REGULAR_EXPRESSION ${FASTBOX_SKIP_PATTERN} TIMEOUT 300 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  endforeach()
endfunction()
