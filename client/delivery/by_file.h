// Delivery by file: each value in a file of mode 0600, VARIABLE_FILE=path, in a
// folder of mode 0700 on a tmpfs, which is gone when the command ends. A
// process of its own sees to that, so that it happens whatever ends the
// command, kill -9 included. It is this program again, with nothing in its
// memory, in a session of its own: it holds no value, no terminal and nobody's
// pipe.
//
// Not thread-safe: forks.
#pragma once

#include <string>
#include <vector>

#include "base/errors.h"
#include "client/delivery/child.h"

namespace libretto {

// The files live as long as this process, or what it becomes, does. Denied()
// where XDG_RUNTIME_DIR is no tmpfs: a value never gets onto a disk.
Status DeliverByFile(const std::vector<Delivered>& credentials,
                     Environment& environment);

// `arguments` as DeliverByFile() starts this program; then does the other
// process's work and returns true when it is done.
bool RemovedAfterwards(const std::vector<std::string>& arguments);

}  // namespace libretto
