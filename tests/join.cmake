# SPDX-License-Identifier: MIT
# Compiles the tests in a few large files, which takes half the time. Each test has a namespace of its own there, so that
# names don't clash. Headers have to come before that: all that are included are precompiled.
cmake_language(DEFER CALL join_tests)

function(join_tests)
  get_target_property(folder kilter_tests SOURCE_DIR)
  get_target_property(sources kilter_tests SOURCES)
  set(alone)
  set(headers)
  foreach(source ${sources})
    if(NOT IS_ABSOLUTE ${source})
      list(APPEND alone ${folder}/${source}) # main() and the like
      continue()
    endif()
    file(STRINGS ${source} lines REGEX "^#include|operator new\\(")
    foreach(line ${lines})
      if(line MATCHES "^#include \"(.*)\"")
        list(APPEND headers ${folder}/${CMAKE_MATCH_1})
      elseif(line MATCHES "^#include (<.*>)")
        list(APPEND headers ${CMAKE_MATCH_1})
      else()
        list(APPEND alone ${source}) # replaces `new`, which stands in no namespace
      endif()
    endforeach()
  endforeach()
  list(REMOVE_DUPLICATES headers)
  target_precompile_headers(kilter_tests PRIVATE ${headers})
  # Tests name kilter::detail as `detail`, and some header may have one too.
  set_target_properties(kilter_tests PROPERTIES
    UNITY_BUILD ON
    UNITY_BUILD_BATCH_SIZE 16
    UNITY_BUILD_UNIQUE_ID test_file
    UNITY_BUILD_CODE_BEFORE_INCLUDE "namespace test_file {\nnamespace detail = kilter::detail;"
    UNITY_BUILD_CODE_AFTER_INCLUDE "}")
  set_source_files_properties(${alone} TARGET_DIRECTORY kilter_tests PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
