#include "cloud/mail/outbox.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

#include "base/files.h"
#include "base/seal.h"

namespace libretto::cloud {
namespace {

// Sorts by time; the random part keeps two of one millisecond apart.
std::string FileName(WallTime now) {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(
      now.time_since_epoch());
  std::array<char, 24> time{};
  std::snprintf(time.data(), time.size(), "%015lld",
                static_cast<long long>(millis.count()));
  return std::string(time.data()) + "-" + RandomAlphanumeric(8) + ".eml";
}

}  // namespace

StatusOr<Outbox> Outbox::Open(std::string folder, Sender sender,
                              const Clock& clock) {
  Status usable = EnsurePrivateDirectory(folder);
  if (!usable.ok()) return usable;
  return Outbox(std::move(folder), std::move(sender), clock);
}

Status Outbox::Send(const Mail& mail) {
  const WallTime now = clock_.WallNow();
  const StatusOr<std::string> text =
      MessageText(mail, sender_, now, MailEncoding::kEightBit);
  if (!text.ok()) return text.status();
  return WriteFileAtomically(folder_ + "/" + FileName(now), *text, 0600);
}

}  // namespace libretto::cloud
