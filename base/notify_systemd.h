// sd_notify(3): tells systemd what becomes of a service that it has started.
// Any thread.
#pragma once

#include <string_view>

namespace libretto {

// `state` is READY=1, STOPPING=1 or WATCHDOG=1. Does nothing where systemd has
// not started this process ($NOTIFY_SOCKET).
void NotifySystemd(std::string_view state);

}  // namespace libretto
