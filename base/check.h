// LIBRETTO_CHECK: for states that cannot be, never for input. On in every
// build; aborts naming the place and nothing of the values. Any thread.
#pragma once

#include <cstdio>
#include <cstdlib>

#define LIBRETTO_CHECK(condition)                                           \
  do {                                                                      \
    if (!(condition)) [[unlikely]] {                                        \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, \
                   #condition);                                             \
      std::abort();                                                         \
    }                                                                       \
  } while (false)
