// Delivery by descriptor: each value in a memfd of its own that nobody can
// change any more, VARIABLE_FILE=/proc/self/fd/N. The descriptors outlive
// execve(); no environment and no disk holds the value. Any thread.
#pragma once

#include <vector>

#include "base/errors.h"
#include "client/delivery/child.h"

namespace libretto {

Status DeliverByDescriptor(const std::vector<Delivered>& credentials,
                           Environment& environment);

// Where a program finds the value of `variable`, if not in `variable` itself.
// Takes the place of both.
void SetFileVariable(const std::string& variable, const std::string& path,
                     Environment& environment);

}  // namespace libretto
