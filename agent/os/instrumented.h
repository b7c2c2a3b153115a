// Whether this build cannot be confined: a sanitizer looks for leaks by tracing
// its own process, and coverage is written into the build folder.
#pragma once

namespace libretto {

#ifdef LIBRETTO_INSTRUMENTED
inline constexpr bool kInstrumented = true;
#else
inline constexpr bool kInstrumented = false;
#endif

}  // namespace libretto
