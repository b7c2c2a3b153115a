// Whether a descriptor is readable now. What waits for that with Asio has to
// ask when it is told so: an event of a descriptor that was closed in the same
// turn of the loop may reach the one that was opened after it, and a wait,
// unlike a read, does not look for itself. Any thread.
#pragma once

namespace libretto {

bool IsReadable(int fd);

}  // namespace libretto
