# find_package(spookynet) gives the target spookynet::spookynet. Written by hand, so that build.sh installs it as well.
get_filename_component(_spookynet_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
find_library(spookynet_LIBRARY spookynet PATHS "${_spookynet_prefix}/lib" NO_DEFAULT_PATH)
if(NOT spookynet_LIBRARY)
  set(spookynet_FOUND FALSE)
  set(spookynet_NOT_FOUND_MESSAGE "Expected libspookynet in ${_spookynet_prefix}/lib but there is none")
  return()
endif()
if(NOT TARGET spookynet::spookynet)
  add_library(spookynet::spookynet SHARED IMPORTED)
  set_target_properties(spookynet::spookynet PROPERTIES
    IMPORTED_LOCATION "${spookynet_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${_spookynet_prefix}/include")
endif()
