# SPDX-License-Identifier: MIT
# Builds and runs the consumer: cmake -D HOW=installed|subdirectory -D SOURCE=… -D BUILD=… -D WORK=… -P check.cmake
file(REMOVE_RECURSE ${WORK})
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

if(HOW STREQUAL installed)
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/installed)
  set(where -DCMAKE_PREFIX_PATH=${WORK}/installed)
else()
  set(where -DKILTER_SOURCE=${SOURCE})
endif()
run(${CMAKE_COMMAND} -S ${SOURCE}/tests/package -B ${WORK}/build -DCMAKE_CXX_COMPILER=${CXX} ${where})
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/consumer)

# Programs that don't use CMake have the pkg-config file.
find_program(pkg_config pkg-config)
if(HOW STREQUAL installed AND pkg_config)
  set(ENV{PKG_CONFIG_PATH} ${WORK}/installed/share/pkgconfig)
  run(${pkg_config} --exact-version=${VERSION} kilter)
  execute_process(COMMAND ${pkg_config} --cflags kilter OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE)
  separate_arguments(flags)
  run(${CXX} -std=c++20 ${flags} ${SOURCE}/tests/package/consumer.cpp -o ${WORK}/by_pkg_config)
  run(${WORK}/by_pkg_config)
endif()
