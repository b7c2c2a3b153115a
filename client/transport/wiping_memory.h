// The allocator that nghttp2 gets: what it frees is wiped first, because its
// send buffers hold passwords and values. (base/wipe_on_free.cc, which does
// this for a whole process, cannot be linked statically.) Any thread.
#pragma once

#include <nghttp2/nghttp2.h>

namespace libretto {

// Lives as long as the process.
nghttp2_mem* WipingMemory();

}  // namespace libretto
