# How everything of ours is compiled.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

set(FASTBOX_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, e.g. address,undefined")
option(FASTBOX_COVERAGE "Instrument for gcov" OFF)
option(FASTBOX_CLANG_TIDY "Run clang-tidy with the build" OFF)
option(FASTBOX_PCH "Precompile LibTorch's headers (clang-tidy cannot read GCC's)" ON)
option(FASTBOX_WERROR "Warnings are errors" ON)

add_library(fastbox_options INTERFACE)
# Sums must not depend on how the compiler feels today: no contraction into fused multiply-adds of our own code.
target_compile_options(fastbox_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -ffp-contract=off>)
if(FASTBOX_WERROR)
  target_compile_options(fastbox_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
if(FASTBOX_SANITIZE)
  target_compile_options(fastbox_options INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${FASTBOX_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all>
    # GCC warns of what its own instrumentation makes unclear (LibTorch's std::optional arguments).
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(fastbox_options INTERFACE -fsanitize=${FASTBOX_SANITIZE})
endif()
if(FASTBOX_COVERAGE)
  target_compile_options(fastbox_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:--coverage>)
  target_link_options(fastbox_options INTERFACE --coverage)
endif()
if(FASTBOX_CLANG_TIDY)
  find_program(FASTBOX_CLANG_TIDY_PROGRAM clang-tidy REQUIRED)
  set(CMAKE_CXX_CLANG_TIDY ${FASTBOX_CLANG_TIDY_PROGRAM})
endif()

find_program(FASTBOX_CCACHE ccache)
if(FASTBOX_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FASTBOX_CCACHE})
endif()
