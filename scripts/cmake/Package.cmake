# What `cmake --install` lays down, and CPack's TGZ and DEB of it. docs/install.md says which to use when.
#
#   BIN/fastbox                 a launcher (scripts/package/launcher.in) that starts the program with its LibTorch
#   LIBEXEC/fastbox/            the program and, where it was built, the CUDA plugin: it looks beside itself for that
#   SHARE/fastbox/configs/      run files
#   SHARE/fastbox/{slurm,pbs}/  job scripts, which start the fastbox on the PATH
#   SHARE/fastbox/{sweep,fetch-weights,to-onnx}   the search for hyper-parameters, pretrained weights, ONNX
#   DOC/, MAN/                  documents, manual pages; completions where shells look for them

include(GNUInstallDirs)

set(FASTBOX_TORCH_RPATH "" CACHE STRING
  "The folder of libtorch_cpu.so that an installed fastbox is linked to; empty: the one found; none: the launcher looks")
if(FASTBOX_TORCH_RPATH STREQUAL "none")
  set(FASTBOX_LINKED_TO "")
elseif(FASTBOX_TORCH_RPATH)
  set(FASTBOX_LINKED_TO ${FASTBOX_TORCH_RPATH})
else()
  get_filename_component(FASTBOX_LINKED_TO ${FASTBOX_TORCH_DIR}/lib REALPATH)
endif()

set(fastbox_rpath "$ORIGIN")
if(FASTBOX_LINKED_TO)
  list(APPEND fastbox_rpath ${FASTBOX_LINKED_TO})
endif()
set(FASTBOX_PROGRAM_FOLDER ${CMAKE_INSTALL_LIBEXECDIR}/fastbox)
set_target_properties(fastbox PROPERTIES INSTALL_RPATH "${fastbox_rpath}")
install(TARGETS fastbox RUNTIME DESTINATION ${FASTBOX_PROGRAM_FOLDER})
if(TARGET fastbox_cuda)
  if(FASTBOX_LINKED_TO)
    foreach(library nccl cu13)
      list(APPEND fastbox_rpath ${FASTBOX_LINKED_TO}/../../nvidia/${library}/lib)
    endforeach()
  endif()
  set_target_properties(fastbox_cuda PROPERTIES INSTALL_RPATH "${fastbox_rpath}")
  # Not built by those who build the target fastbox alone; it is missed only when a run asks for a GPU.
  install(TARGETS fastbox_cuda LIBRARY DESTINATION ${FASTBOX_PROGRAM_FOLDER} OPTIONAL)
endif()

# 2.11 of 2.11.0+cu130: what the launcher accepts.
file(STRINGS ${FASTBOX_TORCH_DIR}/version.py version_line REGEX "^__version__ = ")
string(REGEX MATCH "[0-9]+\\.[0-9]+" FASTBOX_TORCH_WANTED "${version_line}")
set(FASTBOX_NEEDS_GLIBC "")
configure_file(${PROJECT_SOURCE_DIR}/scripts/package/launcher.in ${PROJECT_BINARY_DIR}/package/fastbox @ONLY)
install(PROGRAMS ${PROJECT_BINARY_DIR}/package/fastbox DESTINATION ${CMAKE_INSTALL_BINDIR})

set(share ${CMAKE_INSTALL_DATADIR}/fastbox)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/configs DESTINATION ${share} FILES_MATCHING PATTERN "*.yaml")
foreach(script sweep fetch-weights to-onnx)
  install(PROGRAMS ${PROJECT_SOURCE_DIR}/scripts/${script} DESTINATION ${share})
endforeach()

# An installed job script has no build folder to start from, and is not found from a checkout's root.
foreach(script slurm/train.sbatch pbs/train.pbs)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/scripts/${script})
  file(READ ${PROJECT_SOURCE_DIR}/scripts/${script} text)
  string(REPLACE "build/release/apps/fastbox under the folder where sbatch was called" "fastbox on the PATH" text "${text}")
  string(REPLACE "build/release/apps/fastbox" "fastbox" text "${text}")
  string(REPLACE "\${FASTBOX_JOB_SCRIPT:-scripts/pbs/train.pbs}"
    "\${FASTBOX_JOB_SCRIPT:-$(dirname \"$(dirname \"$(command -v fastbox)\")\")/${share}/pbs/train.pbs}" text "${text}")
  string(REPLACE "scripts/${script}" "PREFIX/${share}/${script}" text "${text}")
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/package/${script} CONTENT "${text}" @ONLY)
  get_filename_component(folder ${script} DIRECTORY)
  install(PROGRAMS ${PROJECT_BINARY_DIR}/package/${script} DESTINATION ${share}/${folder})
endforeach()

install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)

install(FILES ${PROJECT_SOURCE_DIR}/docs/fastbox.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL)

# fastbox_install_completion(SHELL FOLDER NAME): what `fastbox completion SHELL` says, where that shell looks for it. Asked
# for while installing, since building all of fastbox is no part of configuring it.
function(fastbox_install_completion shell folder name)
  set(file ${PROJECT_BINARY_DIR}/package/completion-${shell}/${name})
  install(CODE "
    file(MAKE_DIRECTORY \"${PROJECT_BINARY_DIR}/package/completion-${shell}\")
    execute_process(COMMAND \"$<TARGET_FILE:fastbox>\" completion ${shell}
      OUTPUT_FILE \"${file}\" ERROR_QUIET RESULT_VARIABLE code)
    if(code EQUAL 0)
      file(INSTALL \"${file}\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/${folder}\")
    else()
      message(STATUS \"Completion for ${shell}: left out, the program makes none\")
    endif()")
endfunction()
fastbox_install_completion(bash bash-completion/completions fastbox)
fastbox_install_completion(zsh zsh/site-functions _fastbox)
fastbox_install_completion(fish fish/vendor_completions.d fastbox.fish)

# CPack: the same files.
set(CPACK_PACKAGE_NAME fastbox)
set(CPACK_PACKAGE_VENDOR "fastbox")
set(CPACK_PACKAGE_CONTACT "the fastbox developers <fastbox@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_GENERATOR TGZ DEB)
set(CPACK_PACKAGE_FILE_NAME fastbox-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "${PROJECT_DESCRIPTION}
 Needs PyTorch ${FASTBOX_TORCH_WANTED}, which is no Debian package: see /usr/share/doc/fastbox/docs/install.md.")
# mpiexec, the libraries by what they are linked to.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "mpich")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3")
# LibTorch and CUDA are in no package: dpkg-shlibdeps is to find them, and to name none.
file(GLOB CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${FASTBOX_TORCH_DIR}/lib ${FASTBOX_TORCH_DIR}/../nvidia/*/lib)
include(CPack)
