# The build's vocabulary: libretto_library, libretto_executable, libretto_test.
# Warnings, standard, hardening and sanitizers live here, once; every
# CMakeLists.txt below is a plain list.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)

# Assertions stay on in every build: LIBRETTO_CHECK does not look at NDEBUG,
# and the libraries' own assertions are worth their cost here.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")

add_library(libretto_flags INTERFACE)
target_include_directories(libretto_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(libretto_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
  -fstack-protector-strong -fcf-protection)
if(MOLD)
  target_link_options(libretto_flags INTERFACE -fuse-ld=mold)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT LIBRETTO_SANITIZE)
  target_compile_options(libretto_flags INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS)
  # What runs before main() lies together, as GNU ld has it: a program that starts
  # touches fewer pages.
  if(MOLD)
    target_link_options(libretto_flags INTERFACE
      -Wl,-z,keep-text-section-prefix)
  endif()
endif()
target_link_options(libretto_flags INTERFACE
  -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
if(LIBRETTO_SANITIZE)
  target_compile_definitions(libretto_flags INTERFACE LIBRETTO_SANITIZED)
  target_compile_options(libretto_flags INTERFACE
    -fsanitize=${LIBRETTO_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer -gline-tables-only)
  target_link_options(libretto_flags INTERFACE
    -fsanitize=${LIBRETTO_SANITIZE})
endif()

# libretto_precompile(TARGET HEADER...): what most files of the target include is
# parsed once, in the builds with sanitizers, which takes a third of their time
# away. A release has every file parse its own, so that none is forgotten.
function(libretto_precompile target)
  if(LIBRETTO_SANITIZE)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
endfunction()

# libretto_library(NAME SRCS ... DEPS ...) makes libretto_NAME and the alias
# libretto::NAME. DEPS are public.
function(libretto_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  if(ARG_SRCS)
    add_library(libretto_${name} STATIC ${ARG_SRCS})
    target_link_libraries(libretto_${name} PUBLIC libretto_flags ${ARG_DEPS})
  else()
    add_library(libretto_${name} INTERFACE)
    target_link_libraries(libretto_${name} INTERFACE libretto_flags ${ARG_DEPS})
  endif()
  add_library(libretto::${name} ALIAS libretto_${name})
endfunction()

# libretto_executable(NAME SRCS ... DEPS ... [OBJECTS ...]) puts bin/NAME.
function(libretto_executable name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE libretto_flags ${ARG_DEPS})
endfunction()

# libretto_test(NAME SRCS ... DEPS ... [LABELS ...]) makes a GoogleTest program
# and registers it whole with ctest. The label tsan adds it to the target
# tsan_tests, which the preset tsan builds. A release is tested as its users
# have it, by what tests/e2e does with the programs: only what has the label
# release is tested in parts there, too. That halves what a release builds.
function(libretto_test name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE libretto_flags ${ARG_DEPS}
    GTest::gmock GTest::gtest_main)
  if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT release IN_LIST ARG_LABELS)
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    return()
  endif()
  libretto_precompile(${name} <chrono> <functional> <map> <memory> <optional>
    <string> <vector> <gmock/gmock.h> <gtest/gtest.h>)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS "${ARG_LABELS}")
  if(tsan IN_LIST ARG_LABELS)
    set_property(GLOBAL APPEND PROPERTY LIBRETTO_TSAN_TESTS ${name})
  endif()
endfunction()
