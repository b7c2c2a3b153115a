#include "agent/net/readable.h"

#include <poll.h>

namespace libretto {

bool IsReadable(int fd) {
  pollfd asked{fd, POLLIN, 0};
  return poll(&asked, 1, 0) > 0;
}

}  // namespace libretto
