# How a folder becomes a target. Every .cpp of the folder belongs to it, so no file can be dead.

set(RELAPSE_SANITIZE "" CACHE STRING "Sanitizers for the whole build, as for -fsanitize=")

# Several files of a folder in one compilation: the headers of json, Asio and CLI11 cost more than
# our code. An edit then compiles its neighbours too, so the presets for the edit loop leave it off.
option(RELAPSE_UNITY "Compile the files of a folder together" OFF)
set(CMAKE_UNITY_BUILD ${RELAPSE_UNITY})
set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)
# The compiler needs a fifth less time for -O1 than for -O3 (measured over 16 files). Rooms on the
# path of a held call ask for -O2 (OPTIMIZED below). What -O1 costs elsewhere when the program runs
# is not measured.
set(CMAKE_CXX_FLAGS_RELEASE "-O1 -DNDEBUG")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(relapse_options INTERFACE)
target_compile_options(relapse_options INTERFACE -Wall -Wextra -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports false positives from inside its own <string> and <variant> when it inlines.
  target_compile_options(relapse_options INTERFACE
    -Wno-restrict -Wno-maybe-uninitialized -Wno-dangling-pointer)
endif()
if(RELAPSE_SANITIZE)
  target_compile_options(relapse_options INTERFACE
    -fsanitize=${RELAPSE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(relapse_options INTERFACE -fsanitize=${RELAPSE_SANITIZE})
endif()

# The headers of third parties are not ours to warn about.
add_library(relapse_boost INTERFACE)
target_include_directories(relapse_boost SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_compile_definitions(relapse_boost INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)
target_link_libraries(relapse_boost INTERFACE Threads::Threads)

# relapse_library(NAME [OPTIMIZED] LINKS target...): the folder's library `relapse_NAME`. Its
# headers are reached as "NAME/file.h", and only by targets that link it: each library's include
# folder holds one link, to itself, so an import that the layout forbids does not build.
function(relapse_library name)
  cmake_parse_arguments(ARG "OPTIMIZED" "" "LINKS" ${ARGN})
  set(target relapse_${name})
  set(view ${PROJECT_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${view})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${view}/${name} SYMBOLIC)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(sources)
    add_library(${target} STATIC ${sources})
    target_include_directories(${target} PUBLIC ${view})
    target_link_libraries(${target} PRIVATE relapse_options ${ARG_LINKS})
    if(ARG_OPTIMIZED)
      target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O2>)
    endif()
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${view})
  endif()
endfunction()

# relapse_test(NAME LINKS target... [LABELS label...]): the folder's Catch2 tests, one program.
function(relapse_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LINKS;LABELS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_executable(${name} ${sources})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  # Only files that use these folders get them: all others compile alike in every checkout.
  set(folders "")
  foreach(source ${sources})
    file(STRINGS ${source} found REGEX "RELAPSE_(SOURCE|BINARY)_DIR" LIMIT_COUNT 1)
    if(found)
      list(APPEND folders ${source})
    endif()
  endforeach()
  if(folders)
    set_source_files_properties(${folders} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON
      COMPILE_DEFINITIONS
      "RELAPSE_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\";RELAPSE_BINARY_DIR=\"${PROJECT_BINARY_DIR}\"")
  endif()
  target_link_libraries(${name} PRIVATE relapse_options relapse_catch ${ARG_LINKS})
  # Half of the time that they take to compile; what they test is optimised all the same.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O0>)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
    SKIP_RETURN_CODE 77)
endfunction()
