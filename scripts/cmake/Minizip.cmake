# zlib's minizip unpacks zip archives. Debian's package has no CMake file; OpenCV needs the library as well.

find_path(FASTBOX_MINIZIP_INCLUDE minizip/unzip.h)
find_library(FASTBOX_MINIZIP_LIBRARY minizip)
if(NOT FASTBOX_MINIZIP_INCLUDE OR NOT FASTBOX_MINIZIP_LIBRARY)
  message(FATAL_ERROR "minizip was not found: install libminizip-dev (scripts/setup does)")
endif()
find_package(ZLIB REQUIRED)
add_library(minizip::minizip INTERFACE IMPORTED)
target_include_directories(minizip::minizip INTERFACE ${FASTBOX_MINIZIP_INCLUDE})
target_link_libraries(minizip::minizip INTERFACE ${FASTBOX_MINIZIP_LIBRARY} ZLIB::ZLIB)
