# What is taken along: cmake --install, cpack, scripts/bundle, the container definitions, and scripts/sweep.
if(FASTBOX_SANITIZE)
  return()  # a sanitizer's runtime is nothing to take along
endif()
set(packages ${CMAKE_CURRENT_SOURCE_DIR}/packages)
foreach(part install archive debian)
  add_test(NAME packages.${part} COMMAND ${packages}/installed ${part} ${PROJECT_BINARY_DIR} ${CMAKE_COMMAND})
endforeach()
add_test(NAME packages.launcher COMMAND ${packages}/launcher ${PROJECT_BINARY_DIR}/package/fastbox)
add_test(NAME packages.fetch_weights COMMAND python3 ${packages}/fetch_weights)
add_test(NAME packages.bundle COMMAND ${packages}/bundle ${PROJECT_BINARY_DIR})
add_test(NAME packages.bundle_size COMMAND ${packages}/bundle --archive ${PROJECT_BINARY_DIR})
add_test(NAME packages.container COMMAND ${packages}/container)
foreach(part logic same refusals shared killed)
  add_test(NAME sweep.${part} COMMAND ${packages}/sweep ${part} $<TARGET_FILE:fastbox>)
  list(APPEND FASTBOX_SWEEP_TESTS sweep.${part})
endforeach()
# CMake's install step writes into the build tree.
set_tests_properties(packages.install packages.archive packages.debian packages.bundle packages.bundle_size
  PROPERTIES RESOURCE_LOCK install)
# dpkg-shlibdeps, xz and several trials of training take their time.
set_tests_properties(packages.debian packages.bundle_size sweep.killed PROPERTIES LABELS long)
set_tests_properties(packages.install packages.archive packages.debian packages.launcher packages.bundle packages.bundle_size
  packages.container packages.fetch_weights ${FASTBOX_SWEEP_TESTS} PROPERTIES
  SKIP_REGULAR_EXPRESSION ${FASTBOX_SKIP_PATTERN} TIMEOUT 900 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
