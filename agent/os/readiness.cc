#include "agent/os/readiness.h"

#include <unistd.h>

#include <string>
#include <string_view>

#include "base/notify_systemd.h"

namespace libretto {

void Readiness::Ready() {
  Write("ready\n");
  NotifySystemd("READY=1");
}

void Readiness::Failed(const Status& why) {
  Write(Message(why) + "\n" + Remedy(why) + "\n");
}

void Readiness::Write(std::string_view text) {
  if (!pipe_.valid()) return;
  // Nobody may be reading any more; there is nothing to do about that.
  if (write(pipe_.get(), text.data(), text.size()) < 0) return;
  pipe_.Reset();
}

}  // namespace libretto
