// A pause between two looks at something that announces nothing: a mailbox, a
// socket that another process is about to open. Any thread.
#pragma once

#include <poll.h>

#include <chrono>

namespace libretto {

inline void Pause(std::chrono::milliseconds time) {
  poll(nullptr, 0, static_cast<int>(time.count()));
}

}  // namespace libretto
