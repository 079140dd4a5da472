# libdeflate unpacks whole zlib streams, as those of PNGs are, faster than zlib. OpenCV's TIFF library needs it as well.

find_path(FASTBOX_DEFLATE_INCLUDE libdeflate.h)
find_library(FASTBOX_DEFLATE_LIBRARY deflate)
if(NOT FASTBOX_DEFLATE_INCLUDE OR NOT FASTBOX_DEFLATE_LIBRARY)
  message(FATAL_ERROR "libdeflate was not found: install libdeflate-dev (scripts/setup does)")
endif()
add_library(deflate::deflate INTERFACE IMPORTED)
target_include_directories(deflate::deflate INTERFACE ${FASTBOX_DEFLATE_INCLUDE})
target_link_libraries(deflate::deflate INTERFACE ${FASTBOX_DEFLATE_LIBRARY})
